/* escape.h: strings between their two forms, the bytes and the JSON text. */
#ifndef FDK_JSON_ESCAPE_H
#define FDK_JSON_ESCAPE_H

#include "../engine/buffer.h"
#include "status.h"

#include <stddef.h>

/* Appends `text` as a JSON string with its quotes. Escapes what RFC 8259 says
 * must be escaped and nothing else; UTF-8 stays as it is.
 * FDK_JSON_NO_MEMORY, or FDK_JSON_BAD_UTF8 with the 0-based offset of the first
 * bad byte in *bad (which may be NULL); the buffer's contents are unchanged
 * then. */
fdk_json_status fdk_json_write_string(fdk_buffer *out, const char *text,
                                      size_t size, size_t *bad);

/* The same for a member's name, with what stands around it in an object: writes
 * `before` ('{' or ','), the string and ':'. */
fdk_json_status fdk_json_write_name(fdk_buffer *out, char before,
                                    const char *text, size_t size, size_t *bad);

/* Turns the inside of a JSON string, already known to be valid, into its bytes.
 * `out` needs room for `size` bytes (an escape never grows). Returns the bytes
 * written. Cannot fail. */
size_t fdk_json_unescape(const char *text, size_t size, char *out);

#endif
