// SPDX-License-Identifier: Apache-2.0
/* start.h - letting a created container run */
#ifndef CONTAINER_START_H
#define CONTAINER_START_H

#include "base/error.h"
#include "container/container.h"

/* Returns when the workload was executed and the poststart hooks ran, or -1 with init's own error. A failing
 * startContainer or poststart hook stops and deletes the container (runtime.md, "Lifecycle", steps 7 and 9). Where a service manager is to be told (notify.h) it waits until the
 * workload says it is ready; unless @notify is not NULL: then the socket is the caller's (-1: none) to relay. */
int container_start(struct container *c, int *notify, struct err *e);

#endif
