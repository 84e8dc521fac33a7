// SPDX-License-Identifier: Apache-2.0
/* internal.h - what the files of the policy room share: the compiled form and the seams between them
 *
 * Must not: be included outside src/policy and its tests.
 *
 * From text to verdict:
 *
 *   annotations.c  which io.sandlock.* keys are there, what contradicts what
 *   grammar.c      one list of rules -> struct grammar_rules; every error that a list can have
 *   grammar_ports.c  the same for ports
 *   piece.c        parts of such a list
 *   sets.c         the named sets of addresses
 *   resolve.c      host names -> addresses, with a deadline
 *   compile.c      puts these together; rules -> one sorted address set a protocol
 *   addrset.c      the sets: prefixes that nest, each with its sorted ports
 *   canonical.c    addresses: masks, IPv4 in IPv6, and the forms by which a destination is judged
 *   verdict.c      the answers: connect and send, bind, traits, walks over the rules
 *   sockets.c      the answer to socket()
 *   socket_words.c the same in words
 *   text.c         a rule as text, and a hostile token as something that may be printed
 *   serialize.c    the compiled policy as text and back
 */
#ifndef POLICY_INTERNAL_H
#define POLICY_INTERNAL_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "policy/policy.h"

#define POLICY_N_PROTO 3

/* Bounds on what a list may ask of us: whoever wrote it may be a stranger (an image's own annotations), and the
 * supervisor keeps the result in memory. Far above what people write; beyond them is an error that says so. */
#define POLICY_MAX_RULES 65536u
#define POLICY_MAX_ENTRIES (1u << 20) /* (prefix, port range) pairs of one protocol */
#define POLICY_MAX_HOSTS 1024u
#define POLICY_MAX_HOST_ADDRS 256u

/* --- canonical.c ------------------------------------------------------------------------------------ */

/* A prefix in the one address space we use: IPv6 with IPv4 as ::ffff:a.b.c.d, so an IPv4 prefix has len >= 96. A
 * shorter one is IPv6 and speaks of IPv6 alone, even where it numerically contains ::ffff:0:0/96 (see addrset.c). */
struct canonical_net {
	struct in6_addr addr;
	uint8_t len;
};

/* ::ffff:a.b.c.d of an address in host order, and whether one is of that form. */
struct in6_addr canonical_v4(uint32_t host_order);
bool canonical_is_v4(const struct in6_addr *a);
/* Clears the bits behind the prefix. */
void canonical_mask(struct canonical_net *n);
/* a.b.c.d, a.b.c.d/8, 2001:db8::/32: without the length where it is a host's. @size: CANONICAL_TEXT or more. */
#define CANONICAL_TEXT (INET6_ADDRSTRLEN + 4)
void canonical_text(const struct canonical_net *n, char *buf, size_t size);

/* The forms of one destination. Allow mode wants a rule for each of the first n_must; deny mode refuses if any of
 * all n has one. */
struct canonical_forms {
	struct in6_addr v[4];
	size_t n_must;
	size_t n;
};
/* What a packet to @a would get: to the kernel an any-address is the host itself, to a NAT64 its prefix is IPv4. */
void canonical_forms(const struct in6_addr *a, struct canonical_forms *out);
/* 64:ff9b::a.b.c.d -> a.b.c.d. False if it is none. */
bool canonical_nat64(const struct in6_addr *a, struct in6_addr *v4);

/* --- grammar.c -------------------------------------------------------------------------------------- */

enum policy_scheme { SCHEME_NONE, SCHEME_TCP, SCHEME_UDP, SCHEME_ICMP, SCHEME_COUNT };
enum policy_target { TARGET_ANY, TARGET_NET, TARGET_SET, TARGET_HOST };
enum policy_set { SET_PRIVATE, SET_LOOPBACK, SET_LINK_LOCAL, SET_METADATA, SET_MULTICAST, SET_COUNT };

struct policy_range {
	uint16_t lo;
	uint16_t hi;
};

/* One spec of the list, canonical: masked, ports sorted and merged, names in lower case. */
struct policy_rule {
	enum policy_scheme scheme;
	enum policy_target target;
	union {
		struct canonical_net net; /* TARGET_NET */
		enum policy_set set;	  /* TARGET_SET */
		uint32_t host;		  /* TARGET_HOST: index of its name */
	};
	uint32_t range; /* its port ranges: from here in the pool … */
	uint32_t n_ranges; /* … so many; 0: every port */
};

struct grammar_name {
	char *name;
	char *token; /* as written, for the error if it does not resolve */
	size_t pos;
};

struct grammar_rules {
	struct policy_rule *rules;
	size_t n, cap;
	struct policy_range *ranges; /* the pool */
	size_t n_ranges, cap_ranges;
	struct grammar_name *names;
	size_t n_names, cap_names;
};

/* Appends the rules of the list @text. @key is the annotation's name in errors; @deny: names are errors.
 * Returns 0 or -1 with @e; the caller frees in both cases. */
int grammar_parse(struct grammar_rules *g, const char *key, const char *text, bool deny, struct err *e);
/* Appends the items of a bind list to the pool, merged and sorted. @star: "*" stands for every port (else an error);
 * it comes out as 0-65535. */
int grammar_parse_ports(struct grammar_rules *g, const char *key, const char *text, bool star, struct err *e);
void grammar_free(struct grammar_rules *g);
/* "example.com" in lower case, without a final dot, as a name that a resolver cannot take for a number. */
bool grammar_is_hostname(const char *s, size_t n);
/* "key: "token" at character N: …": the form of every error about a part of a list. Returns -1. */
int grammar_error(struct err *e, const char *key, const char *token, size_t len, size_t pos, const char *fmt, ...)
	__attribute__((format(printf, 6, 7)));

