/* utf8.h: is this UTF-8, as Unicode defines it? */
#ifndef FDK_JSON_UTF8_H
#define FDK_JSON_UTF8_H

/* The first byte in [at, end) that does not begin or continue a well-formed
 * sequence (overlong forms, surrogates and what lies beyond U+10FFFF are not
 * well-formed); NULL when all is well. */
const char *fdk_utf8_find_bad(const char *at, const char *end);

#endif
