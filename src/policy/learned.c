// SPDX-License-Identifier: Apache-2.0
/* learned.c - the addresses that the names of a policy have at the moment
 *
 * Runs in:  the supervisor, for what the name service reports, and for each notification that no rule with an address allows.
 */
#include "policy/learned.h"

#include <stdio.h>
#include <string.h>

#include "policy/internal.h"

/* --- which names, which addresses ------------------------------------------------------------------------------- */

static bool covers_name(const char *pattern, const char *name)
{
	const char *base;
	int depth = names_depth(pattern, &base);
	size_t len = strlen(name), tail = strlen(base);

	if (depth == NAME_EXACT)
		return strcmp(name, base) == 0;
	if (len < tail + 2 || name[len - tail - 1] != '.' || strcmp(name + len - tail, base) != 0)
		return false;
	return depth == NAME_ANY_DEPTH || !memchr(name, '.', len - tail - 1);
}

static bool is_in_set(enum policy_set set, const struct in6_addr *a)
{
	size_t n;
	const struct canonical_net *nets = sets_nets(set, &n);

	for (size_t i = 0; i < n; i++) {
		struct canonical_net masked = { *a, nets[i].len };

		canonical_mask(&masked);
		if (canonical_is_v4(a) == canonical_is_v4(&nets[i].addr) &&
		    memcmp(&masked.addr, &nets[i].addr, sizeof(masked.addr)) == 0)
			return true;
	}
	return false;
}

/* Nobody's address on the internet, beside the sets: 0.0.0.0/8, 240.0.0.0/4 with the broadcast, ::/96. */
static bool is_reserved(const struct in6_addr *a)
{
	if (canonical_is_v4(a))
		return a->s6_addr[12] == 0 || a->s6_addr[12] >= 240;
	return memcmp(a, &in6addr_any, 12) == 0;
}

/* The name server is not the policy's author: it shall not open the host's own doors. */
static bool may_have(const char *pattern, const struct in6_addr *a)
{
	const char *base;
	struct in6_addr v4;

	if (canonical_nat64(a, &v4) && !may_have(pattern, &v4))
		return false;
	if (is_reserved(a) || is_in_set(SET_LOOPBACK, a) || is_in_set(SET_METADATA, a) || is_in_set(SET_MULTICAST, a))
		return false;
	return names_depth(pattern, &base) == NAME_EXACT || !is_in_set(SET_PRIVATE, a);
}

/* --- the table ------------------------------------------------------------------------------------------------------ */

static bool is_of_name(const struct learned_entry *e, const char *name)
{
	return strncmp(e->name, name, LEARNED_TEXT - 1) == 0;
}

static struct learned_entry *find_entry(struct learned *t, uint32_t host, const char *name, const struct in6_addr *addr)
{
	for (uint32_t i = 0; i < t->used; i++) {
		struct learned_entry *e = &t->v[i];

		if (e->until && e->host == host && IN6_ARE_ADDR_EQUAL(&e->addr, addr) && is_of_name(e, name))
			return e;
	}
	return NULL;
}

/* The one to give way: over, else the oldest of the same name if that has its fill, else the oldest of all. */
static struct learned_entry *choose_entry(struct learned *t, const char *name, int64_t now)
{
	struct learned_entry *oldest = NULL, *own = NULL;
	uint32_t n_own = 0;

	for (uint32_t i = 0; i < t->used; i++) {
		struct learned_entry *e = &t->v[i];

		if (!oldest || e->until < oldest->until)
			oldest = e;
		if (e->until <= now || !is_of_name(e, name))
			continue;
		n_own++;
		if (!own || e->until < own->until)
			own = e;
	}
	if (n_own >= LEARNED_NAME_MAX) {
		t->evicted++;
		return own;
	}
	if (oldest && oldest->until <= now)
		return oldest;
	if (t->used < LEARNED_MAX)
		return &t->v[t->used++];
	t->evicted++;
	return oldest;
}

static void note_gone(struct learned *t, const struct learned_entry *e, int64_t now)
{
	if (e->until && e->copied > now && t->n_gone < LEARNED_GONE_MAX)
		t->gone[t->n_gone++] = (struct learned_gone){ e->addr, e->host };
}

static void let_in(struct learned *t, uint32_t host, const char *name, const struct in6_addr *addr, int64_t until, int64_t now)
{
	struct learned_entry *e = find_entry(t, host, name, addr);

	if (!e) {
		e = choose_entry(t, name, now);
		note_gone(t, e, now);
		/* Free until all of it is there: this process may end at any line. */
		e->until = e->copied = 0;
		e->addr = *addr;
		e->host = host;
		snprintf(e->name, sizeof(e->name), "%s", name);
	}
	if (until > e->until)
		e->until = until;
}

