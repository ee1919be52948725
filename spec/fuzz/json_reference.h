/* json_reference.h: is this JSON? RFC 8259 written down once more, as plainly as
 * it goes, to have something to hold the scanner against. */
#ifndef FUZZ_JSON_REFERENCE_H
#define FUZZ_JSON_REFERENCE_H

#include "fuzz.h"

#include <math.h>

typedef struct reference {
  const uint8_t *at, *end;
} reference;

static inline int reference_peek(const reference *r) {
  return r->at < r->end ? *r->at : -1;
}

static inline bool reference_eat(reference *r, int byte) {
  bool there = reference_peek(r) == byte;
  r->at += there;
  return there;
}

static inline void reference_space(reference *r) {
  while (reference_eat(r, ' ') || reference_eat(r, '\t') ||
         reference_eat(r, '\n') || reference_eat(r, '\r'))
    ;
}

static inline bool reference_digits(reference *r) {
  const uint8_t *start = r->at;
  while (reference_peek(r) >= '0' && reference_peek(r) <= '9')
    r->at++;
  return r->at > start;
}

/* -1: not four hexadecimal digits */
static inline long reference_hex4(reference *r) {
  long code = 0;
  for (int i = 0; i < 4; i++) {
    int byte = reference_peek(r);
    char digit[2] = {(char)byte, '\0'};
    if (byte <= 0 || strchr("0123456789abcdefABCDEF", byte) == NULL)
      return -1;
    code = code * 16 + strtol(digit, NULL, 16);
    r->at++;
  }
  return code;
}

static inline bool reference_escape(reference *r) {
  int byte = reference_peek(r);
  if (byte <= 0 || strchr("\"\\/bfnrtu", byte) == NULL)
    return false;
  r->at++;
  if (byte != 'u')
    return true;
  long code = reference_hex4(r);
  if (code >= 0xDC00 && code <= 0xDFFF)
    return false;
  if (code < 0xD800 || code > 0xDBFF)
    return code >= 0;
  if (!reference_eat(r, '\\') || !reference_eat(r, 'u'))
    return false;
  code = reference_hex4(r);
  return code >= 0xDC00 && code <= 0xDFFF;
}

/* One character above 0x7F: decoded, and then looked at. */
static inline bool reference_utf8(reference *r) {
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  uint32_t byte = *r->at;
  int size = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2;
  if (byte < 0xC0 || byte > 0xF7 || r->end - r->at < size)
    return false;
  uint32_t code = byte & (0xFFU >> (size + 1));
  for (int i = 1; i < size; i++) {
    if ((r->at[i] & 0xC0) != 0x80)
      return false;
    code = code << 6 | (r->at[i] & 0x3FU);
  }
  r->at += size;
  return code >= least[size] && code <= 0x10FFFF &&
         !(code >= 0xD800 && code <= 0xDFFF);
}

static inline bool reference_string(reference *r) {
  if (!reference_eat(r, '"'))
    return false;
  for (;;) {
    int byte = reference_peek(r);
    if (byte < 0x20)
      return false;
    if (byte == '"')
      return reference_eat(r, '"');
    if (byte == '\\') {
      r->at++;
      if (!reference_escape(r))
        return false;
    } else if (byte < 0x80) {
      r->at++;
    } else if (!reference_utf8(r)) {
      return false;
    }
  }
}

/* Numbers with a point or an exponent have to fit into a double. */
static inline bool reference_number(reference *r) {
  const uint8_t *start = r->at;
  reference_eat(r, '-');
  if (!reference_eat(r, '0') && !reference_digits(r))
    return false;
  bool real = false;
  if (reference_eat(r, '.')) {
    real = true;
    if (!reference_digits(r))
      return false;
  }
  if (reference_eat(r, 'e') || reference_eat(r, 'E')) {
    real = true;
    if (!reference_eat(r, '-'))
      reference_eat(r, '+');
    if (!reference_digits(r))
      return false;
  }
  if (!real)
    return true;
  char *text = fuzz_text(start, (size_t)(r->at - start));
  bool fits = !isinf(strtod(text, NULL));
  free(text);
  return fits;
}

static inline bool reference_word(reference *r, const char *word) {
  while (*word != '\0')
    if (!reference_eat(r, *word++))
      return false;
  return true;
}

static inline bool reference_value(reference *r, int depth) {
  reference_space(r);
  int byte = reference_peek(r);
  if (byte == '"')
    return reference_string(r);
  if (byte == 't' || byte == 'f' || byte == 'n')
    return reference_word(r, byte == 't'   ? "true"
                             : byte == 'f' ? "false"
                                           : "null");
  if (byte != '{' && byte != '[')
    return reference_number(r);
  r->at++;
  int last = byte == '{' ? '}' : ']';
  reference_space(r);
  if (depth == 128)
    return false;
  if (reference_eat(r, last))
    return true;
  do {
    reference_space(r);
    if (byte == '{') {
      if (!reference_string(r))
        return false;
      reference_space(r);
      if (!reference_eat(r, ':'))
        return false;
    }
    if (!reference_value(r, depth + 1))
      return false;
    reference_space(r);
  } while (reference_eat(r, ','));
  return reference_eat(r, last);
}

/* Whether the bytes are a document that is to be accepted. */
static inline bool reference_accepts(const void *data, size_t size) {
  reference r = {data, (const uint8_t *)data + size};
  if (!reference_value(&r, 0))
    return false;
  reference_space(&r);
  return r.at == r.end;
}

#endif
