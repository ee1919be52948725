/* scanner.h: a strict RFC 8259 scanner that its caller pulls.
 *
 * It reads a range of bytes (no NUL needed at the end), copies nothing and
 * allocates nothing. The caller recurses, the scanner keeps the grammar:
 *
 *   token = fdk_scan_value(s)
 *   FDK_TOKEN_OBJECT: fdk_scan_member(s, true), a value, then
 *                     fdk_scan_member(s, false), ... until FDK_TOKEN_CLOSE
 *   FDK_TOKEN_ARRAY:  fdk_scan_item(s, true), then fdk_scan_item(s, false), ...
 *                     until FDK_TOKEN_CLOSE
 *
 * and at the end fdk_scan_finish(s). After FDK_TOKEN_ERROR nothing more may be
 * asked of it. */
#ifndef FDK_JSON_SCANNER_H
#define FDK_JSON_SCANNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Arrays and objects inside one another, at most. */
enum { FDK_JSON_DEPTH = 128 };

typedef enum fdk_token {
  FDK_TOKEN_ERROR, /* problem and offset say what and where */
  FDK_TOKEN_CLOSE, /* the end of the object or array */
  FDK_TOKEN_NULL,
  FDK_TOKEN_FALSE,
  FDK_TOKEN_TRUE,
  FDK_TOKEN_INTEGER, /* integer; text and size hold its digits */
  FDK_TOKEN_DIGITS,  /* an integer beyond 64 bits: only text and size */
  FDK_TOKEN_DOUBLE,  /* number */
  FDK_TOKEN_STRING,  /* text and size: what stands between the quotes */
  FDK_TOKEN_OBJECT,
  FDK_TOKEN_ARRAY,
} fdk_token;

typedef struct fdk_scanner {
  const char *at;    /* the next byte to read */
  const char *end;   /* one past the last byte */
  const char *start; /* the first byte, for offsets */
  int depth;         /* open objects and arrays */
  bool escaped;      /* STRING: holds escapes, see fdk_json_unescape */
  const char *text;  /* points into the document */
  size_t size;
  int64_t integer;
  double number;
  size_t offset;    /* ERROR: 1-based; one past the last byte for a cut text */
  char problem[96]; /* ERROR: a sentence without its place */
} fdk_scanner;

/* Starts on a document; the bytes must stay where they are. */
void fdk_scan_begin(fdk_scanner *scanner, const char *text, size_t size);

/* The next value: any token but CLOSE. */
fdk_token fdk_scan_value(fdk_scanner *scanner);

/* The next member's name, with its colon (STRING), or CLOSE, or ERROR. */
fdk_token fdk_scan_member(fdk_scanner *scanner, bool first);

/* memcmp(...) == 0 for a few bytes, without a call. */
static inline bool fdk_same_bytes(const char *a, const char *b, size_t size) {
  if (size < 8) {
    if (size >= 4)
      return memcmp(a, b, 4) == 0 && memcmp(a + size - 4, b + size - 4, 4) == 0;
    return size == 0 || (a[0] == b[0] && a[size / 2] == b[size / 2] &&
                         a[size - 1] == b[size - 1]);
  }
  for (size_t i = 0; i < size - 8; i += 8) {
    if (memcmp(a + i, b + i, 8) != 0)
      return false;
  }
  return memcmp(a + size - 8, b + size - 8, 8) == 0;
}

/* The short way past a name that is known: `name` is one that the scanner gave
 * before, not escaped. True when the next member's name is the same, and steps
 * over it and its colon. Else false with nothing read: the name may differ, or
 * have white space around it, or there is none. */
static inline bool fdk_scan_same_member(fdk_scanner *scanner, bool first,
                                        const char *name, size_t size) {
  const char *at = scanner->at;
  if ((size_t)(scanner->end - at) < size + sizeof ",\"\":" - 1)
    return false;
  if (!first && *at++ != ',')
    return false;
  if (*at++ != '"' || at[size] != '"' || at[size + 1] != ':' ||
      !fdk_same_bytes(at, name, size))
    return false;
  scanner->at = at + size + 2;
  return true;
}

/* The next item of an array, or CLOSE. */
fdk_token fdk_scan_item(fdk_scanner *scanner, bool first);

/* True when nothing but white space is left; else false with the problem. */
bool fdk_scan_finish(fdk_scanner *scanner);

#endif
