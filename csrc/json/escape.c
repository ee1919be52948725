/* escape.c: see escape.h. */
#include "escape.h"

#include "span.h"
#include "utf8.h"

#include <stdbool.h>
#include <stdint.h>

enum { LONGEST_ESCAPE = 6 };

/* Writes the escape of one byte that must not stand in a string as it is.
 * Returns its length, at most LONGEST_ESCAPE. */
static size_t write_escape(char *out, unsigned char byte) {
  static const char digits[] = "0123456789abcdef";
  out[0] = '\\';
  switch (byte) {
  case '"':
  case '\\':
    out[1] = (char)byte;
    return 2;
  case '\b':
    out[1] = 'b';
    return 2;
  case '\f':
    out[1] = 'f';
    return 2;
  case '\n':
    out[1] = 'n';
    return 2;
  case '\r':
    out[1] = 'r';
    return 2;
  case '\t':
    out[1] = 't';
    return 2;
  default:
    out[1] = 'u';
    out[2] = '0';
    out[3] = '0';
    out[4] = digits[byte >> 4];
    out[5] = digits[byte & 15];
    return LONGEST_ESCAPE;
  }
}

/* The way for strings that need escapes: copies run by run. */
static bool write_escaped(fdk_buffer *out, const char *at, const char *end) {
  bool high = false; /* the UTF-8 has been checked already */
  while (at < end) {
    const char *stop = fdk_span(at, end, &high);
    if (!fdk_buffer_append(out, at, (size_t)(stop - at)))
      return false;
    for (at = stop; at < end && fdk_span_stops((unsigned char)*at); at++) {
      if (!fdk_buffer_reserve(out, LONGEST_ESCAPE))
        return false;
      out->size += write_escape(out->data + out->size, (unsigned char)*at);
    }
  }
  return true;
}

/* Copies `size` bytes while it looks at them, and stops looking at the first
 * that needs an escape. Adds the bits of what it saw to *seen. */
static inline bool copy_plain(char *to, const char *text, size_t size,
                              uint64_t *seen) {
  uint64_t word;
  if (size >= 8) {
    size_t last = size - 8; /* the last eight bytes overlap those before */
    for (size_t i = 0; i < last; i += 8) {
      word = fdk_span_word(text + i);
      memcpy(to + i, &word, 8);
      *seen |= word;
      if (fdk_span_word_stops(word) != 0)
        return false;
    }
    word = fdk_span_word(text + last);
    memcpy(to + last, &word, 8);
  } else if (size >= 4) {
    uint32_t head;
    uint32_t tail;
    memcpy(&head, text, 4);
    memcpy(&tail, text + size - 4, 4);
    memcpy(to, &head, 4);
    memcpy(to + size - 4, &tail, 4);
    word = (uint64_t)head << 32 | tail;
  } else if (size > 0) { /* one to three: first, middle, last */
    unsigned char head = (unsigned char)text[0];
    unsigned char middle = (unsigned char)text[size / 2];
    unsigned char tail = (unsigned char)text[size - 1];
    to[0] = (char)head;
    to[size / 2] = (char)middle;
    to[size - 1] = (char)tail;
    word = UINT64_C(0x2020202020000000) /* harmless filling */ | head |
           (uint64_t)middle << 8 | (uint64_t)tail << 16;
  } else {
    return true;
  }
  *seen |= word;
  return fdk_span_word_stops(word) == 0;
}

fdk_json_status fdk_json_write_string(fdk_buffer *out, const char *text,
                                      size_t size, size_t *bad) {
  size_t before = out->size;
  if (size > SIZE_MAX - 2 || !fdk_buffer_reserve(out, size + 2))
    return FDK_JSON_NO_MEMORY;
  char *to = out->data + before;
  *to++ = '"';
  uint64_t seen = 0;
  bool plain = copy_plain(to, text, size, &seen);
  if (!plain || (seen & FDK_EVERY_HIGH) != 0) {
    const char *wrong = fdk_utf8_find_bad(text, text + size);
    if (wrong != NULL) {
      if (bad != NULL)
        *bad = (size_t)(wrong - text);
      return FDK_JSON_BAD_UTF8;
    }
  }
  if (plain) {
    to[size] = '"';
    out->size = before + size + 2;
    return FDK_JSON_OK;
  }
  out->size = before + 1;
  if (write_escaped(out, text, text + size) && fdk_buffer_push(out, '"'))
    return FDK_JSON_OK;
  out->size = before;
  return FDK_JSON_NO_MEMORY;
}

static unsigned hex_digit(char digit) {
  if (digit <= '9')
    return (unsigned)(digit - '0');
  return (unsigned)((digit | 0x20) - 'a') + 10;
}

static unsigned hex4(const char *at) {
  return hex_digit(at[0]) << 12 | hex_digit(at[1]) << 8 |
         hex_digit(at[2]) << 4 | hex_digit(at[3]);
}

static char *write_utf8(char *out, unsigned code) {
  if (code < 0x80) {
    *out++ = (char)code;
  } else if (code < 0x800) {
    *out++ = (char)(0xC0 | code >> 6);
    *out++ = (char)(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    *out++ = (char)(0xE0 | code >> 12);
    *out++ = (char)(0x80 | (code >> 6 & 0x3F));
    *out++ = (char)(0x80 | (code & 0x3F));
  } else {
    *out++ = (char)(0xF0 | code >> 18);
    *out++ = (char)(0x80 | (code >> 12 & 0x3F));
    *out++ = (char)(0x80 | (code >> 6 & 0x3F));
    *out++ = (char)(0x80 | (code & 0x3F));
  }
  return out;
}

size_t fdk_json_unescape(const char *text, size_t size, char *out) {
  const char *at = text;
  const char *end = text + size;
  char *to = out;
  for (;;) {
    const char *slash = memchr(at, '\\', (size_t)(end - at));
    size_t run = (size_t)((slash != NULL ? slash : end) - at);
    memcpy(to, at, run);
    to += run;
    if (slash == NULL)
      return (size_t)(to - out);
    at = slash + 2;
    switch (slash[1]) {
    case 'b':
      *to++ = '\b';
      break;
    case 'f':
      *to++ = '\f';
      break;
    case 'n':
      *to++ = '\n';
      break;
    case 'r':
      *to++ = '\r';
      break;
    case 't':
      *to++ = '\t';
      break;
    case 'u': {
      unsigned code = hex4(at);
      at += 4;
      if (code >= 0xD800 && code < 0xDC00) { /* a pair, the scanner saw to it */
        code = 0x10000 + ((code - 0xD800) << 10) + (hex4(at + 2) - 0xDC00);
        at += 6;
      }
      to = write_utf8(to, code);
      break;
    }
    default: /* a quote, a backslash or a slash */
      *to++ = slash[1];
      break;
    }
  }
}
