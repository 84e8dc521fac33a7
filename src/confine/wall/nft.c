// SPDX-License-Identifier: Apache-2.0
/* nft.c - nf_tables in messages: tables, sets, chains, and rules as rows of steps
 *
 * Runs in:  create and the commands. Heap.
 *
 * What is easily done wrong, and was: an attribute that holds others ends at 64 KiB, so elements go out in several messages; a
 * set of intervals wants the end of each as an element of its own; an anonymous set would need its id at each mention, so there is
 * none. The acknowledgement is asked for at the last message of a batch only. Sets have type numbers, without which nft(8) lists
 * nonsense.
 */
#include "confine/wall/nft.h"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

#define MESSAGE(x) (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_##x)
/* Of an attribute of elements, whose length has 16 bits. */
#define ELEMENTS_MAX 60000

static void begin(struct nft *n, uint16_t type, uint16_t flags)
{
	const struct nfgenmsg g = { .nfgen_family = NFPROTO_INET };

	nlbuf_begin(&n->b, type, flags, ++n->seq, &g, sizeof(g));
}

static void put_edge(struct nft *n, uint16_t type)
{
	const struct nfgenmsg g = { .res_id = htons(NFNL_SUBSYS_NFTABLES) };

	nlbuf_begin(&n->b, type, 0, ++n->seq, &g, sizeof(g));
}

void nft_batch_begin(struct nft *n)
{
	if (n->n_batches == n->cap_batches) {
		n->cap_batches = n->cap_batches * 2 + 4;
		n->batches = xrealloc(n->batches, n->cap_batches, sizeof(*n->batches));
	}
	n->batches[n->n_batches++] = (struct nft_batch){ .at = n->b.len };
	n->elements = 0;
	put_edge(n, NFNL_MSG_BATCH_BEGIN);
}

void nft_batch_end(struct nft *n)
{
	struct nft_batch *batch = &n->batches[n->n_batches - 1];

	nlbuf_flag(&n->b, NLM_F_ACK);
	batch->last = n->seq;
	put_edge(n, NFNL_MSG_BATCH_END);
	batch->len = n->b.len - batch->at;
}

void nft_free(struct nft *n)
{
	nlbuf_free(&n->b);
	free(n->batches);
	*n = (struct nft){ 0 };
}

/* --- objects --------------------------------------------------------------------------------------------------------- */

static size_t field_len(uint8_t type)
{
	switch (type) {
	case NFT_TYPE_IPV4:
		return 4;
	case NFT_TYPE_IPV6:
		return 16;
	case NFT_TYPE_PROTO:
	case NFT_TYPE_ICMP4:
	case NFT_TYPE_ICMP6:
		return 1;
	case NFT_TYPE_SERVICE:
		return 2;
	default:
		return 0;
	}
}

static unsigned int field_count(const struct nft_key *k)
{
	unsigned int n = 0;

	while (n < ARRAY_SIZE(k->type) && k->type[n])
		n++;
	return n;
}

size_t nft_key_len(const struct nft_key *k)
{
	size_t len = 0;

	if (field_count(k) == 1)
		return field_len(k->type[0]);
	for (unsigned int i = 0; i < field_count(k); i++)
		len += (field_len(k->type[i]) + 3) & ~(size_t)3;
	return len;
}

void nft_table(struct nft *n, bool create)
{
	if (create)
		begin(n, MESSAGE(NEWTABLE), NLM_F_CREATE);
	else
		begin(n, MESSAGE(DELTABLE), 0);
	nlbuf_add_text(&n->b, NFTA_TABLE_NAME, n->table);
}

static void put_fields(struct nft *n, const struct nft_key *k)
{
	size_t fields = nlbuf_nest(&n->b, NFTA_SET_DESC_CONCAT);

	for (unsigned int i = 0; i < field_count(k); i++) {
		size_t field = nlbuf_nest(&n->b, NFTA_LIST_ELEM);

		nlbuf_add_be32(&n->b, NFTA_SET_FIELD_LEN, (uint32_t)field_len(k->type[i]));
		nlbuf_end(&n->b, field);
	}
	nlbuf_end(&n->b, fields);
}

