/* shortest.c: see shortest.h.
 *
 * Most numbers that people write have at most 15 digits, and these are found
 * with one multiplication and proven with one division. All others go through
 * the exact method of Steele and White (in the form of Burger and Dybvig,
 * "Printing Floating-Point Numbers Quickly and Accurately", 1996) on integers
 * as large as they need to be. */
#include "shortest.h"

#include <float.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* --- the quick way --- */

/* Every decimal of up to 15 digits is the only one of that length near its
 * double, so one that divides back to `value` is the shortest. */
static int quick(double value, char *digits, int *exponent) {
#if defined(FLT_EVAL_METHOD) && FLT_EVAL_METHOD == 0
  static const double powers[] = {
      1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
      1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  if (value < 1e-7 || value >= 1e15)
    return 0;
  int scale = 1;
  int64_t mantissa = 0;
  /* a few places behind the point, as in prices */
  for (; scale <= 4 && value < 1e10; scale++) {
    mantissa = (int64_t)(value * powers[scale] + 0.5);
    if ((double)mantissa / powers[scale] == value)
      break;
  }
  if (scale > 4 || value >= 1e10) { /* else as many as make 15 digits */
    for (scale = 0; scale < 22 && value * powers[scale + 1] < 1e15;)
      scale++;
    mantissa = (int64_t)(value * powers[scale] + 0.5);
    if ((double)mantissa / powers[scale] != value)
      return 0;
  }
  while (mantissa % 10 == 0) {
    mantissa /= 10;
    scale--;
  }
  int size = 0;
  char reversed[20];
  for (; mantissa > 0; mantissa /= 10)
    reversed[size++] = (char)('0' + mantissa % 10);
  for (int i = 0; i < size; i++)
    digits[i] = reversed[size - 1 - i];
  *exponent = size - scale;
  return size;
#else /* wider intermediate results would prove nothing */
  (void)value;
  (void)digits;
  (void)exponent;
  return 0;
#endif
}

/* --- large integers, just what is needed below --- */

/* The largest that occurs is below 2^1130: ten times the denominator of the
 * smallest double, or 10^324 times a mantissa. */
enum { LIMBS = 40 };

typedef struct large {
  int size; /* limbs in use; the highest is not 0 */
  uint32_t limb[LIMBS];
} large;

static void set_shifted(large *number, uint64_t value, int shift) {
  memset(number->limb, 0, sizeof number->limb);
  int limb = shift / 32;
  int bits = shift % 32;
  uint64_t low = value << bits;
  uint64_t high = bits == 0 ? 0 : value >> (64 - bits);
  number->limb[limb] = (uint32_t)low;
  number->limb[limb + 1] = (uint32_t)(low >> 32);
  number->limb[limb + 2] = (uint32_t)high;
  number->size = limb + 3;
  while (number->size > 0 && number->limb[number->size - 1] == 0)
    number->size--;
}

static void multiply(large *number, uint32_t factor) {
  uint64_t carry = 0;
  for (int i = 0; i < number->size; i++) {
    carry += (uint64_t)number->limb[i] * factor;
    number->limb[i] = (uint32_t)carry;
    carry >>= 32;
  }
  if (carry != 0)
    number->limb[number->size++] = (uint32_t)carry;
}

static void multiply_power(large *number, int power) {
  for (; power >= 9; power -= 9)
    multiply(number, 1000000000);
  for (; power > 0; power--)
    multiply(number, 10);
}

static int compare(const large *a, const large *b) {
  if (a->size != b->size)
    return a->size < b->size ? -1 : 1;
  for (int i = a->size - 1; i >= 0; i--) {
    if (a->limb[i] != b->limb[i])
      return a->limb[i] < b->limb[i] ? -1 : 1;
  }
  return 0;
}

static void add(large *a, const large *b) {
  uint64_t carry = 0;
  for (int i = 0; i < b->size || carry != 0; i++) {
    if (i == a->size)
      a->limb[a->size++] = 0;
    carry += (uint64_t)a->limb[i] + (i < b->size ? b->limb[i] : 0);
    a->limb[i] = (uint32_t)carry;
    carry >>= 32;
  }
}

/* a must not be smaller than b. */
static void subtract(large *a, const large *b) {
  uint64_t borrow = 0;
  for (int i = 0; i < b->size || borrow != 0; i++) {
    uint64_t difference =
        (uint64_t)a->limb[i] - (i < b->size ? b->limb[i] : 0) - borrow;
    a->limb[i] = (uint32_t)difference;
    borrow = difference >> 63;
  }
  while (a->size > 0 && a->limb[a->size - 1] == 0)
    a->size--;
}

/* The sign of a + b - c. */
static int compare_sum(const large *a, const large *b, const large *c) {
  large sum = *a;
  add(&sum, b);
  return compare(&sum, c);
}

/* --- the exact way --- */

_Static_assert(DBL_MANT_DIG == 53 && DBL_MAX_EXP == 1024 &&
                   sizeof(double) == sizeof(uint64_t),
               "double is IEEE 754's binary64");

enum {
  MANTISSA_BITS = 52,
  EXPONENT_BIAS = 1075, /* of the mantissa as an integer */
};
#define HIDDEN_BIT (UINT64_C(1) << MANTISSA_BITS)

static int bit_length(uint64_t value) {
  int length = 0;
  for (; value != 0; value >>= 1)
    length++;
  return length;
}

/* The least power with 2^exponent <= 10^power. For a number from 2^exponent up
 * to twice that it is right or one too small. */
static int power_of_ten(int exponent) {
  if (exponent == 0)
    return 0;
  /* 315653 / 2^20 is log10(2), near enough for every exponent of a double */
  int scaled = exponent * 315653;
  return (scaled >= 0 ? scaled / 1048576 : -((-scaled + 1048575) / 1048576)) +
         1;
}

/* value = rest / unit; what lies less than below / unit under it or above /
 * unit over it reads back as value too, and so do these ends when `even`. */
typedef struct interval {
  large rest;
  large unit;
  large below;
  large above;
  bool even;
} interval;

/* Sets the interval up, and scales it so that value < 10^result. */
static int begin(interval *number, double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  int biased = (int)(bits >> MANTISSA_BITS);
  uint64_t mantissa = bits & (HIDDEN_BIT - 1);
  if (biased == 0) /* subnormal: spaced like the smallest normal numbers */
    biased = 1;
  else
    mantissa |= HIDDEN_BIT;
  int exponent = biased - EXPONENT_BIAS; /* value = mantissa * 2^exponent */
  /* At a power of two the neighbour below is half as far away. */
  int uneven = mantissa == HIDDEN_BIT && biased > 1;
  int up = exponent > 0 ? exponent : 0;
  int down = exponent < 0 ? -exponent : 0;
  set_shifted(&number->rest, mantissa, up + 1 + uneven);
  set_shifted(&number->unit, 1, down + 1 + uneven);
  set_shifted(&number->below, 1, up);
  set_shifted(&number->above, 1, up + uneven);
  number->even = mantissa % 2 == 0;

  int power = power_of_ten(exponent + bit_length(mantissa) - 1);
  if (power >= 0) {
    multiply_power(&number->unit, power);
  } else {
    multiply_power(&number->rest, -power);
    multiply_power(&number->below, -power);
    multiply_power(&number->above, -power);
  }
  int order = compare_sum(&number->rest, &number->above, &number->unit);
  if (order > 0 || (order == 0 && number->even)) {
    multiply(&number->unit, 10);
    power++;
  }
  return power;
}

static int exact(double value, char *digits, int *exponent) {
  interval number;
  *exponent = begin(&number, value);
  for (int size = 0;;) {
    multiply(&number.rest, 10);
    multiply(&number.below, 10);
    multiply(&number.above, 10);
    int digit = 0;
    while (compare(&number.rest, &number.unit) >= 0) {
      subtract(&number.rest, &number.unit);
      digit++;
    }
    int order = compare(&number.rest, &number.below);
    bool low = order < 0 || (order == 0 && number.even);
    order = compare_sum(&number.rest, &number.above, &number.unit);
    bool high = order > 0 || (order == 0 && number.even);
    if (low &&
        high) { /* both would do: the nearer one, the even one on a tie */
      order = compare_sum(&number.rest, &number.rest, &number.unit);
      high = order > 0 || (order == 0 && digit % 2 != 0);
    }
    digits[size++] = (char)('0' + digit + (high ? 1 : 0));
    if (low || high)
      return size;
  }
}

int fdk_shortest(double value, char *digits, int *exponent) {
  int size = quick(value, digits, exponent);
  return size > 0 ? size : exact(value, digits, exponent);
}
