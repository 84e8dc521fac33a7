// SPDX-License-Identifier: Apache-2.0
/* init.h - what pid 1 of the container does before it is the workload */
#ifndef CONTAINER_INIT_H
#define CONTAINER_INIT_H

#include <stdbool.h>

#include "cgroup/cgroup.h"
#include "container/bell.h"
#include "launch/namespaces.h"
#include "launch/parent.h"
#include "launch/workload.h"
#include "rootfs/rootfs.h"

/* In front of the error that start is told: a startContainer hook failed, after which the container is to be destroyed. */
#define INIT_HOOK_FAILED "\001"
/* What init says last where nothing fails: only execve, and a profile that waits for it, are to come. */
#define INIT_AT_EXECVE "\002"

struct init_args {
	const struct oci_config *config;
	const struct namespaces *ns;
	struct rootfs rootfs;
	struct workload workload;
	const char *id;
	const char *bundle;
	bool no_new_keyring;
	bool wall_wanted; /* its network namespace is new, and create loads the policy's table into it */
	struct cgroup_entry entry; /* taken first of all (cgroup/entry.c tells why we move ourselves) */
	struct bell bell; /* from create, before it enters anything */
	const struct parent *parent; /* for what the stage does to itself */
};

/* The three parts of spawn.h. @args: the struct above. */
void init_begin(void *args, bool staged);
int init_enter(void *args, struct err *e);
void init_run(void *args);

#endif
