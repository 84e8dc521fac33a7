// SPDX-License-Identifier: Apache-2.0
/* nftvm.h - reads a table of nf_tables from the messages that would load it, and runs packets through it
 *
 * Owns:     what each expression that the wall uses does with a packet. As nf_tables(8) has it; written from its documentation
 *           and not from src/confine/wall, so that the two can disagree.
 */
#ifndef TESTS_NFTVM_H
#define TESTS_NFTVM_H

#include <netinet/in.h>

#include <endian.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VM_OBJECTS 64
#define VM_RULES 256

struct vm_element {
	const uint8_t *key, *end;
	uint32_t flags;
};

struct vm_set {
	const char *name;
	uint32_t flags, key_len;
	unsigned int fields[4];
	unsigned int n_fields;
	struct vm_element *v;
	size_t n;
};

struct vm_rule {
	const char *chain;
	const struct nlattr *expressions;
};

struct vm {
	struct vm_set sets[VM_OBJECTS];
	size_t n_sets;
	const char *chains[VM_OBJECTS];
	bool hooked[VM_OBJECTS];
	size_t n_chains;
	struct vm_rule rules[VM_RULES];
	size_t n_rules;
	size_t elements_in_batch, max_elements_in_batch; /* NEWSETELEM's, and the most of one batch */
	bool hook_before_last; /* something was hooked in before the last batch */
	size_t batches;
};

struct vm_packet {
	uint8_t v[80];
	size_t transport; /* where it begins. The kernel looks there also in a later fragment, if it is in a hurry */
	size_t len;
	uint8_t nfproto, l4proto;
	uint32_t oif, iif;
	bool program; /* sent by a socket that a file holds */
	bool source_is_own;
	uint8_t header; /* the type of an IPv6 header before the transport's; 0: none */
};

enum vm_verdict { VM_ACCEPT, VM_DROP, VM_RESET };

/* --- attributes ------------------------------------------------------------------------------------------------------------ */

static inline const struct nlattr *vm_next(const struct nlattr *a)
{
	return (const struct nlattr *)(const void *)((const char *)a + NLA_ALIGN(a->nla_len));
}

static inline const void *vm_data(const struct nlattr *a)
{
	return (const char *)a + NLA_HDRLEN;
}

static inline size_t vm_len(const struct nlattr *a)
{
	return a->nla_len - (size_t)NLA_HDRLEN;
}

