/* answer.c: reading and keeping an answer; see transfer.h. */
#include "transfer.h"

#include <strings.h>

/* A view of the bytes of `buffer`, which are copied to `to`. */
static fdk_buffer copy_bytes(char *to, const fdk_buffer *buffer) {
  if (buffer->size > 0)
    memcpy(to, buffer->data, buffer->size);
  return (fdk_buffer){to, buffer->size, 0};
}

size_t fdk_answer_size(const fdk_answer *answer) {
  return sizeof *answer + answer->fields.size + answer->head.size;
}

fdk_answer *fdk_answer_copy(const fdk_answer *answer, void *room) {
  fdk_answer *copy = room;
  char *fields = (char *)(copy + 1);
  *copy = *answer;
  copy->fields = copy_bytes(fields, &answer->fields);
  copy->head = copy_bytes(fields + answer->fields.size, &answer->head);
  return copy;
}

size_t fdk_answer_field_count(const fdk_answer *answer) {
  return answer->fields.size / sizeof(fdk_field);
}

fdk_field fdk_answer_field(const fdk_answer *answer, size_t index) {
  fdk_field field;
  memcpy(&field, answer->fields.data + index * sizeof field, sizeof field);
  return field;
}

const char *fdk_answer_name(fdk_answer *answer, fdk_field field) {
  char *name = answer->head.data + field.name;
  for (size_t i = 0; i < field.name_size; i++)
    if (name[i] >= 'A' && name[i] <= 'Z')
      name[i] = (char)(name[i] + ('a' - 'A'));
  return name;
}

bool fdk_answer_find(const fdk_answer *answer, const char *name, size_t size,
                     fdk_field *field) {
  for (size_t i = fdk_answer_field_count(answer); i-- > 0;) {
    fdk_field at = fdk_answer_field(answer, i);
    if (at.name_size == size &&
        strncasecmp(answer->head.data + at.name, name, size) == 0) {
      *field = at;
      return true;
    }
  }
  return false;
}
