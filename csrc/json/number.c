/* number.c: see number.h. */
#include "number.h"

#include "shortest.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- writing --- */

enum {
  INTEGER_SIZE = 20, /* -9223372036854775808 */
  DOUBLE_SIZE = 32,  /* sign, 0.00000, 17 digits; or a point and e-324 */
};

bool fdk_json_write_integer(fdk_buffer *out, int64_t value) {
  static const char pairs[] =
      "00010203040506070809101112131415161718192021222324"
      "25262728293031323334353637383940414243444546474849"
      "50515253545556575859606162636465666768697071727374"
      "75767778798081828384858687888990919293949596979899";
  char text[INTEGER_SIZE];
  char *at = text + sizeof text;
  uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
  for (; left >= 100; left /= 100) {
    at -= 2;
    memcpy(at, pairs + left % 100 * 2, 2);
  }
  if (left >= 10) {
    at -= 2;
    memcpy(at, pairs + left * 2, 2);
  } else {
    *--at = (char)('0' + left);
  }
  if (value < 0)
    *--at = '-';
  return fdk_buffer_append(out, at, (size_t)(text + sizeof text - at));
}

/* Lays the digits out as people would: plain from 1e-6 to 2^53, else with an
 * exponent. (Beyond 2^53 plain digits would read as an exact integer, which
 * the value is not.) Returns the size, at most DOUBLE_SIZE. */
static int lay_out(char *to, double value, const char *digits, int size,
                   int exponent) {
  static const double exact = 9007199254740992.0;
  char *start = to;
  if (value >= 1e-6 && value < exact) {
    if (exponent <= 0) {
      *to++ = '0';
      *to++ = '.';
      memset(to, '0', (size_t)-exponent);
      to += -exponent;
      memcpy(to, digits, (size_t)size);
      to += size;
    } else { /* never integral here, so the point falls inside */
      memcpy(to, digits, (size_t)exponent);
      to += exponent;
      *to++ = '.';
      memcpy(to, digits + exponent, (size_t)(size - exponent));
      to += size - exponent;
    }
    return (int)(to - start);
  }
  *to++ = digits[0];
  if (size > 1) {
    *to++ = '.';
    memcpy(to, digits + 1, (size_t)(size - 1));
    to += size - 1;
  }
  *to++ = 'e';
  exponent--;
  if (exponent < 0)
    *to++ = '-';
  unsigned left = (unsigned)abs(exponent);
  if (left >= 100)
    *to++ = (char)('0' + left / 100);
  if (left >= 10)
    *to++ = (char)('0' + left / 10 % 10);
  *to++ = (char)('0' + left % 10);
  return (int)(to - start);
}

fdk_json_status fdk_json_write_double(fdk_buffer *out, double value) {
  static const double exact = 9007199254740992.0; /* 2^53 */
  if (!isfinite(value))
    return FDK_JSON_NOT_FINITE;
  bool written;
  if (value >= -exact && value <= exact && value == (double)(int64_t)value) {
    if (value == 0 && signbit(value))
      written = fdk_buffer_append(out, "-0", 2);
    else
      written = fdk_json_write_integer(out, (int64_t)value);
  } else {
    char text[DOUBLE_SIZE];
    char digits[FDK_SHORTEST_DIGITS];
    int exponent;
    int sign = value < 0;
    text[0] = '-';
    value = sign ? -value : value;
    int count = fdk_shortest(value, digits, &exponent);
    int size = sign + lay_out(text + sign, value, digits, count, exponent);
    written = fdk_buffer_append(out, text, (size_t)size);
  }
  return written ? FDK_JSON_OK : FDK_JSON_NO_MEMORY;
}

/* --- reading --- */

/* More significant digits than any double or midpoint between two needs (767),
 * so that all further ones matter only by being zero or not. */
enum { READ_DIGITS = 800 };

/* Adds the exponent's digits to *exponent, saturating. */
static void add_exponent(const char *at, const char *end, int64_t *exponent) {
  const int64_t limit = INT64_C(1000000000000000);
  bool negative = *at == '-';
  if (*at == '-' || *at == '+')
    at++;
  int64_t value = 0;
  for (; at < end; at++) {
    if (value < limit)
      value = value * 10 + (*at - '0');
  }
  *exponent += negative ? -value : value;
}

bool fdk_json_read_double(const char *text, size_t size, double *value) {
  /* strtod gets digits and an exponent and no point, so that the locale's idea
   * of a point does not matter. */
  char copy[READ_DIGITS + 32];
  size_t used = 0;
  int64_t exponent = 0;
  bool point = false;
  bool rest = false;
  const char *at = text;
  const char *end = text + size;
  if (*at == '-')
    at++;
  for (; at < end && *at != 'e' && *at != 'E'; at++) {
    if (*at == '.') {
      point = true;
      continue;
    }
    if (point)
      exponent--;
    if (used == 0 && *at == '0')
      continue;
    if (used < READ_DIGITS) {
      copy[used++] = *at;
    } else {
      exponent++;
      rest = rest || *at != '0';
    }
  }
  if (at < end)
    add_exponent(at + 1, end, &exponent);
  if (used == 0)
    copy[used++] = '0';
  if (rest) {
    copy[used++] = '1';
    exponent--;
  }
  const int64_t far = 100000;
  exponent = exponent > far ? far : exponent < -far ? -far : exponent;
  snprintf(copy + used, sizeof copy - used, "e%d", (int)exponent);
  double result = strtod(copy, NULL);
  *value = *text == '-' ? -result : result;
  return !isinf(result);
}