#define vm_each(a, from, len) \
	for (const struct nlattr *a = (from), *a##_end = (const void *)((const char *)(from) + (len)); a < a##_end; a = vm_next(a))

static inline const struct nlattr *vm_find_in(const void *from, size_t len, int type)
{
	vm_each(a, (const struct nlattr *)from, len)
	{
		if ((a->nla_type & NLA_TYPE_MASK) == type)
			return a;
	}
	return NULL;
}

static inline const struct nlattr *vm_find(const struct nlattr *a, int type)
{
	return a ? vm_find_in(vm_data(a), vm_len(a), type) : NULL;
}

static inline uint32_t vm_u32(const struct nlattr *a)
{
	uint32_t v = 0;

	if (a)
		memcpy(&v, vm_data(a), sizeof(v));
	return be32toh(v);
}

/* --- reading ----------------------------------------------------------------------------------------------------------------- */

static inline struct vm_set *vm_set(struct vm *vm, const char *name)
{
	for (size_t i = 0; i < vm->n_sets; i++)
		if (strcmp(vm->sets[i].name, name) == 0)
			return &vm->sets[i];
	fprintf(stderr, "no set %s\n", name);
	abort();
}

static inline void vm_take_set(struct vm *vm, const void *attrs, size_t len)
{
	struct vm_set *s = &vm->sets[vm->n_sets++];
	const struct nlattr *fields = vm_find(vm_find_in(attrs, len, NFTA_SET_DESC), NFTA_SET_DESC_CONCAT);

	if (vm->n_sets > VM_OBJECTS)
		abort();
	*s = (struct vm_set){ .name = vm_data(vm_find_in(attrs, len, NFTA_SET_NAME)),
			      .flags = vm_u32(vm_find_in(attrs, len, NFTA_SET_FLAGS)),
			      .key_len = vm_u32(vm_find_in(attrs, len, NFTA_SET_KEY_LEN)) };
	if (!fields) {
		s->fields[s->n_fields++] = s->key_len;
		return;
	}
	vm_each(f, (const struct nlattr *)vm_data(fields), vm_len(fields))
	{
		s->fields[s->n_fields++] = vm_u32(vm_find(f, NFTA_SET_FIELD_LEN));
	}
}

static inline const uint8_t *vm_key(const struct vm_set *s, const struct nlattr *key)
{
	const struct nlattr *value = vm_find(key, NFTA_DATA_VALUE);

	if (!value)
		return NULL;
	if (vm_len(value) != s->key_len)
		abort();
	return vm_data(value);
}

static inline void vm_take_elements(struct vm *vm, const void *attrs, size_t len)
{
	struct vm_set *s = vm_set(vm, vm_data(vm_find_in(attrs, len, NFTA_SET_ELEM_LIST_SET)));
	const struct nlattr *list = vm_find_in(attrs, len, NFTA_SET_ELEM_LIST_ELEMENTS);

	vm_each(el, (const struct nlattr *)vm_data(list), vm_len(list))
	{
		if ((s->n & (s->n - 1)) == 0)
			s->v = realloc(s->v, (s->n ? s->n * 2 : 1) * sizeof(*s->v));
		s->v[s->n++] = (struct vm_element){ vm_key(s, vm_find(el, NFTA_SET_ELEM_KEY)),
						    vm_key(s, vm_find(el, NFTA_SET_ELEM_KEY_END)),
						    vm_u32(vm_find(el, NFTA_SET_ELEM_FLAGS)) };
		vm->elements_in_batch++;
	}
	if (vm->elements_in_batch > vm->max_elements_in_batch)
		vm->max_elements_in_batch = vm->elements_in_batch;
}

static inline bool vm_has_chain(const struct vm *vm, const char *name)
{
	for (size_t i = 0; i < vm->n_chains; i++)
		if (strcmp(vm->chains[i], name) == 0)
			return true;
	return false;
}

static inline void vm_take(struct vm *vm, const struct nlmsghdr *h)
{
	const char *attrs = (const char *)h + NLMSG_SPACE(sizeof(struct nfgenmsg));
	size_t len = h->nlmsg_len - NLMSG_SPACE(sizeof(struct nfgenmsg));

	switch (h->nlmsg_type & 0xff) {
	case NFT_MSG_NEWSET:
		vm_take_set(vm, attrs, len);
		break;
	case NFT_MSG_NEWSETELEM:
		vm_take_elements(vm, attrs, len);
		break;
	case NFT_MSG_NEWCHAIN:
		vm->hooked[vm->n_chains] = vm_find_in(attrs, len, NFTA_CHAIN_HOOK) != NULL;
		vm->chains[vm->n_chains++] = vm_data(vm_find_in(attrs, len, NFTA_CHAIN_NAME));
		break;
	case NFT_MSG_NEWRULE:
		vm->rules[vm->n_rules++] = (struct vm_rule){ vm_data(vm_find_in(attrs, len, NFTA_RULE_CHAIN)),
							     vm_find_in(attrs, len, NFTA_RULE_EXPRESSIONS) };
		if (vm->n_rules == VM_RULES || !vm_has_chain(vm, vm->rules[vm->n_rules - 1].chain))
			abort();
		break;
	default:
		break;
	}
}

/* All messages of @len bytes. */
static inline void vm_read(struct vm *vm, const void *messages, size_t len)
{
	const struct nlmsghdr *h = messages;

	memset(vm, 0, sizeof(*vm));
	for (; NLMSG_OK(h, len); h = NLMSG_NEXT(h, len)) {
		if (h->nlmsg_type == NFNL_MSG_BATCH_BEGIN) {
			for (size_t i = 0; i < vm->n_chains; i++)
				vm->hook_before_last |= vm->hooked[i];
			vm->batches++;
			vm->elements_in_batch = 0;
		} else if (h->nlmsg_type != NFNL_MSG_BATCH_END) {
			vm_take(vm, h);
		}
	}
}

static inline void vm_free(struct vm *vm)
{
	for (size_t i = 0; i < vm->n_sets; i++)
		free(vm->sets[i].v);
}

/* --- running ------------------------------------------------------------------------------------------------------------------ */

static inline bool vm_in_tree(const struct vm_set *s, const uint8_t *key)
{
	const struct vm_element *best = NULL;

	for (size_t i = 0; i < s->n; i++)
		if (memcmp(s->v[i].key, key, s->key_len) <= 0 && (!best || memcmp(s->v[i].key, best->key, s->key_len) > 0))
			best = &s->v[i];
	return best && !(best->flags & NFT_SET_ELEM_INTERVAL_END);
}

static inline bool vm_in_ranges(const struct vm_set *s, const uint8_t *key)
{
	for (size_t i = 0; i < s->n; i++) {
		bool all = true;
		size_t at = 0;

		for (unsigned int f = 0; f < s->n_fields && all; f++) {
			all = memcmp(s->v[i].key + at, key + at, s->fields[f]) <= 0 && memcmp(s->v[i].end + at, key + at, s->fields[f]) >= 0;
			at += (s->fields[f] + 3) & ~3u;
		}
		if (all)
			return true;
	}
	return false;
}

static inline bool vm_in(const struct vm_set *s, const uint8_t *key)
{
	if (s->flags & NFT_SET_INTERVAL)
		return s->n_fields > 1 ? vm_in_ranges(s, key) : vm_in_tree(s, key);
	for (size_t i = 0; i < s->n; i++)
		if (memcmp(s->v[i].key, key, s->key_len) == 0)
			return true;
	return false;
}

struct vm_state {
	uint8_t reg[NFT_REG32_COUNT * 4];
	int code; /* of the verdict register; NFT_CONTINUE: none yet */
	const char *chain;
	bool reset;
};

static inline uint8_t *vm_reg(struct vm_state *st, uint32_t reg)
{
	if (reg >= NFT_REG32_00)
		return st->reg + (reg - NFT_REG32_00) * 4;
	return st->reg + (reg - NFT_REG_1) * 16;
}

static inline bool vm_meta(const struct vm_packet *p, uint32_t key, uint8_t *reg)
{
	memset(reg, 0, 4);
	switch (key) {
	case NFT_META_NFPROTO:
		*reg = p->nfproto;
		return true;
	case NFT_META_L4PROTO:
		*reg = p->l4proto;
		return true;
	case NFT_META_OIF:
		memcpy(reg, &p->oif, 4);
		return true;
	case NFT_META_IIF:
		memcpy(reg, &p->iif, 4);
		return true;
	case NFT_META_SKUID:
		return p->program;
	default:
		abort();
	}
}

static inline bool vm_load(const struct vm_packet *p, const struct nlattr *d, uint8_t *reg)
{
	size_t at = vm_u32(vm_find(d, NFTA_PAYLOAD_OFFSET)), len = vm_u32(vm_find(d, NFTA_PAYLOAD_LEN));
	uint8_t padded[16] = { 0 };

	if (vm_u32(vm_find(d, NFTA_PAYLOAD_BASE)) == NFT_PAYLOAD_TRANSPORT_HEADER)
		at += p->transport;
	if (at + len > p->len)
		return false;
	memcpy(padded, p->v + at, len);
	memcpy(reg, padded, (len + 3) & ~(size_t)3);
	return true;
}

static inline bool vm_compare(const struct nlattr *d, const uint8_t *reg)
{
	const struct nlattr *value = vm_find(vm_find(d, NFTA_CMP_DATA), NFTA_DATA_VALUE);
	int r = memcmp(reg, vm_data(value), vm_len(value));

	switch (vm_u32(vm_find(d, NFTA_CMP_OP))) {
	case NFT_CMP_EQ:
		return r == 0;
	case NFT_CMP_NEQ:
		return r != 0;
	case NFT_CMP_LTE:
		return r <= 0;
	case NFT_CMP_GTE:
		return r >= 0;
	default:
		abort();
	}
}

static inline void vm_verdict(const struct nlattr *d, struct vm_state *st)
{
	const struct nlattr *verdict = vm_find(vm_find(d, NFTA_IMMEDIATE_DATA), NFTA_DATA_VERDICT);
	const struct nlattr *chain = vm_find(verdict, NFTA_VERDICT_CHAIN);

	st->code = (int)vm_u32(vm_find(verdict, NFTA_VERDICT_CODE));
	st->chain = chain ? vm_data(chain) : NULL;
}

/* False: the rule ends here. */
static inline bool vm_step(struct vm *vm, const struct vm_packet *p, struct vm_state *st, const struct nlattr *x)
{
	const char *name = vm_data(vm_find(x, NFTA_EXPR_NAME));
	const struct nlattr *d = vm_find(x, NFTA_EXPR_DATA);
	uint32_t one = 1, type = p->source_is_own ? 2 : 1;

	if (strcmp(name, "meta") == 0)
		return vm_meta(p, vm_u32(vm_find(d, NFTA_META_KEY)), vm_reg(st, vm_u32(vm_find(d, NFTA_META_DREG))));
	if (strcmp(name, "payload") == 0)
		return vm_load(p, d, vm_reg(st, vm_u32(vm_find(d, NFTA_PAYLOAD_DREG))));
	if (strcmp(name, "cmp") == 0)
		return vm_compare(d, vm_reg(st, vm_u32(vm_find(d, NFTA_CMP_SREG))));
	if (strcmp(name, "lookup") == 0)
		return vm_in(vm_set(vm, vm_data(vm_find(d, NFTA_LOOKUP_SET))), vm_reg(st, vm_u32(vm_find(d, NFTA_LOOKUP_SREG)))) !=
		       (vm_u32(vm_find(d, NFTA_LOOKUP_FLAGS)) == NFT_LOOKUP_F_INV);
	if (strcmp(name, "bitwise") == 0) {
		const uint8_t *mask = vm_data(vm_find(vm_find(d, NFTA_BITWISE_MASK), NFTA_DATA_VALUE));
		uint8_t *reg = vm_reg(st, vm_u32(vm_find(d, NFTA_BITWISE_SREG)));

		for (uint32_t i = 0; i < vm_u32(vm_find(d, NFTA_BITWISE_LEN)); i++)
			reg[i] &= mask[i];
	} else if (strcmp(name, "fib") == 0) {
		memcpy(vm_reg(st, vm_u32(vm_find(d, NFTA_FIB_DREG))), &type, 4);
	} else if (strcmp(name, "exthdr") == 0) {
		memset(vm_reg(st, vm_u32(vm_find(d, NFTA_EXTHDR_DREG))), 0, 4);
		*vm_reg(st, vm_u32(vm_find(d, NFTA_EXTHDR_DREG))) = p->header && p->header == *(const uint8_t *)vm_data(vm_find(d, NFTA_EXTHDR_TYPE));
	} else if (strcmp(name, "reject") == 0) {
		st->reset = true;
		st->code = NF_DROP;
	} else if (strcmp(name, "immediate") == 0) {
		vm_verdict(d, st);
	}
	(void)one;
	return true;
}

/* The code: NF_ACCEPT, NF_DROP, or NFT_RETURN at the end of it. */
static inline int vm_chain(struct vm *vm, const struct vm_packet *p, struct vm_state *st, const char *chain, unsigned int depth)
{
	if (depth > 16)
		abort();
	for (size_t i = 0; i < vm->n_rules; i++) {
		if (strcmp(vm->rules[i].chain, chain) != 0)
			continue;
		st->code = NFT_CONTINUE;
		vm_each(x, (const struct nlattr *)vm_data(vm->rules[i].expressions), vm_len(vm->rules[i].expressions))
		{
			if (!vm_step(vm, p, st, x) || st->code != NFT_CONTINUE)
				break;
		}
		if (st->code == NFT_JUMP) {
			int r = vm_chain(vm, p, st, st->chain, depth + 1);

			if (r != NFT_RETURN)
				return r;
		} else if (st->code == NFT_GOTO) {
			return vm_chain(vm, p, st, st->chain, depth + 1);
		} else if (st->code != NFT_CONTINUE) {
			return st->code;
		}
	}
	return NFT_RETURN;
}

/* Through the base chain @chain, whose policy is @policy. */
static inline enum vm_verdict vm_run(struct vm *vm, const struct vm_packet *p, const char *chain, enum vm_verdict policy)
{
	struct vm_state st = { .code = NFT_CONTINUE };
	int r = vm_chain(vm, p, &st, chain, 0);

	if (r == NFT_RETURN)
		return policy;
	return r == NF_ACCEPT ? VM_ACCEPT : st.reset ? VM_RESET : VM_DROP;
}

#endif
