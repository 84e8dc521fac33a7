// SPDX-License-Identifier: Apache-2.0
/* delete.h - the end of a container */
#ifndef CONTAINER_DELETE_H
#define CONTAINER_DELETE_H

#include <stdbool.h>

#include "base/error.h"
#include "container/container.h"
#include "oci/config.h"

/* Removes what create made: processes, supervisor, cgroup, state; then the poststop hooks run. Without @force a
 * running or paused container is an error; with it everything ends, also a container that is half made. */
int container_delete(struct container *c, bool force, struct err *e);
/* The poststop hooks, of a container of which nothing is left but @c. */
void container_poststop(const struct container *c, const struct oci_hook_list *hooks);

#endif
