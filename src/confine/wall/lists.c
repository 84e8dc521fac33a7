// SPDX-License-Identifier: Apache-2.0
/* lists.c - what a policy says of destinations, as the sets of a packet filter
 *
 * Runs in:  create and the commands. Heap.
 *
 * The policy comes as intervals of addresses, each with the ports that are allowed there (policy_each_interval(): both lists,
 * exceptions, own loopback and name servers are in it already). For each family:
 *
 *   1. of each interval, the half that is to be listed: what is allowed, or what is denied;
 *   2. ports that are listed at every address become one set of ports;
 *   3. an interval of which more than half of the ports is listed is listed as a whole, and the rest of its ports excepted;
 *   4. a host with few ports becomes pairs, which are hashed;
 *   5. what is listed as a whole becomes addresses: those that stand alone are hashed, ranges are a tree;
 *   6. what is left is sorted by its ranges of ports: a few of them become trees of addresses, asked for these ports; if there are
 *      many, they become ranges of all three, which the kernel is slow with.
 *
 * TCP, UDP and ICMP share a set where it is the same.
 */
#include "confine/wall/lists.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "confine/wall/ports.h"
#include "confine/wall/sets.h"

#define PROTOS 3 /* of enum policy_proto */

#define PAIRS_OF_A_HOST 64 /* more ports of one host are a range */
#define NARROW 8	   /* an interval of so many addresses may be so many hosts */
#define FEW_HOSTS 16	   /* so many go into the tree, if there is one */
#define PORT_GROUPS 6	   /* so many different ranges of ports have sets of their own */

/* --- gathering ----------------------------------------------------------------------------------------------------------- */

struct interval {
	struct in6_addr lo, hi;
	struct ports ports; /* those that are listed */
};

struct gather {
	struct interval *v;
	size_t n, cap;
	enum policy_proto proto;
	bool allow;	   /* list what is allowed */
	bool own_loopback; /* … which is left out where it is free */
	bool loopback_listed;
};

static const struct in6_addr loopback4[2] = { { .s6_addr = { [10] = 0xff, 0xff, 127 } },
					      { .s6_addr = { [10] = 0xff, 0xff, 127, 255, 255, 255 } } };

/* All of it is loopback; with @some: any of it. */
static bool is_loopback(const struct in6_addr *lo, const struct in6_addr *hi, bool some)
{
	bool v4 = IN6_IS_ADDR_V4MAPPED(lo);
	const struct in6_addr *from = v4 ? &loopback4[0] : &in6addr_loopback, *to = v4 ? &loopback4[1] : &in6addr_loopback;

	if (some)
		return memcmp(lo, to, sizeof(*lo)) <= 0 && memcmp(hi, from, sizeof(*hi)) >= 0;
	return memcmp(lo, from, sizeof(*lo)) >= 0 && memcmp(hi, to, sizeof(*hi)) <= 0;
}

static void take_interval(const struct in6_addr *lo, const struct in6_addr *hi, const struct policy_ports *ports, size_t n, void *ctx)
{
	struct gather *g = ctx;
	const struct ports allowed = { (struct policy_ports *)(uintptr_t)ports, n };
	struct interval *iv;

	if (g->own_loopback && is_loopback(lo, hi, true) && !ports_full(&allowed, g->proto))
		g->loopback_listed = true;
	if (g->n == g->cap) {
		g->cap = g->cap * 2 + 16;
		g->v = xrealloc(g->v, g->cap, sizeof(*g->v));
	}
	iv = &g->v[g->n++];
	*iv = (struct interval){ .lo = *lo, .hi = *hi };
	if (g->allow) {
		for (size_t i = 0; i < n; i++)
			ports_add(&iv->ports, ports[i].lo, ports[i].hi);
	} else {
		ports_complement(&iv->ports, ports, n, g->proto);
	}
}

static void gather_free(struct gather *g)
{
	for (size_t i = 0; i < g->n; i++)
		ports_free(&g->v[i].ports);
	free(g->v);
}

