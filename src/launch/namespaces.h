// SPDX-License-Identifier: Apache-2.0
/* namespaces.h - which namespaces a process gets: new ones, and joined ones
 *
 * Owns:     the table of namespace types.
 * Must not: make a process (spawn.h), write id maps (idmap.h) or decide what happens inside.
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
	bool maps_first; /* a user namespace is made, and its root become, before what is to be hidden is cloned (spawn.c) */
	struct oci_time_offset boottime, monotonic;
};

/* None: nothing joined, nothing new. */
void namespaces_init(struct namespaces *ns);
/* From the configuration: opens the paths (and checks that each is a namespace of its type). Errors carry
 * "linux.namespaces[i].path". */
int namespaces_prepare(const struct oci_linux *l, struct namespaces *ns, struct err *e);
/* The name of its file in /proc/PID/ns. Static. */
const char *namespaces_proc_name(enum oci_namespace_type t);
/* All namespaces of the process @pid in which it differs from the caller. */
int namespaces_of_process(pid_t pid, struct namespaces *ns, struct err *e);
void namespaces_close(struct namespaces *ns);

/* True if the namespace of this type is not the host's own: new or joined. */
bool namespaces_has(const struct namespaces *ns, enum oci_namespace_type t);

/* Takes the calling process into all that is to be joined; of the pid namespace, its children. Hides it, should it join a user
 * namespace. */
int namespaces_join(const struct namespaces *ns, struct err *e);

#endif
