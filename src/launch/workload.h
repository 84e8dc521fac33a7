// SPDX-License-Identifier: Apache-2.0
/* workload.h - from "inside the namespaces and the root" to execve: the steps that init and exec share
 *
 * Owns:     their order.
 * Runs in:  init and exec'd processes.
 */
#ifndef CONTAINER_WORKLOAD_H
#define CONTAINER_WORKLOAD_H

#include <stdbool.h>

#include "base/error.h"
#include "confine/confine.h"
#include "oci/config.h"
#include "policy/policy.h"

struct workload {
	const struct oci_process *process; /* all borrowed from the process that forked us */
	const struct oci_linux *linux_;
	const struct policy *policy;	      /* NULL: none */
	const struct confine_profile *profile; /* NULL: none */
	const struct confine_notify *notify;   /* NULL: none. With its plan, which may come only while we are on our way */
	int sync;
	int preserve_fds;
	int listen_fds; /* the first of these: sockets of systemd's activation */
	bool keep_groups; /* the engine's groups stay: annotations_keep_groups() */
	bool limits_from_parent; /* in a user namespace we may not raise a hard limit: the parent is asked to */
	int at_execve; /* -1, or where a byte is written before the last steps: INIT_AT_EXECVE of init.h */
	int label_fd; /* -1, or what process_open_label_fd() gave */
	char *command; /* found by workload_become() */
	char **env;    /* made by it */
};

/* Leaves the session keyring of the caller, which may lead to keys of the host, for that of the container. */
int workload_join_keyring(const char *id, struct err *e);
/* In a stage of root's, before it enters the container's user namespace: the groups of the caller go, and the gid becomes that of the
 * container's root, while nobody could look into us for it (base/hide.h). Best effort. */
void workload_drop_groups(const struct workload *w);
/* Scheduling, limits, confinement, user, capabilities, the command's lookup. After it nothing privileged is left, and the
 * workload could run. */
int workload_become(struct workload *w, struct err *e);
/* The profile that workload_exec() will load as its last step but execve; NULL: there is none, or it is in force already. */
const struct confine_profile *workload_late_profile(const struct workload *w);
/* Returns only on failure. */
int workload_exec(struct workload *w, struct err *e);

#endif