/* Where all of it is free, rules.c lets it through whatever the lists say. */
static void leave_loopback_out(struct gather *g)
{
	size_t kept = 0;

	for (size_t i = 0; i < g->n; i++) {
		if (is_loopback(&g->v[i].lo, &g->v[i].hi, false))
			ports_free(&g->v[i].ports);
		else
			g->v[kept++] = g->v[i];
	}
	g->n = kept;
}

/* --- ports of any address ------------------------------------------------------------------------------------------------- */

static bool is_mostly_listed(const struct ports *p, enum policy_proto proto)
{
	return ports_count(p) * 2 > ports_all(proto);
}

/* What all intervals have. Those that are not listed as a whole (step 3) need not say it any more. The caller frees. */
static struct ports take_common(struct gather *g)
{
	struct ports common = { 0 };

	if (g->n)
		ports_complement(&common, NULL, 0, g->proto);
	for (size_t i = 0; i < g->n && common.n; i++)
		ports_intersect(&common, &g->v[i].ports);
	for (size_t i = 0; i < g->n && common.n; i++)
		if (ports_full(&common, g->proto) || !is_mostly_listed(&g->v[i].ports, g->proto))
			ports_subtract(&g->v[i].ports, &common, g->proto);
	return common;
}

/* --- addresses ---------------------------------------------------------------------------------------------------------------- */

/* Intervals of one protocol that are listed for one range of ports. */
struct addrs {
	enum policy_proto proto;
	uint16_t lo, hi;
	struct nft_element *v; /* sorted; addresses in @lo and @hi */
	size_t n, cap;
	bool done; /* another protocol's set has the same */
};

static bool touches(const struct nft_element *a, const struct nft_element *b, size_t len)
{
	uint8_t next[16];

	memcpy(next, a->hi, len);
	for (size_t i = len; i-- > 0;)
		if (++next[i])
			break;
	return memcmp(next, b->lo, len) == 0;
}

static void add_addrs(struct addrs *a, const struct interval *iv, bool v6)
{
	struct nft_element el = { 0 };
	size_t len = sets_put_addr(el.lo, &iv->lo, v6);

	sets_put_addr(el.hi, &iv->hi, v6);
	if (a->n && touches(&a->v[a->n - 1], &el, len)) {
		memcpy(a->v[a->n - 1].hi, el.hi, sizeof(el.hi));
		return;
	}
	if (a->n == a->cap) {
		a->cap = a->cap * 2 + 16;
		a->v = xrealloc(a->v, a->cap, sizeof(*a->v));
	}
	a->v[a->n++] = el;
}

/* How many addresses there are in it; NARROW + 1: more. */
static unsigned int width(const struct nft_element *el, size_t len)
{
	if (memcmp(el->lo, el->hi, len - 1) != 0)
		return NARROW + 1;
	return el->hi[len - 1] - el->lo[len - 1] < NARROW ? (unsigned int)(el->hi[len - 1] - el->lo[len - 1]) + 1 : NARROW + 1;
}

static void add_hosts(struct wall_set *s, const struct nft_element *el, size_t len)
{
	for (unsigned int i = 0; i < width(el, len); i++) {
		struct nft_element *host = sets_element(s);

		memcpy(host->lo, el->lo, len);
		host->lo[len - 1] = (uint8_t)(host->lo[len - 1] + i);
	}
}

/* A tree, a hash, or both. */
static void add_addr_sets(struct wall_lists *l, enum wall_list list, bool v6, const struct addrs *a, unsigned int protos)
{
	size_t narrow = 0, len = v6 ? 16 : 4;
	bool hash;

	for (size_t i = 0; i < a->n; i++)
		narrow += width(&a->v[i], len) <= NARROW;
	hash = narrow == a->n || narrow > FEW_HOSTS;
	for (int tree = 0; tree < 2; tree++) {
		struct wall_set *s = NULL;

		for (size_t i = 0; i < a->n; i++) {
			if ((hash && width(&a->v[i], len) <= NARROW) == (bool)tree)
				continue;
			if (!s)
				s = sets_add(l, list, v6, tree ? WALL_NETS : WALL_HOSTS, protos);
			s->lo = a->lo;
			s->hi = a->hi;
			if (tree)
				*sets_element(s) = a->v[i];
			else
				add_hosts(s, &a->v[i], len);
		}
	}
}

