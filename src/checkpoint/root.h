// SPDX-License-Identifier: Apache-2.0
/* root.h - the root filesystem as CRIU wants it: a mount of its own, with a place for everything that is mounted in it */
#ifndef CHECKPOINT_ROOT_H
#define CHECKPOINT_ROOT_H

#include "base/error.h"
#include "checkpoint/request.h"
#include "oci/config.h"

#define ROOT_DIR "criu-root" /* in the state directory */

struct root {
	const struct oci_config *config;
	const char *bundle;
	const char *rootfs; /* absolute */
	const char *dir;    /* absolute: an empty directory, which becomes the root */
	const struct request *request; /* its directories are opened again, in the new mount namespace */
};

/* @ctx: a struct root. In the process that will be CRIU, which gets a mount namespace of its own for it: the host sees none of
 * this, and nothing is left, whoever is killed. */
int root_prepare(void *ctx, struct err *e);

#endif
