// SPDX-License-Identifier: Apache-2.0
/* layers.h - which layers of the kernel enforce a container's policy, and why one does not
 *
 * Owns:     the choice at create, and io.sandlock.require.
 * Must not: decide what is trapped under which layers (confine/plan.h), or whether sockets come in from outside (outside.h).
 * Runs in:  create.
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
	bool links;    /* with foreign: the network is shared, and devices may be put into it by whoever has one of his own */
	int bpf_log;   /* what it writes down for the supervisor; -1. The caller's */
	int bpf_cgroup; /* where it is attached; -1. The caller's */
	char missing[POLICY_LAYERS][160]; /* of those that are not there: why */
};

/* Decides, attaches the cgroup program to @cg, and checks what the policy requires. */
int layers_choose(const struct policy *p, const struct layers_facts *f, const struct cgroup *cg, struct layers *out,
		  struct err *e);
/* "notify,landlock,bpf", heap. */
char *layers_words(const struct layers *l);

#endif
