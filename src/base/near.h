// SPDX-License-Identifier: Apache-2.0
/* near.h - which of the known words a mistyped one may have meant
 *
 * Must not: decide that a word is wrong, or print the hint.
 */
#ifndef BASE_NEAR_H
#define BASE_NEAR_H

#include <stddef.h>

/* How many letters have to be typed anew, left out, put in or swapped with their neighbour to get from @a to @b. Beyond 40
 * characters the rest does not matter. */
unsigned int near_distance(const char *a, const char *b);

/* The best of the words that were offered. Begin with zeros. */
struct near {
	const char *word;
	unsigned int distance;
};
/* Offers @candidate, which must live on, as what @typed may have meant. */
void near_offer(struct near *n, const char *typed, const char *candidate);
/* The best candidate if it is near enough to be worth a hint, else NULL. */
const char *near_best(const struct near *n);

#endif
