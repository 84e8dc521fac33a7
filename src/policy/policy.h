// SPDX-License-Identifier: Apache-2.0
/* policy.h - a compiled network policy: what it is, and what it says of a destination
 *
 * Owns:     struct policy and the verdict. Pure: no I/O, no heap after compilation, no errno games.
 * Must not: know of seccomp, sockets or processes. The text of the contract is docs/sandrun-policy.5.
 */
#ifndef POLICY_POLICY_H
#define POLICY_POLICY_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "oci/config.h"

enum policy_proto { POLICY_TCP, POLICY_UDP, POLICY_ICMP };

/* A destination as the kernel would use it, in canonical form: an IPv4 address (also ::ffff:a.b.c.d) is held
 * v4-mapped in @addr. */
struct policy_dest {
	enum policy_proto proto;
	struct in6_addr addr;
	uint16_t port; /* host order; 0 for ICMP */
};

/* Why a verdict is what it is. */
enum policy_why {
	POLICY_WHY_LISTED,	 /* @rule covers it: of an allow list (allowed), of a deny list (denied) */
	POLICY_WHY_DEFAULT,	 /* no rule does: denied if there is an allow list, else allowed */
	POLICY_WHY_EXCEPTED,	 /* @rule, an exception of the allow list, takes it away */
	POLICY_WHY_OWN_LOOPBACK, /* allowed: the container's own loopback is no egress */
	POLICY_WHY_PROTOCOL,	 /* denied: no rule can speak of this protocol */
	POLICY_WHY_OPEN		 /* allowed: the policy says nothing of egress (or of binds) */
};

struct policy_verdict {
	bool allowed;
	int rule; /* the index of the rule that decided, or -1: see @why */
	enum policy_why why;
};

struct policy; /* immutable once compiled; holds no pointers that a caller must keep alive */

/* What create knows of the container beside its annotations. It becomes a part of the policy and is stored with it. */
#define POLICY_MAX_RESOLVERS 16
struct policy_facts {
	/* The name by which a pod's keys know this container, where the engine tells it by other means than annotations. Asked for
	 * by policy_parse() alone. */
	const char *name;
	/* Annotations do not tell the name: an image may have written them. */
	bool distrust_name;
	/* A network namespace that nobody else is in: loopback there is the container's own, and no egress. */
	bool own_network;
	/* The name servers of the resolv.conf that the container sees, in canonical form. */
	struct in6_addr resolvers[POLICY_MAX_RESOLVERS];
	size_t n_resolvers;
	/* A name service can be made in that namespace (names/), with name servers to ask that are not the workload's. */
	bool can_serve_names;
};

/* What of a resolv.conf matters; it may hold anything. */
#define POLICY_MAX_SEARCH 6
struct policy_resolv_conf {
	struct in6_addr servers[POLICY_MAX_RESOLVERS]; /* canonical, each once */
	size_t n_servers;
	char search[POLICY_MAX_SEARCH][256]; /* lower case, no final dot */
	size_t n_search;
	unsigned int ndots;
};
void policy_read_resolv_conf(const char *text, size_t len, struct policy_resolv_conf *out);
/* The addresses that a hosts file has for @name (lower case, no final dot): at most @room of them. Returns how many. */
size_t policy_find_host(const char *text, size_t len, const char *name, struct in6_addr *out, size_t room);

/* True if any io.sandlock.* key is there, or one that was meant to be (also an unknown one: policy_parse() will refuse it). */
bool policy_wanted(const struct oci_map *annotations);
/* The whole name of the key @key, however it is spelled: "io.sandlock.net-allow" for "io.sandlock.network.allow". A constant; NULL: it
 * is none of ours, or one of a container of a pod. */
const char *policy_key_name(const char *key);
/* Are there lists for this container among them? -1 with @e: a key is wrong. */
int policy_has_lists(const struct oci_map *annotations, const struct policy_facts *facts, bool *out, struct err *e);
/* Reads @text as the list of the key @key, and forgets it. -1 with @e, in which the list is called @name. */
int policy_try_list(const char *key, const char *name, const char *text, struct err *e);
/* The pause container of a pod, @id its own: it runs nothing of anybody's, and the pod's keys are not for it. */
bool policy_is_sandbox(const struct oci_map *annotations, const char *id);

/* Resolves @name. Fills a heap array of v4-mapped/IPv6 addresses. The default one uses the host's resolver with a
 * deadline; tests give their own. */
typedef int (*policy_resolver)(const char *name, struct in6_addr **addrs, size_t *n, struct err *e);
int policy_resolve_host(const char *name, struct in6_addr **addrs, size_t *n, struct err *e);

/* The same by whom the caller knows: @ask runs in a child, which is killed when time is up. It gives the number of addresses, 0
 * for none, or -1 if it has no answer; it may change what it is as it likes, but must keep the descriptor @out. */
