/* buffer.c: growable bytes; see buffer.h. */
#include "buffer.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { SMALLEST = 256 };

void fdk_buffer_free(fdk_buffer *buffer) {
  free(buffer->data);
  *buffer = (fdk_buffer)FDK_BUFFER_INIT;
}

bool fdk_buffer_grow(fdk_buffer *buffer, size_t extra) {
  if (extra > SIZE_MAX / 2 - buffer->size)
    return false;
  size_t wanted = buffer->size + extra;
  size_t capacity = buffer->capacity < SMALLEST ? SMALLEST : buffer->capacity;
  while (capacity < wanted)
    capacity *= 2;
  char *data = realloc(buffer->data, capacity);
  if (data == NULL)
    return false;
  buffer->data = data;
  buffer->capacity = capacity;
  return true;
}

void fdk_buffer_shrink(fdk_buffer *buffer, size_t keep) {
  if (buffer->capacity > keep)
    fdk_buffer_free(buffer);
  else
    fdk_buffer_clear(buffer);
}

bool fdk_buffer_printf(fdk_buffer *buffer, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int size = vsnprintf(NULL, 0, format, arguments);
  va_end(arguments);
  if (size < 0 || !fdk_buffer_reserve(buffer, (size_t)size + 1))
    return false;
  va_start(arguments, format);
  vsnprintf(buffer->data + buffer->size, (size_t)size + 1, format, arguments);
  va_end(arguments);
  buffer->size += (size_t)size; /* the NUL stays past the end */
  return true;
}
