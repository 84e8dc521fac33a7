// SPDX-License-Identifier: Apache-2.0
/* rules.c - the table that refuses a container's packets, as messages to the kernel
 *
 * Runs in:  create and the commands. Heap.
 *
 * Theory of operation. A packet that the container's network stack sends comes by the chain "out", whoever made it, by whatever
 * call, and nobody in the container can change what it says any more. In this order, which is that of the costs:
 *
 *   1. The source has to be an address of the namespace's own. Else the container's kernel could be made to send for somebody: whoever
 *      answers a packet sends the answer to its source, and our kernel always answers. ("strange")
 *   2. No IPv4 options and no IPv6 routing header: they take a packet elsewhere than its destination. And no fragments, of which only
 *      the first has ports: the kernel makes its own further on, so these are a program's. ("options", "headers6")
 *   3. Addresses that the policy's names have at the moment (named.c), then the policy's sets (lists.c): allowed packets leave the table
 *      here.
 *   4. The rest is suspect. What stays on lo is no egress, in a namespace that nobody else is in. A segment that opens no
 *      connection answers one. A datagram may answer one that came lately from there, between the same ports (the sets "askers",
 *      which the chain "in" fills). What no program's socket sent is the kernel's: neighbour discovery, duplicate
 *      addresses, group reports, answers to pings and errors pass, so that the network works.
 *   5. "refuse" tells about it (not too often), counts it, and resets a connection, so that connect(2) fails at once.
 *
 * The reset has the denied address as its source, and goes by lo: "strange" lets it through first. Nothing answers a reset.
 *
 * "in" refuses connections to ports that may not be listened on. "forwarded" drops what lo would forward.
 *
 * The chain is at -300: before connection tracking and before any translation of addresses, so what a program asked for
 * is what is judged. Without state, so that nothing can be forged into it.
 */
#include "confine/wall/rules.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "confine/wall/ask.h"
#include "confine/wall/lists.h"
#include "confine/wall/named.h"

#define PRIORITY (-300)
#define ASKERS 16384
#define ASKERS_MS 60000

#define SYN 2
#define RST 4
#define SYN_ACK 18
#define LO 1 /* its index in every namespace */

#define IS_V4 META(NFPROTO), EQ8(NFPROTO_IPV4)
#define IS_V6 META(NFPROTO), EQ8(NFPROTO_IPV6)
#define IS_PROTO(p) META(L4PROTO), EQ8(p)
#define IS_ICMP4(set) IS_V4, IS_PROTO(IPPROTO_ICMP), TRANSPORT(0, 1), IN_SET(set)
#define IS_ICMP6(set) IS_V6, IS_PROTO(IPPROTO_ICMPV6), TRANSPORT(0, 1), IN_SET(set)
#define TO_GROUPS6 NET(24, 2), COMPARE(EQ, 2, 0xff, 0x02)
#define BY_LO META(OIF), COMPARE(EQ, 4, HOST32(LO))
#define HAS_HEADER(type) { .kind = NFT_STEP_HEADER, .reg = NFT_WORD(0), .key = (type) }, EQ8(1)
#define FLAGS(mask) IS_PROTO(IPPROTO_TCP), TRANSPORT(13, 1), AND8(mask)
#define FOREIGN_SOURCE { .kind = NFT_STEP_SOURCE_TYPE, .reg = NFT_WORD(0) }, COMPARE(NEQ, 4, HOST32(2) /* RTN_LOCAL */)
#define ASKER4 NET_TO(0, 16, 4), TRANSPORT_TO(1, 2, 2), TRANSPORT_TO(2, 0, 2), IN_SET("askers4")
#define ASKER6 NET_TO(0, 24, 16), TRANSPORT_TO(4, 2, 2), TRANSPORT_TO(5, 0, 2), IN_SET("askers6")
#define UPDATE(s) { .kind = NFT_STEP_UPDATE, .reg = NFT_WORD(0), .name = (s) }

