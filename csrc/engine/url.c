/* url.c: see url.h. */
#include "url.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdlib.h>
#include <strings.h>

const char *fdk_url_words(fdk_url_status status) {
  static const char *const words[] = {
#define FDK_URL_WORDS(name, text) [name] = text,
      FDK_URL_STATUSES(FDK_URL_WORDS)
#undef FDK_URL_WORDS
  };
  return words[status];
}

static bool is_unreserved(unsigned char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
         (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' ||
         byte == '_' || byte == '~';
}

fdk_url_status fdk_url_append_query(fdk_buffer *out, const char *text,
                                    size_t size) {
  static const char digits[] = "0123456789ABCDEF";
  if (size > 0 && memchr(text, '\0', size) != NULL)
    return FDK_URL_VALUE_NUL;
  if (size > SIZE_MAX / 3 || !fdk_buffer_reserve(out, 3 * size))
    return FDK_URL_NO_MEMORY;
  if (size == 0)
    return FDK_URL_OK;
  char *to = out->data + out->size;
  for (size_t i = 0; i < size; i++) {
    unsigned char byte = (unsigned char)text[i];
    if (is_unreserved(byte)) {
      *to++ = (char)byte;
    } else {
      *to++ = '%';
      *to++ = digits[byte >> 4];
      *to++ = digits[byte & 15];
    }
  }
  out->size = (size_t)(to - out->data);
  return FDK_URL_OK;
}

fdk_url_status fdk_url_append_segment(fdk_buffer *out, const char *text,
                                      size_t size) {
  if (size == 0)
    return FDK_URL_SEGMENT_EMPTY;
  if (text[0] == '.' && (size == 1 || (size == 2 && text[1] == '.')))
    return FDK_URL_SEGMENT_DOTS;
  return fdk_url_append_query(out, text, size);
}

/* What is wrong with a byte that no URL may have. */
static fdk_url_status problem_of(unsigned char byte) {
  if (byte == ' ')
    return FDK_URL_SPACE;
  if (byte == '\\')
    return FDK_URL_BACKSLASH;
  return byte > 127 ? FDK_URL_NOT_ASCII : FDK_URL_CONTROL;
}

fdk_url_status fdk_url_scan(const char *text, size_t size) {
  if (size == 0)
    return FDK_URL_EMPTY;
  for (size_t i = 0; i < size; i++) {
    unsigned char byte = (unsigned char)text[i];
    if (byte <= ' ' || byte >= 127 || byte == '\\')
      return problem_of(byte);
  }
  const char *authority;
  if (strncasecmp(text, "http://", 7) == 0)
    authority = text + 7;
  else if (strncasecmp(text, "https://", 8) == 0)
    authority = text + 8;
  else
    return FDK_URL_SCHEME;
  if (strchr(authority, '#') != NULL)
    return FDK_URL_FRAGMENT;
  size_t extent = strcspn(authority, "/?");
  if (extent > 0 && memchr(authority, '@', extent) != NULL)
    return FDK_URL_USER;
  /* libcurl takes "http:///path" for a sloppy "http://path" */
  if (extent == 0 || authority[0] == ':')
    return FDK_URL_HOST;
  /* and decodes escapes in a host's name; only an address in brackets may have
   * one, before its zone */
  if (authority[0] != '[' && memchr(authority, '%', extent) != NULL)
    return FDK_URL_HOST;
  return FDK_URL_OK;
}

/* libcurl's answer to what the scan let pass. */
static fdk_url_status from_curl(CURLUcode code) {
  switch (code) {
  case CURLUE_OK:
    return FDK_URL_OK;
  case CURLUE_OUT_OF_MEMORY:
    return FDK_URL_NO_MEMORY;
  case CURLUE_BAD_PORT_NUMBER:
    return FDK_URL_PORT;
  case CURLUE_BAD_HOSTNAME:
  case CURLUE_BAD_IPV6:
  case CURLUE_NO_HOST:
    return FDK_URL_HOST;
  case CURLUE_BAD_SCHEME:
  case CURLUE_UNSUPPORTED_SCHEME:
  case CURLUE_NO_SCHEME:
    return FDK_URL_SCHEME;
  case CURLUE_USER_NOT_ALLOWED:
    return FDK_URL_USER;
  default:
    return FDK_URL_MALFORMED;
  }
}

/* Reads scheme, host, path, query and port out of the parsed handle. */
static fdk_url_status take_parts(fdk_url *url) {
  struct {
    CURLUPart part;
    char **into;
  } const parts[] = {{CURLUPART_SCHEME, &url->scheme},
                     {CURLUPART_HOST, &url->host},
                     {CURLUPART_PATH, &url->path}};
  for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
    CURLUcode code = curl_url_get(url->handle, parts[i].part, parts[i].into, 0);
    if (code != CURLUE_OK)
      return from_curl(code);
  }
  CURLUcode code = curl_url_get(url->handle, CURLUPART_QUERY, &url->query, 0);
  if (code != CURLUE_OK && code != CURLUE_NO_QUERY)
    return from_curl(code);
  char *port = NULL;
  code = curl_url_get(url->handle, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT);
  if (code != CURLUE_OK)
    return from_curl(code);
  url->port = (int)strtol(port, NULL, 10);
  curl_free(port);
  url->loopback = fdk_url_is_loopback(url->host);
  return url->port > 0 && url->port < 65536 ? FDK_URL_OK : FDK_URL_PORT;
}

fdk_url_status fdk_url_read(CURLU *handle, const char *text, size_t size) {
  fdk_url_status status = fdk_url_scan(text, size);
  if (status != FDK_URL_OK)
    return status;
  return from_curl(
      curl_url_set(handle, CURLUPART_URL, text, CURLU_DISALLOW_USER));
}

fdk_url_status fdk_url_parse(fdk_url *url, const char *text, size_t size) {
  fdk_url_free(url);
  url->handle = curl_url();
  if (url->handle == NULL)
    return FDK_URL_NO_MEMORY;
  fdk_url_status status = fdk_url_read(url->handle, text, size);
  if (status == FDK_URL_OK)
    status = take_parts(url);
  if (status != FDK_URL_OK)
    fdk_url_free(url);
  return status;
}

void fdk_url_free(fdk_url *url) {
  curl_url_cleanup(url->handle);
  curl_free(url->scheme);
  curl_free(url->host);
  curl_free(url->path);
  curl_free(url->query);
  *url = (fdk_url)FDK_URL_INIT;
}

bool fdk_url_is_loopback(const char *host) {
  if (strcasecmp(host, "localhost") == 0)
    return true;
  struct in_addr v4;
  if (inet_pton(AF_INET, host, &v4) == 1)
    return ntohl(v4.s_addr) >> 24 == 127;
  char bare[INET6_ADDRSTRLEN];
  size_t size = strlen(host);
  if (size < 2 || size - 2 >= sizeof bare || host[0] != '[')
    return false;
  memcpy(bare, host + 1, size - 2);
  bare[size - 2] = '\0';
  struct in6_addr v6;
  if (inet_pton(AF_INET6, bare, &v6) != 1)
    return false;
  return IN6_IS_ADDR_LOOPBACK(&v6) ||
         (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127);
}
