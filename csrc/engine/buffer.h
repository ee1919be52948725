/* buffer.h: growable bytes.
 *
 * The one place where the core grows memory for text. A buffer never aborts
 * and never raises: a function that cannot get memory returns false and leaves
 * the buffer as it was, so that the caller decides what a failure means.
 */
#ifndef FDK_BUFFER_H
#define FDK_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

typedef struct fdk_buffer {
  char *data;      /* NULL until the first byte; owned by the buffer */
  size_t size;     /* bytes in use */
  size_t capacity; /* bytes allocated */
} fdk_buffer;

/* An empty buffer; needs no memory. */
#define FDK_BUFFER_INIT {NULL, 0, 0}

/* Gives the memory back; the buffer is empty and usable afterwards. */
void fdk_buffer_free(fdk_buffer *buffer);

/* Makes room for `extra` more bytes. False when memory is out (or the size
 * would overflow); the buffer is unchanged then. */
bool fdk_buffer_grow(fdk_buffer *buffer, size_t extra);

/* Gives memory back when the buffer holds more than `keep` bytes of capacity;
 * contents are dropped. */
void fdk_buffer_shrink(fdk_buffer *buffer, size_t keep);

/* Appends printf-style text. False when memory is out; unchanged then. */
bool fdk_buffer_printf(fdk_buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Forgets the contents, keeps the memory. */
static inline void fdk_buffer_clear(fdk_buffer *buffer) {
  buffer->size = 0;
}

/* Makes room for `extra` more bytes, inline while there is room. False when
 * memory is out. */
static inline bool fdk_buffer_reserve(fdk_buffer *buffer, size_t extra) {
  return buffer->capacity - buffer->size >= extra ||
         fdk_buffer_grow(buffer, extra);
}

/* Appends `size` bytes. False when memory is out; unchanged then. */
static inline bool fdk_buffer_append(fdk_buffer *buffer, const char *data,
                                     size_t size) {
  if (!fdk_buffer_reserve(buffer, size))
    return false;
  if (size > 0)
    memcpy(buffer->data + buffer->size, data, size);
  buffer->size += size;
  return true;
}

/* Appends one byte. False when memory is out; unchanged then. */
static inline bool fdk_buffer_push(fdk_buffer *buffer, char byte) {
  if (!fdk_buffer_reserve(buffer, 1))
    return false;
  buffer->data[buffer->size++] = byte;
  return true;
}

/* Appends a NUL-terminated text without its NUL. False when memory is out. */
static inline bool fdk_buffer_text(fdk_buffer *buffer, const char *text) {
  return fdk_buffer_append(buffer, text, strlen(text));
}

#endif