int policy_learn(const struct policy *p, struct learned *t, const char *name, const struct in6_addr *addrs, size_t n,
		 uint32_t ttl, int64_t now)
{
	uint32_t kept = ttl < LEARNED_TTL_MAX ? ttl : LEARNED_TTL_MAX;
	int64_t until = now + (int64_t)(kept > LEARNED_GRACE ? kept : LEARNED_GRACE) * 1000;
	bool covered = false;
	int count = 0;

	for (size_t h = 0; h < p->n_hosts; h++) {
		if (!covers_name(p->hosts[h].name, name))
			continue;
		covered = true;
		for (size_t i = 0; i < n; i++) {
			if (!may_have(p->hosts[h].name, &addrs[i]))
				continue;
			let_in(t, (uint32_t)h, name, &addrs[i], until, now);
			count++;
		}
	}
	return covered ? count : -1;
}

/* --- the verdict ----------------------------------------------------------------------------------------------------- */

static bool covers_port(const struct policy *p, const struct policy_rule *r, uint16_t port)
{
	for (uint32_t k = 0; k < r->n_ranges; k++)
		if (p->ranges[r->range + k].lo <= port && port <= p->ranges[r->range + k].hi)
			return true;
	return !r->n_ranges;
}

static bool gives(const struct policy *p, const struct policy_rule *r, uint32_t host, enum policy_proto proto)
{
	return r->target == TARGET_HOST && r->host == host && r->list == LIST_ALLOW && !r->except && (cover_protos(p, r) & 1u << proto);
}

void policy_each_name_port(const struct policy *p, uint32_t host, enum policy_proto proto, void (*each)(uint16_t lo, uint16_t hi, void *ctx),
			   void *ctx)
{
	for (size_t i = 0; i < p->n_rules; i++) {
		const struct policy_rule *r = &p->rules[i];

		if (!gives(p, r, host, proto))
			continue;
		if (!r->n_ranges)
			each(0, 65535, ctx);
		for (uint32_t k = 0; k < r->n_ranges; k++)
			each(p->ranges[r->range + k].lo, p->ranges[r->range + k].hi, ctx);
	}
}

/* A rule of net-allow for this name that covers protocol and port, or -1. */
static int find_rule(const struct policy *p, uint32_t host, const struct policy_dest *d)
{
	for (size_t i = 0; i < p->n_rules; i++) {
		const struct policy_rule *r = &p->rules[i];

		if (gives(p, r, host, d->proto) && covers_port(p, r, d->port))
			return (int)i;
	}
	return -1;
}

static int find_learned(const struct policy *p, const struct learned *t, const struct policy_dest *d, int64_t now)
{
	for (uint32_t i = 0; i < t->used; i++) {
		const struct learned_entry *e = &t->v[i];
		int rule = -1;

		if (e->until > now && IN6_ARE_ADDR_EQUAL(&e->addr, &d->addr))
			rule = find_rule(p, e->host, d);
		if (rule >= 0)
			return rule;
	}
	return -1;
}

struct policy_verdict policy_check_learned(const struct policy *p, const struct learned *t, const struct policy_dest *d, int64_t now)
{
	struct policy_verdict v = policy_check(p, d), taken;
	int rule;

	if (v.allowed || v.why != POLICY_WHY_DEFAULT || !t)
		return v;
	rule = find_learned(p, t, d, now);
	if (rule < 0)
		return v;
	taken = verdict_taken(p, d);
	return taken.allowed ? (struct policy_verdict){ .allowed = true, .rule = rule, .why = POLICY_WHY_LISTED } : taken;
}

bool policy_learned_covers(const struct learned *t, const struct in6_addr *addr, int64_t now)
{
	for (uint32_t i = 0; i < t->used; i++)
		if (t->v[i].until > now && IN6_ARE_ADDR_EQUAL(&t->v[i].addr, addr))
			return true;
	return false;
}

const char *policy_learned_name(const struct learned *t, const struct in6_addr *addr)
{
	const struct learned_entry *last = NULL;

	for (uint32_t i = 0; i < t->used; i++)
		if (t->v[i].until && IN6_ARE_ADDR_EQUAL(&t->v[i].addr, addr) && (!last || t->v[i].until > last->until))
			last = &t->v[i];
	return last ? last->name : NULL;
}
