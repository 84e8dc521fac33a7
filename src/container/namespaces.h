// SPDX-License-Identifier: Apache-2.0
/* namespaces.h - which namespaces a process gets: new ones, and joined ones
 *
 * Owns:     the table of namespace types and the clone that gives birth to init (or to an exec'd process).
 * Must not: write id maps (idmap.h) or decide what happens inside.
 */
#ifndef CONTAINER_NAMESPACES_H
#define CONTAINER_NAMESPACES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "oci/config.h"

struct namespaces {
	int join[OCI_NS_COUNT];	    /* descriptors of namespaces to join, -1: not joined */
	uint64_t new_flags;	    /* CLONE_NEW… of those to be made, without cgroup (it needs the cgroup to be joined first) */
	bool new_cgroup;
	struct oci_time_offset boottime, monotonic;
};

/* None: nothing joined, nothing new. */
void namespaces_init(struct namespaces *ns);
/* From the configuration: opens the paths (and checks that each is a namespace of its type). Errors carry
 * "linux.namespaces[i].path". */
int namespaces_prepare(const struct oci_linux *l, struct namespaces *ns, struct err *e);
/* All namespaces of the process @pid in which it differs from the caller, for exec. */
int namespaces_of_process(pid_t pid, struct namespaces *ns, struct err *e);
void namespaces_close(struct namespaces *ns);

/* True if the namespace of this type is not the host's own: new or joined. */
bool namespaces_has(const struct namespaces *ns, enum oci_namespace_type t);

/* Makes the process that will be init, a direct child of the caller, in all of its namespaces but a new cgroup one.
 * @cgroup_fd: for CLONE_INTO_CGROUP, or -1. @sync: the child's end of the conversation; @sync_parent the caller's.
 * In the child @body(arg) runs and never returns. Where the process has to be made in two steps (see namespaces.c),
 * the pid comes as SYNC_STAGED over @sync_parent and *staged is the helper to be reaped; else *staged is 0.
 * Returns init's pid (0 if it is yet to come as SYNC_STAGED), or -1 with @e. */
pid_t namespaces_spawn(const struct namespaces *ns, int cgroup_fd, int sync, int sync_parent,
		       void (*body)(void *arg), void *arg, pid_t *staged, struct err *e);

#endif
