// SPDX-License-Identifier: Apache-2.0
/* dest.h - destinations as people write them, and the policies that they are asked of
 *
 * Must not: judge (policy/explain.c does).
 * Runs in:  sandrun policy.
 */
#ifndef INSPECT_DEST_H
#define INSPECT_DEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "policy/policy.h"

struct dest {
	char *text;   /* as written */
	bool bind;    /* "bind:8080": a TCP port of the container's own */
	enum policy_proto proto;
	uint16_t port;
	char *name;   /* a host name; NULL: an address */
	struct in6_addr *addrs;
	size_t n;
};

/* "tcp://10.1.2.3:443", "10.1.2.3:443", "udp://[2001:db8::1]:53", "icmp://10.1.2.3", "example.com:443", "bind:8080". -1 with @e. A
 * name has no addresses yet. */
int dest_parse(const char *text, struct dest *out, struct err *e);
/* The addresses of its name: those that the policy has for it, else what the host's resolver says. */
int dest_resolve(struct dest *d, const struct policy *p, struct err *e);
/* "tcp://10.1.2.3:443" of the @i-th address. Into @buf. */
#define DEST_TEXT 80
const char *dest_words(const struct dest *d, size_t i, char buf[DEST_TEXT]);
void dest_free(struct dest *d);

#endif
