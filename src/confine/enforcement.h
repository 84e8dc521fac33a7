// SPDX-License-Identifier: Apache-2.0
/* enforcement.h - which layers of the kernel enforce a container's policy, and why one does not
 *
 * Owns:     the choice at create, made once; io.sandlock.require.
 * Must not: decide what is trapped under which layers (plan.h), or whether sockets come in from outside (foreign.h).
 * Runs in:  create.
 */
#ifndef CONFINE_ENFORCEMENT_H
#define CONFINE_ENFORCEMENT_H

#include <stdbool.h>

#include "base/error.h"
#include "confine/foreign.h"
#include "confine/plan.h"
#include "policy/policy.h"

struct enforcement {
	struct confine_facts facts;
	struct confine_plan plan;
	char foreign[160]; /* how sockets may come in that were not made in the container; empty: they cannot */
	int bpf_log;	   /* what the cgroup program writes down for the supervisor; -1. The caller's */
	int bpf_cgroup;	   /* where it is attached; -1. The caller's */
	char missing[POLICY_LAYERS][160]; /* of the layers that are not there: why */
};

/* Decides, attaches the program to the cgroup v2 directory @cgroup (-1: there is none), and checks what the policy requires. */
int enforcement_choose(const struct policy *p, const struct foreign_facts *f, int cgroup, struct enforcement *out, struct err *e);
void enforcement_close(struct enforcement *n);
#define ENFORCEMENT_INIT { .bpf_log = -1, .bpf_cgroup = -1 }
/* "notify,landlock,bpf", heap. */
char *enforcement_words(const struct enforcement *n);

#endif
