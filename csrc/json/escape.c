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

/* What copy_plain saw. */
enum {
  SAW_STOP = 1, /* a byte that needs an escape */
  SAW_HIGH = 2, /* a byte that is not ASCII */
};

static inline unsigned saw_word(uint64_t word) {
  return (fdk_span_word_stops(word) != 0 ? SAW_STOP : 0U) |
         ((word & FDK_EVERY_HIGH) != 0 ? SAW_HIGH : 0U);
}

/* Copies `size` bytes and tells what was among them; the copy is worth nothing
 * when SAW_STOP was. Most strings are short, so the last block overlaps the
 * one before instead of going byte by byte. */
__attribute__((always_inline)) static inline unsigned
copy_plain(char *to, const char *text, size_t size) {
  if (size >= 8) {
    const size_t last = size - 8;
    unsigned saw = 0;
    size_t at = 0;
#if defined(__SSE2__)
    __m128i high = _mm_setzero_si128();
    unsigned stops = 0;
    for (; at + 16 <= size; at += 16) {
      __m128i block =
          _mm_loadu_si128((const __m128i *)(const void *)(text + at));
      _mm_storeu_si128((__m128i *)(void *)(to + at), block);
      stops |= fdk_span_block_stops(block);
      high = _mm_or_si128(high, block);
    }
    /* eight bytes, or what a block leaves, as the halves of one more block */
    const size_t half = at < last ? at : last;
    __m128i first =
        _mm_loadl_epi64((const __m128i *)(const void *)(text + half));
    __m128i second =
        _mm_loadl_epi64((const __m128i *)(const void *)(text + last));
    _mm_storel_epi64((__m128i *)(void *)(to + half), first);
    _mm_storel_epi64((__m128i *)(void *)(to + last), second);
    __m128i block = _mm_unpacklo_epi64(first, second);
    stops |= fdk_span_block_stops(block);
    high = _mm_or_si128(high, block);
    if (stops != 0)
      saw |= SAW_STOP;
    if (_mm_movemask_epi8(high) != 0)
      saw |= SAW_HIGH;
#else
    for (; at < last; at += 8) {
      uint64_t word = fdk_span_word(text + at);
      memcpy(to + at, &word, 8);
      saw |= saw_word(word);
    }
    uint64_t word = fdk_span_word(text + last);
    memcpy(to + last, &word, 8);
    saw |= saw_word(word);
#endif
    return saw;
  }
  if (size >= 4) {
    uint32_t head;
    uint32_t tail;
    memcpy(&head, text, 4);
    memcpy(&tail, text + size - 4, 4);
    memcpy(to, &head, 4);
    memcpy(to + size - 4, &tail, 4);
    return saw_word((uint64_t)head << 32 | tail);
  }
  if (size > 0) { /* one to three: the first, the middle, the last */
    unsigned char head = (unsigned char)text[0];
    unsigned char middle = (unsigned char)text[size / 2];
    unsigned char tail = (unsigned char)text[size - 1];
    to[0] = (char)head;
    to[size / 2] = (char)middle;
    to[size - 1] = (char)tail;
    return saw_word(UINT64_C(0x2020202020000000) /* harmless filling */ | head |
                    (uint64_t)middle << 8 | (uint64_t)tail << 16);
  }
  return 0;
}

/* Writes the string with `before` and `after` around it, where they are not
 * NUL. */
__attribute__((always_inline)) static inline fdk_json_status
write_string(fdk_buffer *out, char before, const char *text, size_t size,
             char after, size_t *bad) {
  const size_t start = out->size;
  if (size > SIZE_MAX - 4 || !fdk_buffer_reserve(out, size + 4))
    return FDK_JSON_NO_MEMORY;
  char *to = out->data + start;
  if (before != '\0')
    *to++ = before;
  *to++ = '"';
  unsigned saw = copy_plain(to, text, size);
  if (saw != 0) {
    const char *wrong = fdk_utf8_find_bad(text, text + size);
    if (wrong != NULL) {
      if (bad != NULL)
        *bad = (size_t)(wrong - text);
      return FDK_JSON_BAD_UTF8;
    }
  }
  if ((saw & SAW_STOP) == 0) {
    to += size;
  } else {
    out->size = (size_t)(to - out->data);
    if (!write_escaped(out, text, text + size) || !fdk_buffer_reserve(out, 2)) {
      out->size = start;
      return FDK_JSON_NO_MEMORY;
    }
    to = out->data + out->size;
  }
  *to++ = '"';
  if (after != '\0')
    *to++ = after;
  out->size = (size_t)(to - out->data);
  return FDK_JSON_OK;
}

fdk_json_status fdk_json_write_string(fdk_buffer *out, const char *text,
                                      size_t size, size_t *bad) {
  return write_string(out, '\0', text, size, '\0', bad);
}

fdk_json_status fdk_json_write_name(fdk_buffer *out, char before,
                                    const char *text, size_t size,
                                    size_t *bad) {
  return write_string(out, before, text, size, ':', bad);
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
