// SPDX-License-Identifier: Apache-2.0
/* counts.h - how often each rule has refused: a file in the state directory, which the supervisor has mapped
 *
 * Owns:     the form of the file "counts". It is there to be read without asking anybody: while the supervisor is stopped, after its
 *           end, for a thousand containers in a moment.
 * Must not: be trusted with anything but numbers.
 * Runs in:  the watcher (makes it), the supervisors, one after the other (count), the commands (read).
 */
#ifndef SUPERVISOR_COUNTS_H
#define SUPERVISOR_COUNTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define COUNTS_FILE "counts"
#define COUNTS_VERSION 1
#define COUNTS_PROTOS 4 /* TCP, UDP, ICMP (enum policy_proto), none of them */
#define COUNTS_RULES_MAX (2u * 65536 + 2)

struct counts {
	char magic[8]; /* "sandrun" */
	uint32_t version;
	uint32_t rules; /* that of the policy, and two more: COUNTS_DEFAULT, COUNTS_OTHER behind them */
	_Atomic uint64_t denied; /* all, also those of which no more is known */
	_Atomic uint64_t suppressed; /* of these, those that the record does not describe */
	_Atomic uint64_t would_deny; /* in audit mode: let through */
	_Atomic uint64_t restarts;
	uint64_t generation; /* of the policy that the rules are of */
	uint64_t reserved[9];
	_Atomic uint64_t hits[][COUNTS_PROTOS]; /* of each rule */
};

/* The two behind the rules of the policy. */
static inline uint32_t counts_default(const struct counts *c)
{
	return c->rules - 2;
}
static inline uint32_t counts_other(const struct counts *c)
{
	return c->rules - 1;
}

/* Makes the file in @dir for a policy of @rules rules and maps it. Without room for a file it is memory that nobody else sees. NULL
 * with @e only if there is no memory, either. */
struct counts *counts_make(int dir, size_t rules, struct err *e);
/* @rule: its index; or -1, the default; or anything else below: none. */
void counts_hit(struct counts *c, int rule, unsigned int proto);

/* A copy of the file, heap, the caller's; NULL: there is none, or it is of another version. */
struct counts *counts_read(int dir);

#endif
