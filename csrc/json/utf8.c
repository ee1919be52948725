/* utf8.c: see utf8.h; the ranges are Unicode's table 3-7. */
#include "utf8.h"

#include "span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static bool continues(unsigned char byte) {
  return (byte & 0xC0) == 0x80;
}

/* The length of the sequence that begins at `at` with a byte above 0x7F, or 0
 * when it is not well-formed. */
static inline size_t sequence(const unsigned char *at, size_t left) {
  unsigned char lead = at[0];
  if (lead < 0xE0)
    return lead >= 0xC2 && left >= 2 && continues(at[1]) ? 2 : 0;
  if (left < 3 || !continues(at[1]) || !continues(at[2]))
    return 0;
  if (lead < 0xF0) {
    if (lead == 0xE0)
      return at[1] >= 0xA0 ? 3 : 0; /* below: overlong */
    if (lead == 0xED)
      return at[1] < 0xA0 ? 3 : 0; /* above: surrogates */
    return 3;
  }
  if (left < 4 || !continues(at[3]))
    return 0;
  if (lead == 0xF0)
    return at[1] >= 0x90 ? 4 : 0; /* below: overlong */
  if (lead == 0xF4)
    return at[1] < 0x90 ? 4 : 0; /* above: beyond U+10FFFF */
  return lead < 0xF4 ? 4 : 0;
}

/* How many of the eight bytes at `at` are ASCII before the first that is not.
 * (An underestimate where the byte order does not let it be read off.) */
static inline size_t ascii_run(const unsigned char *at) {
  uint64_t word;
  memcpy(&word, at, sizeof word);
  word &= UINT64_C(0x8080808080808080);
  if (word == 0)
    return sizeof word;
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  return (size_t)__builtin_ctzll(word) / 8;
#else
  return *at < 0x80;
#endif
}

/* Sequence by sequence. */
static const char *find_bad(const char *at, const char *end) {
  const unsigned char *byte = (const unsigned char *)at;
  const unsigned char *stop = (const unsigned char *)end;
  for (;;) {
    while (stop - byte >= 8) {
      size_t run = ascii_run(byte);
      byte += run;
      if (run < 8)
        break;
    }
    while (byte < stop && *byte < 0x80)
      byte++;
    if (byte == stop)
      return NULL;
    do { /* letters that are not ASCII often come in pairs */
      size_t length = sequence(byte, (size_t)(stop - byte));
      if (length == 0)
        return (const char *)byte;
      byte += length;
    } while (byte < stop && *byte >= 0x80);
  }
}

#if defined(__SSE2__)

const char *fdk_utf8_find_bad(const char *at, const char *end) {
  const char *start = at;
  unsigned due = 0;
  for (; end - at >= 16; at += 16) {
    __m128i block = _mm_loadu_si128((const __m128i *)(const void *)at);
    if (!fdk_utf8_is_plain(block, 0xFFFF, &due))
      return find_bad(start, end);
  }
  if (at < end &&
      !fdk_utf8_is_plain(fdk_span_tail(at, (size_t)(end - at)), 0xFFFF, &due))
    return find_bad(start, end);
  return due == 0 ? NULL : find_bad(start, end);
}

#else

const char *fdk_utf8_find_bad(const char *at, const char *end) {
  return find_bad(at, end);
}

#endif
