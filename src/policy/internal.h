// SPDX-License-Identifier: Apache-2.0
/* internal.h - what the files of the policy room share: the compiled form and the seams between them
 *
 * Must not: be included outside src/policy and its tests.
 *
 * From text to verdict:
 *
 *   keys.c         the keys: ours, their other spellings, one container's of a pod, and what was meant to be one
 *   annotations.c  the keys of one container, their values, what contradicts what
 *   grammar.c      one list of rules -> struct grammar_rules; tokens and the shape of a rule
 *   grammar_target.c  what stands in front of the ports: addresses, sets, names
 *   grammar_hints.c   what people write who mean something else, and what they mean
 *   grammar_ports.c  ports
 *   piece.c        parts of such a list
 *   suffix.c       names below which are everybody's
 *   sets.c         the named sets of addresses
 *   resolve.c      host names -> addresses, with a deadline
 *   names.c        names that move: whether they are followed, which a name is
 *   learned.c      the addresses that they have at the moment
 *   resolvconf.c   the texts of a resolv.conf and a hosts file
 *   compile.c      puts these together
 *   cover.c        what a rule covers; rules -> one sorted address set a list and protocol
 *   addrset.c      the sets: prefixes that nest, each with its sorted ports
 *   canonical.c    addresses: masks, IPv4 in IPv6, and the forms by which a destination is judged
 *   verdict.c      the answers: connect and send, bind, traits
 *   flatten.c      both lists as one answer, for the kernel's copies
 *   explain.c      a verdict in words
 *   sockets.c      the answer to socket()
 *   socket_words.c the same in words
 *   source.c       where a list came from
 *   text.c         a rule as text, and a hostile token as something that may be printed
 *   serialize.c    the compiled policy as text
 *   unserialize.c  and back
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

enum policy_list { LIST_ALLOW, LIST_DENY, LIST_COUNT };
enum policy_scheme { SCHEME_NONE, SCHEME_TCP, SCHEME_UDP, SCHEME_ICMP, SCHEME_COUNT };
enum policy_target { TARGET_ANY, TARGET_NET, TARGET_SET, TARGET_HOST };
enum policy_set { SET_PRIVATE, SET_LOOPBACK, SET_LINK_LOCAL, SET_METADATA, SET_MULTICAST, SET_RESOLVER, SET_COUNT };

struct policy_range {
	uint16_t lo;
	uint16_t hi;
};

/* One spec of the list, canonical: masked, ports sorted and merged, names in lower case. */
struct policy_rule {
	enum policy_list list;
	enum policy_scheme scheme;
	enum policy_target target;
	bool except;   /* "!": from its own list */
	bool optional; /* "?": a name that need not resolve */
	union {
		struct canonical_net net; /* TARGET_NET */
		enum policy_set set;	  /* TARGET_SET */
		uint32_t host;		  /* TARGET_HOST: index of its name */
	};
	uint32_t range; /* its port ranges: from here in the pool … */
	uint32_t n_ranges; /* … so many; 0: every port */
	uint32_t pos, len; /* its token in the annotation; 0: not from one */
};

struct grammar_name {
	char *name;
	bool optional;	   /* "?", wherever it is named */
	uint32_t pos, len; /* the token, for the error if it does not resolve */
};

struct grammar_rules {
	struct policy_rule *rules;
	size_t n, cap;
	struct policy_range *ranges; /* the pool */
	size_t n_ranges, cap_ranges;
	struct grammar_name *names;
	size_t n_names, cap_names;
};

/* Appends the rules of the list @text. @key is the annotation's name in errors; names are errors in LIST_DENY.
 * Returns 0 or -1 with @e; the caller frees in both cases. */
int grammar_parse(struct grammar_rules *g, const char *key, const char *text, enum policy_list list, struct err *e);
/* Appends the items of a bind list to the pool, merged and sorted. In LIST_ALLOW "*" stands for every port (else it is an
 * error); it comes out as 0-65535. */
int grammar_parse_ports(struct grammar_rules *g, const char *key, const char *text, enum policy_list list,
			struct err *e);
