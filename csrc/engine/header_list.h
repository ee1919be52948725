/* header_list.h: request headers, checked and compiled once.
 *
 * A list is filled by its one owner, sealed, and from then on only read, so
 * that any number of transfers can share it by counting references. Single
 * threaded, as everything in the engine.
 */
#ifndef FDK_HEADER_LIST_H
#define FDK_HEADER_LIST_H

#include "buffer.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

/* Every answer of this file, with the words that follow the header's name. The
 * words never hold a value. */
#define FDK_HEADER_STATUSES(X)                                                 \
  X(FDK_HEADER_OK, "is fine")                                                  \
  X(FDK_HEADER_NO_MEMORY, "does not fit in memory")                            \
  X(FDK_HEADER_NAME, "is not a valid header name: only letters, digits and "   \
                     "!#$%&'*+-.^_`|~ may stand in one")                       \
  X(FDK_HEADER_LINE_BREAK, "must not contain a line break")                    \
  X(FDK_HEADER_CONTROL, "must not contain a control character")                \
  X(FDK_HEADER_FRAMING, "cannot be given: it describes how the message is "    \
                        "sent, which is decided here")

typedef enum fdk_header_status {
#define FDK_HEADER_ENUM(name, text) name,
  FDK_HEADER_STATUSES(FDK_HEADER_ENUM)
#undef FDK_HEADER_ENUM
} fdk_header_status;

/* The words for a status; static, never NULL. */
const char *fdk_header_words(fdk_header_status status);

/* One header; offsets into the list's text. */
typedef struct fdk_header {
  size_t name, name_size;
  size_t value, value_size;
} fdk_header;

typedef struct fdk_header_list fdk_header_list;

/* An empty, unsealed list with one reference; NULL when memory is out. */
fdk_header_list *fdk_header_list_new(void);

/* Counts one more holder. Returns the list; NULL stays NULL. */
fdk_header_list *fdk_header_list_hold(fdk_header_list *list);

/* Counts one holder less and frees the list with the last; NULL is fine. */
void fdk_header_list_drop(fdk_header_list *list);

/* Adds a header to an unsealed list. The name must be an RFC 9110 token, the
 * value free of controls other than TAB; leading and trailing blanks of the
 * value are not part of it. Fails, with the list unchanged, with NAME,
 * LINE_BREAK (also for NUL), CONTROL, FRAMING or NO_MEMORY. */
fdk_header_status fdk_header_list_add(fdk_header_list *list, const char *name,
                                      size_t name_size, const char *value,
                                      size_t value_size);

/* Makes the list ready to send; nothing can be added afterwards. With `base`
 * (sealed, or NULL), its headers come first, but for those that the list names
 * itself. False when memory is out. */
bool fdk_header_list_seal(fdk_header_list *list, const fdk_header_list *base);

/* Number of headers, and the one at `index` (from 0). */
size_t fdk_header_list_count(const fdk_header_list *list);
fdk_header fdk_header_list_at(const fdk_header_list *list, size_t index);

/* The text that a header's offsets point into. */
const char *fdk_header_list_text(const fdk_header_list *list);

/* The content encodings that are accepted, as the header says it; static. */
const char *fdk_header_list_encodings(void);

/* What libcurl is to be given for a sealed list (NULL: no headers): owned by
 * the list, which must outlive the transfer. The nodes also take back headers
 * libcurl would add on its own: a form's Content-Type for a body that has
 * none, and, with `large_body`, "Expect: 100-continue", which would cost a
 * pause. And they hold Accept-Encoding, unless the list does, which libcurl
 * would print twice for each request. */
struct curl_slist *fdk_header_list_nodes(const fdk_header_list *list,
                                         bool large_body);

#endif