void nft_set(struct nft *n, const char *name, const struct nft_key *k, uint32_t flags, uint32_t size, uint64_t timeout_ms)
{
	uint32_t type = 0;
	size_t desc;

	for (unsigned int i = 0; i < field_count(k); i++)
		type = type << 6 | k->type[i];
	if (field_count(k) > 1)
		flags |= NFT_SET_CONCAT;
	begin(n, MESSAGE(NEWSET), NLM_F_CREATE);
	nlbuf_add_text(&n->b, NFTA_SET_TABLE, n->table);
	nlbuf_add_text(&n->b, NFTA_SET_NAME, name);
	nlbuf_add_be32(&n->b, NFTA_SET_FLAGS, flags);
	nlbuf_add_be32(&n->b, NFTA_SET_KEY_TYPE, type);
	nlbuf_add_be32(&n->b, NFTA_SET_KEY_LEN, (uint32_t)nft_key_len(k));
	nlbuf_add_be32(&n->b, NFTA_SET_ID, ++n->sets);
	desc = nlbuf_nest(&n->b, NFTA_SET_DESC);
	if (size)
		nlbuf_add_be32(&n->b, NFTA_SET_DESC_SIZE, size);
	if (field_count(k) > 1)
		put_fields(n, k);
	nlbuf_end(&n->b, desc);
	if (timeout_ms)
		nlbuf_add_be64(&n->b, NFTA_SET_TIMEOUT, timeout_ms);
}

static void put_element(struct nft *n, const void *lo, const void *hi, size_t len, uint32_t flags)
{
	size_t element = nlbuf_nest(&n->b, NFTA_LIST_ELEM), key = nlbuf_nest(&n->b, NFTA_SET_ELEM_KEY);

	nlbuf_add(&n->b, NFTA_DATA_VALUE, lo, len);
	nlbuf_end(&n->b, key);
	if (hi) {
		key = nlbuf_nest(&n->b, NFTA_SET_ELEM_KEY_END);
		nlbuf_add(&n->b, NFTA_DATA_VALUE, hi, len);
		nlbuf_end(&n->b, key);
	}
	if (flags)
		nlbuf_add_be32(&n->b, NFTA_SET_ELEM_FLAGS, flags);
	nlbuf_end(&n->b, element);
}

/* The value behind @hi. False: there is none. */
static bool next_value(const uint8_t *hi, size_t len, uint8_t *out)
{
	memcpy(out, hi, len);
	for (size_t i = len; i-- > 0;)
		if (++out[i])
			return true;
	return false;
}

/* One field: two elements, the first inside and the first outside. */
static void put_interval(struct nft *n, const struct nft_element *el, size_t len)
{
	uint8_t behind[NFT_KEY_MAX];

	put_element(n, el->lo, NULL, len, 0);
	n->elements++;
	if (next_value(el->hi, len, behind))
		put_element(n, behind, NULL, len, NFT_SET_ELEM_INTERVAL_END);
}

static void put_one(struct nft *n, const struct nft_key *k, uint32_t flags, const struct nft_element *el)
{
	size_t len = nft_key_len(k);

	if (!(flags & NFT_SET_INTERVAL))
		put_element(n, el->lo, NULL, len, 0);
	else if (field_count(k) > 1)
		put_element(n, el->lo, el->hi, len, 0);
	else
		put_interval(n, el, len);
	n->elements++;
}

static size_t begin_elements(struct nft *n, const char *name)
{
	begin(n, MESSAGE(NEWSETELEM), NLM_F_CREATE);
	nlbuf_add_text(&n->b, NFTA_SET_ELEM_LIST_TABLE, n->table);
	nlbuf_add_text(&n->b, NFTA_SET_ELEM_LIST_SET, name);
	return nlbuf_nest(&n->b, NFTA_SET_ELEM_LIST_ELEMENTS);
}

