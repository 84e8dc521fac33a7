// SPDX-License-Identifier: Apache-2.0
/* places.h - where a container is: its namespaces and its root, noted when it is made and found again for exec
 *
 * Owns:     the note (one line of text: "user=4026531837 pid=4026532201 …").
 * Must not: take the first process's word for it: a workload moves where it likes, into a user namespace or a chroot of its own, and is not
 *           to take exec with it.
 */
#ifndef CONTAINER_PLACES_H
#define CONTAINER_PLACES_H

#include "base/error.h"
#include "cgroup/cgroup.h"
#include "container/container.h"
#include "launch/namespaces.h"

/* What /proc/@who/ns shows. A file that is no namespace (a forged procfs) is left out. Heap, the caller's; "" where there is nothing. */
char *places_note(const char *who);
/* The note of a root directory. NULL: it cannot be looked at. */
char *places_note_root(const char *path);

/* The namespaces of @c that are not the caller's own, for exec: each is the one that was noted, by way of the first process, where that
 * still is, or of the path in @config, or of any other process in @cgroup (may be NULL). One that nobody is in any more was left by all,
 * and the first process is followed if it is in one that was made within the container; but into no other user namespace, and, where
 * there is a policy, no other network. */
int places_find(const struct container *c, const struct oci_config *config, const struct cgroup *cgroup, struct namespaces *ns,
		struct err *e);
/* The root of @c (O_PATH), to be entered after the namespaces, into *fd; -1 there: it is that of its mount namespace and comes with that. */
int places_open_root(const struct container *c, const struct namespaces *ns, int *fd, struct err *e);

#endif
