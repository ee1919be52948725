/* header_list.c: see header_list.h. */
#include "header_list.h"

#include <stdlib.h>
#include <strings.h>

struct fdk_header_list {
  size_t holders;
  fdk_buffer text;    /* "Name: value" or "Name;", each with its NUL */
  fdk_buffer headers; /* fdk_header, one after another */
  size_t count;
  struct curl_slist *nodes; /* sealed: OURS, then one for each header */
};

/* The nodes in front of the headers. */
enum { EXPECT, TYPE, ENCODING, OURS };

/* libcurl reads "Name:" as an order to leave its own header out. It never
 * writes to what it is given, though its type cannot say so. */
static char no_expect[] = "Expect:";
static char no_type[] = "Content-Type:";

#define ACCEPT "Accept-Encoding: "
static char accept_all[] = ACCEPT "gzip, deflate, br";
static char accept_old[] = ACCEPT "gzip, deflate";

static bool has_brotli(void) {
  return (curl_version_info(CURLVERSION_NOW)->features & CURL_VERSION_BROTLI) !=
         0;
}

static char *accept_encoding(void) {
  return has_brotli() ? accept_all : accept_old;
}

const char *fdk_header_list_encodings(void) {
  return accept_encoding() + strlen(ACCEPT);
}

const char *fdk_header_words(fdk_header_status status) {
  static const char *const words[] = {
#define FDK_HEADER_WORDS(name, text) [name] = text,
      FDK_HEADER_STATUSES(FDK_HEADER_WORDS)
#undef FDK_HEADER_WORDS
  };
  return words[status];
}

fdk_header_list *fdk_header_list_new(void) {
  fdk_header_list *list = calloc(1, sizeof *list);
  if (list != NULL)
    list->holders = 1;
  return list;
}

fdk_header_list *fdk_header_list_hold(fdk_header_list *list) {
  if (list != NULL)
    list->holders++;
  return list;
}

void fdk_header_list_drop(fdk_header_list *list) {
  if (list == NULL || --list->holders > 0)
    return;
  /* values are often credentials: leave no copy in freed memory */
  if (list->text.data != NULL)
    explicit_bzero(list->text.data, list->text.capacity);
  fdk_buffer_free(&list->text);
  fdk_buffer_free(&list->headers);
  free(list->nodes);
  free(list);
}

/* RFC 9110, tchar. */
static bool is_token(const char *text, size_t size) {
  for (size_t i = 0; i < size; i++) {
    char byte = text[i];
    bool plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                 (byte >= '0' && byte <= '9');
    if (!plain && (byte == '\0' || strchr("!#$%&'*+-.^_`|~", byte) == NULL))
      return false;
  }
  return size > 0;
}

static fdk_header_status check_value(const char *text, size_t size) {
  for (size_t i = 0; i < size; i++) {
    unsigned char byte = (unsigned char)text[i];
    if (byte == '\r' || byte == '\n')
      return FDK_HEADER_LINE_BREAK;
    if ((byte < ' ' && byte != '\t') || byte == 127)
      return FDK_HEADER_CONTROL;
  }
  return FDK_HEADER_OK;
}

static bool same_name(const char *a, size_t a_size, const char *b,
                      size_t b_size) {
  return a_size == b_size && strncasecmp(a, b, a_size) == 0;
}

/* A header of these that contradicts the bytes sent lets one request be read
 * as two. */
static bool is_framing(const char *name, size_t size) {
  static const char *const framing[] = {"Content-Length", "Transfer-Encoding",
                                        "Connection",     "Keep-Alive",
                                        "Upgrade",        "TE",
                                        "Trailer",        "Expect"};
  for (size_t i = 0; i < sizeof framing / sizeof framing[0]; i++)
    if (same_name(name, size, framing[i], strlen(framing[i])))
      return true;
  return false;
}

/* Appends a checked header. False when memory is out. */
static bool append(fdk_header_list *list, const char *name, size_t name_size,
                   const char *value, size_t value_size) {
  fdk_header header = {list->text.size, name_size, 0, value_size};
  header.value = header.name + name_size + 2;
  /* both reservations first, so that a failure leaves no half */
  if (!fdk_buffer_reserve(&list->text, name_size + value_size + 3) ||
      !fdk_buffer_append(&list->headers, (const char *)&header, sizeof header))
    return false;
  fdk_buffer_append(&list->text, name, name_size);
  /* "Name;" is libcurl's spelling of a header with an empty value; the byte
   * after it makes the offsets alike for both spellings */
  fdk_buffer_append(&list->text, value_size > 0 ? ": " : ";\0", 2);
  fdk_buffer_append(&list->text, value, value_size);
  fdk_buffer_push(&list->text, '\0');
  list->count++;
  return true;
}