void grammar_free(struct grammar_rules *g);
/* "example.com" in lower case, without a final dot, as a name that a resolver cannot take for a number. */
bool grammar_is_hostname(const char *s, size_t n);
/* "key: "token" at character N: …": the form of every error about a part of a list. Returns -1. */
int grammar_error(struct err *e, const char *key, const char *token, size_t len, size_t pos, const char *fmt, ...)
	__attribute__((format(printf, 6, 7)));

extern const char *const grammar_scheme_names[SCHEME_COUNT];

/* An IPv6 address whose last group may be a port that was meant: "2001:db8::1:443". Such a one is written in brackets. */
bool grammar_reads_like_port(const char *addr, size_t n);

/* --- sets.c ----------------------------------------------------------------------------------------- */

extern const char *const sets_names[SET_COUNT];
/* The prefixes of @set, and how many; none of SET_RESOLVER, which each container has its own. */
const struct canonical_net *sets_nets(enum policy_set set, size_t *n);
/* The set of that name, in whatever case. False if there is none. */
bool sets_find(const char *s, size_t n, enum policy_set *set);
/* A set that was meant perhaps: NULL. */
const char *sets_nearest(const char *s, size_t n);

/* --- suffix.c --------------------------------------------------------------------------------------- */

/* "co.uk", "com": strangers register names directly below it. @name in lower case. */
bool suffix_is_public(const char *name);

/* --- keys.c ------------------------------------------------------------------------------------------ */

enum annotation_key {
	KEY_NET_ALLOW,
	KEY_NET_DENY,
	KEY_ALLOW_UDP,
	KEY_ALLOW_ICMP,
	KEY_NET_ALLOW_BIND,
	KEY_NET_DENY_BIND,
	KEY_REQUIRE,
	KEY_DNS,
	KEY_MODE,
	KEY_OUTSIDE,
	KEY_ERRNO,
	KEY_PORT_REMAP,
	KEY_LOG,
	KEY_LOG_ALLOWED,
	KEY_TELL,
	KEY_COUNT,
	KEY_LATER = KEY_COUNT, /* known, and not implemented yet */
};

/* The full name: "io.sandlock.net-allow". */
extern const char *const annotations_names[KEY_COUNT];

struct annotations {
	struct {
		const char *key; /* as the user spelled it (an alias, perhaps); NULL: not there */
		const char *value;
	} v[KEY_COUNT];
	bool scoped; /* some key is for one container of a pod */
	bool none;   /* there is no list, and so no policy */
	bool allow_udp;
	bool allow_icmp;
	unsigned int require; /* 1 << enum policy_layer */
	enum policy_dns { DNS_AUTO, DNS_FILTER, DNS_OPEN, DNS_OFF, DNS_COUNT } dns;
	bool audit;
	bool judge_outside;
	int error; /* of refused calls */
	struct policy_log log; /* .file: its value, up to a blank or the end */
};

/* The keys of @map that are for this container; what is in *out points into @map. -1 with @e: unknown, double, or near misses. */
int keys_collect(const struct oci_map *map, const struct policy_facts *f, struct annotations *out, struct err *e);
/* Levenshtein's distance without regard to case; beyond 40 characters the rest does not matter. */
unsigned int keys_distance(const char *a, size_t n, const char *b, size_t m);

/* --- annotations.c ---------------------------------------------------------------------------------- */

extern const char *const annotations_dns_words[DNS_COUNT];
struct annotations_errno {
	const char *name;
	int value;
};
extern const struct annotations_errno annotations_errnos[];
extern const size_t annotations_n_errnos;
/* keys_collect(), and the values that are no lists. */
int annotations_read(const struct oci_map *map, const struct policy_facts *f, struct annotations *out, struct err *e);

/* --- addrset.c -------------------------------------------------------------------------------------- */

/* What an entry does, and what it does not cover although its prefix does (see cover.c). */
#define ADDRSET_EXCEPT 1u	/* takes away */
#define ADDRSET_NOT_LOOPBACK 2u /* not the container's own loopback */
#define ADDRSET_NOT_RESOLVER 4u /* not the container's name servers */

