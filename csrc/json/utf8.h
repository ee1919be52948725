/* utf8.h: is this UTF-8, as Unicode defines it? */
#ifndef FDK_JSON_UTF8_H
#define FDK_JSON_UTF8_H

#include <stdbool.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/* The first byte in [at, end) that does not begin or continue a well-formed
 * sequence (overlong forms, surrogates and what lies beyond U+10FFFF are not
 * well-formed); NULL when all is well. */
const char *fdk_utf8_find_bad(const char *at, const char *end);

#if defined(__SSE2__)
/* Whether those bytes of a block that the mask has bits for, the first ones,
 * are well-formed as far as can be told at a glance: every byte that continues
 * a sequence stands where one must, and no lead is among those after which not
 * all bytes will do (E0, ED), that are rare (F0 and above) or that are never
 * right (C0, C1). When it is false, fdk_utf8_find_bad tells.
 *
 * *due has a bit for each byte that must continue what the block before began;
 * it is set for the block after. Bytes that the mask leaves out end the text. */
static inline bool fdk_utf8_is_plain(__m128i block, unsigned mask,
                                     unsigned *due) {
  /* as signed bytes, those above 0x7F come first, in their order */
  __m128i next = _mm_cmplt_epi8(block, _mm_set1_epi8((char)0xC0));
  __m128i below_c2 = _mm_cmplt_epi8(block, _mm_set1_epi8((char)0xC2));
  __m128i below_e0 = _mm_cmplt_epi8(block, _mm_set1_epi8((char)0xE0));
  __m128i below_f0 = _mm_cmplt_epi8(block, _mm_set1_epi8((char)0xF0));
  __m128i odd = _mm_or_si128(
      _mm_andnot_si128(next, below_c2),
      _mm_or_si128(_mm_cmpeq_epi8(block, _mm_set1_epi8((char)0xE0)),
                   _mm_cmpeq_epi8(block, _mm_set1_epi8((char)0xED))));
  unsigned high = (unsigned)_mm_movemask_epi8(block);
  unsigned nexts = (unsigned)_mm_movemask_epi8(next) & mask;
  unsigned threes = (high ^ (unsigned)_mm_movemask_epi8(below_e0)) & mask;
  unsigned others = (high ^ (unsigned)_mm_movemask_epi8(below_f0)) |
                    (unsigned)_mm_movemask_epi8(odd);
  unsigned wanted = *due | ((high & mask) ^ nexts) << 1 | threes << 2;
  *due = wanted >> 16;
  return (((wanted ^ nexts) & 0xFFFF) | (others & mask)) == 0;
}
#endif

#endif
