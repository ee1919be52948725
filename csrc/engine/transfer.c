/* transfer.c: see transfer.h. */
#include "transfer.h"

#include "handle.h"
#include "url.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum {
  FIRST_BODY_ROOM = 1 << 20,  /* at most, on a Content-Length's word */
  MOST_HEADER_BYTES = 1 << 30 /* so that a fdk_field can tell where they are */
};

bool fdk_transfer_take(fdk_transfer *transfer, const fdk_request *request) {
  const fdk_text *method = &request->method;
  static const char *const repeatable[] = {"GET", "HEAD", "PUT", "DELETE",
                                           "OPTIONS"};
  transfer->repeatable = request->repeatable || method->data == NULL;
  for (size_t i = 0; i < sizeof repeatable / sizeof repeatable[0]; i++)
    if (!transfer->repeatable && strcmp(method->data, repeatable[i]) == 0)
      transfer->repeatable = true;
  transfer->bodiless =
      method->data != NULL && strcmp(method->data, "HEAD") == 0;
  transfer->proxied = request->proxy.data != NULL;
  transfer->timeout = request->timeout;
  transfer->connect_timeout = request->connect_timeout;
  transfer->max_body = request->max_body;
  transfer->max_header_bytes = request->max_header_bytes < MOST_HEADER_BYTES
                                   ? request->max_header_bytes
                                   : MOST_HEADER_BYTES;
  transfer->max_header_count = request->max_header_count;
  transfer->expected = -1;
  if (!fdk_buffer_append(&transfer->send, request->body.data,
                         request->body.size))
    return false;
  transfer->headers = fdk_header_list_hold(request->headers);
  return true;
}

/* ---- headers ---------------------------------------------------------- */

static bool is_digit(char byte) {
  return byte >= '0' && byte <= '9';
}

/* The status of "HTTP/1.1 200 OK" or "HTTP/2 200"; -1 for anything else, and
 * for what is below 100 (RFC 9110, 15). */
static int status_of(const char *line, size_t size) {
  const char *end = line + size;
  const char *at = line + strlen("HTTP/");
  if (at == end || !is_digit(*at++))
    return -1;
  if (end - at > 2 && at[0] == '.' && is_digit(at[1]))
    at += 2;
  if (end - at < 4 || at[0] != ' ' || !is_digit(at[1]) || at[1] == '0' ||
      !is_digit(at[2]) || !is_digit(at[3]) || (end - at > 4 && at[4] != ' '))
    return -1;
  return (at[1] - '0') * 100 + (at[2] - '0') * 10 + (at[3] - '0');
}

/* A status line: what came before was an interim answer (1xx, or the 401 of
 * a digest handshake). It has counted towards the limits, and is forgotten.
 * False when it is malformed. */
static bool begin_block(fdk_transfer *transfer, const char *line, size_t size) {
  fdk_answer *answer = &transfer->answer;
  fdk_buffer_clear(&answer->head);
  fdk_buffer_clear(&answer->fields);
  fdk_buffer_clear(&transfer->body);
  transfer->in_block = true;
  transfer->answered = true;
  transfer->expected = -1;
  transfer->misframed = false;
  transfer->coded = false;
  int status = status_of(line, size);
  answer->status = status < 0 ? 0 : status;
  if (status < 0)
    transfer->limit = FDK_LIMIT_STATUS_LINE;
  return status >= 0;
}

/* The empty line. False when nobody can tell how long the body is (RFC 9112,
 * 6.3: a way to slip in an answer to the next request), or when it is announced
 * as longer than allowed: better to stop before it comes. */
static bool end_block(fdk_transfer *transfer) {
  transfer->in_block = false;
  int status = transfer->answer.status;
  bool has_body =
      !transfer->bodiless && status >= 200 && status != 204 && status != 304;
  if (!has_body)
    return true;
  if (transfer->misframed || (transfer->coded && transfer->expected >= 0))
    transfer->limit = FDK_LIMIT_FRAMING;
  else if (transfer->expected >= 0 &&
           (unsigned long long)transfer->expected > transfer->max_body)
    transfer->limit = FDK_LIMIT_BODY;
  return transfer->limit == FDK_LIMIT_NONE;
}

