/* url.c: values on their way into a URL, and whole URLs taken apart.
 *
 * Holds: an encoded value is of unreserved characters and escapes only, decodes
 * to the value, and stays one segment and one query value in libcurl's parser;
 * an accepted URL is plain ASCII, http or https, has a host, no user and no
 * fragment for a parser of libcurl without our flags either, and its parts put
 * together again are the same URL; what is called loopback is a numeric address
 * of this machine, or localhost. */
#include "fuzz.h"

#include "engine/url.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <strings.h>

static int hex_value(char digit) {
  const char *digits = "0123456789ABCDEF";
  const char *at = digit != '\0' ? strchr(digits, digit) : NULL;
  return at != NULL ? (int)(at - digits) : -1;
}

/* The text is of unreserved characters and escapes that decode to the value. */
static void check_encoded(const fdk_buffer *text, const uint8_t *value,
                          size_t size) {
  size_t at = 0;
  for (size_t i = 0; i < size; i++) {
    fuzz_check(at < text->size, "nothing of a value is lost");
    char byte = text->data[at++];
    if (byte == '%') {
      fuzz_check(at + 2 <= text->size, "an escape is whole");
      int high = hex_value(text->data[at]);
      int low = hex_value(text->data[at + 1]);
      fuzz_check(high >= 0 && low >= 0 && high * 16 + low == value[i],
                 "an escape stands for its byte");
      at += 2;
    } else {
      fuzz_check(byte != '\0' && byte == (char)value[i] &&
                     strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwx"
                            "yz0123456789-._~",
                            byte) != NULL,
                 "only unreserved characters stay as they are");
    }
  }
  fuzz_check(at == text->size, "nothing is added to a value");
}

static void check_value(const uint8_t *data, size_t size) {
  fdk_buffer segment = FDK_BUFFER_INIT;
  fdk_buffer query = FDK_BUFFER_INIT;
  fdk_buffer whole = FDK_BUFFER_INIT;
  const char *text = (const char *)data;
  fdk_url_status one = fdk_url_append_segment(&segment, text, size);
  fdk_url_status two = fdk_url_append_query(&query, text, size);
  bool nul = size > 0 && memchr(data, '\0', size) != NULL;
  fuzz_check((two == FDK_URL_OK) == !nul, "a query value is all but NUL");
  if (two == FDK_URL_OK)
    check_encoded(&query, data, size);
  if (one == FDK_URL_OK) {
    check_encoded(&segment, data, size);
    fuzz_check(fdk_buffer_text(&whole, "https://a.test/b/") &&
                   fdk_buffer_append(&whole, segment.data, segment.size) &&
                   fdk_buffer_text(&whole, "/c?d=") &&
                   fdk_buffer_append(&whole, query.data, query.size) &&
                   fdk_buffer_text(&whole, "&e=1") &&
                   fdk_buffer_push(&whole, '\0'),
               "there is memory");
    fdk_url url = FDK_URL_INIT;
    fuzz_check(fdk_url_parse(&url, whole.data, whole.size - 1) == FDK_URL_OK,
               "a URL with encoded values is one");
    fuzz_check(strncmp(url.path, "/b/", 3) == 0 &&
                   strncmp(url.path + 3, segment.data, segment.size) == 0 &&
                   strcmp(url.path + 3 + segment.size, "/c") == 0,
               "a value stays one segment of the path");
    fuzz_check(strncmp(url.query, "d=", 2) == 0 &&
                   strncmp(url.query + 2, query.size > 0 ? query.data : "",
                           query.size) == 0 &&
                   strcmp(url.query + 2 + query.size, "&e=1") == 0,
               "a value stays one value of the query");
    fdk_url_free(&url);
  } else {
    fuzz_check(segment.size == 0, "a refused value leaves nothing behind");
  }
  fdk_buffer_free(&segment);
  fdk_buffer_free(&query);
  fdk_buffer_free(&whole);
}

/* A part as libcurl sees it by itself, without our flags; "" for none. */
static void get_part(CURLU *handle, CURLUPart part, char *into, size_t room) {
  char *text = NULL;
  into[0] = '\0';
  if (curl_url_get(handle, part, &text, CURLU_DEFAULT_PORT) == CURLUE_OK)
    snprintf(into, room, "%s", text);
  curl_free(text);
}

/* Whether the host is a numeric address of this machine, in the eyes of the
 * resolver. */