/* When a rule is there. */
#define ALWAYS 0u
#define OWN 1u	 /* nobody else is in the namespace */
#define LISTED 2u /* and the policy speaks of its loopback */

static const struct fixed_rule {
	const char *chain;
	unsigned int when;
	const char *comment;
	struct nft_step steps[13];
} fixed[] = {
	{ RULES_REFUSE, ALWAYS, NULL, { COUNT, IS_PROTO(IPPROTO_TCP), RESET, END } },
	{ RULES_REFUSE, ALWAYS, NULL, { DROP, END } },

	{ RULES_STRANGE, ALWAYS, "a reset of ours: nothing answers it",
	  { BY_LO, FLAGS(RST), NE8(0), ACCEPT, END } },
	{ RULES_STRANGE, ALWAYS, "a program's", { OF_A_PROGRAM, COUNT, DROP, END } },
	{ RULES_STRANGE, ALWAYS, "before there is an address",
	  { IS_ICMP6("early6"), NET(8, 16), COMPARE(EQ, 16, 0), TO_GROUPS6, ACCEPT, END } },
	{ RULES_STRANGE, ALWAYS, NULL, { COUNT, DROP, END } },

	{ RULES_OPTIONS, ALWAYS, "a program's", { OF_A_PROGRAM, COUNT, DROP, END } },
	{ RULES_OPTIONS, ALWAYS, "reports of groups that were joined",
	  { IS_PROTO(IPPROTO_IGMP), NET(16, 1), AND8(0xf0), EQ8(0xe0), ACCEPT, END } },
	{ RULES_OPTIONS, ALWAYS, NULL, { COUNT, DROP, END } },
	{ RULES_HEADERS, ALWAYS, "routes", { HAS_HEADER(IPPROTO_ROUTING), COUNT, DROP, END } },
	{ RULES_HEADERS, ALWAYS, "fragments", { HAS_HEADER(IPPROTO_FRAGMENT), COUNT, DROP, END } },

	{ "suspect", OWN | LISTED, "not free", { BY_LO, IS_V4, NET(16, 1), EQ8(127), GOTO("answers"), END } },
	{ "suspect", OWN | LISTED, "not free",
	  { BY_LO, IS_V6, NET(24, 16), COMPARE(EQ, 16, [15] = 1), GOTO("answers"), END } },
	{ "suspect", OWN, "own network stack: no egress", { BY_LO, ACCEPT, END } },
	{ "suspect", ALWAYS, NULL, { GOTO("answers"), END } },

	{ "answers", ALWAYS, "opens no connection", { FLAGS(SYN_ACK), NE8(SYN), ACCEPT, END } },
	{ "answers", ALWAYS, NULL, { IS_V4, IS_PROTO(IPPROTO_UDP), ASKER4, ACCEPT, END } },
	{ "answers", ALWAYS, NULL, { IS_V6, IS_PROTO(IPPROTO_UDP), ASKER6, ACCEPT, END } },
	{ "answers", ALWAYS, "a program's", { OF_A_PROGRAM, GOTO(RULES_REFUSE), END } },
	{ "answers", ALWAYS, NULL, { IS_ICMP4("answers4"), ACCEPT, END } },
	{ "answers", ALWAYS, NULL, { IS_ICMP6("answers6"), ACCEPT, END } },
	{ "answers", ALWAYS, "neighbours", { IS_ICMP6("neighbours6"), NET(7, 1), EQ8(255), ACCEPT, END } },
	{ "answers", ALWAYS, "groups", { IS_ICMP6("groups6"), TO_GROUPS6, ACCEPT, END } },
	{ "answers", ALWAYS, NULL, { GOTO(RULES_REFUSE), END } },

	{ "remember", ALWAYS, NULL,
	  { IS_V4, NET_TO(0, 12, 4), TRANSPORT_TO(1, 0, 2), TRANSPORT_TO(2, 2, 2), UPDATE("askers4"), ACCEPT, END } },
	{ "remember", ALWAYS, NULL,
	  { IS_V6, NET_TO(0, 8, 16), TRANSPORT_TO(4, 0, 2), TRANSPORT_TO(5, 2, 2), UPDATE("askers6"), ACCEPT, END } },

	{ RULES_FORWARDED, ALWAYS, NULL, { META(IIF), COMPARE(NEQ, 4, HOST32(LO)), ACCEPT, END } },
	{ RULES_FORWARDED, ALWAYS, NULL, { COUNT, DROP, END } },
};