static bool same_addrs(const struct addrs *a, const struct addrs *b)
{
	return a->lo == b->lo && a->hi == b->hi && a->n == b->n && memcmp(a->v, b->v, a->n * sizeof(*a->v)) == 0;
}

/* --- one list of one family ----------------------------------------------------------------------------------------------------- */

/* What is listed of each protocol, by the range of ports for which it is. */
struct groups {
	struct addrs *v;
	size_t n, cap;
};

static struct addrs *group_of(struct groups *g, enum policy_proto proto, uint16_t lo, uint16_t hi)
{
	for (size_t i = 0; i < g->n; i++)
		if (g->v[i].proto == proto && g->v[i].lo == lo && g->v[i].hi == hi)
			return &g->v[i];
	if (g->n == g->cap) {
		g->cap = g->cap * 2 + 8;
		g->v = xrealloc(g->v, g->cap, sizeof(*g->v));
	}
	g->v[g->n] = (struct addrs){ .proto = proto, .lo = lo, .hi = hi };
	return &g->v[g->n++];
}

static void add_range(struct wall_lists *l, enum wall_list list, bool v6, enum policy_proto proto, const struct interval *iv,
		      const struct policy_ports *p)
{
	struct nft_element *el = sets_element(sets_shared(l, list, v6, WALL_RANGES));

	sets_put_triple(el->lo, &iv->lo, v6, proto, p->lo);
	sets_put_triple(el->hi, &iv->hi, v6, proto, p->hi);
}

static void add_pairs(struct wall_lists *l, enum wall_list list, bool v6, enum policy_proto proto, const struct interval *iv)
{
	struct wall_set *s = sets_shared(l, list, v6, WALL_PAIRS);

	for (size_t i = 0; i < iv->ports.n; i++)
		for (uint32_t port = iv->ports.v[i].lo; port <= iv->ports.v[i].hi; port++)
			sets_put_triple(sets_element(s)->lo, &iv->lo, v6, proto, (uint16_t)port);
}

/* Each range of ports that occurs, and how many there are; stops at one more than has sets of its own. */
static size_t count_port_groups(const struct interval *v, size_t n, enum policy_proto proto)
{
	struct groups seen = { 0 };
	size_t count;

	for (size_t i = 0; i < n && seen.n <= PORT_GROUPS; i++)
		for (size_t j = 0; j < v[i].ports.n && seen.n <= PORT_GROUPS; j++)
			group_of(&seen, proto, v[i].ports.v[j].lo, v[i].ports.v[j].hi);
	count = seen.n;
	free(seen.v);
	return count;
}

static bool is_host(const struct interval *iv)
{
	return memcmp(&iv->lo, &iv->hi, sizeof(iv->lo)) == 0;
}

/* Steps 4 and 5. Moves the intervals that are left to the front, and tells how many. */
static size_t take_simple(struct wall_lists *l, enum wall_list list, bool v6, enum policy_proto proto, struct interval *v, size_t n,
			  struct groups *g)
{
	size_t rest = 0;

	for (size_t i = 0; i < n; i++) {
		if (!v[i].ports.n)
			continue;
		if (ports_full(&v[i].ports, proto)) {
			add_addrs(group_of(g, proto, 0, PORTS_LAST), &v[i], v6);
		} else if (is_host(&v[i]) && ports_count(&v[i].ports) <= PAIRS_OF_A_HOST) {
			add_pairs(l, list, v6, proto, &v[i]);
		} else {
			struct interval tmp = v[rest];

			v[rest++] = v[i];
			v[i] = tmp;
		}
	}
	return rest;
}

