/* span.h: how far does text go on without a byte that needs attention?
 *
 * Inside a JSON string that is a quote, a backslash or a control character.
 * Bytes above 0x7F are only reported: they never hide one of the three, and
 * whoever meets one checks the UTF-8 of the whole string afterwards.
 * Sixteen bytes at a time with SSE2, else eight in a 64-bit word. */
#ifndef FDK_JSON_SPAN_H
#define FDK_JSON_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#define FDK_EVERY_BYTE UINT64_C(0x0101010101010101)
#define FDK_EVERY_HIGH UINT64_C(0x8080808080808080)

static inline bool fdk_span_stops(unsigned char byte) {
  return byte < 0x20 || byte == '"' || byte == '\\';
}

static inline uint64_t fdk_span_word(const char *at) {
  uint64_t word;
  memcpy(&word, at, sizeof word);
  return word;
}

/* Non-zero when one of the eight bytes stops a span. (Which one cannot be read
 * off the result: a borrow may mark bytes beside a true hit.) */
static inline uint64_t fdk_span_word_stops(uint64_t word) {
  uint64_t quote = word ^ (FDK_EVERY_BYTE * '"');
  uint64_t slash = word ^ (FDK_EVERY_BYTE * '\\');
  return (((quote - FDK_EVERY_BYTE) & ~quote) |
          ((slash - FDK_EVERY_BYTE) & ~slash) |
          ((word - FDK_EVERY_BYTE * 0x20) & ~word)) &
         FDK_EVERY_HIGH;
}

#if defined(__SSE2__)
/* One bit for each of the sixteen bytes that stops a span. */
static inline unsigned fdk_span_block_stops(__m128i block) {
  __m128i quote = _mm_cmpeq_epi8(block, _mm_set1_epi8('"'));
  __m128i slash = _mm_cmpeq_epi8(block, _mm_set1_epi8('\\'));
  __m128i control =
      _mm_cmpeq_epi8(_mm_min_epu8(block, _mm_set1_epi8(0x1F)), block);
  return (unsigned)_mm_movemask_epi8(
      _mm_or_si128(_mm_or_si128(quote, slash), control));
}
#endif

#if defined(__SSE2__)
/* The `size` bytes at `at`, 1 to 15 of them, with zeros behind. */
static inline __m128i fdk_span_tail(const char *at, size_t size) {
  const char *end = at + size;
  if (size >= 8) { /* the last eight, less those that are among the first */
    __m128i head = _mm_loadl_epi64((const __m128i *)(const void *)at);
    __m128i tail = _mm_loadl_epi64((const __m128i *)(const void *)(end - 8));
    __m128i less = _mm_cvtsi32_si128((int)(16 - size) * 8);
    return _mm_unpacklo_epi64(head, _mm_srl_epi64(tail, less));
  }
  uint64_t word;
  if (size >= 4) {
    uint32_t head;
    uint32_t tail;
    memcpy(&head, at, 4);
    memcpy(&tail, end - 4, 4);
    word = head | (uint64_t)tail << (size - 4) * 8;
  } else { /* the first, the middle, the last */
    word = (unsigned char)*at |
           (uint64_t)(unsigned char)at[size / 2] << size / 2 * 8 |
           (uint64_t)(unsigned char)end[-1] << (size - 1) * 8;
  }
  return _mm_loadl_epi64((const __m128i *)(const void *)&word);
}
#endif

/* The first byte in [at, end) that stops the span, or `end`. Sets *high when a
 * byte above 0x7F comes before it. */
static inline const char *fdk_span(const char *at, const char *end,
                                   bool *high) {
#if defined(__SSE2__)
  while (end - at >= 16) {
    __m128i block = _mm_loadu_si128((const __m128i *)(const void *)at);
    unsigned stops = fdk_span_block_stops(block);
    unsigned highs = (unsigned)_mm_movemask_epi8(block);
    if (stops != 0) {
      unsigned before = (unsigned)__builtin_ctz(stops);
      if ((highs & ((1U << before) - 1)) != 0)
        *high = true;
      return at + before;
    }
    if (highs != 0)
      *high = true;
    at += 16;
  }
#else
  while (end - at >= 8) {
    uint64_t word = fdk_span_word(at);
    if (fdk_span_word_stops(word) != 0)
      break;
    if ((word & FDK_EVERY_HIGH) != 0)
      *high = true;
    at += 8;
  }
#endif
  for (; at < end; at++) {
    unsigned char byte = (unsigned char)*at;
    if (fdk_span_stops(byte))
      break;
    if (byte >= 0x80)
      *high = true;
  }
  return at;
}

#endif