fdk_header_status fdk_header_list_add(fdk_header_list *list, const char *name,
                                      size_t name_size, const char *value,
                                      size_t value_size) {
  if (!is_token(name, name_size))
    return FDK_HEADER_NAME;
  if (is_framing(name, name_size))
    return FDK_HEADER_FRAMING;
  fdk_header_status status = check_value(value, value_size);
  if (status != FDK_HEADER_OK)
    return status;
  while (value_size > 0 && (value[0] == ' ' || value[0] == '\t'))
    value++, value_size--;
  while (value_size > 0 &&
         (value[value_size - 1] == ' ' || value[value_size - 1] == '\t'))
    value_size--;
  return append(list, name, name_size, value, value_size)
             ? FDK_HEADER_OK
             : FDK_HEADER_NO_MEMORY;
}

static bool names(const fdk_header_list *list, const char *name, size_t size) {
  for (size_t i = 0; i < list->count; i++) {
    fdk_header header = fdk_header_list_at(list, i);
    if (same_name(list->text.data + header.name, header.name_size, name, size))
      return true;
  }
  return false;
}

/* Writes the list again, with the base's headers in front. */
static bool prepend(fdk_header_list *list, const fdk_header_list *base) {
  fdk_header_list *whole = fdk_header_list_new();
  if (whole == NULL)
    return false;
  bool fits = true;
  for (size_t i = 0; fits && i < base->count; i++) {
    fdk_header header = fdk_header_list_at(base, i);
    const char *name = base->text.data + header.name;
    if (!names(list, name, header.name_size))
      fits = append(whole, name, header.name_size,
                    base->text.data + header.value, header.value_size);
  }
  for (size_t i = 0; fits && i < list->count; i++) {
    fdk_header header = fdk_header_list_at(list, i);
    fits = append(whole, list->text.data + header.name, header.name_size,
                  list->text.data + header.value, header.value_size);
  }
  if (fits) { /* the parts change places; what is dropped is the old text */
    fdk_buffer text = list->text;
    fdk_buffer headers = list->headers;
    list->text = whole->text;
    list->headers = whole->headers;
    list->count = whole->count;
    whole->text = text;
    whole->headers = headers;
  }
  fdk_header_list_drop(whole);
  return fits;
}

bool fdk_header_list_seal(fdk_header_list *list, const fdk_header_list *base) {
  if (base != NULL && !prepend(list, base))
    return false;
  list->nodes = calloc(list->count + OURS, sizeof *list->nodes);
  if (list->nodes == NULL)
    return false;
  struct curl_slist *node = list->nodes;
  node[EXPECT].data = no_expect;
  node[TYPE].data = no_type;
  /* asking libcurl takes longer than all the rest */
  node[ENCODING].data =
      base != NULL ? base->nodes[ENCODING].data : accept_encoding();
  for (size_t i = 0; i < list->count; i++)
    node[OURS + i].data = list->text.data + fdk_header_list_at(list, i).name;
  for (size_t i = 0; i + 1 < list->count + OURS; i++)
    node[i].next = &node[i + 1];
  /* past what the list says itself */
  if (names(list, "Accept-Encoding", strlen("Accept-Encoding")))
    node[TYPE].next = node[ENCODING].next;
  if (names(list, "Content-Type", strlen("Content-Type")))
    node[EXPECT].next = node[TYPE].next;
  return true;
}

size_t fdk_header_list_count(const fdk_header_list *list) {
  return list->count;
}

fdk_header fdk_header_list_at(const fdk_header_list *list, size_t index) {
  fdk_header header;
  memcpy(&header, list->headers.data + index * sizeof header, sizeof header);
  return header;
}

const char *fdk_header_list_text(const fdk_header_list *list) {
  return list->text.data;
}

struct curl_slist *fdk_header_list_nodes(const fdk_header_list *list,
                                         bool large_body) {
  static struct curl_slist bare[][OURS] = {{{no_expect, &bare[0][TYPE]},
                                            {no_type, &bare[0][ENCODING]},
                                            {accept_old, NULL}},
                                           {{no_expect, &bare[1][TYPE]},
                                            {no_type, &bare[1][ENCODING]},
                                            {accept_all, NULL}}};
  struct curl_slist *first = list != NULL ? list->nodes : bare[has_brotli()];
  return large_body ? first : first->next;
}
