// SPDX-License-Identifier: Apache-2.0
/* external.h - what of a container is not its own: mounts, namespaces and cgroups that CRIU must neither dump nor make
 *
 * Owns:     the names under which they stand in the images. A bind mount and a masked file have their places in config.json,
 *           a namespace "extRootNetNS" and the like. Images of runc and crun, whose names differ a little, are understood.
 */
#ifndef CHECKPOINT_EXTERNAL_H
#define CHECKPOINT_EXTERNAL_H

#include "base/error.h"
#include "checkpoint/request.h"
#include "container/container.h"
#include "launch/namespaces.h"
#include "oci/config.h"

/* Of the running container. */
int external_dump(struct request *q, const struct oci_config *c, const struct container *container, struct err *e);
/* The same for the way back. @criu is the process that stands in the container's cgroup already; @ns has what is joined: CRIU has
 * to inherit its descriptors for net and pid. */
int external_restore(struct request *q, const struct oci_config *c, const struct container *container,
		     const struct namespaces *ns, pid_t criu, struct err *e);

/* Bind mounts, told from others by type or options; also for place.c. */
bool external_is_bind(const struct oci_mount *m);
/* The source as an absolute path of the host, heap. */
char *external_source(const struct oci_mount *m, const char *bundle);
/* The destination by its text alone: absolute, without doubled slashes and those at the end. Heap. */
char *external_place(const char *destination);

#endif
