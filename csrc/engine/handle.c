/* handle.c: see handle.h. */
#include "handle.h"

#include "url.h"

#include <math.h>
#include <stdlib.h>
#include <strings.h>

/* From here on libcurl would ask before it sends a body. */
enum { LARGE_BODY = 1 << 20 };

/* libcurl writes to sockets without raising SIGPIPE, also below TLS, from this
 * version on; older ones have to ignore the signal meanwhile. */
static const unsigned int QUIET_SINCE = 0x075800;

/* ---- what never changes ------------------------------------------------ */

/* Redirects are off, but libcurl takes the second request of a digest handshake
 * for one, so its list must not be empty. */
static bool allow_http_only(CURL *easy) {
#if LIBCURL_VERSION_NUM >= 0x075500
  return curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") == 0 &&
         curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https") == 0;
#else
  const long allowed = CURLPROTO_HTTP | CURLPROTO_HTTPS;
  return curl_easy_setopt(easy, CURLOPT_PROTOCOLS, allowed) == 0 &&
         curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS, allowed) == 0;
#endif
}

/* Sets everything that all requests share. False when memory is out or
 * libcurl lacks something; nothing may be left to a default of libcurl that
 * could reach for the user's environment, files or another host. */
static bool set_invariants(fdk_handle *handle, const fdk_socket_hooks *hooks) {
  static const struct {
    CURLoption option;
    long value;
  } numbers[] = {{CURLOPT_FOLLOWLOCATION, 0},
                 {CURLOPT_UNRESTRICTED_AUTH, 0},
                 {CURLOPT_NETRC, CURL_NETRC_IGNORED},
                 {CURLOPT_HTTP09_ALLOWED, 0},
                 {CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
                 {CURLOPT_PROXY_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
                 {CURLOPT_SSL_VERIFYPEER, 1},
                 {CURLOPT_SSL_VERIFYHOST, 2},
                 {CURLOPT_PROXY_SSL_VERIFYPEER, 1},
                 {CURLOPT_PROXY_SSL_VERIFYHOST, 2},
                 {CURLOPT_HEADEROPT, CURLHEADER_SEPARATE},
                 {CURLOPT_SUPPRESS_CONNECT_HEADERS, 1},
                 {CURLOPT_TCP_NODELAY, 1},
                 {CURLOPT_HTTP_TRANSFER_DECODING, 1},
                 {CURLOPT_TRANSFER_ENCODING, 0},
                 {CURLOPT_HEADER, 0},
                 {CURLOPT_FAILONERROR, 0},
                 {CURLOPT_VERBOSE, 0}};
  CURL *easy = handle->easy;
  const curl_version_info_data *version = curl_version_info(CURLVERSION_NOW);
  bool quiet = version->version_num >= QUIET_SINCE ||
               (version->features & CURL_VERSION_ASYNCHDNS) == 0;
  handle->remembers_freed =
      version->version_num >= 0x075300 && version->version_num < 0x080100;
  bool set = true;
  for (size_t i = 0; set && i < sizeof numbers / sizeof numbers[0]; i++)
    set =
        curl_easy_setopt(easy, numbers[i].option, numbers[i].value) == CURLE_OK;
#define SET(option, value)                                                     \
  (set = set && curl_easy_setopt(easy, option, value) == CURLE_OK)
  SET(CURLOPT_NOSIGNAL, quiet ? 1L : 0L);
  SET(CURLOPT_ACCEPT_ENCODING, fdk_header_list_encodings());
  SET(CURLOPT_NOPROXY, "");
  SET(CURLOPT_PROXY, "");
  SET(CURLOPT_ERRORBUFFER, handle->words);
  SET(CURLOPT_PRIVATE, handle);
  SET(CURLOPT_HEADERFUNCTION, fdk_transfer_on_header);
  SET(CURLOPT_HEADERDATA, handle);
  SET(CURLOPT_WRITEFUNCTION, fdk_transfer_on_body);
  SET(CURLOPT_WRITEDATA, handle);
  SET(CURLOPT_PREREQFUNCTION, fdk_transfer_on_send);
  SET(CURLOPT_PREREQDATA, handle);
  SET(CURLOPT_DEBUGFUNCTION, fdk_transfer_on_debug);
  SET(CURLOPT_XFERINFOFUNCTION, fdk_transfer_on_progress);
  SET(CURLOPT_XFERINFODATA, handle);
  SET(CURLOPT_NOPROGRESS, 1L);
  SET(CURLOPT_OPENSOCKETFUNCTION, hooks->open);
  SET(CURLOPT_OPENSOCKETDATA, hooks->data);
  SET(CURLOPT_CLOSESOCKETFUNCTION, hooks->close);
  SET(CURLOPT_CLOSESOCKETDATA, hooks->data);
#undef SET
#if LIBCURL_VERSION_NUM >= 0x075700
  /* else an authority that was taken out of ca_file is trusted for a day more;
   * a libcurl or TLS without such a cache refuses this, which is as good */
  (void)curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, 0L);
#endif
  return set && allow_http_only(easy);
}

fdk_handle *fdk_handle_new(const fdk_socket_hooks *hooks) {
  fdk_handle *handle = calloc(1, sizeof *handle);
  if (handle == NULL)
    return NULL;
  handle->http = -1;
  handle->easy = curl_easy_init();
  handle->url = curl_url();
  if (handle->easy != NULL && handle->url != NULL &&
      set_invariants(handle, hooks))
    return handle;
  fdk_handle_free(handle);
  return NULL;
}

void fdk_handle_free(fdk_handle *handle) {
  if (handle == NULL)
    return;
  curl_easy_cleanup(handle->easy);
  curl_url_cleanup(handle->url);
  fdk_buffer_free(&handle->parsed);
  if (handle->digest != NULL)
    explicit_bzero(handle->digest, strlen(handle->digest));
  free(handle->digest);
  free(handle);
}

/* ---- what differs from request to request ------------------------------ */

#define SET(option, value) curl_easy_setopt(easy, option, value)

static CURLcode set_method(fdk_handle *handle, const fdk_request *request) {
  CURL *easy = handle->easy;
  const char *method = request->method.data ? request->method.data : "GET";
  bool has_body = request->body.data != NULL || strcmp(method, "POST") == 0 ||
                  strcmp(method, "PUT") == 0 || strcmp(method, "PATCH") == 0;
  fdk_shape shape = FDK_SHAPE_CUSTOM;
  if (has_body)
    shape =
        strcmp(method, "POST") == 0 ? FDK_SHAPE_POST : FDK_SHAPE_CUSTOM_POST;
  else if (strcmp(method, "GET") == 0)
    shape = FDK_SHAPE_GET;
  else if (strcmp(method, "HEAD") == 0)
    shape = FDK_SHAPE_HEAD;
  CURLcode code = CURLE_OK;
  if (shape != handle->shape) {
    handle->shape = FDK_SHAPE_NEW; /* until all of it is set */
    if (has_body)
      code = SET(CURLOPT_POST, 1L);
    else
      code = SET(CURLOPT_HTTPGET, 1L);
    if (code == CURLE_OK && shape == FDK_SHAPE_HEAD)
      code = SET(CURLOPT_NOBODY, 1L);
    if (code == CURLE_OK)
      code = SET(CURLOPT_CUSTOMREQUEST, NULL);
  }
  bool custom = shape == FDK_SHAPE_CUSTOM || shape == FDK_SHAPE_CUSTOM_POST;
  if (code == CURLE_OK && custom)
    code = SET(CURLOPT_CUSTOMREQUEST, method);
  if (code == CURLE_OK && has_body)
    code = SET(CURLOPT_POSTFIELDSIZE_LARGE,
               (curl_off_t)handle->transfer->send.size);
  if (code == CURLE_OK && has_body)
    code =
        SET(CURLOPT_POSTFIELDS,
            handle->transfer->send.size > 0 ? handle->transfer->send.data : "");
  if (code == CURLE_OK)
    handle->shape = shape;
  return code;
}

static CURLcode set_auth(fdk_handle *handle, const fdk_request *request) {
  CURL *easy = handle->easy;
  if (request->auth == FDK_AUTH_NONE && handle->auth == FDK_AUTH_NONE)
    return CURLE_OK;
  bool named = request->auth != FDK_AUTH_NONE;
  long method = request->auth == FDK_AUTH_DIGEST ? (long)CURLAUTH_DIGEST
                                                 : (long)CURLAUTH_BASIC;
  CURLcode code = SET(CURLOPT_USERNAME, named ? request->username.data : NULL);
  if (code == CURLE_OK)
    code = SET(CURLOPT_PASSWORD, named ? request->password.data : NULL);
  if (code == CURLE_OK)
    code = SET(CURLOPT_HTTPAUTH, method);
  if (code == CURLE_OK) /* for the bodies that only progress sees */
    code = SET(CURLOPT_NOPROGRESS, request->auth == FDK_AUTH_DIGEST ? 0L : 1L);
  handle->auth = request->auth;
  return code;
}

/* libcurl 7.87 and 7.88 set HTTP/2 up a second time when a plain connection is
 * used again, and fail; there, each such request gets its own. */
static bool cannot_keep(void) {
  unsigned int version = curl_version_info(CURLVERSION_NOW)->version_num;
  return version >= 0x075700 && version < 0x080000;
}

static CURLcode set_version(fdk_handle *handle, const fdk_request *request) {
  CURL *easy = handle->easy;
  bool tls = strncasecmp(request->url.data, "https", 5) == 0;
  int http = (int)request->http * 2 + tls;
  if (http == handle->http)
    return CURLE_OK;
  handle->http = -1;
  long version = CURL_HTTP_VERSION_1_1;
  if (request->http == FDK_HTTP_2_PRIOR)
    version = CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE;
  else if (tls && request->http != FDK_HTTP_1_1)
    version = CURL_HTTP_VERSION_2TLS;
  CURLcode code = SET(CURLOPT_HTTP_VERSION, version);
  /* rather share a connection that is being made than make another */
  bool lone = version == CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE && cannot_keep();
  bool shared = version != CURL_HTTP_VERSION_1_1 && !lone;
  if (code == CURLE_OK)
    code = SET(CURLOPT_PIPEWAIT, shared ? 1L : 0L);
  if (code == CURLE_OK)
    code = SET(CURLOPT_FRESH_CONNECT, lone ? 1L : 0L);
  if (code == CURLE_OK)
    code = SET(CURLOPT_FORBID_REUSE, lone ? 1L : 0L);
  if (code == CURLE_OK)
    handle->http = http;
  return code;
}

/* How much of the URL libcurl must parse: all of it, or what stands before the
 * path, where the rest can be sent as it is. The rest must not hold what
 * libcurl would take out ("/./"), the answer to a digest challenge is made of
 * the parsed path, and a proxy is sent the whole URL. */
static size_t part_to_parse(const fdk_request *request) {
  const char *url = request->url.data;
  const char *path = strstr(url, "//") + 2;
  path += strcspn(path, "/?");
  size_t whole = request->url.size;
  if (*path != '/' || request->proxy.data != NULL ||
      request->auth == FDK_AUTH_DIGEST)
    return whole;
  for (const char *at = path; *at != '\0' && *at != '?'; at++)
    if (*at == '/' && (at[1] == '.' || at[1] == '%'))
      return whole;
  return (size_t)(path - url);
}

/* Parses `size` bytes of the URL, unless they are those of the last use. To
 * parse a URL is a sixth of libcurl's work on a small request; calls to one
 * service differ in the path only. */
static fdk_url_status set_base(fdk_handle *handle, const char *url,
                               size_t size) {
  fdk_buffer *parsed = &handle->parsed;
  if (parsed->size == size + 1 && memcmp(parsed->data, url, size) == 0)
    return FDK_URL_OK;
  fdk_buffer_clear(parsed);
  if (!fdk_buffer_append(parsed, url, size) || !fdk_buffer_push(parsed, '\0'))
    return FDK_URL_NO_MEMORY;
  fdk_url_status status = fdk_url_read(handle->url, parsed->data, size);
  /* without the text libcurl would put it together anew for each request, for
   * messages and for what it has to send again */
  if (status == FDK_URL_OK &&
      (curl_easy_setopt(handle->easy, CURLOPT_CURLU, handle->url) != CURLE_OK ||
       curl_easy_setopt(handle->easy, CURLOPT_URL, parsed->data) != CURLE_OK))
    status = FDK_URL_NO_MEMORY;
  return status;
}

static fdk_url_status set_url(fdk_handle *handle, const fdk_request *request) {
  fdk_text url = request->url;
  fdk_url_status status = fdk_url_scan(url.data, url.size);
  if (status != FDK_URL_OK)
    return status;
  size_t size = part_to_parse(request);
  status = set_base(handle, url.data, size);
  const char *rest = size < url.size ? url.data + size : NULL;
  if (status == FDK_URL_OK && (rest != NULL || handle->has_target) &&
      curl_easy_setopt(handle->easy, CURLOPT_REQUEST_TARGET, rest) != CURLE_OK)
    status = FDK_URL_NO_MEMORY;
  handle->has_target = rest != NULL;
  return status;
}

/* Whom to trust. The system's authorities are a file and a folder; ca_file stands
 * in place of both. */
static CURLcode set_trust(fdk_handle *handle, const fdk_request *request) {
  CURL *easy = handle->easy;
  const char *authorities = request->ca_file.data;
  const char *revoked = request->crl_file.data;
  CURLcode code = CURLE_OK;
  if (authorities != NULL || handle->has_ca_file) {
    const curl_version_info_data *version = curl_version_info(CURLVERSION_NOW);
    code = SET(CURLOPT_CAINFO, authorities ? authorities : version->cainfo);
    if (code == CURLE_OK)
      code = SET(CURLOPT_CAPATH, authorities ? NULL : version->capath);
    if (code == CURLE_NOT_BUILT_IN) /* this TLS knows no folders */
      code = CURLE_OK;
    handle->has_ca_file = authorities != NULL;
  }
  if (code == CURLE_OK && (revoked != NULL || handle->has_crl_file)) {
    code = SET(CURLOPT_CRLFILE, revoked);
    /* a resumed session would be taken without a look at the list */
    if (code == CURLE_OK)
      code = SET(CURLOPT_SSL_SESSIONID_CACHE, revoked ? 0L : 1L);
    handle->has_crl_file = revoked != NULL;
  }
  return code;
}

static CURLcode set_route(fdk_handle *handle, const fdk_request *request) {
  CURL *easy = handle->easy;
  CURLcode code = set_trust(handle, request);
  if (code == CURLE_OK && (request->proxy.data || handle->has_proxy)) {
    code = SET(CURLOPT_PROXY, request->proxy.data ? request->proxy.data : "");
    handle->has_proxy = request->proxy.data != NULL;
  }
  return code;
}

/* At least 1, since 0 means none, and at most what libcurl can add up. */
static long milliseconds(double seconds) {
  double value = ceil(seconds * 1e3);
  if (value < 1)
    return 1;
  return value > 2e9 ? 2000000000L : (long)value;
}

static CURLcode set_times(fdk_handle *handle, const fdk_request *request) {
  CURL *easy = handle->easy;
  long timeout = milliseconds(request->timeout);
  long connect_timeout = milliseconds(request->connect_timeout);
  CURLcode code = CURLE_OK;
  if (timeout != handle->timeout)
    code = SET(CURLOPT_TIMEOUT_MS, timeout);
  if (code == CURLE_OK && connect_timeout != handle->connect_timeout)
    code = SET(CURLOPT_CONNECTTIMEOUT_MS, connect_timeout);
  handle->timeout = timeout;
  handle->connect_timeout = connect_timeout;
  return code;
}

static CURLcode set_headers(fdk_handle *handle, const fdk_request *request) {
  CURL *easy = handle->easy;
  struct curl_slist *nodes =
      fdk_header_list_nodes(request->headers, request->body.size >= LARGE_BODY);
  if (nodes == handle->headers)
    return CURLE_OK;
  handle->headers = nodes;
  return SET(CURLOPT_HTTPHEADER, nodes);
}

#undef SET

static bool refuse_memory(fdk_failure *failure) {
  fdk_fail(failure, FDK_KIND_TOO_LARGE,
           "there is not enough memory for the request");
  return false;
}

bool fdk_handle_prepare(fdk_handle *handle, const fdk_request *request,
                        fdk_transfer *transfer, fdk_failure *failure) {
  handle->transfer = transfer;
  fdk_url_status status = set_url(handle, request);
  if (status == FDK_URL_NO_MEMORY)
    return refuse_memory(failure);
  if (status != FDK_URL_OK) {
    fdk_fail(failure, FDK_KIND_INVALID_INPUT, "the URL %s",
             fdk_url_words(status));
    failure->field = "url";
    return false;
  }
  static CURLcode (*const steps[])(fdk_handle *, const fdk_request *) = {
      set_method, set_auth, set_version, set_route, set_times, set_headers};
  CURLcode code = CURLE_OK;
  for (size_t i = 0; code == CURLE_OK && i < sizeof steps / sizeof steps[0];
       i++)
    code = steps[i](handle, request);
  if (code == CURLE_OK)
    return true;
  if (code == CURLE_OUT_OF_MEMORY)
    return refuse_memory(failure);
  fdk_fail(failure, FDK_KIND_INVALID_INPUT,
           "the request could not be set up: %s", curl_easy_strerror(code));
  return false;
}
