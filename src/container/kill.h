// SPDX-License-Identifier: Apache-2.0
/* kill.h - signals for a container */
#ifndef CONTAINER_KILL_H
#define CONTAINER_KILL_H

#include <stdbool.h>

#include "base/error.h"
#include "container/container.h"

/* Sends @sig to init, or with @all to every process of the cgroup. A stopped container: "container not running", but with
 * @all success (as runc: engines call it after init's end). Without a private pid namespace SIGKILL goes to all. */
int container_kill(const struct container *c, int sig, bool all, struct err *e);

#endif
