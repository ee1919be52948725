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

enum {
  /* What copy_plain saw: some of these bits for bytes that need an escape, and
   * others for bytes that may not be UTF-8. */
  SAW_STOPS = 0xFFFF,

  BLOCK = 16, /* so many bytes copy_plain may write, however few it copies */
};

/* Copies `size` bytes and tells what was among them; the copy is worth nothing
 * when SAW_STOPS are. Most strings are short, so they go as one block, and the
 * last block of others overlaps the one before. */
__attribute__((always_inline)) static inline unsigned
copy_plain(char *to, const char *text, size_t size) {
#if defined(__SSE2__)
  if (size == 0)
    return 0;
  if (size < BLOCK) {
    __m128i block = fdk_span_tail(text, size);
    _mm_storeu_si128((__m128i *)(void *)to, block);
    unsigned stops = fdk_span_block_stops(block) & ((1U << size) - 1);
    unsigned high = (unsigned)_mm_movemask_epi8(block);
    unsigned due = 0;
    if (high != 0 && fdk_utf8_is_plain(block, 0xFFFF, &due))
      high = 0;
    return stops | high << BLOCK;
  }
  const size_t last = size - BLOCK;
  __m128i high = _mm_setzero_si128();
  unsigned stops = 0;
  for (size_t at = 0;; at = at + BLOCK < last ? at + BLOCK : last) {
    __m128i block = _mm_loadu_si128((const __m128i *)(const void *)(text + at));
    _mm_storeu_si128((__m128i *)(void *)(to + at), block);
    stops |= fdk_span_block_stops(block);
    high = _mm_or_si128(high, block);
    if (at == last)
      break;
  }
  return stops | (unsigned)_mm_movemask_epi8(high) << BLOCK;
#else
  bool high = false;
  const char *end = text + size;
  const char *stop = fdk_span(text, end, &high);
  memcpy(to, text, size);
  return (stop < end ? 1U : 0U) | (high ? 1U << BLOCK : 0U);
#endif
}

/* What stands around a string besides its quotes; NUL: nothing. */
typedef struct around {
  char before;
  char after;
  bool copied; /* write_string has found room, and nothing to escape */
} around;

/* The rest of write_string, for strings that are not plain. */
__attribute__((noinline)) static fdk_json_status
write_other(fdk_buffer *out, const char *text, size_t size, around with,
            size_t *bad) {
  const size_t start = out->size;
  const char *wrong = fdk_utf8_find_bad(text, text + size);
  if (wrong != NULL) {
    if (bad != NULL)
      *bad = (size_t)(wrong - text);
    return FDK_JSON_BAD_UTF8;
  }
  if (!fdk_buffer_reserve(out, 2))
    return FDK_JSON_NO_MEMORY;
  if (with.before != '\0')
    out->data[out->size++] = with.before;
  out->data[out->size++] = '"';
  if (with.copied) {
    out->size += size;
  } else if (!write_escaped(out, text, text + size) ||
             !fdk_buffer_reserve(out, 2)) {
    out->size = start;
    return FDK_JSON_NO_MEMORY;
  }
  out->data[out->size++] = '"';
  if (with.after != '\0')
    out->data[out->size++] = with.after;
  return FDK_JSON_OK;
}

/* Writes the string with what stands around it. */
__attribute__((always_inline)) static inline fdk_json_status
write_string(fdk_buffer *out, const char *text, size_t size, around with,
             size_t *bad) {
  if (size > SIZE_MAX - BLOCK - 4)
    return FDK_JSON_NO_MEMORY;
  if (out->capacity - out->size < size + BLOCK + 4)
    return write_other(out, text, size, with, bad);
  char *to = out->data + out->size;
  if (with.before != '\0')
    *to++ = with.before;
  *to++ = '"';
  unsigned saw = copy_plain(to, text, size);
  if (saw != 0) {
    with.copied = (saw & SAW_STOPS) == 0;
    return write_other(out, text, size, with, bad);
  }
  to += size;
  *to++ = '"';
  if (with.after != '\0')
    *to++ = with.after;
  out->size = (size_t)(to - out->data);
  return FDK_JSON_OK;
}

fdk_json_status fdk_json_write_string(fdk_buffer *out, const char *text,
                                      size_t size, size_t *bad) {
  return write_string(out, text, size, (around){0}, bad);
}

fdk_json_status fdk_json_write_name(fdk_buffer *out, char before,
                                    const char *text, size_t size,
                                    size_t *bad) {
  return write_string(out, text, size, (around){.before = before, .after = ':'},
                      bad);
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
