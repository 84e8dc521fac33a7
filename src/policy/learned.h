// SPDX-License-Identifier: Apache-2.0
/* learned.h - the addresses that the names of a policy have at the moment
 *
 * Owns:     which address is let in for which name, and until when. A bounded table without pointers, which may lie in memory that
 *           several processes share; the caller keeps others out while one of these runs.
 * Must not: allow what a deny list or an exception takes away.
 */
#ifndef POLICY_LEARNED_H
#define POLICY_LEARNED_H

#include "policy/policy.h"

#define LEARNED_MAX 4096     /* addresses of one container */
#define LEARNED_NAME_MAX 256 /* of one name */
#define LEARNED_GRACE 60     /* seconds: an answer counts for this long, however short its TTL */
#define LEARNED_TTL_MAX 3600 /* seconds: a name that moves is followed even where its owner said a day */
#define LEARNED_TEXT 96	     /* of a name, for the record; cut */
#define LEARNED_GONE_MAX 1024 /* beyond them a copy forgets by its own clock */

struct learned_entry {
	int64_t until; /* ms; 0: free */
	int64_t copied; /* until when the kernel's copy lets it in (whoever keeps one says so); 0: not at all */
	struct in6_addr addr;
	uint32_t host; /* index in policy_hosts() of the name or wildcard that covers it */
	char name[LEARNED_TEXT];
};

/* What had to give way before its time, and is in the copy still. */
struct learned_gone {
	struct in6_addr addr;
	uint32_t host;
};

struct learned {
	uint32_t used; /* entries [0, used) were ever filled */
	uint32_t n_gone; /* whoever keeps a copy takes them out of it, and sets this to 0 */
	struct learned_gone gone[LEARNED_GONE_MAX];
	uint32_t evicted; /* so many had to give way before their time */
	struct learned_entry v[LEARNED_MAX];
};

/* Lets @addrs in for @name (lower case, no final dot), until @ttl seconds from @now (ms), LEARNED_GRACE at least and LEARNED_TTL_MAX at most. An exact name
 * may have any address but loopback and metadata, a wildcard public ones only; others are passed over (a rule of their own may
 * cover them). Returns how many were let in; -1: no rule covers the name. */
int policy_learn(const struct policy *p, struct learned *t, const char *name, const struct in6_addr *addrs, size_t n,
		 uint32_t ttl, int64_t now);
/* policy_check(), with what was learned (NULL: nothing). */
struct policy_verdict policy_check_learned(const struct policy *p, const struct learned *t, const struct policy_dest *d, int64_t now);
/* Some name has this address at the moment. */
bool policy_learned_covers(const struct learned *t, const struct in6_addr *addr, int64_t now);
/* The ports that rules give to the name (or wildcard) @host for @proto, in the rules' order; 0-65535 where they name none. */
void policy_each_name_port(const struct policy *p, uint32_t host, enum policy_proto proto, void (*each)(uint16_t lo, uint16_t hi, void *ctx),
			   void *ctx);
/* The last name that had this address, also one whose time is over; NULL: none. It belongs to @t. */
const char *policy_learned_name(const struct learned *t, const struct in6_addr *addr);

#endif