/* Steps 4 to 6. */
static void make_list(struct wall_lists *l, enum wall_list list, bool v6, enum policy_proto proto, struct interval *v, size_t n,
		      struct groups *g)
{
	size_t rest = take_simple(l, list, v6, proto, v, n, g);
	bool few = count_port_groups(v, rest, proto) <= PORT_GROUPS;

	for (size_t i = 0; i < rest; i++) {
		for (size_t j = 0; j < v[i].ports.n; j++) {
			const struct policy_ports *p = &v[i].ports.v[j];

			if (few)
				add_addrs(group_of(g, proto, p->lo, p->hi), &v[i], v6);
			else
				add_range(l, list, v6, proto, &v[i], p);
		}
	}
}

static void make_groups(struct wall_lists *l, enum wall_list list, bool v6, struct groups *g)
{
	for (size_t i = 0; i < g->n; i++) {
		unsigned int protos = 1u << g->v[i].proto;

		for (size_t j = i + 1; j < g->n && !g->v[i].done; j++) {
			if (g->v[j].done || !same_addrs(&g->v[i], &g->v[j]))
				continue;
			protos |= 1u << g->v[j].proto;
			g->v[j].done = true;
		}
		if (!g->v[i].done)
			add_addr_sets(l, list, v6, &g->v[i], protos);
	}
	for (size_t i = 0; i < g->n; i++)
		free(g->v[i].v);
	free(g->v);
}

/* Step 3: the intervals whose other half is shorter to say are full from here on; that half is in @except, which the caller frees. */
static void split_excepted(struct gather *g, struct gather *except)
{
	*except = (struct gather){ .proto = g->proto, .v = xcalloc(g->n, sizeof(*except->v)) };
	for (size_t i = 0; i < g->n; i++) {
		struct interval *iv = &g->v[i];
		struct interval rest = { .lo = iv->lo, .hi = iv->hi };

		if (ports_full(&iv->ports, g->proto) || !is_mostly_listed(&iv->ports, g->proto))
			continue;
		ports_complement(&rest.ports, iv->ports.v, iv->ports.n, g->proto);
		except->v[except->n++] = rest;
		iv->ports.n = 0;
		ports_complement(&iv->ports, NULL, 0, g->proto);
	}
}

/* Step 2. What is full is no set. */
static void add_common(struct wall_lists *l, bool v6, const struct ports *tcp, const struct ports *udp)
{
	bool same = ports_same(tcp, udp);

	if (tcp->n && !ports_full(tcp, POLICY_TCP))
		sets_add_ports(l, v6, tcp, 1u << POLICY_TCP | (same ? 1u << POLICY_UDP : 0));
	if (udp->n && !ports_full(udp, POLICY_UDP) && !same)
		sets_add_ports(l, v6, udp, 1u << POLICY_UDP);
}

/* @all: the intervals of each protocol. */
static void make_family(struct wall_lists *l, bool v6, struct gather all[PROTOS])
{
	struct groups listed = { 0 }, excepted = { 0 };
	struct ports common[PROTOS];

	for (unsigned int proto = 0; proto < PROTOS; proto++) {
		struct gather except;

		common[proto] = take_common(&all[proto]);
		if (ports_full(&common[proto], (enum policy_proto)proto))
			l->any[v6] |= 1u << proto;
		split_excepted(&all[proto], &except);
		make_list(l, WALL_LISTED, v6, (enum policy_proto)proto, all[proto].v, all[proto].n, &listed);
		make_list(l, WALL_EXCEPT, v6, (enum policy_proto)proto, except.v, except.n, &excepted);
		gather_free(&except);
	}
	add_common(l, v6, &common[POLICY_TCP], &common[POLICY_UDP]);
	for (unsigned int proto = 0; proto < PROTOS; proto++)
		ports_free(&common[proto]);
	make_groups(l, WALL_LISTED, v6, &listed);
	make_groups(l, WALL_EXCEPT, v6, &excepted);
}

