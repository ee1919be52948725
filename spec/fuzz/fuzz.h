/* fuzz.h: what all fuzz targets share; `make fuzz` runs them.
 *
 * Each C file here is one target: a function that takes any bytes, hands them
 * to a piece of the module and checks what must hold whatever the bytes are. A
 * broken promise ends the process, which is what libFuzzer looks for; so do
 * AddressSanitizer and UBSan. The bytes lie in memory of exactly their size. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The target. Always returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the process when a promise is broken. */
#define fuzz_check(good, promise)                                              \
  do {                                                                         \
    if (!(good)) {                                                             \
      fprintf(stderr, "%s:%d: broken promise: %s\n", __FILE__, __LINE__,       \
              promise);                                                        \
      abort();                                                                 \
    }                                                                          \
  } while (0)

/* A copy that a NUL follows, as the bytes of Lua strings have it; to be freed.
 * Ends the process when memory is out. */
static inline char *fuzz_text(const void *data, size_t size) {
  char *text = malloc(size + 1);
  fuzz_check(text != NULL, "there is memory");
  if (size > 0)
    memcpy(text, data, size);
  text[size] = '\0';
  return text;
}

/* Bytes taken one after another; 0 behind the end. */
typedef struct fuzz_bytes {
  const uint8_t *at, *end;
} fuzz_bytes;

static inline uint8_t fuzz_byte(fuzz_bytes *bytes) {
  return bytes->at < bytes->end ? *bytes->at++ : 0;
}

/* The part up to the next `separator`, which is stepped over, or to the end.
 * Sets *size. */
static inline const char *fuzz_part(fuzz_bytes *bytes, uint8_t separator,
                                    size_t *size) {
  const uint8_t *start = bytes->at;
  size_t left = (size_t)(bytes->end - start);
  const uint8_t *stop = left > 0 ? memchr(start, separator, left) : NULL;
  *size = stop != NULL ? (size_t)(stop - start) : left;
  bytes->at = stop != NULL ? stop + 1 : bytes->end;
  return (const char *)start;
}

#endif
