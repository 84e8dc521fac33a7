// SPDX-License-Identifier: Apache-2.0
/* profile_seen.c - the rules of a profile that libseccomp has been told already
 *
 * Owns:     the set of them, and the bound on those that can fit into a program.
 * Runs in:  create, exec.
 *
 * libseccomp copies its whole filter for each rule that it is told, one that it has already as well: a profile that says the same
 * 20,000 times took a quarter of a minute. And each condition on arguments costs an instruction at least, of which the kernel
 * takes 4096 in all: more conditions than that need not be tried.
 */
#include "confine/profile_internal.h"

#include <string.h>

#include "base/str.h"

static uint64_t hash(const struct profile_rule *r)
{
	const unsigned char *p = (const unsigned char *)r;
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < sizeof(*r); i++)
		h = (h ^ p[i]) * UINT64_C(0x100000001b3);
	return h;
}

/* Where @r is, or would be. */
static size_t find(const struct profile_seen *s, const struct profile_rule *r)
{
	size_t at = hash(r) & (s->room - 1);

	while (s->used[at] && memcmp(&s->v[at], r, sizeof(*r)) != 0)
		at = (at + 1) & (s->room - 1);
	return at;
}

static void grow(struct profile_seen *s)
{
	struct profile_seen old = *s, bigger = { .room = s->room ? s->room * 2 : 256, .n = s->n, .conditions = s->conditions };

	bigger.v = xcalloc(bigger.room, sizeof(*bigger.v));
	bigger.used = xcalloc(bigger.room, sizeof(*bigger.used));
	for (size_t i = 0; i < s->room; i++) {
		size_t at;

		if (!s->used[i])
			continue;
		at = find(&bigger, &s->v[i]);
		bigger.v[at] = s->v[i];
		bigger.used[at] = true;
	}
	*s = bigger;
	profile_seen_free(&old);
}

bool profile_seen_add(struct profile_seen *s, uint32_t action, int nr, const struct scmp_arg_cmp *cmp, size_t n)
{
	struct profile_rule r;
	size_t at;

	memset(&r, 0, sizeof(r));
	r.action = action;
	r.nr = nr;
	for (size_t i = 0; i < n && i < PROFILE_ARGS; i++) {
		r.cmp[i].used = 1;
		r.cmp[i].arg = cmp[i].arg;
		r.cmp[i].op = (uint32_t)cmp[i].op;
		r.cmp[i].a = cmp[i].datum_a;
		r.cmp[i].b = cmp[i].datum_b;
	}
	if (s->n * 2 >= s->room)
		grow(s);
	at = find(s, &r);
	if (s->used[at])
		return false;
	s->v[at] = r;
	s->used[at] = true;
	s->n++;
	s->conditions += n > 0;
	return true;
}

void profile_seen_free(struct profile_seen *s)
{
	free(s->v);
	free(s->used);
	*s = (struct profile_seen){ 0 };
}