static bool is_numeric_loopback(const char *host) {
  char bare[64];
  size_t size = strlen(host);
  if (host[0] == '[' && size > 2 && size < sizeof bare)
    snprintf(bare, sizeof bare, "%.*s", (int)size - 2, host + 1);
  else
    snprintf(bare, sizeof bare, "%s", host);
  struct addrinfo hints = {.ai_flags = AI_NUMERICHOST};
  struct addrinfo *found = NULL;
  if (getaddrinfo(bare, NULL, &hints, &found) != 0)
    return false;
  bool local = false;
  if (found->ai_family == AF_INET) {
    struct sockaddr_in v4;
    memcpy(&v4, found->ai_addr, sizeof v4);
    local = ntohl(v4.sin_addr.s_addr) >> 24 == 127;
  } else if (found->ai_family == AF_INET6) {
    struct sockaddr_in6 v6;
    memcpy(&v6, found->ai_addr, sizeof v6);
    local = IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr) ||
            (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr) &&
             v6.sin6_addr.s6_addr[12] == 127);
  }
  freeaddrinfo(found);
  return local;
}

static void check_accepted(const fdk_url *url, const char *text, size_t size) {
  static char part[8192];
  for (size_t i = 0; i < size; i++)
    fuzz_check(text[i] > ' ' && text[i] < 127, "a URL is plain ASCII");
  fuzz_check(strcmp(url->scheme, "http") == 0 ||
                 strcmp(url->scheme, "https") == 0,
             "a URL is http or https");
  fuzz_check(url->host[0] != '\0', "a URL has a host");
  fuzz_check(strpbrk(url->host, "/?#@\\ ") == NULL, "a host is a host only");
  fuzz_check(url->path[0] == '/', "a path begins with a slash");
  fuzz_check(url->port > 0 && url->port < 65536, "a port is in its range");

  CURLU *other = curl_url();
  fuzz_check(other != NULL &&
                 curl_url_set(other, CURLUPART_URL, text, 0) == CURLUE_OK,
             "libcurl takes what was accepted");
  get_part(other, CURLUPART_USER, part, sizeof part);
  fuzz_check(part[0] == '\0', "a URL has no user");
  get_part(other, CURLUPART_PASSWORD, part, sizeof part);
  fuzz_check(part[0] == '\0', "a URL has no password");
  get_part(other, CURLUPART_FRAGMENT, part, sizeof part);
  fuzz_check(part[0] == '\0', "a URL has no fragment");
  get_part(other, CURLUPART_HOST, part, sizeof part);
  fuzz_check(strcmp(part, url->host) == 0, "the host is the one libcurl sees");
  get_part(other, CURLUPART_SCHEME, part, sizeof part);
  fuzz_check(strcmp(part, url->scheme) == 0, "so is the scheme");
  get_part(other, CURLUPART_PORT, part, sizeof part);
  fuzz_check(atoi(part) == url->port, "so is the port");
  curl_url_cleanup(other);

  if (url->loopback)
    fuzz_check(strcasecmp(url->host, "localhost") == 0 ||
                   is_numeric_loopback(url->host),
               "loopback is this machine");
}

static void check_url(const uint8_t *data, size_t size) {
  char *text = fuzz_text(data, size);
  fdk_url url = FDK_URL_INIT;
  if (fdk_url_parse(&url, text, size) != FDK_URL_OK) {
    fuzz_check(url.handle == NULL && url.host == NULL && url.path == NULL,
               "a refused URL leaves nothing behind");
    free(text);
    return;
  }
  check_accepted(&url, text, size);
  fdk_buffer again = FDK_BUFFER_INIT;
  fuzz_check(
      fdk_buffer_printf(&again, "%s://%s:%d%s", url.scheme, url.host, url.port,
                        url.path) &&
          (url.query == NULL || fdk_buffer_printf(&again, "?%s", url.query)) &&
          fdk_buffer_push(&again, '\0'),
      "there is memory");
  fdk_url second = FDK_URL_INIT;
  fuzz_check(fdk_url_parse(&second, again.data, again.size - 1) == FDK_URL_OK,
             "the parts of a URL are a URL again");
  fuzz_check(strcmp(url.scheme, second.scheme) == 0 &&
                 strcmp(url.host, second.host) == 0 &&
                 url.port == second.port && url.loopback == second.loopback,
             "of the same origin");
  fuzz_check(strcmp(url.path, second.path) == 0 &&
                 strcmp(url.query ? url.query : "",
                        second.query ? second.query : "") == 0,
             "and with the same target");
  fdk_url_free(&second);
  fdk_buffer_free(&again);
  fdk_url_free(&url);
  free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  check_value(data, size);
  check_url(data, size);
  return 0;
}