static bool is_blank(char byte) {
  return byte == ' ' || byte == '\t';
}

/* The size of the text without the blanks it ends with. */
static size_t trimmed(const char *text, size_t size) {
  while (size > 0 && is_blank(text[size - 1]))
    size--;
  return size;
}

/* How many blanks the text begins with. */
static size_t blanks(const char *text, size_t size) {
  size_t count = 0;
  while (count < size && is_blank(text[count]))
    count++;
  return count;
}

/* -1: not a number. One that is too large for the type is larger than any
 * limit too. */
static long long to_length(const char *text, size_t size) {
  long long length = size > 0 ? 0 : -1;
  for (size_t i = 0; i < size; i++) {
    if (text[i] < '0' || text[i] > '9')
      return -1;
    int digit = text[i] - '0';
    length =
        length > (LLONG_MAX - digit) / 10 ? LLONG_MAX : length * 10 + digit;
  }
  return length;
}

/* The same length twice is only untidy. */
static void take_length(fdk_transfer *transfer, const char *text, size_t size) {
  long long length = to_length(text, size);
  if (length < 0 || (transfer->expected >= 0 && transfer->expected != length))
    transfer->misframed = true;
  transfer->expected = length;
}

/* Appends a part of a header's text. What would end a line for whoever passes
 * it on becomes a space (RFC 9110, 5.5). False when memory is out. */
static bool append_text(fdk_buffer *head, const char *text, size_t size) {
  static const char breaks[] = {'\r', '\n', '\0'};
  if (!fdk_buffer_append(head, text, size))
    return false;
  char *end = head->data + head->size;
  for (size_t i = 0; i < sizeof breaks; i++)
    for (char *at = end - size;
         (at = memchr(at, breaks[i], (size_t)(end - at))) != NULL; at++)
      *at = ' ';
  return true;
}

/* A line that starts with a blank continues the one before (RFC 9112, 5.2),
 * whose value the text ends with. */
static bool continue_field(fdk_answer *answer, const char *text, size_t size) {
  size_t count = fdk_answer_field_count(answer);
  if (count == 0)
    return true;
  size_t indent = blanks(text, size);
  text += indent;
  size = trimmed(text, size - indent);
  fdk_field field = fdk_answer_field(answer, count - 1);
  if (!fdk_buffer_push(&answer->head, ' ') ||
      !append_text(&answer->head, text, size))
    return false;
  field.value_size += (uint32_t)size + 1;
  memcpy(answer->fields.data + (count - 1) * sizeof field, &field,
         sizeof field);
  return true;
}

static bool add_field(fdk_transfer *transfer, const char *line, size_t size) {
  fdk_answer *answer = &transfer->answer;
  size = trimmed(line, size);
  const char *colon = memchr(line, ':', size);
  if (colon ==
      NULL) /* libcurl lets such lines pass; there is no header in it */
    return true;
  size_t start = answer->head.size;
  size_t before = (size_t)(colon - line) + 1;
  size_t value = before + blanks(line + before, size - before);
  size_t name_size = trimmed(line, before - 1);
  size_t value_size = size - value;
  fdk_field field = {(uint32_t)start, (uint32_t)name_size,
                     (uint32_t)(start + value), (uint32_t)value_size};
  if (!fdk_buffer_reserve(&answer->fields, sizeof field) ||
      !append_text(&answer->head, line, size))
    return false;
  fdk_buffer_append(&answer->fields, (const char *)&field, sizeof field);
  if (name_size == 14 && strncasecmp(line, "content-length", 14) == 0)
    take_length(transfer, line + value, value_size);
  else if (name_size == 17 && strncasecmp(line, "transfer-encoding", 17) == 0)
    transfer->coded = true;
  return true;
}

