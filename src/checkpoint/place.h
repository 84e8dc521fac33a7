// SPDX-License-Identifier: Apache-2.0
/* place.h - where CRIU works: a mount namespace of its own, with what it needs of mounts
 *
 * The host sees none of it, and nothing is left, whoever is killed. In the state directory is an empty directory; in CRIU's mount
 * namespace a tmpfs is on it, and there:
 *
 *   root      for restore: the root filesystem, as a mount of its own and with a place for everything that is mounted in it
 *   unified   the host's cgroup v2 hierarchy (where it is the only one), that is, the same mount once more. Left to itself CRIU
 *             mounts another one, without options, and that takes nsdelegate and the like off the host's: they belong to the
 *             superblock, and there is but one
 */
#ifndef CHECKPOINT_PLACE_H
#define CHECKPOINT_PLACE_H

#include "base/error.h"
#include "checkpoint/request.h"
#include "container/container.h"
#include "oci/config.h"

#define PLACE_DIR "criu" /* in the state directory */

struct place {
	const struct request *request; /* its directories are opened again in the new mount namespace */
	const struct oci_config *config; /* restore; NULL: no root is wanted */
	const char *bundle;
	const char *rootfs; /* absolute */
	char *dir;	    /* absolute; NULL: not made */
};

/* Makes the directory and tells CRIU of it. */
int place_make(struct place *p, const struct container *c, struct request *q, struct err *e);
/* Removes it; safe if there is none. */
void place_remove(struct place *p, const struct container *c);
/* @ctx: a struct place. In the process that will be CRIU. */
int place_enter(void *ctx, struct err *e);

#endif
