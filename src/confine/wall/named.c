// SPDX-License-Identifier: Apache-2.0
/* named.c - the part of the table for names that are followed
 *
 * Runs in:  create and the commands. Heap.
 *
 * An address of a name is an element of the set of each list of ports that the name's rules have, with a time to live. A packet whose
 * protocol and port are of such a list, and whose destination is in the set, leaves the table; unless the deny list or an exception takes
 * that destination away, which is asked before.
 *
 * Connections that are there outlive the element: a segment that opens none is an answer (rules.c), and a datagram is, for as long as the other
 * side has sent one lately.
 *
 * The name service asks its servers by ports that its sockets were bound to before the workload was there. Nobody else can send from them:
 * its sockets share their ports with nobody, in neither family. And nobody in the namespace sends to where it awaits answers.
 */
#include "confine/wall/named.h"

#include <netinet/in.h>
#include <stdio.h>

#include "confine/wall/ask.h"
#include "policy/learned.h"

#define DNS_PORT 53
#define LO 1
/* What has ended stays until the kernel sweeps, once a second. */
#define ROOM (2 * LEARNED_MAX)
#define ASKING_ROOM 256

struct nft_key named_asking_key(bool v6)
{
	return (struct nft_key){ { v6 ? NFT_TYPE_IPV6 : NFT_TYPE_IPV4, NFT_TYPE_PROTO, NFT_TYPE_SERVICE } };
}

static void ports_name(size_t i, char out[GROUPS_NAME])
{
	snprintf(out, GROUPS_NAME, "names_ports_%u", (unsigned int)i);
}

/* Several ranges are a set of their own. */
static bool has_set(const struct wall_group *g)
{
	return g->ports.n > 1;
}

static void put_ports(struct nft *n, const struct wall_group *g, size_t i)
{
	const struct nft_key key = { { NFT_TYPE_SERVICE } };
	char name[GROUPS_NAME];

	ports_name(i, name);
	nft_set(n, name, &key, NFT_SET_INTERVAL, 0, 0);
	for (size_t k = 0; k < g->ports.n; k++) {
		const struct policy_ports *p = &g->ports.v[k];
		const struct nft_element el = { { (uint8_t)(p->lo >> 8), (uint8_t)p->lo }, { (uint8_t)(p->hi >> 8), (uint8_t)p->hi } };

		nft_elements(n, name, &key, NFT_SET_INTERVAL, &el, 1);
	}
}

void named_put_sets(struct nft *n, const struct wall_groups *g, const struct wall_lists *taken)
{
	const struct nft_key awaited = { { NFT_TYPE_SERVICE } };
	struct ask b = { .n = n, .l = taken };
	char name[GROUPS_NAME];

	for (int v6 = 0; v6 < 2; v6++) {
		const struct nft_key address = groups_key(v6), asking = named_asking_key(v6);

		nft_set(n, v6 ? NAMED_ASKING6 : NAMED_ASKING4, &asking, 0, ASKING_ROOM, 0);
		for (size_t i = 0; i < g->n; i++) {
			groups_set_name(i, v6, name);
			nft_set(n, name, &address, NFT_SET_TIMEOUT, ROOM, 0);
		}
	}
	nft_set(n, NAMED_AWAITED, &awaited, 0, ASKING_ROOM, 0);
	for (size_t i = 0; i < g->n; i++)
		if (has_set(&g->v[i]))
			put_ports(n, &g->v[i], i);
	ask_put_sets(&b);
}

static void put_group(struct nft *n, const struct wall_group *g, size_t i, const char *chain, bool v6)
{
	const struct ask_fields *f = &ask_destination[v6];
	char set[GROUPS_NAME], ports[GROUPS_NAME];
	struct ask_row r = { 0 };

	groups_set_name(i, v6, set);
	ports_name(i, ports);
	ask_proto(&r, f, g->proto);
	if (has_set(g)) {
		ask_step(&r, (struct nft_step)TRANSPORT(f->port, 2));
		ask_step(&r, (struct nft_step)IN_SET(ports));
	} else if (!ports_full(&g->ports, g->proto)) {
		ask_range(&r, f, g->ports.v[0].lo, g->ports.v[0].hi);
	}
	ask_step(&r, (struct nft_step)NET(f->addr, v6 ? 16 : 4));
	ask_step(&r, (struct nft_step)IN_SET(set));
	ask_step(&r, (struct nft_step)ACCEPT);
	ask_step(&r, (struct nft_step)END);
	nft_rule(n, chain, r.v, NULL);
}

static bool has_sets(const struct wall_lists *l, bool v6)
{
	return wall_lists_next(l, WALL_LISTED, v6, NULL) || l->any[v6];
}

/* What is taken away, and then the chain @named. The IPv4 address in one of IPv6 has to be left, too. */
static void put_taken(struct nft *n, const struct wall_lists *taken, const char *chain, const char *named, bool v6)
{
	static const struct nft_step nat64[] = { NET(24, 4), COMPARE(EQ, 4, 0x00, 0x64, 0xff, 0x9b), NET(28, 8), COMPARE(EQ, 8, 0),
						 GOTO("names64"), END };
	struct ask b = { .n = n, .l = taken };

	nft_chain(n, chain);
	if (v6 && has_sets(taken, false)) {
		nft_chain(n, "left6");
		nft_chain(n, "names64");
		nft_rule(n, chain, nat64, NULL);
		ask_end(&b, chain, (struct nft_step)GOTO("left6"));
		ask_judge(&b, "names64", "left64", &ask_embedded, (struct nft_step)GOTO("left6"), (struct nft_step)RETURN);
		chain = "left6";
	}
	ask_judge(&b, chain, v6 ? "some6" : "some4", &ask_destination[v6], (struct nft_step)GOTO(named), (struct nft_step)RETURN);
}

void named_put_out(struct nft *n, const struct wall_groups *g, const struct wall_lists *taken, const char *chain, bool v6)
{
	static const struct nft_step awaited[] = { META(OIF), COMPARE(EQ, 4, HOST32(LO)), META(L4PROTO), EQ8(IPPROTO_UDP), TRANSPORT(2, 2),
						   IN_SET(NAMED_AWAITED), GOTO("refuse"), END };
	const char *named = v6 ? "named6" : "named4", *first = named;

	nft_chain(n, named);
	for (size_t i = 0; i < g->n; i++)
		put_group(n, &g->v[i], i, named, v6);
	if (has_sets(taken, v6) || has_sets(taken, false)) {
		first = v6 ? "names6" : "names4";
		put_taken(n, taken, first, named, v6);
	}
	const struct nft_step jump[] = { JUMP(first), END };

	nft_rule(n, chain, awaited, "the name service's");
	nft_rule(n, chain, jump, "addresses that names have now");
}

void named_put_suspect(struct nft *n, const char *chain)
{
	static const struct nft_step four[] = { META(NFPROTO), EQ8(NFPROTO_IPV4), NET_TO(0, 16, 4), META_TO(1, L4PROTO), TRANSPORT_TO(2, 0, 2),
						IN_SET(NAMED_ASKING4), TRANSPORT(2, 2), EQ16(DNS_PORT), ACCEPT, END };
	static const struct nft_step six[] = { META(NFPROTO), EQ8(NFPROTO_IPV6), NET_TO(0, 24, 16), META_TO(4, L4PROTO), TRANSPORT_TO(5, 0, 2),
					       IN_SET(NAMED_ASKING6), TRANSPORT(2, 2), EQ16(DNS_PORT), ACCEPT, END };

	nft_rule(n, chain, four, "the name service's");
	nft_rule(n, chain, six, "the name service's");
}
