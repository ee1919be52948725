/* headers.c: request headers compiled, and answer headers as libcurl's callback
 * hands them over.
 *
 * Holds: no line break, no NUL and no other control but a tab ever stands in a
 * compiled header, its name is a token, and what libcurl is given is exactly
 * "name: value" lines; answers' headers lie inside their text, names in lower
 * case, without line breaks and NULs, and never more of them than allowed. */
#include "fuzz.h"

#include "engine/handle.h"
#include "engine/header_list.h"

enum { SEPARATOR = 0xFF };

static const char token[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwx"
                            "yz0123456789!#$%&'*+-.^_`|~";

/* The bytes as pairs, name and value parted by 0xFF each. */
static fdk_header_list *compile(fuzz_bytes *bytes, const fdk_header_list *base,
                                size_t most) {
  fdk_header_list *list = fdk_header_list_new();
  fuzz_check(list != NULL, "there is memory");
  size_t added = 0;
  for (size_t i = 0; i < most && bytes->at < bytes->end; i++) {
    size_t name_size = 0, value_size = 0;
    const char *name = fuzz_part(bytes, SEPARATOR, &name_size);
    const char *value = fuzz_part(bytes, SEPARATOR, &value_size);
    fdk_header_status status =
        fdk_header_list_add(list, name, name_size, value, value_size);
    added += status == FDK_HEADER_OK;
    fuzz_check(fdk_header_words(status)[0] != '\0', "each answer has words");
    fuzz_check(fdk_header_list_count(list) == added,
               "what is refused leaves nothing behind");
  }
  fuzz_check(fdk_header_list_seal(list, base), "there is memory");
  return list;
}

static void check_line(const fdk_header_list *list, size_t index,
                       const char *line) {
  static const char *const decided[] = {"content-length", "transfer-encoding",
                                        "connection",     "keep-alive",
                                        "upgrade",        "te",
                                        "trailer",        "expect"};
  fdk_header header = fdk_header_list_at(list, index);
  const char *text = fdk_header_list_text(list);
  const char *name = text + header.name;
  const char *value = text + header.value;
  fuzz_check(header.name_size > 0, "a header has a name");
  for (size_t i = 0; i < header.name_size; i++)
    fuzz_check(name[i] != '\0' && strchr(token, name[i]) != NULL,
               "a name is a token");
  for (size_t i = 0; i < sizeof decided / sizeof decided[0]; i++)
    fuzz_check(strlen(decided[i]) != header.name_size ||
                   strncasecmp(name, decided[i], header.name_size) != 0,
               "how the message is framed is decided here");
  for (size_t i = 0; i < header.value_size; i++)
    fuzz_check(value[i] == '\t' ||
                   ((unsigned char)value[i] >= ' ' && value[i] != 127),
               "a value has no control character");
  fuzz_check(line == name, "libcurl is given the list's own text");
  if (header.value_size == 0)
    fuzz_check(strlen(line) == header.name_size + 1 &&
                   line[header.name_size] == ';',
               "an empty header is spelled as libcurl wants it");
  else
    fuzz_check(strlen(line) == header.name_size + 2 + header.value_size &&
                   line[header.name_size] == ':' &&
                   line[header.name_size + 1] == ' ',
               "a header is its name, a colon and its value");
}

static bool names(const fdk_header_list *list, const char *name) {
  for (size_t i = 0; i < fdk_header_list_count(list); i++) {
    fdk_header header = fdk_header_list_at(list, i);
    if (header.name_size == strlen(name) &&
        strncasecmp(fdk_header_list_text(list) + header.name, name,
                    header.name_size) == 0)
      return true;
  }
  return false;
}

/* Takes the node that is ours off the front, which is there when it should be. */
static const struct curl_slist *pass(const struct curl_slist *node,
                                     const char *line, bool due) {
  if (!due)
    return node;
  fuzz_check(node != NULL && strcmp(node->data, line) == 0,
             "what is ours comes first");
  return node->next;
}

static void check_list(const fdk_header_list *list) {
  size_t count = 0;
  char accept[64];
  snprintf(accept, sizeof accept, "Accept-Encoding: %s",
           fdk_header_list_encodings());
  const struct curl_slist *node = fdk_header_list_nodes(list, true);
  node = pass(node, "Expect:", true);
  node = pass(node, "Content-Type:", !names(list, "Content-Type"));
  node = pass(node, accept, !names(list, "Accept-Encoding"));
  for (; node != NULL; node = node->next) {
    fuzz_check(count < fdk_header_list_count(list), "nothing is added");
    check_line(list, count++, node->data);
  }
  fuzz_check(count == fdk_header_list_count(list), "nothing is lost");
}

static void check_field(fdk_transfer *transfer, size_t index) {
  fdk_field field = fdk_answer_field(&transfer->answer, index);
  const fdk_buffer *head = &transfer->answer.head;
  fuzz_check(field.name <= head->size &&
                 field.name_size <= head->size - field.name &&
                 field.value <= head->size &&
                 field.value_size <= head->size - field.value,
             "a header lies inside the text");
  const char *name = fdk_answer_name(&transfer->answer, field);
  for (size_t i = 0; i < field.name_size; i++) {
    char byte = name[i];
    fuzz_check(!(byte >= 'A' && byte <= 'Z'), "a name is in lower case");
    fuzz_check(byte != '\r' && byte != '\n' && byte != '\0',
               "no line break or NUL in a name");
  }
  for (size_t i = 0; i < field.value_size; i++) {
    char byte = head->data[field.value + i];
    fuzz_check(byte != '\r' && byte != '\n' && byte != '\0',
               "no line break or NUL in a value");
  }
  fdk_field found;
  fuzz_check(fdk_answer_find(&transfer->answer, head->data + field.name,
                             field.name_size, &found) &&
                 found.value >= field.value,
             "a header is found, the last one of its name");
}

/* The bytes, line by line, as an answer. */
static void receive(fuzz_bytes *bytes) {
  fdk_transfer transfer = {.max_body = 1 << 16,
                           .max_header_bytes = 64U * (1U + fuzz_byte(bytes)),
                           .max_header_count = fuzz_byte(bytes),
                           .expected = -1};
  fdk_handle handle = {.transfer = &transfer};
  size_t taken = 0;
  while (bytes->at < bytes->end) {
    size_t size = 0;
    const char *part = fuzz_part(bytes, '\n', &size);
    size_t line_size = size + (part + size < (const char *)bytes->end);
    char *line = malloc(line_size > 0 ? line_size : 1); /* of that size only */
    memcpy(line, part, line_size);
    size_t result = fdk_transfer_on_header(line, 1, line_size, &handle);
    free(line);
    if (result != line_size) {
      fuzz_check(transfer.limit != FDK_LIMIT_NONE, "who stops says why");
      break;
    }
    taken += line_size;
    fuzz_check(taken <= transfer.max_header_bytes, "bytes have a limit");
    fuzz_check(fdk_answer_field_count(&transfer.answer) <=
                   transfer.max_header_count,
               "headers have a limit");
    fuzz_check(transfer.answer.status >= 0 && transfer.answer.status < 10000,
               "a status is small");
    fuzz_check(transfer.expected >= -1, "a length is none, or not negative");
  }
  for (size_t i = 0; i < fdk_answer_field_count(&transfer.answer); i++)
    check_field(&transfer, i);
  fdk_buffer_free(&transfer.answer.head);
  fdk_buffer_free(&transfer.answer.fields);
  fdk_buffer_free(&transfer.body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_bytes bytes = {data, data + size};
  fdk_header_list *base = compile(&bytes, NULL, 3);
  fdk_header_list *list = compile(&bytes, base, SIZE_MAX);
  check_list(base);
  check_list(list);
  fdk_header_list_drop(base);
  fdk_header_list_drop(list);
  bytes = (fuzz_bytes){data, data + size};
  receive(&bytes);
  return 0;
}
