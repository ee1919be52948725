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

fdk_json_status fdk_json_write_string(fdk_buffer *out, const char *text,
                                      size_t size, size_t *bad) {
  bool high = true; /* until known better */
  bool plain = fdk_span_all(text, size, &high);
  if (!plain || high) {
    const char *wrong = fdk_utf8_find_bad(text, text + size);
    if (wrong != NULL) {
      if (bad != NULL)
        *bad = (size_t)(wrong - text);
      return FDK_JSON_BAD_UTF8;
    }
  }
  size_t before = out->size;
  if (size > SIZE_MAX - 2 || !fdk_buffer_reserve(out, size + 2))
    return FDK_JSON_NO_MEMORY;
  out->data[out->size++] = '"';
  if (plain) {
    memcpy(out->data + out->size, text, size);
    out->size += size;
  } else if (!write_escaped(out, text, text + size)) {
    out->size = before;
    return FDK_JSON_NO_MEMORY;
  }
  if (!fdk_buffer_push(out, '"')) {
    out->size = before;
    return FDK_JSON_NO_MEMORY;
  }
  return FDK_JSON_OK;
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
