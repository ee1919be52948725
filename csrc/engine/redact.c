/* redact.c: see redact.h. */
#include "redact.h"

#include <strings.h>

typedef enum kind { PLAIN, HEX, BASE64 } kind;

typedef struct form {
  size_t start; /* in the redactor's bytes */
  size_t size;
  size_t least; /* bytes that must agree */
  kind kind;
  bool tail; /* its last bits are in one character more */
} form;

/* Beginnings that count. */
enum { LEAST_PLAIN = 12, LEAST_HEX = 24, LEAST_BASE64 = 16 };

/* ---- forms -------------------------------------------------------------- */

static size_t form_count(const fdk_redactor *redactor) {
  return redactor->forms.size / sizeof(form);
}

static form form_at(const fdk_redactor *redactor, size_t index) {
  form at;
  memcpy(&at, redactor->forms.data + index * sizeof at, sizeof at);
  return at;
}

static unsigned char lower(unsigned char byte) {
  return byte >= 'A' && byte <= 'Z' ? (unsigned char)(byte | 0x20) : byte;
}

static unsigned char upper(unsigned char byte) {
  return byte >= 'a' && byte <= 'z' ? (unsigned char)(byte & ~0x20) : byte;
}

/* Makes what was appended to the bytes since `start` a form. False when memory
 * is out. */
static bool close_form(fdk_redactor *redactor, size_t start, kind kind,
                       size_t least, bool tail) {
  form made = {start, redactor->bytes.size - start, least, kind, tail};
  if (made.size < least)
    made.least = made.size;
  unsigned char first = (unsigned char)redactor->bytes.data[start];
  redactor->starts[first] = true;
  if (kind != BASE64) {
    redactor->starts[lower(first)] = redactor->starts[upper(first)] = true;
  } else if (first == '+') {
    redactor->starts['-'] = true;
  } else if (first == '/') {
    redactor->starts['_'] = true;
  }
  if (first == ' ')
    redactor->starts['+'] = true;
  return fdk_buffer_append(&redactor->forms, (const char *)&made, sizeof made);
}

static bool add_hex(fdk_redactor *redactor, const char *secret, size_t size) {
  static const char digits[] = "0123456789abcdef";
  size_t start = redactor->bytes.size;
  bool fits = true;
  for (size_t i = 0; fits && i < size; i++) {
    unsigned char byte = (unsigned char)secret[i];
    fits = fdk_buffer_push(&redactor->bytes, digits[byte >> 4]) &&
           fdk_buffer_push(&redactor->bytes, digits[byte & 15]);
  }
  return fits && close_form(redactor, start, HEX, LEAST_HEX, false);
}

/* The characters that the secret alone decides when it is encoded behind
 * `before` other bytes. */