/* One line of any header block. False when the transfer is to end; `limit`
 * says why. */
static bool take_line(fdk_transfer *transfer, const char *line, size_t size) {
  transfer->header_bytes += size;
  if (transfer->header_bytes > transfer->max_header_bytes) {
    transfer->limit = FDK_LIMIT_HEADER_BYTES;
    return false;
  }
  while (size > 0 && (line[size - 1] == '\n' || line[size - 1] == '\r'))
    size--;
  if (!transfer->in_block && size > 5 && strncasecmp(line, "HTTP/", 5) == 0)
    return begin_block(transfer, line, size);
  if (size == 0)
    return !transfer->in_block || end_block(transfer);
  if (++transfer->header_count > transfer->max_header_count) {
    transfer->limit = FDK_LIMIT_HEADER_COUNT;
    return false;
  }
  if (!transfer->in_block) /* a trailer: counted, not kept */
    return true;
  bool fits = is_blank(line[0]) ? continue_field(&transfer->answer, line, size)
                                : add_field(transfer, line, size);
  if (!fits)
    transfer->limit = FDK_LIMIT_MEMORY;
  return fits;
}

/* Has libcurl show the next line before it looks at it; see on_debug. Whatever
 * comes outside of a block may be what libcurl takes for a status line. */
static void ask_for_next_line(const fdk_handle *handle) {
  if (handle->remembers_freed)
    curl_easy_setopt(handle->easy, CURLOPT_VERBOSE, 1L);
}

size_t fdk_transfer_on_header(char *data, size_t size, size_t count,
                              void *handle) {
  fdk_transfer *transfer = ((fdk_handle *)handle)->transfer;
  if (!transfer->in_block)
    ask_for_next_line(handle);
  return take_line(transfer, data, size * count) ? size * count : 0;
}

/* A line that continues a header before there was one would be added to a
 * header of the last answer, which is freed. Without a colon it is none, and
 * libcurl refuses it. All its releases from 7.83.0 to 8.0.1 show a line, in
 * memory of their own, right before they take it in. */
int fdk_transfer_on_debug(CURL *easy, curl_infotype type, char *data,
                          size_t size, void *unused) {
  (void)unused;
  if (type != CURLINFO_HEADER_IN)
    return 0;
  curl_easy_setopt(easy, CURLOPT_VERBOSE, 0L);
  if (size > 0 && (data[0] == ' ' || data[0] == '\t'))
    for (size_t i = 0; i < size && data[i] != '\r' && data[i] != '\n'; i++)
      data[i] = '-';
  return 0;
}

/* ---- body ------------------------------------------------------------- */

size_t fdk_transfer_on_body(char *data, size_t size, size_t count,
                            void *handle) {
  fdk_transfer *transfer = ((fdk_handle *)handle)->transfer;
  size_t bytes = size * count;
  if (bytes == 0)
    return 0;
  if (bytes > transfer->max_body - transfer->body.size) {
    transfer->limit = FDK_LIMIT_BODY;
    return 0;
  }
  if (transfer->body.size == 0 && transfer->expected > (long long)bytes) {
    size_t room = (size_t)transfer->expected;
    if (room > FIRST_BODY_ROOM)
      room = FIRST_BODY_ROOM;
    (void)fdk_buffer_reserve(&transfer->body, room); /* append asks again */
  }
  if (!fdk_buffer_append(&transfer->body, data, bytes)) {
    transfer->limit = FDK_LIMIT_MEMORY;
    return 0;
  }
  return bytes;
}