typedef int (*policy_asker)(void *ctx, int out, const char *name, struct in6_addr *addrs, size_t room);
int policy_resolve_apart(policy_asker ask, void *ctx, const char *name, struct in6_addr **addrs, size_t *n, struct err *e);

/* Annotations -> policy. -1 with @e on a bad one: key, token, position and what would be right, in one line. Host names have
 * no addresses yet: policy_resolve() gives them theirs. *out is NULL if none of it is for this container. */
int policy_parse(const struct oci_map *annotations, const struct policy_facts *facts, struct policy **out,
		 struct err *e);
/* The names that have no addresses yet: how many. */
size_t policy_unresolved(const struct policy *p);
typedef int policy_resolve_fn(void *ctx, const char *name, struct in6_addr **addrs, size_t *n, struct err *e);
/* Asks @resolve for each of them. If this is the @last time, one that has none is an error with the words of the annotation, or
 * stays without if it is optional ("?name"). */
int policy_resolve(struct policy *p, policy_resolve_fn *resolve, void *ctx, bool last, struct err *e);
/* The list of @key came from there: "/etc/sandrun/policy.toml [default]". No list's: nothing. */
void policy_note_source(struct policy *p, const char *key, const char *from);
/* Both in one, with nothing known of the container: for tests. NULL with @e. */
struct policy *policy_compile(const struct oci_map *annotations, policy_resolver resolve, struct err *e);
void policy_free(struct policy *p);

/* *out belongs to @p. */
const struct policy_facts *policy_get_facts(const struct policy *p);

/* The compiled policy as text (hostnames already addresses) for the state directory, and back: exec must not
 * resolve again. Heap text that the caller frees; read returns NULL with @e if the text is not whole. */
char *policy_write(const struct policy *p);
struct policy *policy_read(const char *text, size_t len, struct err *e);

/* The verdict on a connect or send (policy contract, section 3). 10,000 rules must not be felt: sorted sets. */
struct policy_verdict policy_check(const struct policy *p, const struct policy_dest *d);
/* Some packet to @a may be sent: TCP, UDP or ICMP, whatever the port. For a UDP socket that only wants to know by which way it
 * would go. */
bool policy_covers_address(const struct policy *p, const struct in6_addr *a);
/* The verdict on a membership in the multicast group @group (IPv4 v4-mapped), which the kernel announces to the neighbours: as
 * on a datagram to it of some port. */
struct policy_verdict policy_check_group(const struct policy *p, const struct in6_addr *group);
/* The verdict on a TCP bind to @port (host order; 0 = kernel's choice). */
struct policy_verdict policy_check_bind(const struct policy *p, uint16_t port);

/* 0 if a socket of this kind may be created, else the errno (EACCES, EPROTONOSUPPORT). @type with or without the
 * SOCK_ flags. Families the policy does not touch (AF_UNIX, AF_NETLINK route): 0. */
int policy_check_socket(const struct policy *p, int domain, int type, int protocol);

/* "raw ICMP socket", "UDP socket (IPv6)": what such a socket is called. @type without the SOCK_ flags. */
#define POLICY_SOCKET_WORDS 64
void policy_socket_words(int domain, int type, int protocol, char *buf, size_t size);
/* Why policy_check_socket() refuses it. A string constant. */
const char *policy_socket_why(const struct policy *p, int domain, int type, int protocol);

/* io.sandlock.require: layers of the kernel without which there shall be no container. */
enum policy_layer { POLICY_LAYER_NOTIFY, POLICY_LAYER_LANDLOCK, POLICY_LAYER_BPF, POLICY_LAYER_NFT, POLICY_LAYERS };
extern const char *const policy_layer_names[POLICY_LAYERS];
/* A bit 1 << enum policy_layer for each. Of a compiled policy only: create asks once, it is not stored. */
unsigned int policy_required(const struct policy *p);

/* What the filter and the supervisor must know, once. */
struct policy_traits {
	bool egress;	     /* net-allow or net-deny is there */
	bool allow_mode;     /* net-allow is there: default deny */
	bool own_loopback;   /* 127.0.0.0/8 and ::1 are the container's own: reachable without a rule */
	bool tcp_possible;   /* some TCP destination may be allowed */
	bool udp_possible;   /* UDP sockets may be made: always */
	bool icmp_possible;  /* ICMP echo (and raw ICMP) sockets may exist */
	/* 0.0.0.0 or :: is denied where the loopback that it stands for is not: what leaves no longer shows it. */
	bool any_address_differs;
	bool bind;	     /* a bind policy is there and refuses some port */
	/* What may be reached is TCP ports, at any address: Landlock can say it. */
	bool tcp_ports_only;
};
/* Made once, when the policy was compiled or read. */
struct policy_traits policy_get_traits(const struct policy *p);

/* For Landlock: calls @each for every port range that is reachable at any address, or bindable. Only meaningful
 * with tcp_ports_only, or traits.bind. */
