// SPDX-License-Identifier: Apache-2.0
/* learn.h - the smallest policy under which nothing of a record would have been refused
 *
 * Owns:     which destinations become one rule: ports of one address, names in place of addresses, prefixes of many neighbours.
 * Must not: open more than was asked for but by the prefixes that the caller wants; the metadata service and loopback stay single.
 * Runs in:  sandrun policy learn.
 */
#ifndef INSPECT_LEARN_H
#define INSPECT_LEARN_H

#include "inspect/refusal.h"
#include "oci/config.h"

struct learn {
	char *allow; /* rules for net-allow, separated by blanks; "" */
	char *bind;  /* ports for net-allow-bind; "" */
	size_t n_rules;
	bool icmp_sockets;    /* echo or raw ICMP sockets were refused as such: allow-icmp */
	size_t n_impossible;  /* groups that no rule can allow … */
	char *impossible;     /* … the first of them: "io_uring_setup: io_uring, whose …"; NULL */
	bool metadata;	      /* the clouds' metadata service is among them */
};

/* @collapse: from so many neighbours with the same ports on, their /24 or /64 is one rule; 0: never. */
void learn_rules(const struct refusals *r, unsigned int collapse, struct learn *out);
void learn_free(struct learn *l);

#endif
