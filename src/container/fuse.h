// SPDX-License-Identifier: Apache-2.0
/* fuse.h - FUSE servers that ended with their container, and whom they keep from ending
 *
 * Runs in:  delete.
 */
#ifndef CONTAINER_FUSE_H
#define CONTAINER_FUSE_H

#include <sys/types.h>

#include "cgroup/cgroup.h"

/* Aborts the connections of all FUSE filesystems that what is left of the container has mounted and the host has not. @cg may be
 * NULL. Best effort: without the right to (a user's runtime, for a mount that is not the user's) nothing happens. */
void fuse_abort(const struct cgroup *cg, pid_t init);

#endif
