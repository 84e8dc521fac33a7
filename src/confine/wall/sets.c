// SPDX-License-Identifier: Apache-2.0
/* sets.c - one set after the other, and what is put into it
 *
 * Runs in:  create and the commands.
 */
#include "confine/wall/sets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

static struct nft_key key_of(enum wall_shape shape, bool v6)
{
	uint8_t addr = v6 ? NFT_TYPE_IPV6 : NFT_TYPE_IPV4;

	switch (shape) {
	case WALL_PORTS:
		return (struct nft_key){ { NFT_TYPE_SERVICE } };
	case WALL_HOSTS:
	case WALL_NETS:
		return (struct nft_key){ { addr } };
	case WALL_PAIRS:
	case WALL_RANGES:
		break;
	}
	return (struct nft_key){ { addr, NFT_TYPE_PROTO, NFT_TYPE_SERVICE } };
}

struct wall_set *sets_add(struct wall_lists *l, enum wall_list list, bool v6, enum wall_shape shape, unsigned int protos)
{
	static const char *const lists[3][WALL_LISTS] = { { "denied", "but" }, { "allowed", "but" }, { "taken", "left" } };
	static const char *const shapes[] = { [WALL_PAIRS] = "pairs", [WALL_PORTS] = "ports", [WALL_HOSTS] = "hosts",
					      [WALL_NETS] = "nets", [WALL_RANGES] = "ranges" };
	struct wall_set *s;

	if (l->n == l->cap) {
		l->cap = l->cap * 2 + 8;
		l->sets = xrealloc(l->sets, l->cap, sizeof(*l->sets));
	}
	s = &l->sets[l->n++];
	*s = (struct wall_set){ .list = list, .v6 = v6, .shape = shape, .protos = protos, .hi = PORTS_LAST, .key = key_of(shape, v6) };
	if (shape == WALL_PORTS || shape == WALL_NETS || shape == WALL_RANGES)
		s->flags = NFT_SET_INTERVAL;
	snprintf(s->name, sizeof(s->name), "%s%c_%s_%zu", lists[l->taken ? 2 : l->allow][list], v6 ? '6' : '4', shapes[shape], l->n);
	return s;
}

struct nft_element *sets_element(struct wall_set *s)
{
	if (s->n == s->cap) {
		s->cap = s->cap * 2 + 8;
		s->v = xrealloc(s->v, s->cap, sizeof(*s->v));
	}
	s->v[s->n] = (struct nft_element){ 0 };
	return &s->v[s->n++];
}

size_t sets_put_addr(uint8_t *at, const struct in6_addr *a, bool v6)
{
	memcpy(at, v6 ? a->s6_addr : a->s6_addr + 12, v6 ? 16 : 4);
	return v6 ? 16 : 4;
}

static void put_port(uint8_t *at, uint16_t port)
{
	at[0] = (uint8_t)(port >> 8);
	at[1] = (uint8_t)port;
}

void sets_put_triple(uint8_t *at, const struct in6_addr *a, bool v6, enum policy_proto proto, uint16_t port)
{
	size_t n = sets_put_addr(at, a, v6);

	at[n] = proto == POLICY_UDP ? IPPROTO_UDP : IPPROTO_TCP;
	put_port(at + n + 4, port);
}

struct wall_set *sets_shared(struct wall_lists *l, enum wall_list list, bool v6, enum wall_shape shape)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->sets[i].list == list && l->sets[i].v6 == v6 && l->sets[i].shape == shape)
			return &l->sets[i];
	return sets_add(l, list, v6, shape, 0);
}

void sets_add_ports(struct wall_lists *l, bool v6, const struct ports *p, unsigned int protos)
{
	struct wall_set *s = sets_add(l, WALL_LISTED, v6, WALL_PORTS, protos);

	for (size_t i = 0; i < p->n; i++) {
		struct nft_element *el = sets_element(s);

		put_port(el->lo, p->v[i].lo);
		put_port(el->hi, p->v[i].hi);
	}
}