void policy_each_port(const struct policy *p, bool bind, void (*each)(uint16_t lo, uint16_t hi, void *ctx), void *ctx);

/* Where clouds keep a machine's credentials: an address of the set of that name. */
bool policy_is_metadata(const struct in6_addr *a);
/* It may reach places that no list names one by one, so its programs will go by names. */
bool policy_needs_names(const struct policy *p);
/* What a refused call returns: io.sandlock.errno. */
int policy_get_errno(const struct policy *p);
/* io.sandlock.mode=audit: each verdict is made and recorded, and nothing is refused. */
bool policy_is_audit(const struct policy *p);
/* io.sandlock.outside=judge: sends on whatever socket are judged, also on one that came from outside. */
bool policy_judges_outside(const struct policy *p);

/* io.sandlock.log: where the record of refusals goes. */
struct policy_log {
	bool state, journal, syslog;
	const char *file; /* as written; NULL: none. Not in a policy that was read: only create opens it */
};
struct policy_log policy_get_log(const struct policy *p);

/* How many rules there are, of destinations and of binds: verdicts name them by 0 to this number less one. */
size_t policy_rule_count(const struct policy *p);
/* The text of rule @index for the audit ("tcp://10.0.0.0/8:25 (io.sandlock.net-deny)", or "([default] deny)" where that came from
 * a policy file), cut to @size. */
void policy_rule_text(const struct policy *p, int index, char *buf, size_t size);
/* The parts: the rule alone; the annotation that its list is; the list in words ("[default] deny"); where that came from (NULL: from
 * an annotation). */
void policy_rule_bare(const struct policy *p, int index, char *buf, size_t size);
const char *policy_rule_key(const struct policy *p, int index);
const char *policy_rule_list(const struct policy *p, int index);
const char *policy_rule_from(const struct policy *p, int index);

/* Hostnames of net-allow and the addresses they were pinned to. */
struct policy_host {
	const char *name;
	const struct in6_addr *addrs;
	size_t n;
};
/* Its names mean what the container's name servers say at the moment: a name service answers in their place, and addresses come
 * and go (policy_learn()). Then only names of the hosts file have addresses in policy_hosts(). */
bool policy_follows_names(const struct policy *p);
/* *out belongs to @p; wildcards with their stars, "*.example.com". Returns how many. */
size_t policy_hosts(const struct policy *p, const struct policy_host **out);

/* --- copies for the kernel (flatten.c) -------------------------------------------------------------------
 *
 * Both lists, their exceptions, the own loopback and the name servers that sets leave out, made into one answer: what is
 * allowed. 64:ff9b::/96 is in it as IPv6; whoever judges such a destination asks for the IPv4 address in it, too. */

struct policy_ports {
	uint16_t lo;
	uint16_t hi;
};

/* For a longest-prefix match: @each gets each prefix at which the answer changes, with the ports (sorted, disjoint, not
 * touching; for ICMP 0-0 stands for yes) that are allowed for addresses of which no longer prefix speaks. IPv4 is at
 * ::ffff:0:0/96. ::/0 and ::ffff:0:0/96 come always, the first ones of their family, so that each address has an answer.
 * 0.0.0.0 and :: have the answer for a destination that is written so. Sorted by address, then by length.
 * -1 if there would be more than @limit port ranges, before the first call of @each. Heap. */
int policy_each_prefix(const struct policy *p, enum policy_proto proto, size_t limit,
		       void (*each)(const struct in6_addr *prefix, unsigned int len, const struct policy_ports *ports,
				    size_t n, void *ctx),
		       void *ctx);
/* The same as disjoint intervals, sorted, that cover all of IPv4 (@v4; canonical addresses) or all of IPv6. */
typedef void policy_interval_fn(const struct in6_addr *lo, const struct in6_addr *hi, const struct policy_ports *ports, size_t n, void *ctx);
int policy_each_interval(const struct policy *p, enum policy_proto proto, bool v4, size_t limit, policy_interval_fn *each, void *ctx);
/* The same of what the deny list and exceptions leave, whatever allows it: for addresses that names have (learned.h). */
int policy_each_left(const struct policy *p, enum policy_proto proto, bool v4, size_t limit, policy_interval_fn *each, void *ctx);

/* --- why (explain.c) -------------------------------------------------------------------------------------- */

struct policy_reason {
	struct policy_verdict verdict;
	const char *list; /* that decided: "io.sandlock.net-allow", "[default] allow"; NULL: none */
	char rule[160];	  /* what the rule says; empty: none */
	int nearest;	 /* of a denied destination: a rule of net-allow that covers the address, at another port; -1 */
	char words[320]; /* one sentence */
};
/* policy_check(), explained. Pure. */
void policy_explain(const struct policy *p, const struct policy_dest *d, struct policy_reason *out);

#endif