/* --- all of it ------------------------------------------------------------------------------------------------------------------- */

/* Something in 64:ff9b::/96 is allowed as an IPv6 address, while not every IPv4 address is. */
static bool needs_nat64(const struct gather *v4, const struct gather *v6)
{
	struct in6_addr lo = { .s6_addr = { 0x00, 0x64, 0xff, 0x9b } }, hi = lo;
	bool reachable = false, all = true;

	memset(&hi.s6_addr[12], 0xff, 4);
	for (size_t i = 0; i < v6->n; i++)
		if (memcmp(&v6->v[i].lo, &hi, sizeof(hi)) <= 0 && memcmp(&v6->v[i].hi, &lo, sizeof(lo)) >= 0)
			reachable |= v6->allow ? v6->v[i].ports.n > 0 : !ports_full(&v6->v[i].ports, v6->proto);
	for (size_t i = 0; i < v4->n; i++)
		all &= v4->allow ? ports_full(&v4->v[i].ports, v4->proto) : v4->v[i].ports.n == 0;
	return reachable && !all;
}

static int order_of_sets(const void *a, const void *b)
{
	const struct wall_set *x = a, *y = b;

	if (x->list != y->list)
		return (int)x->list - (int)y->list;
	if (x->v6 != y->v6)
		return x->v6 - y->v6;
	if (x->shape != y->shape)
		return (int)x->shape - (int)y->shape;
	return strcmp(x->name, y->name);
}

static int gather_all(const struct policy *p, bool own, struct wall_lists *l, struct gather all[2][PROTOS], struct err *e)
{
	int (*each)(const struct policy *, enum policy_proto, bool, size_t, policy_interval_fn *, void *) =
		l->taken ? policy_each_left : policy_each_interval;

	for (unsigned int i = 0; i < 2u * PROTOS; i++) {
		struct gather *g = &all[i / PROTOS][i % PROTOS];

		*g = (struct gather){ .proto = (enum policy_proto)(i % PROTOS), .allow = l->allow, .own_loopback = own };
		if (each(p, g->proto, i < PROTOS, WALL_INTERVALS_MAX, take_interval, g) < 0)
			return err_set(e, E2BIG, "the policy has more than %u ranges of addresses and ports", WALL_INTERVALS_MAX);
		l->loopback_listed |= g->loopback_listed;
	}
	return 0;
}

int wall_lists_make(const struct policy *p, bool taken, struct wall_lists *out, struct err *e)
{
	struct gather all[2][PROTOS] = { 0 };
	/* No name has an address of a loopback. */
	bool own = policy_get_traits(p).own_loopback && !taken;
	int r;

	*out = (struct wall_lists){ .allow = policy_get_traits(p).allow_mode && !taken, .taken = taken };
	r = gather_all(p, own, out, all, e);
	for (unsigned int proto = 0; r == 0 && proto < PROTOS; proto++)
		out->nat64 |= needs_nat64(&all[0][proto], &all[1][proto]);
	for (int v6 = 0; r == 0 && v6 < 2; v6++) {
		for (unsigned int proto = 0; own && !out->loopback_listed && proto < PROTOS; proto++)
			leave_loopback_out(&all[v6][proto]);
		make_family(out, v6, all[v6]);
	}
	for (unsigned int i = 0; i < 2u * PROTOS; i++)
		gather_free(&all[i / PROTOS][i % PROTOS]);
	if (out->n)
		qsort(out->sets, out->n, sizeof(*out->sets), order_of_sets);
	return r;
}

void wall_lists_free(struct wall_lists *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->sets[i].v);
	free(l->sets);
	*l = (struct wall_lists){ 0 };
}

const struct wall_set *wall_lists_next(const struct wall_lists *l, enum wall_list list, bool v6, const struct wall_set *after)
{
	for (const struct wall_set *s = after ? after + 1 : l->sets; s && s < l->sets + l->n; s++)
		if (s->list == list && s->v6 == v6)
			return s;
	return NULL;
}
