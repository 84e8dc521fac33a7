// SPDX-License-Identifier: Apache-2.0
/* nft.h - nf_tables in messages: tables, sets, chains, and rules as rows of steps
 *
 * Owns:     which attributes each object and each expression has; the batches they go into. Pure.
 * Must not: know what the rules are for (rules.c, lists.c), or send anything (load.c).
 *
 * A rule is written as in nft(8), one step after the other: { META(L4PROTO), EQ8(6), RESET, END }. A step that does not
 * match ends the rule; a verdict ends the chain.
 */
#ifndef CONFINE_WALL_NFT_H
#define CONFINE_WALL_NFT_H

#include <netinet/in.h> /* before the kernel's own, which then keeps its own definitions back */

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/nlbuf.h"

/* --- batches --------------------------------------------------------------------------------------------------------- */

/* What the kernel takes or refuses as a whole, in one send. Without CAP_NET_ADMIN over the host's network a socket's buffer is
 * what net.core.wmem_max allows (212,992 bytes by default), so that many elements need several. */
struct nft_batch {
	size_t at, len;
	uint32_t last; /* the number of the message that asks for an acknowledgement */
};
#define NFT_BATCH_ELEMENTS 2500

struct nft {
	struct nlbuf b;
	const char *table;
	uint32_t seq;
	struct nft_batch *batches;
	size_t n_batches, cap_batches;
	size_t elements; /* in the batch that is being written */
	size_t rules, chains, expressions; /* so far: what reading back has to find */
	uint32_t sets;	 /* ids given so far */
	size_t list;	 /* the attribute that is being filled */
};

void nft_free(struct nft *n);
void nft_batch_begin(struct nft *n);
void nft_batch_end(struct nft *n);

/* --- objects --------------------------------------------------------------------------------------------------------- */

/* The numbers by which nft(8) knows types of keys. */
enum nft_type { NFT_TYPE_IPV4 = 7, NFT_TYPE_IPV6 = 8, NFT_TYPE_PROTO = 12, NFT_TYPE_SERVICE = 13, NFT_TYPE_ICMP4 = 14,
		NFT_TYPE_ICMP6 = 29 };

/* The key of a set: up to three fields behind each other, each padded to four bytes. */
struct nft_key {
	uint8_t type[3]; /* enum nft_type; 0: no more */
};
#define NFT_KEY_MAX 24
size_t nft_key_len(const struct nft_key *k);

void nft_table(struct nft *n, bool create);
/* @flags: NFT_SET_INTERVAL, NFT_SET_TIMEOUT, NFT_SET_EVAL. @size: 0, or how many elements it may have. @timeout_ms: 0, or how long
 * one lives. */
void nft_set(struct nft *n, const char *name, const struct nft_key *k, uint32_t flags, uint32_t size, uint64_t timeout_ms);

struct nft_element {
	uint8_t lo[NFT_KEY_MAX], hi[NFT_KEY_MAX]; /* @hi: the last that belongs to it; in sets with NFT_SET_INTERVAL only */
};
/* Adds sorted, disjoint elements; begins further batches as they are needed. */
void nft_elements(struct nft *n, const char *name, const struct nft_key *k, uint32_t flags, const struct nft_element *v,
		  size_t count);

/* Changes to a set without intervals that is there. Each is a message of its own, of at most 64 KiB (some 500 elements). */
void nft_insert_begin(struct nft *n, const char *name);
void nft_delete_begin(struct nft *n, const char *name);
/* @ms: how long it lives, in a set with NFT_SET_TIMEOUT; 0: for ever. */
void nft_element(struct nft *n, const struct nft_key *k, const uint8_t *key, uint64_t ms);
void nft_list_end(struct nft *n);

void nft_chain(struct nft *n, const char *name);
void nft_base_chain(struct nft *n, const char *name, uint32_t hook, int32_t priority, uint32_t policy);

/* --- rules ----------------------------------------------------------------------------------------------------------- */