static bool add_base64(fdk_redactor *redactor, const char *secret, size_t size,
                       size_t before) {
  static const char alphabet[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  size_t start = redactor->bytes.size;
  bool fits = true;
  for (size_t bit = (8 * before + 5) / 6 * 6;
       fits && bit + 6 <= 8 * (before + size); bit += 6) {
    size_t at = bit / 8 - before;
    unsigned int pair = (unsigned int)(unsigned char)secret[at] << 8;
    if (at + 1 < size)
      pair |= (unsigned char)secret[at + 1];
    fits = fdk_buffer_push(&redactor->bytes,
                           alphabet[pair >> (10 - bit % 8) & 63]);
  }
  bool tail = (before + size) % 3 != 0;
  return fits && close_form(redactor, start, BASE64, LEAST_BASE64, tail);
}

bool fdk_redactor_add(fdk_redactor *redactor, const char *secret, size_t size) {
  size_t start = redactor->bytes.size;
  if (size < FDK_SHORTEST_SECRET)
    return true;
  return fdk_buffer_append(&redactor->bytes, secret, size) &&
         close_form(redactor, start, PLAIN, LEAST_PLAIN, false) &&
         add_hex(redactor, secret, size) &&
         add_base64(redactor, secret, size, 0) &&
         add_base64(redactor, secret, size, 1) &&
         add_base64(redactor, secret, size, 2);
}

void fdk_redactor_free(fdk_redactor *redactor) {
  if (redactor->bytes.data != NULL)
    explicit_bzero(redactor->bytes.data, redactor->bytes.capacity);
  fdk_buffer_free(&redactor->bytes);
  fdk_buffer_free(&redactor->forms);
  memset(redactor->starts, 0, sizeof redactor->starts);
}

/* ---- reading text -------------------------------------------------------- */

/* One character of a text that may be escaped: the bytes that it stands for. */
typedef struct unit {
  unsigned char bytes[4];
  size_t count;
  size_t width; /* bytes of the text */
} unit;

/* The number that `size` digits at `text` are in `base`; -1 when they are not. */
static long number_of(const char *text, size_t size, int base) {
  long number = 0;
  for (size_t i = 0; i < size; i++) {
    unsigned char byte = lower((unsigned char)text[i]);
    int digit = -1;
    if (byte >= '0' && byte <= '9')
      digit = byte - '0';
    else if (byte >= 'a' && byte <= 'f')
      digit = byte - 'a' + 10;
    if (digit < 0 || digit >= base)
      return -1;
    number = number * base + digit;
  }
  return size > 0 ? number : -1;
}

static void put_character(unit *into, long code) {
  unsigned long c = (unsigned long)code;
  unsigned char *bytes = into->bytes;
  if (c < 0x80) {
    bytes[0] = (unsigned char)c;
    into->count = 1;
  } else if (c < 0x800) {
    bytes[0] = (unsigned char)(0xC0 | c >> 6);
    bytes[1] = (unsigned char)(0x80 | (c & 63));
    into->count = 2;
  } else if (c < 0x10000) {
    bytes[0] = (unsigned char)(0xE0 | c >> 12);
    bytes[1] = (unsigned char)(0x80 | (c >> 6 & 63));
    bytes[2] = (unsigned char)(0x80 | (c & 63));
    into->count = 3;
  } else {
    bytes[0] = (unsigned char)(0xF0 | (c >> 18 & 7));
    bytes[1] = (unsigned char)(0x80 | (c >> 12 & 63));
    bytes[2] = (unsigned char)(0x80 | (c >> 6 & 63));
    bytes[3] = (unsigned char)(0x80 | (c & 63));
    into->count = 4;
  }
}

/* %2B, or %252B when encoded twice. */
static void read_percent(const char *text, size_t size, bool twice,
                         unit *into) {
  size_t digits = twice ? 3 : 1;
  if (twice && (size < 3 || text[1] != '2' || text[2] != '5'))
    return;
  long byte = size >= digits + 2 ? number_of(text + digits, 2, 16) : -1;
  if (byte < 0)
    return;
  into->bytes[0] = (unsigned char)byte;
  into->width = digits + 2;
}

/* \", \/, \\, \x2B, \u002B and pairs of the latter; with more backslashes when
 * that was escaped once more. */
static void read_backslash(const char *text, size_t size, bool twice,
                           unit *into) {
  size_t run = 1;
  while (run < size && run < 4 && text[run] == '\\')
    run++;
  size_t most = twice ? 4 : 2;
  if (run >= most) {
    into->width = most;
    return;
  }
  const char *next = text + run;
  size_t left = size - run;
  if (left >= 1 && strchr("\"'/", next[0]) != NULL && next[0] != '\0') {
    into->bytes[0] = (unsigned char)next[0];
    into->width = run + 1;
  } else if (left >= 3 && next[0] == 'x' && number_of(next + 1, 2, 16) >= 0) {
    into->bytes[0] = (unsigned char)number_of(next + 1, 2, 16);
    into->width = run + 3;
  } else if (left >= 5 && next[0] == 'u') {
    long code = number_of(next + 1, 4, 16);
    if (code < 0)
      return;
    into->width = run + 5;
    if (code >= 0xD800 && code < 0xDC00 && left >= run + 10 &&
        memcmp(next + 5, text, run) == 0 && next[5 + run] == 'u') {
      long low = number_of(next + run + 6, 4, 16);
      if (low >= 0xDC00 && low < 0xE000) {
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        into->width += run + 5;
      }
    }
    put_character(into, code);
  }
}

/* &amp;, &#43; and &#x2B; */
static void read_entity(const char *text, size_t size, unit *into) {
  static const struct {
    const char *name;
    char byte;
  } named[] = {{"&amp;", '&'},
               {"&lt;", '<'},
               {"&gt;", '>'},
               {"&quot;", '"'},
               {"&apos;", '\''}};
  enum { LONGEST = 12 };
  for (size_t i = 0; i < sizeof named / sizeof named[0]; i++) {
    size_t width = strlen(named[i].name);
    if (size >= width && strncasecmp(text, named[i].name, width) == 0) {
      into->bytes[0] = (unsigned char)named[i].byte;
      into->width = width;
      return;
    }
  }
  if (size < 4 || text[1] != '#')
    return;
  const char *end = memchr(text, ';', size < LONGEST ? size : LONGEST);
  if (end == NULL)
    return;
  bool hex = lower((unsigned char)text[2]) == 'x';
  const char *digits = text + (hex ? 3 : 2);
  long code = end > digits
                  ? number_of(digits, (size_t)(end - digits), hex ? 16 : 10)
                  : -1;
  if (code < 0 || code > 0x10FFFF)
    return;
  put_character(into, code);
  into->width = (size_t)(end - text) + 1;
}

/* The character at the start of a text that is not empty. */
static unit read_unit(const char *text, size_t size, bool twice) {
  unit at = {{(unsigned char)text[0]}, 1, 1};
  if (text[0] == '%')
    read_percent(text, size, twice, &at);
  else if (text[0] == '\\')
    read_backslash(text, size, twice, &at);
  else if (text[0] == '&')
    read_entity(text, size, &at);
  return at;
}

/* ---- finding ------------------------------------------------------------- */

static bool same(kind kind, unsigned char wanted, unsigned char byte) {
  if (wanted == byte)
    return true;
  if (kind == BASE64)
    return (wanted == '+' && byte == '-') || (wanted == '/' && byte == '_');
  return lower(wanted) == lower(byte) || (wanted == ' ' && byte == '+');
}

typedef enum reading { LITERAL, ESCAPED, ESCAPED_TWICE, READINGS } reading;

/* How much of the text the form covers, read in one way; 0: none of it. */
static size_t cover(const char *wanted, const form *of, const char *text,
                    size_t size, reading reading) {
  size_t at = 0;
  size_t agreed = 0;
  while (agreed < of->size && at < size) {
    unit here = {{(unsigned char)text[at]}, 1, 1};
    if (reading != LITERAL)
      here = read_unit(text + at, size - at, reading == ESCAPED_TWICE);
    size_t count = 0;
    while (count < here.count && agreed + count < of->size &&
           same(of->kind, (unsigned char)wanted[agreed + count],
                here.bytes[count]))
      count++;
    if (count < here.count)
      break;
    agreed += count;
    at += here.width;
  }
  return agreed >= of->least ? at : 0;
}

static bool is_base64(unsigned char byte) {
  return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
         (byte >= 'a' && byte <= 'z') || strchr("+/-_", byte) != NULL;
}

/* How much of the text is to be hidden at its start. */
static size_t find_here(const fdk_redactor *redactor, const char *text,
                        size_t size) {
  unsigned char first[READINGS];
  first[LITERAL] = (unsigned char)text[0];
  first[ESCAPED] = read_unit(text, size, false).bytes[0];
  first[ESCAPED_TWICE] = read_unit(text, size, true).bytes[0];
  if (!redactor->starts[first[LITERAL]] && !redactor->starts[first[ESCAPED]] &&
      !redactor->starts[first[ESCAPED_TWICE]])
    return 0;
  size_t longest = 0;
  for (size_t i = 0; i < form_count(redactor); i++) {
    form of = form_at(redactor, i);
    const char *wanted = redactor->bytes.data + of.start;
    for (reading reading = LITERAL; reading < READINGS; reading++) {
      if (!same(of.kind, (unsigned char)wanted[0], first[reading]))
        continue;
      size_t covered = cover(wanted, &of, text, size, reading);
      if (covered > 0 && of.kind == BASE64) {
        if (of.tail && covered >= of.size && covered < size &&
            text[covered] != '\0' && is_base64((unsigned char)text[covered]))
          covered++;
        while (covered < size && text[covered] == '=')
          covered++;
      }
      if (covered > longest)
        longest = covered;
    }
  }
  /* not within a character */
  while (longest > 0 && longest < size &&
         ((unsigned char)text[longest] & 0xC0) == 0x80)
    longest++;
  return longest;
}

bool fdk_redactor_apply(const fdk_redactor *redactor, const char *text,
                        size_t size, fdk_buffer *out, bool *found) {
  size_t kept = 0;
  *found = false;
  for (size_t at = 0; at < size;) {
    size_t hidden = find_here(redactor, text + at, size - at);
    if (hidden == 0) {
      at++;
      continue;
    }
    if (!fdk_buffer_append(out, text + kept, at - kept) ||
        !fdk_buffer_text(out, "(hidden)"))
      return false;
    *found = true;
    at += hidden;
    kept = at;
  }
  return !*found || fdk_buffer_append(out, text + kept, size - kept);
}
