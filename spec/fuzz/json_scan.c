/* json_scan.c: the JSON scanner, without Lua, into a sink that writes what it
 * hears.
 *
 * Holds: a document is accepted exactly when the reference grammar accepts it;
 * tokens lie inside the document; a refusal has a sentence and a place; what
 * the sink wrote is the same document, and is written the same a second time. */
#include "json_reference.h"

#include "json/escape.h"
#include "json/number.h"
#include "json/scanner.h"
#include "json/utf8.h"

typedef struct sink {
  fdk_scanner scan;
  fdk_buffer out;
} sink;

static bool take_value(sink *s, fdk_token token);

static void put(sink *s, char byte) {
  fuzz_check(fdk_buffer_push(&s->out, byte), "there is memory");
}

static void take_string(sink *s) {
  const fdk_scanner *scan = &s->scan;
  fuzz_check(scan->text > scan->start && scan->text + scan->size < scan->end &&
                 scan->text[-1] == '"' && scan->text[scan->size] == '"',
             "a string lies between quotes of the document");
  char *bytes = malloc(scan->size + 1); /* no more room than is promised */
  size_t size = scan->size;
  if (scan->escaped)
    size = fdk_json_unescape(scan->text, scan->size, bytes);
  else
    memcpy(bytes, scan->text, size);
  fuzz_check(size <= scan->size, "an escape never grows");
  fuzz_check(fdk_utf8_find_bad(bytes, bytes + size) == NULL,
             "a string is UTF-8");
  fuzz_check(fdk_json_write_string(&s->out, bytes, size, NULL) == FDK_JSON_OK,
             "what was read as a string can be written");
  free(bytes);
}

static bool take_object(sink *s) {
  put(s, '{');
  bool first = true;
  for (;; first = false) {
    fdk_token token = fdk_scan_member(&s->scan, first);
    if (token == FDK_TOKEN_ERROR)
      return false;
    if (token == FDK_TOKEN_CLOSE)
      break;
    fuzz_check(token == FDK_TOKEN_STRING, "a name is a string");
    if (!first)
      put(s, ',');
    take_string(s);
    put(s, ':');
    if (!take_value(s, fdk_scan_value(&s->scan)))
      return false;
  }
  put(s, '}');
  return true;
}

static bool take_array(sink *s) {
  put(s, '[');
  bool first = true;
  for (;; first = false) {
    fdk_token token = fdk_scan_item(&s->scan, first);
    if (token == FDK_TOKEN_CLOSE)
      break;
    if (!first && token != FDK_TOKEN_ERROR)
      put(s, ',');
    if (!take_value(s, token))
      return false;
  }
  put(s, ']');
  return true;
}

static void put_text(sink *s, const char *text, size_t size) {
  fuzz_check(fdk_buffer_append(&s->out, text, size), "there is memory");
}

static bool take_value(sink *s, fdk_token token) {
  const fdk_scanner *scan = &s->scan;
  fuzz_check(scan->depth >= 0 && scan->depth <= FDK_JSON_DEPTH,
             "the depth has a limit");
  switch (token) {
  case FDK_TOKEN_ERROR:
    return false;
  case FDK_TOKEN_NULL:
    put_text(s, "null", 4);
    return true;
  case FDK_TOKEN_TRUE:
    put_text(s, "true", 4);
    return true;
  case FDK_TOKEN_FALSE:
    put_text(s, "false", 5);
    return true;
  case FDK_TOKEN_INTEGER:
    fuzz_check(fdk_json_write_integer(&s->out, scan->integer),
               "there is memory");
    return true;
  case FDK_TOKEN_DIGITS:
    fuzz_check(scan->text >= scan->start &&
                   scan->text + scan->size <= scan->end && scan->size >= 19,
               "digits lie inside the document");
    put_text(s, scan->text, scan->size);
    return true;
  case FDK_TOKEN_DOUBLE:
    fuzz_check(fdk_json_write_double(&s->out, scan->number) == FDK_JSON_OK,
               "a number that was read is finite");
    return true;
  case FDK_TOKEN_STRING:
    take_string(s);
    return true;
  case FDK_TOKEN_OBJECT:
    return take_object(s);
  case FDK_TOKEN_ARRAY:
    return take_array(s);
  default:
    fuzz_check(false, "a value is no end");
    return false;
  }
}

/* Scans the bytes into s->out, which is empty. */
static bool take_document(sink *s, const char *text, size_t size) {
  fdk_scan_begin(&s->scan, text, size);
  bool good =
      take_value(s, fdk_scan_value(&s->scan)) && fdk_scan_finish(&s->scan);
  if (good)
    return true;
  fuzz_check(s->scan.offset >= 1 && s->scan.offset <= size + 1,
             "a problem has a place in the document, or at its end");
  size_t words = strlen(s->scan.problem);
  fuzz_check(words > 0 && words < sizeof s->scan.problem,
             "a problem has a sentence");
  for (const char *at = s->scan.problem; *at != '\0'; at++)
    fuzz_check(*at >= ' ' && *at < 127, "a problem is told in plain ASCII");
  return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  sink first = {.out = FDK_BUFFER_INIT};
  bool good = take_document(&first, (const char *)data, size);
  fuzz_check(good == reference_accepts(data, size),
             "what is JSON is accepted, and nothing else");
  if (good) {
    sink second = {.out = FDK_BUFFER_INIT};
    fuzz_check(take_document(&second, first.out.data, first.out.size),
               "what is written can be read");
    fuzz_check(first.out.size == second.out.size &&
                   memcmp(first.out.data, second.out.data, first.out.size) == 0,
               "what is written twice is the same");
    fdk_buffer_free(&second.out);
  }
  fdk_buffer_free(&first.out);
  return 0;
}