extern const char *const grammar_scheme_names[SCHEME_COUNT];

/* --- sets.c ----------------------------------------------------------------------------------------- */

extern const char *const sets_names[SET_COUNT];
/* The prefixes of @set, and how many. */
const struct canonical_net *sets_nets(enum policy_set set, size_t *n);
/* The set of that name, in whatever case. False if there is none. */
bool sets_find(const char *s, size_t n, enum policy_set *set);

/* --- annotations.c ---------------------------------------------------------------------------------- */

enum annotation_key {
	KEY_NET_ALLOW,
	KEY_NET_DENY,
	KEY_ALLOW_UDP,
	KEY_ALLOW_ICMP,
	KEY_NET_ALLOW_BIND,
	KEY_NET_DENY_BIND,
	KEY_REQUIRE,
	KEY_COUNT
};

/* The full name: "io.sandlock.net-allow". */
extern const char *const annotations_names[KEY_COUNT];

struct annotations {
	struct {
		const char *key; /* as the user spelled it (an alias, perhaps); NULL: not there */
		const char *value;
	} v[KEY_COUNT];
	bool allow_udp;
	bool allow_icmp;
	unsigned int require; /* 1 << enum policy_layer */
};

/* The keys of @map that are ours; what is in *out points into @map. -1 with @e: unknown, double, or contradicting ones. */
int annotations_read(const struct oci_map *map, struct annotations *out, struct err *e);

/* --- addrset.c -------------------------------------------------------------------------------------- */

struct addrset_entry {
	struct canonical_net net;
	uint16_t lo;
	uint16_t hi;
	uint32_t rule;
};

/* A run of ports that one rule decides (the lowest index, where several cover it). */
struct addrset_ports {
	uint16_t lo;
	uint16_t hi;
	uint32_t rule;
};

struct addrset_node;

struct addrset_tree {
	struct addrset_node *nodes; /* sorted by address, then by length */
	size_t n;
	struct addrset_ports *ports; /* of all nodes */
	size_t n_ports;
};

struct addrset {
	struct addrset_tree v4;
	struct addrset_tree v6;
};

/* Sorts @entries in place. */
void addrset_build(struct addrset *s, struct addrset_entry *entries, size_t n);
/* The lowest index of a rule that covers @addr and @port, or -1. */
int addrset_find(const struct addrset *s, const struct in6_addr *addr, uint16_t port);
/* A rule that covers @addr at some port, or -1. */
int addrset_any(const struct addrset *s, const struct in6_addr *addr);
/* True if each port from 1 on of @addr is covered. */
bool addrset_all_ports(const struct addrset *s, const struct in6_addr *addr);
void addrset_free(struct addrset *s);

/* Entries -> disjoint sorted runs, appended to out[] (room for 2n). Reorders @e. Returns how many. Addresses are
 * not looked at. */
size_t addrset_sweep(struct addrset_entry *e, size_t n, struct addrset_ports *out);
int addrset_find_port(const struct addrset_ports *ports, size_t n, uint16_t port);

/* --- compile.c --------------------------------------------------------------------------------------- */

enum policy_bind { BIND_OPEN, BIND_ALLOW, BIND_DENY };

/* Never changed after policy_finish(). The tables below are all that the verdict reads: no allocation there. */
struct policy {
	bool egress;
	bool allow_mode;
	bool allow_udp;
	bool allow_icmp;
	enum policy_bind bind;
	unsigned int require; /* 1 << enum policy_layer; not serialized */

	struct policy_rule *rules; /* index = index of the verdict */
	size_t n_rules;
	struct policy_range *ranges;
	size_t n_ranges;
	struct policy_host *hosts;
	size_t n_hosts;
	struct addrset_ports *bind_ports; /* sorted; .rule is its own index, the verdict's is n_rules + that */
	size_t n_bind_ports;

	struct addrset sets[POLICY_N_PROTO];
	struct addrset_ports *any_tcp; /* TCP ports open at any address, merged */
	size_t n_any_tcp;
	struct policy_traits traits;
};

/* Builds the sets and traits from the fields above them. */
int policy_finish(struct policy *p, struct err *e);
/* The protocols that rule @r covers: bit 1 << enum policy_proto. */
unsigned int policy_rule_protos(const struct policy *p, const struct policy_rule *r);
/* Calls @each for every prefix that @r covers. "Any" comes as ::/0 and 0.0.0.0/0. */
void policy_rule_nets(const struct policy *p, const struct policy_rule *r,
		      void (*each)(const struct canonical_net *net, void *ctx), void *ctx);

/* --- text.c ------------------------------------------------------------------------------------------- */

/* Appends to a buffer of fixed size, cuts silently, counts what would have been needed. */
struct text {
	char *buf;
	size_t size;
	size_t len;
};
/* @t->buf is NUL-terminated at any time; @t->len may exceed it. */
void text_add(struct text *t, const char *s);
/* As the user would write it: "tcp://10.0.0.0/8:25", "80-90". */
void text_rule(const struct policy *p, const struct policy_rule *r, struct text *t);
void text_range(const struct policy_range *r, struct text *t);
/* @s in double quotes for an error: all but printable ASCII as \xNN (a blank, too: no engine's phrase such as
 * "not …" can be spelled by a user's token), cut to TEXT_QUOTED. Always ends in a quote. */
#define TEXT_QUOTED 96
const char *text_quote(char buf[TEXT_QUOTED], const char *s, size_t n);

#endif
