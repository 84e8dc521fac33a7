// SPDX-License-Identifier: Apache-2.0
/* ask.c - rules that ask the policy's sets
 *
 * Runs in:  create and the commands. Heap.
 */
#include "confine/wall/ask.h"

#include <netinet/in.h>

#include "base/str.h"

const struct ask_fields ask_destination[2] = { { false, 16, 2, IPPROTO_ICMP, 7 }, { true, 24, 2, IPPROTO_ICMPV6, 7 } };
const struct ask_fields ask_source[2] = { { false, 12, 0, 0, 1u << POLICY_UDP }, { true, 8, 0, 0, 1u << POLICY_UDP } };
const struct ask_fields ask_embedded = { false, 36, 2, IPPROTO_ICMPV6, 7 };

void ask_step(struct ask_row *r, struct nft_step s)
{
	if (r->n < ARRAY_SIZE(r->v) - 1)
		r->v[r->n++] = s;
}

void ask_proto(struct ask_row *r, const struct ask_fields *f, unsigned int proto)
{
	uint8_t number = proto == POLICY_TCP ? IPPROTO_TCP : proto == POLICY_UDP ? IPPROTO_UDP : f->icmp;

	ask_step(r, (struct nft_step)META(L4PROTO));
	ask_step(r, (struct nft_step)EQ8(number));
}

void ask_range(struct ask_row *r, const struct ask_fields *f, uint16_t lo, uint16_t hi)
{
	ask_step(r, (struct nft_step)TRANSPORT(f->port, 2));
	if (lo == hi) {
		ask_step(r, (struct nft_step)EQ16(lo));
		return;
	}
	ask_step(r, (struct nft_step)COMPARE(GTE, 2, (uint8_t)(lo >> 8), (uint8_t)lo));
	ask_step(r, (struct nft_step)COMPARE(LTE, 2, (uint8_t)(hi >> 8), (uint8_t)hi));
}

static void end_row(struct ask *b, const char *chain, struct ask_row *r, const struct wall_set *s, struct nft_step verdict)
{
	struct nft_step in = IN_SET(NULL);

	if (s) {
		in.name = s->name;
		ask_step(r, in);
	}
	ask_step(r, verdict);
	ask_step(r, (struct nft_step)END);
	nft_rule(b->n, chain, r->v, NULL);
}

/* One rule for each protocol, or one for all, where a denied address is denied to every one. */
static void ask_by_protocol(struct ask *b, const char *chain, const struct ask_fields *f, const struct wall_set *s,
			    struct nft_step verdict)
{
	bool whatever = s->protos == 7 && !b->l->allow && s->shape != WALL_PORTS;

	for (unsigned int proto = 0; proto < (whatever ? 1 : 3u); proto++) {
		struct ask_row r = { 0 };

		if (!(s->protos & f->protos & 1u << proto) && !whatever)
			continue;
		if (!whatever)
			ask_proto(&r, f, proto);
		if (s->shape == WALL_PORTS)
			ask_step(&r, (struct nft_step)TRANSPORT(f->port, 2));
		else if (s->lo || s->hi != 65535)
			ask_range(&r, f, s->lo, s->hi);
		if (s->shape != WALL_PORTS)
			ask_step(&r, (struct nft_step)NET(f->addr, f->v6 ? 16 : 4));
		end_row(b, chain, &r, s, verdict);
	}
}

static void ask_by_key(struct ask *b, const char *chain, const struct ask_fields *f, const struct wall_set *s,
		       struct nft_step verdict)
{
	uint8_t words = f->v6 ? 4 : 1;
	struct ask_row r = { 0 };

	ask_step(&r, (struct nft_step)NET(f->addr, f->v6 ? 16 : 4));
	ask_step(&r, (struct nft_step)META_TO(words, L4PROTO));
	ask_step(&r, (struct nft_step)TRANSPORT_TO(words + 1, f->port, 2));
	end_row(b, chain, &r, s, verdict);
}

static void ask_list(struct ask *b, const char *chain, const struct ask_fields *f, enum wall_list list, struct nft_step verdict)
{
	for (const struct wall_set *s = wall_lists_next(b->l, list, f->v6, NULL); s; s = wall_lists_next(b->l, list, f->v6, s)) {
		if (s->shape == WALL_PAIRS || s->shape == WALL_RANGES)
			ask_by_key(b, chain, f, s, verdict);
		else
			ask_by_protocol(b, chain, f, s, verdict);
	}
	for (unsigned int proto = 0; list == WALL_LISTED && proto < 3; proto++) {
		struct ask_row r = { 0 };

		if (!(b->l->any[f->v6] & f->protos & 1u << proto))
			continue;
		ask_proto(&r, f, proto);
		end_row(b, chain, &r, NULL, verdict);
	}
}

void ask_end(struct ask *b, const char *chain, struct nft_step verdict)
{
	const struct nft_step steps[] = { verdict, END };

	nft_rule(b->n, chain, steps, NULL);
}

void ask_judge(struct ask *b, const char *chain, const char *but, const struct ask_fields *f, struct nft_step good,
		  struct nft_step bad)
{
	struct nft_step listed = b->l->allow ? good : bad, other = b->l->allow ? bad : good;
	bool excepts = wall_lists_next(b->l, WALL_EXCEPT, f->v6, NULL) != NULL;

	if (excepts) {
		nft_chain(b->n, but);
		ask_list(b, but, f, WALL_EXCEPT, other);
		ask_end(b, but, listed);
		listed = (struct nft_step)GOTO(but);
	}
	ask_list(b, chain, f, WALL_LISTED, listed);
	ask_end(b, chain, other);
}

void ask_put_sets(struct ask *b)
{
	for (size_t i = 0; i < b->l->n; i++)
		nft_set(b->n, b->l->sets[i].name, &b->l->sets[i].key, b->l->sets[i].flags, 0, 0);
	for (size_t i = 0; i < b->l->n; i++)
		nft_elements(b->n, b->l->sets[i].name, &b->l->sets[i].key, b->l->sets[i].flags, b->l->sets[i].v, b->l->sets[i].n);
}
