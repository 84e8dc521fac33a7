// SPDX-License-Identifier: Apache-2.0
/* enforcement.h - which layers of the kernel enforce a container's policy, and why one does not
 *
 * Owns:     the choice at create, made once; io.sandlock.require.
 * Must not: decide what is trapped under which layers (plan.h), or whether sockets come in from outside (foreign.h).
 * Runs in:  create.
 *
 * In this order: enforcement_look() before there is an init; enforcement_load_wall() as soon as there is a network namespace to load it
 * into; enforcement_settle(). Nothing is said to be enforced before that.
 */
#ifndef CONFINE_ENFORCEMENT_H
#define CONFINE_ENFORCEMENT_H

#include <stdbool.h>

#include "base/error.h"
#include "confine/foreign.h"
#include "confine/plan.h"
#include "confine/wall/wall.h"
#include "policy/policy.h"

struct enforcement {
	struct confine_facts facts;
	struct confine_plan plan;
	bool settled;
	bool wall_wanted; /* there is a network namespace that it may be loaded into, or will be */
	struct wall wall; /* loaded if facts.wall */
	int netlink;	  /* then: a socket of that namespace; else -1. The caller's */
	char foreign[160]; /* how sockets come in that were not made in the container, if they are to be judged; else empty */
	int bpf_log;	   /* what the cgroup program writes down for the supervisor; -1. The caller's */
	int bpf_cgroup;	   /* where it is attached; -1. The caller's */
	char missing[POLICY_LAYERS][160]; /* of the layers that are not there: why */
};
#define ENFORCEMENT_INIT { .netlink = -1, .bpf_log = -1, .bpf_cgroup = -1 }

/* Looks at what the container is given. @wall: the name for its table. */
int enforcement_look(const struct policy *p, const struct foreign_facts *f, const struct wall *wall, struct enforcement *out,
		     struct err *e);
/* Loads the wall, where one is wanted. @sock: a netlink socket of the namespace (wall_socket()), which it takes; -1: there is none, @why says
 * what for. What fails is a layer that is missing. */
void enforcement_load_wall(struct enforcement *n, const struct policy *p, int sock, const struct err *why);
/* Decides, attaches the program to the cgroup v2 directory @cgroup (-1: there is none), and checks what the policy requires. */
int enforcement_settle(const struct policy *p, const struct foreign_facts *f, int cgroup, struct enforcement *n, struct err *e);
/* For a create that failed: takes the wall away again. */
void enforcement_undo(struct enforcement *n);
void enforcement_close(struct enforcement *n);
/* "notify,nft,landlock,bpf", heap. */
char *enforcement_words(const struct enforcement *n);

#endif