void nft_elements(struct nft *n, const char *name, const struct nft_key *k, uint32_t flags, const struct nft_element *v,
		  size_t count)
{
	bool open = false;
	size_t list = 0;

	for (size_t i = 0; i < count; i++) {
		bool next_batch = n->elements >= NFT_BATCH_ELEMENTS;

		if (open && (next_batch || n->b.len - list > ELEMENTS_MAX)) {
			nlbuf_end(&n->b, list);
			open = false;
		}
		if (next_batch) {
			nft_batch_end(n);
			nft_batch_begin(n);
		}
		if (!open)
			list = begin_elements(n, name);
		open = true;
		put_one(n, k, flags, &v[i]);
	}
	if (open)
		nlbuf_end(&n->b, list);
}

static void begin_list(struct nft *n, uint16_t type, uint16_t flags, const char *name)
{
	begin(n, type, flags);
	nlbuf_add_text(&n->b, NFTA_SET_ELEM_LIST_TABLE, n->table);
	nlbuf_add_text(&n->b, NFTA_SET_ELEM_LIST_SET, name);
	n->list = nlbuf_nest(&n->b, NFTA_SET_ELEM_LIST_ELEMENTS);
}

void nft_insert_begin(struct nft *n, const char *name)
{
	begin_list(n, MESSAGE(NEWSETELEM), NLM_F_CREATE, name);
}

void nft_delete_begin(struct nft *n, const char *name)
{
	begin_list(n, MESSAGE(DELSETELEM), 0, name);
}

void nft_element(struct nft *n, const struct nft_key *k, const uint8_t *key, uint64_t ms)
{
	size_t element = nlbuf_nest(&n->b, NFTA_LIST_ELEM), value = nlbuf_nest(&n->b, NFTA_SET_ELEM_KEY);

	nlbuf_add(&n->b, NFTA_DATA_VALUE, key, nft_key_len(k));
	nlbuf_end(&n->b, value);
	if (ms)
		nlbuf_add_be64(&n->b, NFTA_SET_ELEM_TIMEOUT, ms);
	nlbuf_end(&n->b, element);
}

void nft_list_end(struct nft *n)
{
	nlbuf_end(&n->b, n->list);
}

static void begin_chain(struct nft *n, const char *name)
{
	begin(n, MESSAGE(NEWCHAIN), NLM_F_CREATE);
	nlbuf_add_text(&n->b, NFTA_CHAIN_TABLE, n->table);
	nlbuf_add_text(&n->b, NFTA_CHAIN_NAME, name);
}

void nft_chain(struct nft *n, const char *name)
{
	begin_chain(n, name);
}

void nft_base_chain(struct nft *n, const char *name, uint32_t hook, int32_t priority, uint32_t policy)
{
	size_t nest;

	begin_chain(n, name);
	nest = nlbuf_nest(&n->b, NFTA_CHAIN_HOOK);
	nlbuf_add_be32(&n->b, NFTA_HOOK_HOOKNUM, hook);
	nlbuf_add_be32(&n->b, NFTA_HOOK_PRIORITY, (uint32_t)priority);
	nlbuf_end(&n->b, nest);
	nlbuf_add_be32(&n->b, NFTA_CHAIN_POLICY, policy);
	nlbuf_add_text(&n->b, NFTA_CHAIN_TYPE, "filter");
	n->chains++;
}

/* --- expressions ------------------------------------------------------------------------------------------------------- */

static void put_value(struct nft *n, uint16_t type, const void *value, size_t len)
{
	size_t nest = nlbuf_nest(&n->b, type);

	nlbuf_add(&n->b, NFTA_DATA_VALUE, value, len);
	nlbuf_end(&n->b, nest);
}

static void put_meta(struct nft *n, const struct nft_step *s)
{
	nlbuf_add_be32(&n->b, NFTA_META_KEY, (uint32_t)s->key);
	nlbuf_add_be32(&n->b, NFTA_META_DREG, s->reg);
}

