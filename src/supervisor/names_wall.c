// SPDX-License-Identifier: Apache-2.0
/* names_wall.c - the addresses that names have, told to the wall
 *
 * Owns:     how the wall's timed sets follow the table of learned addresses (policy/learned.h).
 * Must not: decide which address is let in, or wait for anything but the kernel.
 * Runs in:  the main thread.
 *
 * An address is in the wall before the name service may give it away. There it ends by the kernel's clock, so it does whether or not there is
 * a supervisor. The wall keeps it SLACK_MS longer than asked: within these a name that is asked for again and again costs no further change.
 * What is in the wall is written down when the kernel has said so: who dies before that leaves an address that the judge would let in, and
 * the wall would not, until the name is asked for again.
 */
#include <string.h>

#include "base/netlink.h"
#include "confine/wall/change.h"
#include "supervisor/internal.h"

#define SLACK_MS 5000

#define PROTOS 3
#define ENTRIES_MAX (4 * WALL_LEASES_MAX)

/* What is to be changed, so far; and for which entries. */
struct change {
	struct wall_lease v[WALL_LEASES_MAX];
	size_t n;
	struct learned_entry *of[ENTRIES_MAX];
	size_t n_of;
};

static uint64_t group_of(const struct sup *s, uint32_t host, unsigned int proto)
{
	int i = host < s->groups.hosts ? s->groups.of[host][proto] : -1;

	return i < 0 ? 0 : 1ULL << i;
}

static int commit(struct sup *s, struct change *c)
{
	struct netlink n;
	struct err e;
	int r;

	if (c->n) {
		wall_log_adopt(s, &n);
		self_raise_network(true);
		r = wall_lease(&n, &s->wall, &s->groups, c->v, c->n, &e);
		self_raise_network(false);
		if (r < 0)
			return -1;
	}
	for (size_t i = 0; i < c->n_of; i++)
		c->of[i]->copied = c->of[i]->until + SLACK_MS;
	c->n = c->n_of = 0;
	return 0;
}

/* Room for one entry more. */
static int make_room(struct sup *s, struct change *c)
{
	return c->n + PROTOS > WALL_LEASES_MAX || c->n_of == ENTRIES_MAX ? commit(s, c) : 0;
}

/* Once for each address and group. */
static void add_lease(struct change *c, const struct in6_addr *addr, uint64_t group, uint64_t ms)
{
	for (size_t i = 0; i < c->n; i++)
		if ((c->v[i].groups & group) && IN6_ARE_ADDR_EQUAL(&c->v[i].addr, addr))
			return;
	if (group)
		c->v[c->n++] = (struct wall_lease){ .addr = *addr, .groups = group, .ms = ms };
}

/* Until when some name gives @addr to the groups of the name @host: an element has one clock for all of them. 0: none does. */
static void find_ends(const struct sup *s, const struct in6_addr *addr, uint32_t host, int64_t now, int64_t until[PROTOS])
{
	const struct learned *t = &s->shared->learned;

	memset(until, 0, PROTOS * sizeof(*until));
	for (uint32_t i = 0; i < t->used; i++) {
		const struct learned_entry *e = &t->v[i];

		if (e->until <= now || !IN6_ARE_ADDR_EQUAL(&e->addr, addr))
			continue;
		for (unsigned int proto = 0; proto < PROTOS; proto++)
			if (group_of(s, e->host, proto) == group_of(s, host, proto) && e->until > until[proto])
				until[proto] = e->until;
	}
}

static int take_out(struct sup *s, struct change *c, int64_t now)
{
	struct learned *t = &s->shared->learned;
	int64_t until[PROTOS];

	for (uint32_t i = 0; i < t->n_gone; i++) {
		const struct learned_gone *g = &t->gone[i];

		if (make_room(s, c) < 0)
			return -1;
		find_ends(s, &g->addr, g->host, now, until);
		for (unsigned int proto = 0; proto < PROTOS; proto++)
			if (!until[proto])
				add_lease(c, &g->addr, group_of(s, g->host, proto), 0);
	}
	/* If this ends here, they are taken out once more: no error. */
	if (commit(s, c) < 0)
		return -1;
	t->n_gone = 0;
	return 0;
}

static int put_in(struct sup *s, struct change *c, int64_t now)
{
	struct learned *t = &s->shared->learned;
	int64_t until[PROTOS];

	for (uint32_t i = 0; i < t->used; i++) {
		struct learned_entry *e = &t->v[i];

		if (e->until <= now || e->until <= e->copied)
			continue;
		if (make_room(s, c) < 0)
			return -1;
		find_ends(s, &e->addr, e->host, now, until);
		for (unsigned int proto = 0; proto < PROTOS; proto++)
			add_lease(c, &e->addr, group_of(s, e->host, proto), (uint64_t)(until[proto] - now + SLACK_MS));
		c->of[c->n_of++] = e;
	}
	return commit(s, c);
}

int names_wall_update(struct sup *s)
{
	static struct change c;
	int64_t now = sup_now_ms();

	if (s->wall_fd < 0)
		return -1;
	c.n = c.n_of = 0;
	/* This thread alone changes the table. */
	return take_out(s, &c, now) < 0 ? -1 : put_in(s, &c, now);
}

int names_wall_open(struct sup *s)
{
	const struct names_report *first = &s->shared->names_first;
	struct wall_asker v[WALL_ASKERS_MAX];
	struct netlink n;
	size_t count = 0;
	struct err e;
	int r;

	if (s->wall_fd < 0)
		return -1;
	for (int f = 0; f < 2; f++) {
		for (int i = 0; i < NAMES_UDP_SOCKETS; i++)
			if (first->udp_ports[f][i])
				v[count++] = (struct wall_asker){ .v6 = f, .port = first->udp_ports[f][i] };
		for (int i = 0; i < NAMES_TCP_SOCKETS; i++)
			if (first->tcp_ports[f][i])
				v[count++] = (struct wall_asker){ .v6 = f, .tcp = true, .port = first->tcp_ports[f][i] };
	}
	wall_log_adopt(s, &n);
	self_raise_network(true);
	r = wall_let_ask(&n, &s->wall, first->addrs, first->n, v, count, &e);
	self_raise_network(false);
	return r;
}
