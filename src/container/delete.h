// SPDX-License-Identifier: Apache-2.0
/* delete.h - the end of a container */
#ifndef CONTAINER_DELETE_H
#define CONTAINER_DELETE_H

#include <stdbool.h>

#include "base/error.h"
#include "container/container.h"

/* Removes what create made: processes, supervisor, cgroup, state; then the poststop hooks run. Without @force a
 * running or paused container is an error; with it everything ends, also a container that is half made. */
int container_delete(struct container *c, bool force, struct err *e);

#endif
