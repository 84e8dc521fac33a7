// SPDX-License-Identifier: Apache-2.0
/* tally.h - the numbers of a container's policy: how often each of its rules has refused
 *
 * Must not: ask the supervisor: it keeps them in a file (supervisor/counts.h), which is there after its end, too.
 * Runs in:  list, events, metrics, policy.
 */
#ifndef INSPECT_TALLY_H
#define INSPECT_TALLY_H

#include <stddef.h>
#include <stdint.h>

struct tally_rule {
	char *rule;	   /* as the record has it: "private (io.sandlock.net-deny)", "default: not listed", "other" */
	const char *proto; /* "tcp", "udp", "icmp", "none" */
	uint64_t hits;
};

struct tally {
	uint64_t denied, suppressed, would_deny;
	uint64_t restarts;
	uint64_t generation;
	struct tally_rule *v; /* those with hits, in the order of the policy */
	size_t n;
};

/* All zeros where there is no such file: no policy, or a supervisor of before there was one. */
void tally_read(int state_dir, struct tally *out);
void tally_free(struct tally *t);
/* The first number alone. */
uint64_t tally_denied(int state_dir);

#endif