/* Types of ICMP. */
static const struct {
	const char *name;
	bool v6;
	uint8_t n, v[5];
} icmp_sets[] = {
	{ "early6", true, 4, { 135, 133, 143, 131 } },      /* neighbour and router solicitation, group reports */
	{ "answers4", false, 4, { 0, 3, 11, 12 } },	      /* echo reply, and the errors */
	{ "answers6", true, 5, { 129, 1, 2, 3, 4 } },
	{ "neighbours6", true, 3, { 135, 136, 133 } },
	{ "groups6", true, 3, { 143, 131, 132 } },
};

/* --- the chains ------------------------------------------------------------------------------------------------------------- */

static void put_sets(struct ask *b)
{
	static const struct nft_key asker[2] = { { { NFT_TYPE_IPV4, NFT_TYPE_SERVICE, NFT_TYPE_SERVICE } },
						 { { NFT_TYPE_IPV6, NFT_TYPE_SERVICE, NFT_TYPE_SERVICE } } };
	static const struct nft_key types[2] = { { { NFT_TYPE_ICMP4 } }, { { NFT_TYPE_ICMP6 } } };

	nft_set(b->n, "askers4", &asker[0], NFT_SET_TIMEOUT | NFT_SET_EVAL, ASKERS, ASKERS_MS);
	nft_set(b->n, "askers6", &asker[1], NFT_SET_TIMEOUT | NFT_SET_EVAL, ASKERS, ASKERS_MS);
	for (size_t i = 0; i < ARRAY_SIZE(icmp_sets); i++) {
		struct nft_element el[ARRAY_SIZE(icmp_sets[0].v)] = { 0 };

		for (unsigned int j = 0; j < icmp_sets[i].n; j++)
			el[j].lo[0] = icmp_sets[i].v[j];
		nft_set(b->n, icmp_sets[i].name, &types[icmp_sets[i].v6], 0, 0, 0);
		nft_elements(b->n, icmp_sets[i].name, &types[icmp_sets[i].v6], 0, el, icmp_sets[i].n);
	}
	ask_put_sets(b);
}

static void put_fixed(struct ask *b, bool own)
{
	for (size_t i = 0; i < ARRAY_SIZE(fixed); i++) {
		if ((fixed[i].when & OWN && !own) || (fixed[i].when & LISTED && !b->l->loopback_listed))
			continue;
		nft_rule(b->n, fixed[i].chain, fixed[i].steps, fixed[i].comment);
	}
}

static void put_log(struct ask *b, const struct wall *w)
{
	const struct nft_step steps[] = { { .kind = NFT_STEP_LIMIT, .key = 20, .at = 50 },
					  { .kind = NFT_STEP_LOG, .key = w->group }, END };

	nft_rule(b->n, RULES_REFUSE, steps, NULL);
}

/* Of a policy that follows names. */
struct named {
	struct wall_groups groups;
	struct wall_lists taken;
};

