// SPDX-License-Identifier: Apache-2.0
/* state.h - what the steps of the rootfs room hand on to each other
 *
 * Owns:     struct rootfs_state: descriptors taken before pivot_root and used after it.
 * Runs in:  init. Everything in it is close-on-exec and ends with the exec at the latest.
 */
#ifndef ROOTFS_STATE_H
#define ROOTFS_STATE_H

#include <stddef.h>

#include "rootfs/rootfs.h"

struct rootfs_state {
	int null_tree;	 /* detached copy of the host's /dev/null, verified to be 1:3: the mask of files. -1: not there */
	int *late_ro;	 /* mounts that become read-only in rootfs_seal() only: later steps still write into them */
	size_t n_late_ro;
	char *label; /* SELinux context as a mount option ("context=…"), for what takes it; NULL: none */
};

/* Makes r->state if there is none yet. */
struct rootfs_state *state_get(struct rootfs *r);
/* Notes a duplicate of @fd. Returns 0, or -1 with errno. */
int state_add_late_ro(struct rootfs *r, int fd);
/* Forgets it: @fd is the root of that mount. */
void state_drop_late_ro(struct rootfs *r, int fd);
void state_free(struct rootfs *r);

#endif
