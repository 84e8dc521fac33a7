// SPDX-License-Identifier: Apache-2.0
/* near.c - which of the known words a mistyped one may have meant
 *
 * Owns:     the distance between two words, and how far is too far.
 * Runs in:  the commands.
 */
#include "base/near.h"

#include <string.h>

#define NEAR_MAX 40

static unsigned int least(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

/* The optimal string alignment: Levenshtein's distance, with "ea" for "ae" as one mistake and not two. */
unsigned int near_distance(const char *a, const char *b)
{
	size_t n = strnlen(a, NEAR_MAX), m = strnlen(b, NEAR_MAX);
	unsigned int rows[3][NEAR_MAX + 1] = { 0 };

	for (size_t j = 0; j <= m; j++)
		rows[0][j] = (unsigned int)j;
	for (size_t i = 1; i <= n; i++) {
		unsigned int *now = rows[i % 3];
		const unsigned int *before = rows[(i + 2) % 3], *earlier = rows[(i + 1) % 3];

		now[0] = (unsigned int)i;
		for (size_t j = 1; j <= m; j++) {
			now[j] = least(before[j - 1] + (a[i - 1] != b[j - 1]), least(before[j], now[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				now[j] = least(now[j], earlier[j - 2] + 1);
		}
	}
	return rows[n % 3][m];
}

void near_offer(struct near *n, const char *typed, const char *candidate)
{
	unsigned int d = near_distance(typed, candidate);

	if (n->word && n->distance <= d)
		return;
	n->word = candidate;
	n->distance = d;
}

const char *near_best(const struct near *n)
{
	/* One mistake in a word of three letters, two in one of six, three in longer ones: beyond that it is another word. */
	size_t len = n->word ? strlen(n->word) : 0, most = len < 6 ? 1 : len < 9 ? 2 : 3;

	return n->word && len > 1 && n->distance <= most ? n->word : NULL;
}