static void put_out(struct ask *b, const struct named *named)
{
	/* A socket that is bound to another device sends to 127.0.0.1 of the next host. */
	static const struct nft_step astray4[] = { NET(16, 1), EQ8(127), META(OIF), COMPARE(NEQ, 4, HOST32(LO)), GOTO(RULES_OPTIONS), END },
				     astray6[] = { NET(24, 8), COMPARE(EQ, 8, 0), NET(32, 8), COMPARE(EQ, 8, 0, 0, 0, 0, 0, 0, 0, 1), META(OIF),
						   COMPARE(NEQ, 4, HOST32(LO)), GOTO(RULES_OPTIONS), END };
	static const struct nft_step six[] = { IS_V6, GOTO("out6"), END }, foreign[] = { FOREIGN_SOURCE, GOTO(RULES_STRANGE), END },
				     options[] = { NET(0, 4), AND32(0x0f), COMPARE(NEQ, 4, 0x05), GOTO(RULES_OPTIONS), END },
				     fragment[] = { NET(4, 4), AND32(0, 0, 0x1f, 0xff), COMPARE(NEQ, 4, 0), GOTO(RULES_OPTIONS), END },
				     headers[] = { NET(6, 1), NE8(IPPROTO_TCP), NE8(IPPROTO_UDP), NE8(IPPROTO_ICMPV6),
						   JUMP(RULES_HEADERS), END },
				     nat64[] = { NET(24, 4), COMPARE(EQ, 4, 0x00, 0x64, 0xff, 0x9b), NET(28, 8), COMPARE(EQ, 8, 0),
						 JUMP("nat64"), END };

	nft_rule(b->n, "out", six, NULL);
	nft_rule(b->n, "out", astray4, NULL);
	nft_rule(b->n, "out", foreign, NULL);
	nft_rule(b->n, "out", options, NULL);
	nft_rule(b->n, "out", fragment, NULL);
	if (named)
		named_put_out(b->n, &named->groups, &named->taken, "out", false);
	ask_judge(b, "out", "but4", &ask_destination[0], (struct nft_step)ACCEPT, (struct nft_step)GOTO("suspect"));
	nft_rule(b->n, "out6", astray6, NULL);
	nft_rule(b->n, "out6", foreign, NULL);
	nft_rule(b->n, "out6", headers, NULL);
	if (named)
		named_put_out(b->n, &named->groups, &named->taken, "out6", true);
	if (b->l->nat64) {
		nft_chain(b->n, "nat64");
		ask_judge(b, "nat64", "but64", &ask_embedded, (struct nft_step)RETURN, (struct nft_step)GOTO("suspect"));
		nft_rule(b->n, "out6", nat64, NULL);
	}
	ask_judge(b, "out6", "but6", &ask_destination[1], (struct nft_step)ACCEPT, (struct nft_step)GOTO("suspect"));
}

/* Who would be refused, and asks. */
static void put_askers(struct ask *b, bool own)
{
	static const struct nft_step others[] = { META(L4PROTO), NE8(IPPROTO_UDP), ACCEPT, END },
				     lo[] = { META(IIF), COMPARE(EQ, 4, HOST32(LO)), ACCEPT, END },
				     six[] = { IS_V6, GOTO("in6"), END },
				     nat64[] = { NET(8, 4), COMPARE(EQ, 4, 0x00, 0x64, 0xff, 0x9b), GOTO("remember"), END };

	nft_rule(b->n, RULES_IN, others, NULL);
	if (own)
		nft_rule(b->n, RULES_IN, lo, NULL);
	nft_rule(b->n, RULES_IN, six, NULL);
	ask_judge(b, RULES_IN, "from4", &ask_source[0], (struct nft_step)ACCEPT, (struct nft_step)GOTO("remember"));
	if (b->l->nat64)
		nft_rule(b->n, "in6", nat64, NULL);
	ask_judge(b, "in6", "from6", &ask_source[1], (struct nft_step)ACCEPT, (struct nft_step)GOTO("remember"));
}

static void add_bindable(uint16_t lo, uint16_t hi, void *ctx)
{
	struct wall_set *s = ctx;

	if (hi == 0)
		return; /* port 0 is a question */
	s->v = xrealloc(s->v, s->n + 1, sizeof(*s->v));
	s->v[s->n] = (struct nft_element){ 0 };
	s->v[s->n].lo[0] = (uint8_t)(lo >> 8);
	s->v[s->n].lo[1] = (uint8_t)lo;
	s->v[s->n].hi[0] = (uint8_t)(hi >> 8);
	s->v[s->n++].hi[1] = (uint8_t)hi;
}