/* Bodies that libcurl reads past (a 401 it will answer) come by nobody else. */
int fdk_transfer_on_progress(void *handle, curl_off_t expected,
                             curl_off_t received, curl_off_t to_send,
                             curl_off_t sent) {
  (void)expected, (void)to_send, (void)sent;
  fdk_transfer *transfer = ((fdk_handle *)handle)->transfer;
  if (received < 0 || (unsigned long long)received <= transfer->max_body)
    return 0;
  transfer->limit = FDK_LIMIT_BODY;
  return 1;
}

/* libcurl sends any request again when a kept connection closes without an
 * answer. The service may have acted on the first one, so what is not
 * repeatable fails instead. */
/* NOLINTNEXTLINE(readability-non-const-parameter): the type is libcurl's */
int fdk_transfer_on_send(void *handle, char *peer, char *local, int peer_port,
                         int local_port) {
  (void)peer, (void)local, (void)peer_port, (void)local_port;
  fdk_transfer *transfer = ((fdk_handle *)handle)->transfer;
  if (transfer->sent && !transfer->answered) {
    ((fdk_handle *)handle)->worn = true;
    if (!transfer->repeatable) {
      transfer->not_repeated = true;
      return CURL_PREREQFUNC_ABORT;
    }
  }
  transfer->sent = true;
  transfer->answered = false;
  return CURL_PREREQFUNC_OK;
}

/* ---- the end ---------------------------------------------------------- */

static double seconds(CURL *easy, CURLINFO info) {
  curl_off_t microseconds = 0;
  curl_easy_getinfo(easy, info, &microseconds);
  return (double)microseconds / 1e6;
}

static const char *version_name(CURL *easy) {
  long version = 0;
  curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version);
  switch (version) {
  case CURL_HTTP_VERSION_1_0:
    return "1.0";
  case CURL_HTTP_VERSION_1_1:
    return "1.1";
  case CURL_HTTP_VERSION_2_0:
    return "2";
  case CURL_HTTP_VERSION_3:
    return "3";
  default:
    return "";
  }
}

static void explain_limit(fdk_transfer *transfer) {
  fdk_failure *failure = &transfer->failure;
  switch (transfer->limit) {
  case FDK_LIMIT_FRAMING:
    fdk_fail(failure, FDK_KIND_PROTOCOL,
             "the headers of the answer contradict each other about its length "
             "(Content-Length, Transfer-Encoding)");
    break;
  case FDK_LIMIT_BODY:
    if (transfer->expected >= 0 &&
        (unsigned long long)transfer->expected > transfer->max_body)
      fdk_fail(failure, FDK_KIND_TOO_LARGE,
               "the answer has %lld bytes, more than the limit of %zu "
               "(max_body)",
               transfer->expected, transfer->max_body);
    else
      fdk_fail(failure, FDK_KIND_TOO_LARGE,
               "the answer is larger than the limit of %zu bytes (max_body)",
               transfer->max_body);
    break;
  case FDK_LIMIT_HEADER_BYTES:
    fdk_fail(failure, FDK_KIND_TOO_LARGE,
             "the headers of the answer are larger than the limit of %zu bytes "
             "(max_header_bytes)",
             transfer->max_header_bytes);
    break;
  case FDK_LIMIT_HEADER_COUNT:
    fdk_fail(failure, FDK_KIND_TOO_LARGE,
             "the answer has more headers than the limit of %zu "
             "(max_header_count)",
             transfer->max_header_count);
    break;
  default:
    fdk_fail(failure, FDK_KIND_TOO_LARGE,
             "there is not enough memory for the answer");
  }
  failure->sent = true;
}

/* "host:port" of the handle's URL. */
static void name_peer(CURL *easy, const fdk_transfer *transfer, char *peer,
                      size_t size) {
  char *text = NULL;
  fdk_url url = FDK_URL_INIT;
  curl_easy_getinfo(easy, CURLINFO_EFFECTIVE_URL, &text);
  if (transfer->proxied && !transfer->sent)
    snprintf(peer, size, "the proxy or the service behind it");
  else if (text != NULL &&
           fdk_url_parse(&url, text, strlen(text)) == FDK_URL_OK)
    snprintf(peer, size, "%s:%d", url.host, url.port);
  else
    snprintf(peer, size, "the service");
  fdk_url_free(&url);
}

