/* scanner.c: see scanner.h. Numbers are read in scanner_number.c. */
#include "scanner.h"

#include "scanner_part.h"
#include "span.h"
#include "utf8.h"

#include <stdarg.h>
#include <stdio.h>

/* --- problems --- */

fdk_token fdk_scan_fail(fdk_scanner *scanner, const char *at,
                        const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(scanner->problem, sizeof scanner->problem, format, arguments);
  va_end(arguments);
  scanner->offset = (size_t)(at - scanner->start) + 1;
  return FDK_TOKEN_ERROR;
}

fdk_token fdk_scan_unexpected(fdk_scanner *scanner, const char *at,
                              const char *place) {
  if (at == scanner->end)
    return fdk_scan_fail(scanner, at, "the text ends %s", place);
  unsigned char byte = (unsigned char)*at;
  if (byte == '\'')
    return fdk_scan_fail(scanner, at, "unexpected single quote %s", place);
  if (byte > 0x20 && byte < 0x7F)
    return fdk_scan_fail(scanner, at, "unexpected '%c' %s", byte, place);
  return fdk_scan_fail(scanner, at, "unexpected byte 0x%02X %s", byte, place);
}

/* --- white space and literals --- */

static inline const char *skip_space(const char *at, const char *end) {
  while (at < end && (unsigned char)*at <= ' ' && /* mostly it is none */
         (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t'))
    at++;
  return at;
}

static fdk_token literal(fdk_scanner *scanner, const char *at, const char *word,
                         size_t size, fdk_token token) {
  if ((size_t)(scanner->end - at) >= size && memcmp(at, word, size) == 0) {
    scanner->at = at + size;
    return token;
  }
  while (at < scanner->end && *at == *word) {
    at++;
    word++;
  }
  return fdk_scan_unexpected(scanner, at, "inside null, true or false");
}

/* --- strings --- */

static int hex_value(char digit) {
  if (digit >= '0' && digit <= '9')
    return digit - '0';
  char lower = (char)(digit | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* Reads the four hexadecimal digits at *at and steps over them; -1, with the
 * problem set, when they are not there. */
static int hex4(fdk_scanner *scanner, const char **at) {
  int code = 0;
  for (int i = 0; i < 4; i++, ++*at) {
    int value = *at < scanner->end ? hex_value(**at) : -1;
    if (value < 0) {
      fdk_scan_unexpected(scanner, *at, "where a hexadecimal digit should be");
      return -1;
    }
    code = code << 4 | value;
  }
  return code;
}

/* The digits of \uXXXX begin at `at`. One past the escape (past both of a
 * surrogate pair), or NULL with the problem set. */
static const char *check_unicode(fdk_scanner *scanner, const char *at) {
  const char *escape = at - 2;
  int code = hex4(scanner, &at);
  if (code < 0)
    return NULL;
  if (code < 0xD800 || code > 0xDFFF)
    return at;
  if (code < 0xDC00) { /* the first of two; the second must follow */
    const char *next = at;
    for (const char *wanted = "\\u"; *wanted != '\0'; wanted++, next++) {
      if (next == scanner->end) {
        fdk_scan_unexpected(scanner, next, "inside a string");
        return NULL;
      }
      if (*next != *wanted)
        goto lone;
    }
    int low = hex4(scanner, &next);
    if (low < 0)
      return NULL;
    if (low >= 0xDC00 && low <= 0xDFFF)
      return next;
  }
lone:
  fdk_scan_fail(scanner, escape, "lone surrogate \\u%04X in a string",
                (unsigned)code);
  return NULL;
}

/* A backslash stands at `at`. One past the escape, or NULL with the problem
 * set. */
static const char *check_escape(fdk_scanner *scanner, const char *at) {
  if (scanner->end - at < 2) {
    fdk_scan_unexpected(scanner, scanner->end, "inside a string");
    return NULL;
  }
  switch (at[1]) {
  case '"':
  case '\\':
  case '/':
  case 'b':
  case 'f':
  case 'n':
  case 'r':
  case 't':
    return at + 2;
  case 'u':
    return check_unicode(scanner, at + 2);
  default:
    fdk_scan_unexpected(scanner, at + 1, "after a backslash");
    return NULL;
  }
}

/* The string that begins at `start`, after its quote. */
__attribute__((noinline)) static fdk_token any_string(fdk_scanner *scanner,
                                                      const char *start) {
  const char *end = scanner->end;
  const char *at = start;
  bool high = false;
  scanner->escaped = false;
  for (;;) {
    at = fdk_span(at, end, &high);
    if (at < end && *at == '"')
      break;
    if (at == end || *at != '\\')
      return fdk_scan_unexpected(scanner, at,
                                 at == end
                                     ? "inside a string"
                                     : "inside a string (it must be escaped)");
    scanner->escaped = true;
    at = check_escape(scanner, at);
    if (at == NULL)
      return FDK_TOKEN_ERROR;
  }
  if (high) {
    const char *bad = fdk_utf8_find_bad(start, at);
    if (bad != NULL)
      return fdk_scan_fail(scanner, bad, "a string is not UTF-8");
  }
  scanner->text = start;
  scanner->size = (size_t)(at - start);
  scanner->at = at + 1;
  return FDK_TOKEN_STRING;
}

/* The same, quicker for the most usual strings: short ones. */
__attribute__((always_inline)) static inline fdk_token
string(fdk_scanner *scanner, const char *start) {
#if defined(__SSE2__)
  if (scanner->end - start >= 16) {
    __m128i block = _mm_loadu_si128((const __m128i *)(const void *)start);
    unsigned stops = fdk_span_block_stops(block);
    unsigned highs = (unsigned)_mm_movemask_epi8(block);
    if (stops != 0) {
      size_t size = (size_t)__builtin_ctz(stops);
      unsigned mask = (1U << size) - 1;
      unsigned due = 0;
      if (start[size] == '"' &&
          ((highs & mask) == 0 || fdk_utf8_is_plain(block, mask, &due))) {
        scanner->escaped = false;
        scanner->text = start;
        scanner->size = size;
        scanner->at = start + size + 1;
        return FDK_TOKEN_STRING;
      }
    }
  }
#endif
  return any_string(scanner, start);
}

/* --- the grammar --- */

void fdk_scan_begin(fdk_scanner *scanner, const char *text, size_t size) {
  memset(scanner, 0, sizeof *scanner);
  scanner->start = text;
  scanner->at = text;
  scanner->end = text + size;
}

static fdk_token open_container(fdk_scanner *scanner, const char *at,
                                fdk_token token) {
  if (scanner->depth == FDK_JSON_DEPTH)
    return fdk_scan_fail(scanner, at,
                         "more than %d arrays and objects in one another",
                         FDK_JSON_DEPTH);
  scanner->depth++;
  scanner->at = at + 1;
  return token;
}

static fdk_token close_container(fdk_scanner *scanner, const char *at) {
  scanner->depth--;
  scanner->at = at + 1;
  return FDK_TOKEN_CLOSE;
}

/* What no value begins with. */
__attribute__((cold)) static fdk_token no_value(fdk_scanner *scanner,
                                                const char *at) {
  if (scanner->end - at >= 3 && memcmp(at, "\xEF\xBB\xBF", 3) == 0 &&
      at == scanner->start)
    return fdk_scan_fail(
        scanner, at,
        "the text begins with a byte order mark, which JSON does not "
        "allow");
  if (at == scanner->end && scanner->depth == 0)
    return fdk_scan_fail(scanner, at, "the text is empty");
  return fdk_scan_unexpected(scanner, at, "where a value should be");
}

static inline fdk_token value(fdk_scanner *scanner, const char *at) {
  if (at == scanner->end)
    return no_value(scanner, at);
  switch (*at) {
  case '"':
    return string(scanner, at + 1);
  case '{':
    return open_container(scanner, at, FDK_TOKEN_OBJECT);
  case '[':
    return open_container(scanner, at, FDK_TOKEN_ARRAY);
  case '-':
  case '0':
  case '1':
  case '2':
  case '3':
  case '4':
  case '5':
  case '6':
  case '7':
  case '8':
  case '9':
    return fdk_scan_number(scanner, at);
  case 'n':
    return literal(scanner, at, "null", 4, FDK_TOKEN_NULL);
  case 't':
    return literal(scanner, at, "true", 4, FDK_TOKEN_TRUE);
  case 'f':
    return literal(scanner, at, "false", 5, FDK_TOKEN_FALSE);
  default:
    return no_value(scanner, at);
  }
}

fdk_token fdk_scan_value(fdk_scanner *scanner) {
  return value(scanner, skip_space(scanner->at, scanner->end));
}

fdk_token fdk_scan_member(fdk_scanner *scanner, bool first) {
  const char *end = scanner->end;
  const char *at = skip_space(scanner->at, end);
  if (at < end && *at == '}')
    return close_container(scanner, at);
  if (!first) {
    if (at == end || *at != ',')
      return fdk_scan_unexpected(scanner, at, "where ',' or '}' should be");
    at = skip_space(at + 1, end);
  }
  if (at == end || *at != '"')
    return fdk_scan_unexpected(scanner, at,
                               "where a name in double quotes should be");
  if (string(scanner, at + 1) == FDK_TOKEN_ERROR)
    return FDK_TOKEN_ERROR;
  at = skip_space(scanner->at, end);
  if (at == end || *at != ':')
    return fdk_scan_unexpected(scanner, at, "where ':' should be");
  scanner->at = at + 1;
  return FDK_TOKEN_STRING;
}

fdk_token fdk_scan_item(fdk_scanner *scanner, bool first) {
  const char *end = scanner->end;
  const char *at = skip_space(scanner->at, end);
  if (at < end && *at == ']')
    return close_container(scanner, at);
  if (!first) {
    if (at == end || *at != ',')
      return fdk_scan_unexpected(scanner, at, "where ',' or ']' should be");
    at = skip_space(at + 1, end);
  }
  return value(scanner, at);
}

bool fdk_scan_finish(fdk_scanner *scanner) {
  const char *at = skip_space(scanner->at, scanner->end);
  if (at == scanner->end)
    return true;
  fdk_scan_unexpected(scanner, at, "after the end of the document");
  return false;
}