enum nft_step_kind {
	NFT_STEP_END,
	NFT_STEP_META,	  /* loads @key */
	NFT_STEP_LOAD,	  /* loads @len bytes of the packet from @at behind @key (NFT_PAYLOAD_…) */
	NFT_STEP_COMPARE, /* with @value, by @key (NFT_CMP_…) */
	NFT_STEP_AND,	  /* with @value */
	NFT_STEP_IN,	  /* the set @name has it; @key: it has not */
	NFT_STEP_SOURCE_TYPE, /* loads what the source address is to this namespace (RTN_…) */
	NFT_STEP_HEADER, /* loads 1 if there is an IPv6 header of type @key */
	NFT_STEP_COUNT,
	NFT_STEP_LIMIT,	 /* @key a second, in bursts of @at */
	NFT_STEP_LOG,	 /* to the NFLOG group @key */
	NFT_STEP_RESET,	 /* refuses by a TCP reset */
	NFT_STEP_UPDATE, /* puts the key into the set @name */
	NFT_STEP_VERDICT, /* @key: NF_ACCEPT, NF_DROP, NFT_GOTO … to the chain @name */
};

struct nft_step {
	uint8_t kind;
	uint8_t reg;
	uint8_t at, len;
	int32_t key;
	const char *name;
	uint8_t value[16];
};

/* Registers are four bytes each; the first word of the first is enough for all but keys of several fields. */
#define NFT_WORD(n) ((uint8_t)(NFT_REG32_00 + (n)))

#define META_TO(r, k) { .kind = NFT_STEP_META, .reg = NFT_WORD(r), .key = NFT_META_##k }
#define META(k) META_TO(0, k)
#define NET_TO(r, a, n) { .kind = NFT_STEP_LOAD, .reg = NFT_WORD(r), .key = NFT_PAYLOAD_NETWORK_HEADER, .at = (a), .len = (n) }
#define NET(a, n) NET_TO(0, a, n)
#define TRANSPORT_TO(r, a, n) { .kind = NFT_STEP_LOAD, .reg = NFT_WORD(r), .key = NFT_PAYLOAD_TRANSPORT_HEADER, .at = (a), .len = (n) }
#define TRANSPORT(a, n) TRANSPORT_TO(0, a, n)
#define COMPARE(op, n, ...) { .kind = NFT_STEP_COMPARE, .reg = NFT_WORD(0), .key = NFT_CMP_##op, .len = (n), .value = { __VA_ARGS__ } }
#define EQ8(v) COMPARE(EQ, 1, v)
#define NE8(v) COMPARE(NEQ, 1, v)
#define EQ16(v) COMPARE(EQ, 2, (uint8_t)((v) >> 8), (uint8_t)(v))
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define HOST32(v) (uint8_t)(v), 0, 0, 0
#else
#define HOST32(v) 0, 0, 0, (uint8_t)(v)
#endif
#define AND8(v) { .kind = NFT_STEP_AND, .reg = NFT_WORD(0), .len = 1, .value = { v } }
/* Four bytes at a time is what the kernel is fast with. */
#define AND32(...) { .kind = NFT_STEP_AND, .reg = NFT_WORD(0), .len = 4, .value = { __VA_ARGS__ } }
#define IN_SET(s) { .kind = NFT_STEP_IN, .reg = NFT_WORD(0), .name = (s) }
#define COUNT { .kind = NFT_STEP_COUNT }
#define ACCEPT { .kind = NFT_STEP_VERDICT, .key = NF_ACCEPT }
#define DROP { .kind = NFT_STEP_VERDICT, .key = NF_DROP }
#define RETURN { .kind = NFT_STEP_VERDICT, .key = NFT_RETURN }
#define GOTO(c) { .kind = NFT_STEP_VERDICT, .key = NFT_GOTO, .name = (c) }
#define JUMP(c) { .kind = NFT_STEP_VERDICT, .key = NFT_JUMP, .name = (c) }
#define RESET { .kind = NFT_STEP_RESET }
#define END { .kind = NFT_STEP_END }
/* A packet of a socket that some file holds: a program's. What the kernel makes by itself has none. */
#define OF_A_PROGRAM META(SKUID), COMPARE(GTE, 4, 0)

/* Appends a rule. @comment: NULL, or for who lists the table. */
void nft_rule(struct nft *n, const char *chain, const struct nft_step *steps, const char *comment);

#endif
