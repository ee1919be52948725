/* url.h: what may stand in a URL, and how values get into one.
 *
 * Two jobs: to write a value as one path segment or one query value, and to
 * take a whole URL apart under rules stricter than libcurl's own. Parsing is
 * libcurl's (CURLU), so that what is checked here is what a transfer uses.
 */
#ifndef FDK_URL_H
#define FDK_URL_H

#include "buffer.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

/* Every answer of this file, with the words that follow "the URL " or
 * "the value ". */
#define FDK_URL_STATUSES(X)                                                    \
  X(FDK_URL_OK, "is fine")                                                     \
  X(FDK_URL_NO_MEMORY, "does not fit in memory")                               \
  /* values */                                                                 \
  X(FDK_URL_SEGMENT_EMPTY, "must not be empty: it is a part of the path")      \
  X(FDK_URL_SEGMENT_DOTS,                                                      \
    "must not be \".\" or \"..\": as a part of the path these mean a folder")  \
  X(FDK_URL_VALUE_NUL, "must not contain a NUL byte")                          \
  /* whole URLs */                                                             \
  X(FDK_URL_EMPTY, "is empty")                                                 \
  X(FDK_URL_CONTROL, "contains a control character (a line break, a tab, "     \
                     "...); remove it")                                        \
  X(FDK_URL_SPACE, "contains a space; write it as %20")                        \
  X(FDK_URL_BACKSLASH, "contains a backslash; use \"/\"")                      \
  X(FDK_URL_NOT_ASCII, "contains a character outside ASCII; percent-encode "   \
                       "it, or write the host in its xn-- form")               \
  X(FDK_URL_SCHEME, "must start with \"http://\" or \"https://\"")             \
  X(FDK_URL_USER, "contains a user name or password (\"@\"); give these as "   \
                  "separate options")                                          \
  X(FDK_URL_FRAGMENT, "contains a fragment (\"#\"), which is never sent; "     \
                      "remove it")                                             \
  X(FDK_URL_HOST, "has no valid host name")                                    \
  X(FDK_URL_PORT, "has a port that is not a number from 1 to 65535")           \
  X(FDK_URL_MALFORMED, "is malformed")

typedef enum fdk_url_status {
#define FDK_URL_ENUM(name, text) name,
  FDK_URL_STATUSES(FDK_URL_ENUM)
#undef FDK_URL_ENUM
} fdk_url_status;

/* The words for a status ("contains a space; ..."); static, never NULL. */
const char *fdk_url_words(fdk_url_status status);

/* Appends `size` bytes at `text` as exactly one path segment: all but RFC 3986
 * unreserved characters percent-encoded. Fails, with `out` unchanged, with
 * SEGMENT_EMPTY, SEGMENT_DOTS, VALUE_NUL or NO_MEMORY. */
fdk_url_status fdk_url_append_segment(fdk_buffer *out, const char *text,
                                      size_t size);

/* Appends `size` bytes at `text` as one query name or value, encoded the same
 * way (a space is %20); empty is fine. Fails, with `out` unchanged, with
 * VALUE_NUL or NO_MEMORY. */
fdk_url_status fdk_url_append_query(fdk_buffer *out, const char *text,
                                    size_t size);

/* A URL taken apart. Strings are libcurl's, normalised by it (scheme in lower
 * case, numeric IPv4 addresses in dotted form, IPv6 ones in brackets, dot
 * segments removed) and owned by the struct. */
typedef struct fdk_url {
  CURLU *handle; /* NULL: nothing parsed */
  char *scheme;  /* "http" or "https" */
  char *host;
  char *path;  /* starts with "/" */
  char *query; /* without "?"; NULL when there is none */
  int port;    /* the scheme's own when the URL has none */
  bool loopback;
} fdk_url;

#define FDK_URL_INIT                                                           \
  { NULL, NULL, NULL, NULL, NULL, 0, false }

/* Checks `size` bytes at `text`, followed by a NUL, and reads them into a
 * handle of libcurl's. On any status but FDK_URL_OK the handle holds nothing of
 * use. */
fdk_url_status fdk_url_read(CURLU *handle, const char *text, size_t size);

/* Parses `size` bytes at `text`, which must be followed by a NUL (as Lua's
 * strings are), into `url`, an initialised struct whose former contents are
 * dropped. On any status but FDK_URL_OK it is left empty. */
fdk_url_status fdk_url_parse(fdk_url *url, const char *text, size_t size);

/* Checks what libcurl's parser would let pass, without parsing: the part of
 * fdk_url_parse that costs nothing. FDK_URL_OK does not say that the rest is
 * well-formed. */
fdk_url_status fdk_url_scan(const char *text, size_t size);

/* Gives all memory back; the struct is empty and usable afterwards. */
void fdk_url_free(fdk_url *url);

/* Whether a host, as fdk_url_parse gives it, can only be this machine: the
 * name "localhost", 127.0.0.0/8, ::1, or the latter two written as one. Other
 * names are not looked up. */
bool fdk_url_is_loopback(const char *host);

#endif
