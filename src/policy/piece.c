// SPDX-License-Identifier: Apache-2.0
/* piece.c - a part of a text that is not ours: compared, searched, cut and shown without a copy
 *
 * Owns:     comparing and cutting; no byte of a piece is changed.
 * Must not: know the language (grammar.c).
 * Runs in:  create, and exec when it reads the stored policy.
 */
#include "policy/piece.h"

#include <string.h>
#include <strings.h>

bool piece_is(struct piece p, const char *s)
{
	return p.n == strlen(s) && memcmp(p.s, s, p.n) == 0;
}

bool piece_is_word(struct piece p, const char *s)
{
	return p.n == strlen(s) && strncasecmp(p.s, s, p.n) == 0;
}

bool piece_only(struct piece p, const char *set)
{
	size_t i = 0;

	while (i < p.n && strchr(set, p.s[i]))
		i++;
	return i == p.n;
}

const char *piece_find(struct piece p, char c)
{
	return memchr(p.s, c, p.n);
}

struct piece piece_from(struct piece p, const char *at)
{
	return (struct piece){ at, p.n - (size_t)(at - p.s) };
}

struct piece piece_to(struct piece p, const char *at)
{
	return (struct piece){ p.s, (size_t)(at - p.s) };
}

const char *piece_show(struct piece p, char buf[TEXT_QUOTED])
{
	text_quote(buf, p.s, p.n < 40 ? p.n : 40);
	buf[strlen(buf) - 1] = '\0';
	return buf + 1;
}