static void put_load(struct nft *n, const struct nft_step *s)
{
	nlbuf_add_be32(&n->b, NFTA_PAYLOAD_DREG, s->reg);
	nlbuf_add_be32(&n->b, NFTA_PAYLOAD_BASE, (uint32_t)s->key);
	nlbuf_add_be32(&n->b, NFTA_PAYLOAD_OFFSET, s->at);
	nlbuf_add_be32(&n->b, NFTA_PAYLOAD_LEN, s->len);
}

static void put_compare(struct nft *n, const struct nft_step *s)
{
	nlbuf_add_be32(&n->b, NFTA_CMP_SREG, s->reg);
	nlbuf_add_be32(&n->b, NFTA_CMP_OP, (uint32_t)s->key);
	put_value(n, NFTA_CMP_DATA, s->value, s->len);
}

static void put_and(struct nft *n, const struct nft_step *s)
{
	static const uint8_t zero[16];

	nlbuf_add_be32(&n->b, NFTA_BITWISE_SREG, s->reg);
	nlbuf_add_be32(&n->b, NFTA_BITWISE_DREG, s->reg);
	nlbuf_add_be32(&n->b, NFTA_BITWISE_LEN, s->len);
	put_value(n, NFTA_BITWISE_MASK, s->value, s->len);
	put_value(n, NFTA_BITWISE_XOR, zero, s->len);
}

static void put_in(struct nft *n, const struct nft_step *s)
{
	nlbuf_add_text(&n->b, NFTA_LOOKUP_SET, s->name);
	nlbuf_add_be32(&n->b, NFTA_LOOKUP_SREG, s->reg);
	if (s->key)
		nlbuf_add_be32(&n->b, NFTA_LOOKUP_FLAGS, NFT_LOOKUP_F_INV);
}

