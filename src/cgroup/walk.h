// SPDX-License-Identifier: Apache-2.0
/* walk.h - visit a cgroup and everything below it */
#ifndef CGROUP_WALK_H
#define CGROUP_WALK_H

/* Calls @pre with a descriptor of each directory, @top first, and @post with each one below @top
 * after all below that: by name in its parent, so that it can be removed. Either may be NULL. 0; -1
 * with errno where @top cannot be opened, a callback returned -1, or the ground went away
 * underneath (ENOENT: try again). A callback that returns 1 ends the walk, which then returns 1. A
 * directory that vanishes is passed over. */
int cg_walk(const char *top, int (*pre)(int dir, void *arg),
	    int (*post)(int parent, const char *name, void *arg), void *arg);

#endif
