/* shortest.h: the fewest decimal digits that name a double. */
#ifndef FDK_JSON_SHORTEST_H
#define FDK_JSON_SHORTEST_H

enum { FDK_SHORTEST_DIGITS = 17 };

/* Writes into `digits` (room for FDK_SHORTEST_DIGITS) the shortest decimal that
 * reads back as `value`, and of those the nearest to it; no zeros at its end.
 * `value` must be positive and finite. Returns the number of digits; the value
 * is 0.DIGITS times ten to *exponent. */
int fdk_shortest(double value, char *digits, int *exponent);

#endif
