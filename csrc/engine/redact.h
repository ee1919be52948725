/* redact.h: takes secrets out of text, in whatever form they stand there.
 *
 * Who echoes a secret may have escaped or encoded it on the way. Found are, in
 * any case of letters: the secret itself, percent-encoded (also twice), with
 * the escapes of JSON (also twice) or HTML, and in hexadecimal digits; and its
 * base64 in both alphabets, wherever in an encoded text it begins. The
 * beginning of a long secret counts too, since quotations are often cut.
 */
#ifndef FDK_REDACT_H
#define FDK_REDACT_H

#include "buffer.h"

/* Shorter values would blot out ordinary words. */
enum { FDK_SHORTEST_SECRET = 4 };

typedef struct fdk_redactor {
  fdk_buffer bytes; /* of all forms, one after the other */
  fdk_buffer forms; /* what they are */
  bool starts[256]; /* bytes that a form can begin with */
} fdk_redactor;

/* Frees the memory and what was in it; the redactor finds nothing then. */
void fdk_redactor_free(fdk_redactor *redactor);

/* Adds a secret; one that is too short is passed over. False when memory is
 * out: the redactor can only be freed then. A new one is all zeros. */
bool fdk_redactor_add(fdk_redactor *redactor, const char *secret, size_t size);

/* Appends the text to `out` with "(hidden)" for each secret in it; appends
 * nothing when there is none, which *found tells. Takes a time that grows with
 * the text alone. False when memory is out. */
bool fdk_redactor_apply(const fdk_redactor *redactor, const char *text,
                        size_t size, fdk_buffer *out, bool *found);

#endif
