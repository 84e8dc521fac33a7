// SPDX-License-Identifier: Apache-2.0
/* idlist.c - lists of processors and memory nodes ("0-3,7"), and the look-up of words in tables
 *
 * Owns:     the grammar of such a list.
 * Must not: ask the kernel which of them exist: sched_setaffinity() and set_mempolicy() say so themselves.
 * Runs in:  create (checks) and init. No heap.
 */
#include "process/internal.h"

#include <ctype.h>
#include <string.h>

#include "base/str.h"

const struct word *word_find(const struct word *table, const char *name)
{
	for (; name && table->name; table++)
		if (str_eq(table->name, name))
			return table;
	return NULL;
}

static int number(const char **p, size_t *out)
{
	size_t v = 0;

	if (!isdigit((unsigned char)**p))
		return -1;
	for (; isdigit((unsigned char)**p); (*p)++) {
		v = v * 10 + (size_t)(**p - '0');
		if (v >= IDLIST_MAX)
			return -1;
	}
	*out = v;
	return 0;
}

int idlist_parse(const char *text, struct idlist *out, struct err *e)
{
	const char *p = text;

	memset(out, 0, sizeof(*out));
	for (;;) {
		const char *item = p;
		size_t lo, hi;

		if (number(&p, &lo) < 0)
			return err_msg(e, "\"%.64s\": a number from 0 to %d is expected at \"%.16s\"", text,
				       IDLIST_MAX - 1, item);
		hi = lo;
		if (*p == '-') {
			p++;
			if (number(&p, &hi) < 0 || hi < lo)
				return err_msg(e, "\"%.64s\": \"%.16s\" is no range", text, item);
		}
		for (size_t i = lo; i <= hi; i++)
			out->bits[i / (8 * sizeof(long))] |= 1ul << (i % (8 * sizeof(long)));
		if (hi + 1 > out->top)
			out->top = hi + 1;
		if (!*p)
			return 0;
		if (*p++ != ',')
			return err_msg(e, "\"%.64s\": a comma is expected at \"%.16s\"", text, p - 1);
	}
}

size_t idlist_count(const struct idlist *list)
{
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(list->bits); i++)
		n += (size_t)__builtin_popcountl(list->bits[i]);
	return n;
}
