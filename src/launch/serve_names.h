// SPDX-License-Identifier: Apache-2.0
/* serve_names.h - the name service of a container whose policy follows names
 *
 * Owns:     what it is started with.
 */
#ifndef CONTAINER_SERVE_NAMES_H
#define CONTAINER_SERVE_NAMES_H

#include <sys/types.h>

#include "base/error.h"
#include "policy/policy.h"

/* Starts it, with the servers of @conf, in the network namespace of @init (a pid; @init_fd its pidfd). Nothing to do where no names are followed. 0 or -1 with @e. */
int serve_names(const struct policy *p, const struct policy_resolv_conf *conf, pid_t init, int init_fd, int state_dir, struct err *e);

#endif