static void explain(fdk_transfer *transfer, CURL *easy, CURLcode code,
                    const char *words, int socket_error) {
  char peer[300];
  name_peer(easy, transfer, peer, sizeof peer);
  if (transfer->not_repeated) {
    fdk_fail(&transfer->failure, FDK_KIND_NETWORK,
             "%s closed the kept connection without an answer; the request was "
             "not sent a second time, since the first may have been acted on",
             peer);
    transfer->failure.sent = true;
    return;
  }
  curl_off_t received = 0;
  long system_error = 0;
  long request_size = 0;
  curl_easy_getinfo(easy, CURLINFO_SIZE_DOWNLOAD_T, &received);
  curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &system_error);
  curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &request_size);
  fdk_facts facts = {.code = code,
                     .peer = peer,
                     .words = words,
                     .system_error =
                         system_error != 0 ? system_error : socket_error,
                     .connected = transfer->sent,
                     .sent = transfer->sent && request_size > 0,
                     .answered = transfer->answered,
                     .received = received,
                     .expected = transfer->expected,
                     .timeout = transfer->timeout,
                     .connect_timeout = transfer->connect_timeout};
  fdk_explain(&transfer->failure, &facts);
}

/* libcurl takes the end of the connection for the end of the headers too. */
static void explain_cut_headers(fdk_transfer *transfer, CURL *easy) {
  char peer[300];
  name_peer(easy, transfer, peer, sizeof peer);
  fdk_fail(&transfer->failure, FDK_KIND_PROTOCOL,
           "the answer from %s stopped in the middle of its headers", peer);
  transfer->failure.sent = true;
  transfer->failed = true;
}

void fdk_transfer_finish(fdk_transfer *transfer, CURL *easy, CURLcode code,
                         const char *words, int socket_error) {
  long connections = 0;
  curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &connections);
  fdk_answer *answer = &transfer->answer;
  answer->reused = transfer->sent && connections == 0;
  answer->version = version_name(easy);
  answer->timings =
      (fdk_timings){.name_lookup = seconds(easy, CURLINFO_NAMELOOKUP_TIME_T),
                    .connect = seconds(easy, CURLINFO_CONNECT_TIME_T),
                    .tls = seconds(easy, CURLINFO_APPCONNECT_TIME_T),
                    .first_byte = seconds(easy, CURLINFO_STARTTRANSFER_TIME_T),
                    .total = seconds(easy, CURLINFO_TOTAL_TIME_T)};
  /* libcurl takes some lines for a 200 that are none, "http/1.1 404" too */
  long understood = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &understood);
  if (code == CURLE_OK && understood != answer->status)
    transfer->limit = FDK_LIMIT_STATUS_LINE;
  transfer->failed = code != CURLE_OK || transfer->limit != FDK_LIMIT_NONE;
  if (transfer->failed && transfer->limit == FDK_LIMIT_STATUS_LINE)
    explain(transfer, easy, CURLE_UNSUPPORTED_PROTOCOL, "malformed status line",
            0);
  else if (transfer->failed && transfer->limit != FDK_LIMIT_NONE)
    explain_limit(transfer);
  else if (transfer->failed)
    explain(transfer, easy, code, words, socket_error);
  else if (transfer->in_block)
    explain_cut_headers(transfer, easy);
  transfer->state = FDK_DONE;
}

void fdk_transfer_end(fdk_transfer *transfer, fdk_kind kind,
                      const char *message) {
  bool sent = transfer->sent;
  fdk_fail(&transfer->failure, kind, "%s", message);
  transfer->failure.sent = sent;
  transfer->failed = true;
  transfer->answer.version = "";
  transfer->state = FDK_DONE;
}
