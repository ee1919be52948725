/* number.h: numbers between their two forms, the value and the JSON text.
 *
 * Nothing here looks at the process's locale. */
#ifndef FDK_JSON_NUMBER_H
#define FDK_JSON_NUMBER_H

#include "../engine/buffer.h"
#include "status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Appends the digits of `value`. False when memory is out; unchanged then. */
bool fdk_json_write_integer(fdk_buffer *out, int64_t value);

/* Appends the shortest text that reads back as `value`: integral values up to
 * 2^53 as plain digits (-0.0 as "-0"), everything else with a point or an
 * exponent. FDK_JSON_NO_MEMORY or FDK_JSON_NOT_FINITE; unchanged then. */
fdk_json_status fdk_json_write_double(fdk_buffer *out, double value);

/* Reads a JSON number, `text` being exactly one (the scanner checked that), as
 * the nearest double. Too small for a double is zero; false when it is too
 * large. */
bool fdk_json_read_double(const char *text, size_t size, double *value);

#endif