#define BINDABLE "bindable"

static void put_bindable(struct ask *b, const struct policy *p)
{
	struct wall_set s = { .key = { { NFT_TYPE_SERVICE } } };

	policy_each_port(p, true, add_bindable, &s);
	nft_set(b->n, BINDABLE, &s.key, NFT_SET_INTERVAL, 0, 0);
	nft_elements(b->n, BINDABLE, &s.key, NFT_SET_INTERVAL, s.v, s.n);
	free(s.v);
}

static void put_listeners(struct ask *b)
{
	static const struct nft_step refuse[] = { FLAGS(SYN_ACK), EQ8(SYN), TRANSPORT(2, 2),
						  { .kind = NFT_STEP_IN, .reg = NFT_WORD(0), .name = BINDABLE, .key = 1 },
						  COUNT, RESET, END };

	nft_rule(b->n, RULES_IN, refuse, "a port that may not be listened on");
}

/* Chains are there before anything goes to them. */
static void put_chains(struct ask *b, const struct policy_traits *t)
{
	static const char *const plain[] = { RULES_REFUSE, RULES_STRANGE, RULES_OPTIONS, RULES_HEADERS, "answers", "suspect", "remember",
					     "out6", "in6" };

	for (size_t i = 0; t->egress && i < ARRAY_SIZE(plain); i++)
		nft_chain(b->n, plain[i]);
	nft_base_chain(b->n, RULES_IN, NF_INET_LOCAL_IN, 0, NF_ACCEPT);
	if (!t->egress)
		return;
	nft_base_chain(b->n, RULES_FORWARDED, NF_INET_FORWARD, PRIORITY, NF_DROP);
	nft_base_chain(b->n, "out", NF_INET_LOCAL_OUT, PRIORITY, NF_DROP);
}

static int look_up(const struct policy *p, struct wall_lists *l, struct named *named, struct err *e)
{
	if (policy_get_traits(p).egress && wall_lists_make(p, false, l, e) < 0)
		return -1;
	if (!policy_follows_names(p))
		return 0;
	if (groups_make(p, &named->groups, e) < 0)
		return -1;
	return wall_lists_make(p, true, &named->taken, e);
}

static void write_table(struct ask *b, const struct wall *w, const struct policy *p, const struct named *named)
{
	struct policy_traits t = policy_get_traits(p);
	struct nft *out = b->n;

	nft_batch_begin(out);
	nft_table(out, true);
	nft_table(out, false);
	nft_table(out, true);
	if (t.egress)
		put_sets(b);
	if (named)
		named_put_sets(out, &named->groups, &named->taken);
	if (t.bind)
		put_bindable(b, p);
	/* What hooks it in, and all that the chains say, in one batch. */
	if (out->elements > NFT_BATCH_ELEMENTS / 10) {
		nft_batch_end(out);
		nft_batch_begin(out);
	}
	put_chains(b, &t);
	if (t.bind)
		put_listeners(b);
	if (named)
		named_put_suspect(out, "suspect");
	if (t.egress) {
		put_log(b, w);
		put_fixed(b, t.own_loopback);
		put_out(b, named);
		put_askers(b, t.own_loopback);
	}
	nft_batch_end(out);
}

int rules_build(const struct wall *w, const struct policy *p, struct nft *out, struct err *e)
{
	struct wall_lists l = { 0 };
	struct named named = { 0 };
	struct ask b = { .n = out, .l = &l };
	int r;

	*out = (struct nft){ .table = w->table };
	r = look_up(p, &l, &named, e);
	if (r == 0)
		write_table(&b, w, p, policy_follows_names(p) ? &named : NULL);
	groups_free(&named.groups);
	wall_lists_free(&named.taken);
	wall_lists_free(&l);
	return r;
}