struct addrset_entry {
	struct canonical_net net;
	uint16_t lo;
	uint16_t hi;
	uint32_t rule;
	uint8_t kind;
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

/* Rules that cover an address and port, the lowest index of each sort, or -1. */
struct addrset_hit {
	int rule;
	int except;
};

/* Sorts @entries in place. */
void addrset_build(struct addrset *s, struct addrset_entry *entries, size_t n);
/* @left: ADDRSET_NOT_… bits that hold of the address and port: entries with one of them do not count. @max_len: nor do
 * prefixes longer than this (128: all count). */
struct addrset_hit addrset_find(const struct addrset *s, const struct in6_addr *addr, uint16_t port, unsigned int left,
				unsigned int max_len);
/* The lowest port above @port at which the answer for @addr may change; 65536 if it does not. */
uint32_t addrset_next_change(const struct addrset *s, const struct in6_addr *addr, uint16_t port, unsigned int max_len);
/* Some rule's (no exception's) index that covers @addr at whatever port, or -1. */
int addrset_any(const struct addrset *s, const struct in6_addr *addr, unsigned int left);
/* The different prefixes, sorted (out: room for addrset_count()). Returns how many. */
size_t addrset_count(const struct addrset *s);
size_t addrset_prefixes(const struct addrset *s, struct canonical_net *out);
void addrset_free(struct addrset *s);

/* Entries -> disjoint sorted runs, appended to out[] (room for 2n). Reorders @e. Returns how many. Addresses are
 * not looked at. */
size_t addrset_sweep(struct addrset_entry *e, size_t n, struct addrset_ports *out);
int addrset_find_port(const struct addrset_ports *ports, size_t n, uint16_t port);

/* --- compile.c --------------------------------------------------------------------------------------- */

struct policy_bind {
	bool there;
	struct addrset_ports *ports; /* sorted; .rule is its own index */
	size_t n;
};

/* Where a list came from, if that is no annotation. */
struct policy_source {
	char *from;  /* "/etc/sandrun/policy.toml [default]"; NULL: an annotation */
	char *label; /* "[default] deny": the list, for words */
};

/* Never changed after policy_finish(). The tables below are all that the verdict reads: no allocation there. */
struct policy {
	bool has[LIST_COUNT];
	bool allow_udp;
	bool allow_icmp;
	struct policy_facts facts;
	struct policy_bind bind[LIST_COUNT];
	struct policy_source source[LIST_COUNT], bind_source[LIST_COUNT];
	unsigned int require; /* 1 << enum policy_layer */
	enum policy_dns dns;
	bool follows_names; /* see policy_follows_names() */
	bool audit;
	bool judge_outside;
	int error;
	struct policy_log log; /* not stored: only create asks */

	struct policy_rule *rules; /* index = index of the verdict; the allow list's first */
	size_t n_rules;
	struct policy_range *ranges;
	size_t n_ranges;
	struct policy_host *hosts;
	size_t n_hosts;
	struct grammar_name *names; /* of the hosts, until they are resolved; NULL: they are */
	char *key[LIST_COUNT];	    /* the lists as written, for errors; NULL when read from a text */
	char *text[LIST_COUNT];

