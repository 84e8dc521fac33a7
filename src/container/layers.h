// SPDX-License-Identifier: Apache-2.0
/* layers.h - which layers of the kernel enforce a container's policy, and why one does not
 *
 * Owns:     the choice at create, and io.sandlock.require; the answer to "can a socket come in from outside?".
 * Must not: decide what is trapped under which layers (confine/plan.h).
 * Runs in:  create; exec asks about what it hands down.
 */
#ifndef CONTAINER_LAYERS_H
#define CONTAINER_LAYERS_H

#include <stdbool.h>

#include "base/error.h"
#include "cgroup/cgroup.h"
#include "container/namespaces.h"
#include "oci/config.h"
#include "policy/policy.h"

struct layers_facts {
	const struct namespaces *ns;
	const struct oci_config *config;
	const char *bundle;
	int preserve_fds;
};

struct layers {
	bool notify;   /* the policy restricts anything, so a filter is loaded */
	bool landlock; /* a network domain will be in force */
	bool bpf;      /* the policy is attached to the cgroup as a program, too */
	char foreign[160]; /* how sockets may come in that were not made in the container; empty: they cannot */
	int bpf_log;   /* what it writes down for the supervisor; -1. The caller's */
	int bpf_cgroup; /* where it is attached; -1. The caller's */
	char missing[POLICY_LAYERS][160]; /* of those that are not there: why */
};

/* Decides, attaches the cgroup program to @cg, and checks what the policy requires. */
int layers_choose(const struct policy *p, const struct layers_facts *f, const struct cgroup *cg, struct layers *out,
		  struct err *e);
/* The first of the descriptors 0 to 2 + @preserve_fds through which a socket comes in that only the supervisor could judge, or
 * that brings others; with @bpf, that the cgroup program does not see and that has no Landlock behind it. -1: none. */
int layers_inherited_socket(int preserve_fds, bool bpf);
/* The capability with which @p could leave its cgroup, and with it the cgroup program; NULL: none. */
const char *layers_leaving_capability(const struct oci_process *p, bool userns);
/* False with @e if one of them is beyond judging (an io_uring). */
bool layers_check_inherited(const struct policy *p, int preserve_fds, struct err *e);
/* "notify,landlock,bpf", heap. */
char *layers_words(const struct layers *l);

#endif
