/* scanner_number.c: the scanner's numbers; see scanner_part.h. */
#include "scanner_part.h"

#include "number.h"

#include <float.h>

/* What has been read of a number: mantissa times ten to the exponent. */
typedef struct decimal {
  uint64_t mantissa; /* exact as long as digits <= EXACT_DIGITS */
  int digits;        /* significant ones */
  int64_t exponent;
} decimal;

enum {
  EXACT_DIGITS = 19, /* what a uint64_t always holds */
  EXACT_POWER = 22,  /* the largest power of ten that a double holds exactly */
};

static inline bool is_digit(const char *at, const char *end) {
  return at < end && (unsigned char)(*at - '0') <= 9;
}

static const char *read_digits(const char *at, const char *end,
                               decimal *number) {
  for (; is_digit(at, end); at++) {
    number->mantissa = number->mantissa * 10 + (uint64_t)(*at - '0');
    /* not by the mantissa, which may wrap to 0; one more than exact is enough */
    if ((number->digits > 0 || *at != '0') && number->digits <= EXACT_DIGITS)
      number->digits++;
  }
  return at;
}

/* The exponent after "e"; NULL with the problem set. Saturates far outside of
 * what any double or any document's length can balance. */
static const char *read_exponent(fdk_scanner *scanner, const char *at,
                                 decimal *number) {
  const int64_t limit = INT64_C(1000000000000000);
  const char *end = scanner->end;
  bool negative = at < end && *at == '-';
  if (at < end && (*at == '-' || *at == '+'))
    at++;
  if (!is_digit(at, end)) {
    fdk_scan_unexpected(scanner, at, "where a digit of the exponent should be");
    return NULL;
  }
  int64_t exponent = 0;
  for (; is_digit(at, end); at++) {
    if (exponent < limit)
      exponent = exponent * 10 + (*at - '0');
  }
  number->exponent += negative ? -exponent : exponent;
  return at;
}

/* True when the double nearest to the number is known without much work: both
 * factors exact, so that IEEE's one rounding is the right one (W. Clinger). */
static inline bool quick_double(const decimal *number, double *value) {
#if defined(FLT_EVAL_METHOD) && FLT_EVAL_METHOD == 0
  static const double powers[EXACT_POWER + 1] = {
      1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
      1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  if (number->digits <= EXACT_DIGITS &&
      number->mantissa <= (UINT64_C(1) << 53) &&
      number->exponent >= -EXACT_POWER && number->exponent <= EXACT_POWER) {
    double mantissa = (double)number->mantissa;
    *value = number->exponent < 0 ? mantissa / powers[-number->exponent]
                                  : mantissa * powers[number->exponent];
    return true;
  }
#else /* wider intermediate results would round twice */
  (void)number;
  (void)value;
#endif
  return false;
}

/* The integer part ends at `at`, where a point or an exponent follows. */
static fdk_token real(fdk_scanner *scanner, const char *start, const char *at,
                      decimal number) {
  const char *end = scanner->end;
  if (*at == '.') {
    const char *fraction = ++at;
    if (!is_digit(at, end))
      return fdk_scan_unexpected(scanner, at,
                                 "where a digit after the point should be");
    at = read_digits(at, end, &number);
    number.exponent -= at - fraction;
  }
  if (at < end && (*at == 'e' || *at == 'E')) {
    at = read_exponent(scanner, at + 1, &number);
    if (at == NULL)
      return FDK_TOKEN_ERROR;
  }
  scanner->at = at;
  if (!quick_double(&number, &scanner->number)) {
    if (!fdk_json_read_double(start, (size_t)(at - start), &scanner->number))
      return fdk_scan_fail(scanner, start,
                           "a number is too large for a double");
  } else if (*start == '-') {
    scanner->number = -scanner->number;
  }
  return FDK_TOKEN_DOUBLE;
}

fdk_token fdk_scan_number(fdk_scanner *scanner, const char *at) {
  const char *end = scanner->end;
  const char *start = at;
  bool negative = *at == '-';
  at += negative;
  if (!is_digit(at, end))
    return fdk_scan_unexpected(scanner, at, "where a digit should be");
  decimal read = {0, 0, 0};
  if (*at == '0') {
    at++;
    if (is_digit(at, end))
      return fdk_scan_fail(scanner, at, "a number has a leading zero");
  } else {
    at = read_digits(at, end, &read);
  }
  if (at < end && (*at == '.' || *at == 'e' || *at == 'E'))
    return real(scanner, start, at, read);
  scanner->at = at;
  scanner->text = start;
  scanner->size = (size_t)(at - start);
  if (negative && read.digits == 0) { /* only a double has a negative zero */
    scanner->number = -0.0;
    return FDK_TOKEN_DOUBLE;
  }
  if (read.digits > EXACT_DIGITS ||
      read.mantissa > (uint64_t)INT64_MAX + negative)
    return FDK_TOKEN_DIGITS;
  /* negated as unsigned, since -INT64_MIN would overflow */
  scanner->integer = (int64_t)(negative ? 0 - read.mantissa : read.mantissa);
  return FDK_TOKEN_INTEGER;
}
