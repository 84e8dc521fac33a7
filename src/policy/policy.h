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

struct policy_verdict {
	bool allowed;
	int rule; /* the index of the rule that decided, or -1: the mode's default */
};

struct policy; /* immutable once compiled; holds no pointers that a caller must keep alive */

/* True if any io.sandlock.* key is there (also an unknown one, which policy_compile() will then refuse). */
bool policy_wanted(const struct oci_map *annotations);

/* Resolves @name. Fills a heap array of v4-mapped/IPv6 addresses. The default one uses the host's resolver with a
 * deadline; tests give their own. */
typedef int (*policy_resolver)(const char *name, struct in6_addr **addrs, size_t *n, struct err *e);
int policy_resolve_host(const char *name, struct in6_addr **addrs, size_t *n, struct err *e);

/* Annotations -> policy. NULL with @e on a bad one: key, token, position and what would be right, in one line. */
struct policy *policy_compile(const struct oci_map *annotations, policy_resolver resolve, struct err *e);
void policy_free(struct policy *p);

/* The compiled policy as text (hostnames already addresses) for the state directory, and back: exec must not
 * resolve again. Heap text that the caller frees; read returns NULL with @e if the text is not whole. */
char *policy_write(const struct policy *p);
struct policy *policy_read(const char *text, size_t len, struct err *e);

/* The verdict on a connect or send (policy contract, section 3). 10,000 rules must not be felt: sorted sets. */
struct policy_verdict policy_check(const struct policy *p, const struct policy_dest *d);
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
enum policy_layer { POLICY_LAYER_NOTIFY, POLICY_LAYER_LANDLOCK, POLICY_LAYER_BPF, POLICY_LAYERS };
extern const char *const policy_layer_names[POLICY_LAYERS];
/* A bit 1 << enum policy_layer for each. Of a compiled policy only: create asks once, it is not stored. */
unsigned int policy_required(const struct policy *p);

/* What the filter and the supervisor must know, once. */
struct policy_traits {
	bool egress;	     /* net-allow or net-deny is there */
	bool allow_mode;     /* default deny */
	bool tcp_possible;   /* some TCP destination may be allowed */
	bool udp_possible;
	bool icmp_possible;  /* ICMP echo (and raw ICMP) sockets may exist */
	bool bind;	     /* a bind policy is there and refuses some port */
	/* Egress is TCP port rules for any address, and nothing else may be created: Landlock can say it. */
	bool tcp_ports_only;
};
/* Made once, when the policy was compiled or read. */
struct policy_traits policy_get_traits(const struct policy *p);

/* For Landlock: calls @each for every port range that is reachable at any address, or bindable. Only meaningful
 * with tcp_ports_only, or traits.bind in allow mode. */
void policy_each_port(const struct policy *p, bool bind, void (*each)(uint16_t lo, uint16_t hi, void *ctx), void *ctx);

/* The text of rule @index for the audit ("tcp://10.0.0.0/8:25", its annotation), cut to @size. */
void policy_rule_text(const struct policy *p, int index, char *buf, size_t size);

/* Hostnames of net-allow and the addresses they were pinned to. */
struct policy_host {
	const char *name;
	const struct in6_addr *addrs;
	size_t n;
};
/* *out belongs to @p. Returns how many. */
size_t policy_hosts(const struct policy *p, const struct policy_host **out);

/* The sets of address ranges for a kernel-side copy (cgroup BPF maps): one call for each (protocol, prefix, port
 * range) of the policy's rules, v4-mapped prefixes for IPv4. */
void policy_each_rule(const struct policy *p,
		      void (*each)(enum policy_proto proto, const struct in6_addr *prefix, unsigned int len, uint16_t lo,
				   uint16_t hi, void *ctx),
		      void *ctx);

#endif
