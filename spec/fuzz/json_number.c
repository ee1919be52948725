/* json_number.c: numbers between value and text, against the C library.
 *
 * Holds: a text is read as strtod and strtoll read it; what is written is a JSON
 * number that strtod reads as the same double, in no more digits than printf
 * needs for that. */
#include "json_reference.h"

#include "json/number.h"
#include "json/scanner.h"
#include "json/shortest.h"

#include <errno.h>

static bool same_double(double a, double b) {
  return memcmp(&a, &b, sizeof a) == 0;
}

static void check_value(double value) {
  fdk_buffer out = FDK_BUFFER_INIT;
  fdk_json_status status = fdk_json_write_double(&out, value);
  fuzz_check((status == FDK_JSON_OK) == (isfinite(value) != 0),
             "finite numbers can be written, and no others");
  if (status == FDK_JSON_OK) {
    fuzz_check(reference_accepts(out.data, out.size),
               "what is written is JSON");
    fuzz_check(fdk_buffer_push(&out, '\0'), "there is memory");
    fuzz_check(same_double(strtod(out.data, NULL), value),
               "what is written is the same number to strtod");
    double read = 0;
    fuzz_check(fdk_json_read_double(out.data, out.size - 1, &read) &&
                   same_double(read, value),
               "what is written is read as the same number");
  }
  fdk_buffer_free(&out);
  if (!isfinite(value) || value == 0)
    return;
  char digits[FDK_SHORTEST_DIGITS];
  int exponent = 0;
  int count = fdk_shortest(fabs(value), digits, &exponent);
  fuzz_check(count >= 1 && count <= FDK_SHORTEST_DIGITS && digits[0] != '0' &&
                 (count == 1 || digits[count - 1] != '0'),
             "the digits are 1 to 17, without zeros around them");
  char text[40];
  for (int size = 1; size < count; size++) {
    snprintf(text, sizeof text, "%.*e", size - 1, value);
    fuzz_check(!same_double(strtod(text, NULL), value),
               "there is no shorter text for it");
  }
}

static void check_integer(int64_t value) {
  fdk_buffer out = FDK_BUFFER_INIT;
  fuzz_check(fdk_json_write_integer(&out, value) && fdk_buffer_push(&out, '\0'),
             "there is memory");
  char text[24];
  snprintf(text, sizeof text, "%lld", (long long)value);
  fuzz_check(strcmp(text, out.data) == 0, "an integer is written as by printf");
  fdk_buffer_free(&out);
}

/* The bytes as a text of digits, signs, points and exponents. */
static void check_text(const uint8_t *data, size_t size) {
  static const char alphabet[] = "00123456789.eE+-";
  char *text = fuzz_text(data, size);
  for (size_t i = 0; i < size; i++)
    if (strchr(alphabet, text[i]) == NULL || text[i] == '\0')
      text[i] = alphabet[data[i] % (sizeof alphabet - 1)];
  reference r = {(const uint8_t *)text, (const uint8_t *)text + size};
  bool number = reference_number(&r) && r.at == r.end;
  fdk_scanner scan;
  fdk_scan_begin(&scan, text, size);
  fdk_token token = fdk_scan_value(&scan);
  bool read = token != FDK_TOKEN_ERROR && fdk_scan_finish(&scan);
  fuzz_check(read == number, "what is a number is read, and nothing else");
  if (read) {
    errno = 0;
    long long integer = strtoll(text, NULL, 10);
    bool plain = strpbrk(text, ".eE") == NULL && strcmp(text, "-0") != 0;
    if (!plain)
      fuzz_check(token == FDK_TOKEN_DOUBLE &&
                     same_double(scan.number, strtod(text, NULL)),
                 "a fraction is the double that strtod reads");
    else if (errno == ERANGE)
      fuzz_check(token == FDK_TOKEN_DIGITS && scan.size == size,
                 "an integer beyond 64 bits stays digits");
    else
      fuzz_check(token == FDK_TOKEN_INTEGER && scan.integer == integer,
                 "an integer is what strtoll reads");
    double value = 0;
    bool fits = fdk_json_read_double(text, size, &value);
    fuzz_check(fits == (isinf(strtod(text, NULL)) == 0) &&
                   (!fits || same_double(value, strtod(text, NULL))),
               "a number is the double that strtod reads");
  }
  free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size >= 8) {
    double value;
    int64_t integer;
    memcpy(&value, data, sizeof value);
    memcpy(&integer, data, sizeof integer);
    check_value(value);
    check_integer(integer);
  }
  if (size > 0)
    check_text(data, size);
  return 0;
}