	struct addrset sets[LIST_COUNT][POLICY_N_PROTO];
	struct addrset_ports *any_tcp; /* TCP ports open at any address, merged */
	size_t n_any_tcp;
	struct policy_traits traits;
};

/* Builds the sets and traits from the fields above them. */
int policy_finish(struct policy *p, struct err *e);

static inline bool policy_has_egress(const struct policy *p)
{
	return p->has[LIST_ALLOW] || p->has[LIST_DENY];
}

/* --- names.c ------------------------------------------------------------------------------------------ */

/* Decides whether names are followed; -1 with @e where the policy needs it and it cannot be. */
int names_choose(struct policy *p, struct err *e);
/* "*.example.com": one label in front, or any number; -1: no wildcard. *base: the name behind the stars. */
enum { NAME_EXACT, NAME_ONE_LABEL, NAME_ANY_DEPTH };
int names_depth(const char *name, const char **base);
static inline bool names_is_wildcard(const char *name)
{
	return name[0] == '*';
}

/* --- cover.c ------------------------------------------------------------------------------------------ */

/* The protocols that rule @r covers: bit 1 << enum policy_proto. */
unsigned int cover_protos(const struct policy *p, const struct policy_rule *r);
/* ADDRSET_… bits of the entries of @r. */
unsigned int cover_kind(const struct policy_rule *r);
/* Calls @each for every prefix that @r covers. "Any" comes as ::/0 and 0.0.0.0/0. */
void cover_nets(const struct policy *p, const struct policy_rule *r,
		void (*each)(const struct canonical_net *net, void *ctx), void *ctx);
/* The sets of both lists. -1 with @e: they are too large, or an exception takes nothing away. */
int cover_build(struct policy *p, struct err *e);
/* p->any_tcp. */
void cover_any_tcp(struct policy *p);
bool cover_is_any_tcp(const struct policy *p, const struct policy_rule *r);

/* --- verdict.c ---------------------------------------------------------------------------------------- */

/* Of one form of a destination (canonical_forms()), or of a prefix, where longer ones than @max_len do not count. */
struct policy_verdict verdict_form(const struct policy *p, enum policy_proto proto, const struct in6_addr *a,
				   uint16_t port, unsigned int max_len);
/* What a deny list or an exception says of one form, or of a prefix, as above. */
struct policy_verdict verdict_taken_form(const struct policy *p, enum policy_proto proto, const struct in6_addr *a, uint16_t port,
					 unsigned int max_len);
/* What a deny list or an exception says of @d, whatever else allows it: denied, or "allowed" if they say nothing. */
struct policy_verdict verdict_taken(const struct policy *p, const struct policy_dest *d);
/* The lowest port above @port at which that may change; 65536: it does not. */
uint32_t verdict_next_change(const struct policy *p, enum policy_proto proto, const struct in6_addr *a, uint16_t port,
			     unsigned int max_len);
/* The container's own, not 127.0.0.11 of Docker's. Of a policy that knows nothing of its container never. */
bool verdict_own_loopback(const struct policy *p, const struct in6_addr *a);

/* --- source.c ----------------------------------------------------------------------------------------- */

/* Of the list of @key (an annotation's name); NULL: it is none of a policy's lists. */
struct policy_source *source_of(struct policy *p, const char *key);
void source_set(struct policy_source *s, const char *name, const char *from);
void source_free(struct policy_source *s);
extern const char *const source_names[2 * LIST_COUNT]; /* "allow", as a policy file has it; those of bind lists behind them */

/* --- text.c ------------------------------------------------------------------------------------------- */

/* Appends to a buffer of fixed size, cuts silently, counts what would have been needed. */
struct text {
	char *buf;
	size_t size;
	size_t len;
};
/* @t->buf is NUL-terminated at any time; @t->len may exceed it. */
void text_add(struct text *t, const char *s);
/* As the user would write it: "!tcp://10.0.0.0/8:25", "80-90". */
void text_rule(const struct policy *p, const struct policy_rule *r, struct text *t);
void text_range(const struct policy_range *r, struct text *t);
/* The same of the rule (or bind ports) with the index of a verdict, and the key of its list; NULL: there is none. */
void text_indexed(const struct policy *p, int index, struct text *t);
const char *text_list_key(const struct policy *p, int index);
/* "io.sandlock.net-allow", or "[default] allow": the list in words. */
const char *text_list_name(const struct policy *p, enum policy_list list);
/* @s in double quotes for an error: all but printable ASCII as \xNN (a blank, too: no engine's phrase such as
 * "not …" can be spelled by a user's token), cut to TEXT_QUOTED. Always ends in a quote. */
#define TEXT_QUOTED 96
const char *text_quote(char buf[TEXT_QUOTED], const char *s, size_t n);

#endif
