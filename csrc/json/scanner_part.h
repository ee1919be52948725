/* scanner_part.h: what the parts of the scanner share; for these only. */
#ifndef FDK_JSON_SCANNER_PART_H
#define FDK_JSON_SCANNER_PART_H

#include "scanner.h"

/* Sets the problem at `at`, printf style. Returns FDK_TOKEN_ERROR. */
__attribute__((cold, format(printf, 3, 4))) fdk_token
fdk_scan_fail(fdk_scanner *scanner, const char *at, const char *format, ...);

/* The same for the byte at `at`, which cannot stand there. `place` reads as
 * "inside a string" or "where a value should be". At the end of the document
 * that is a truncation. At most this one byte is quoted: the document may hold
 * secrets. */
__attribute__((cold)) fdk_token
fdk_scan_unexpected(fdk_scanner *scanner, const char *at, const char *place);

/* The number that begins at `at`, with a digit or a minus: INTEGER, DIGITS,
 * DOUBLE or ERROR. */
fdk_token fdk_scan_number(fdk_scanner *scanner, const char *at);

#endif