static void put_source_type(struct nft *n, const struct nft_step *s)
{
	nlbuf_add_be32(&n->b, NFTA_FIB_DREG, s->reg);
	nlbuf_add_be32(&n->b, NFTA_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
	nlbuf_add_be32(&n->b, NFTA_FIB_FLAGS, NFTA_FIB_F_SADDR);
}

static void put_header(struct nft *n, const struct nft_step *s)
{
	const uint8_t type = (uint8_t)s->key;

	nlbuf_add_be32(&n->b, NFTA_EXTHDR_DREG, s->reg);
	nlbuf_add(&n->b, NFTA_EXTHDR_TYPE, &type, sizeof(type));
	nlbuf_add_be32(&n->b, NFTA_EXTHDR_OFFSET, 0);
	nlbuf_add_be32(&n->b, NFTA_EXTHDR_LEN, 1);
	nlbuf_add_be32(&n->b, NFTA_EXTHDR_FLAGS, NFT_EXTHDR_F_PRESENT);
}

static void put_nothing(struct nft *n, const struct nft_step *s)
{
	(void)n;
	(void)s;
}

static void put_limit(struct nft *n, const struct nft_step *s)
{
	nlbuf_add_be64(&n->b, NFTA_LIMIT_RATE, (uint64_t)s->key);
	nlbuf_add_be64(&n->b, NFTA_LIMIT_UNIT, 1);
	nlbuf_add_be32(&n->b, NFTA_LIMIT_BURST, s->at);
	nlbuf_add_be32(&n->b, NFTA_LIMIT_TYPE, NFT_LIMIT_PKTS);
}

/* Told at once (a threshold of one), with the headers only. */
static void put_log(struct nft *n, const struct nft_step *s)
{
	nlbuf_add_be16(&n->b, NFTA_LOG_GROUP, (uint16_t)s->key);
	nlbuf_add_text(&n->b, NFTA_LOG_PREFIX, n->table);
	nlbuf_add_be32(&n->b, NFTA_LOG_SNAPLEN, 96);
	nlbuf_add_be16(&n->b, NFTA_LOG_QTHRESHOLD, 1);
}

static void put_reset(struct nft *n, const struct nft_step *s)
{
	const uint8_t code = 0;

	(void)s;
	nlbuf_add_be32(&n->b, NFTA_REJECT_TYPE, NFT_REJECT_TCP_RST);
	nlbuf_add(&n->b, NFTA_REJECT_ICMP_CODE, &code, sizeof(code));
}

static void put_update(struct nft *n, const struct nft_step *s)
{
	nlbuf_add_text(&n->b, NFTA_DYNSET_SET_NAME, s->name);
	nlbuf_add_be32(&n->b, NFTA_DYNSET_OP, NFT_DYNSET_OP_UPDATE);
	nlbuf_add_be32(&n->b, NFTA_DYNSET_SREG_KEY, s->reg);
}

static void put_verdict(struct nft *n, const struct nft_step *s)
{
	size_t data, verdict;

	nlbuf_add_be32(&n->b, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	data = nlbuf_nest(&n->b, NFTA_IMMEDIATE_DATA);
	verdict = nlbuf_nest(&n->b, NFTA_DATA_VERDICT);
	nlbuf_add_be32(&n->b, NFTA_VERDICT_CODE, (uint32_t)s->key);
	if (s->name)
		nlbuf_add_text(&n->b, NFTA_VERDICT_CHAIN, s->name);
	nlbuf_end(&n->b, verdict);
	nlbuf_end(&n->b, data);
}

static const struct {
	const char *name; /* the kernel's */
	void (*put)(struct nft *n, const struct nft_step *s);
} expressions[] = {
	[NFT_STEP_META] = { "meta", put_meta },
	[NFT_STEP_LOAD] = { "payload", put_load },
	[NFT_STEP_COMPARE] = { "cmp", put_compare },
	[NFT_STEP_AND] = { "bitwise", put_and },
	[NFT_STEP_IN] = { "lookup", put_in },
	[NFT_STEP_SOURCE_TYPE] = { "fib", put_source_type },
	[NFT_STEP_HEADER] = { "exthdr", put_header },
	[NFT_STEP_COUNT] = { "counter", put_nothing },
	[NFT_STEP_LIMIT] = { "limit", put_limit },
	[NFT_STEP_LOG] = { "log", put_log },
	[NFT_STEP_RESET] = { "reject", put_reset },
	[NFT_STEP_UPDATE] = { "dynset", put_update },
	[NFT_STEP_VERDICT] = { "immediate", put_verdict },
};

static void put_step(struct nft *n, const struct nft_step *s)
{
	size_t expression = nlbuf_nest(&n->b, NFTA_LIST_ELEM), data;

	nlbuf_add_text(&n->b, NFTA_EXPR_NAME, expressions[s->kind].name);
	data = nlbuf_nest(&n->b, NFTA_EXPR_DATA);
	expressions[s->kind].put(n, s);
	nlbuf_end(&n->b, data);
	nlbuf_end(&n->b, expression);
	n->expressions++;
}

/* As libnftnl writes it: type, length, text. */
static void put_comment(struct nft *n, const char *comment)
{
	size_t len = strlen(comment) + 1;
	uint8_t data[2 + 128] = { 0 /* NFTNL_UDATA_RULE_COMMENT */, (uint8_t)len };

	if (len > sizeof(data) - 2)
		abort(); /* they are ours */
	memcpy(data + 2, comment, len);
	nlbuf_add(&n->b, NFTA_RULE_USERDATA, data, 2 + len);
}

void nft_rule(struct nft *n, const char *chain, const struct nft_step *steps, const char *comment)
{
	size_t list;

	begin(n, MESSAGE(NEWRULE), NLM_F_CREATE | NLM_F_APPEND);
	nlbuf_add_text(&n->b, NFTA_RULE_TABLE, n->table);
	nlbuf_add_text(&n->b, NFTA_RULE_CHAIN, chain);
	list = nlbuf_nest(&n->b, NFTA_RULE_EXPRESSIONS);
	for (; steps->kind != NFT_STEP_END; steps++)
		put_step(n, steps);
	nlbuf_end(&n->b, list);
	if (comment)
		put_comment(n, comment);
	n->rules++;
}
