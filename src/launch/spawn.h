// SPDX-License-Identifier: Apache-2.0
/* spawn.h - the clone that gives birth to init, or to an exec'd process
 *
 * Owns:     the way into the namespaces, and that nothing of the host is within reach of who is there already: the process is hidden
 *           (base/hide.h) before it can be seen, and born with no descriptor but those that @enter has left.
 * Must not: know what the process will be.
 */
#ifndef CONTAINER_SPAWN_H
#define CONTAINER_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "launch/namespaces.h"

struct spawn {
	const struct namespaces *ns;
	bool stage;	/* make the process in two steps, also where its namespaces do not ask for it */
	int cgroup_fd;	/* for CLONE_INTO_CGROUP, or -1 */
	int sync;	/* the child's end of the conversation */
	int sync_parent; /* the caller's: closed in the child, so that the end of the caller is an end of file */
	/* First of all, with the caller's rights and descriptors: in the stage, where there is one (@staged). */
	void (*begin)(void *arg, bool staged);
	/* When all is joined, and before the process is cloned, if there is a stage: the last that takes descriptors of the host, and
	 * closes them. */
	int (*enter)(void *arg, struct err *e);
	/* What becomes of the process; never returns. */
	void (*body)(void *arg);
	void *arg;
};

/* Makes the process, a direct child of the caller, in all of its namespaces but a new cgroup one. Where it has to be made in two
 * steps (see spawn.c), its pid comes as SYNC_STAGED over the conversation, and *staged is the helper to be reaped; else *staged
 * is 0. Returns the pid (0 if it is yet to come as SYNC_STAGED), or -1 with @e. */
pid_t spawn(const struct spawn *s, pid_t *staged, struct err *e);

#endif
