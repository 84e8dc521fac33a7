// SPDX-License-Identifier: Apache-2.0
/* notify.h - sd_notify(3) of a workload, handed on to the service manager that started us
 *
 * Owns:     <state>/notify/notify, the socket that the container sees as $NOTIFY_SOCKET; what is passed on of it.
 * Must not: let the workload speak to the manager itself: only that it is ready goes through.
 */
#ifndef CONTAINER_NOTIFY_H
#define CONTAINER_NOTIFY_H

#include "base/error.h"
#include "container/container.h"
#include "oci/config.h"

#define NOTIFY_DIRECTORY "notify" /* in the state directory */

/* For create, with $NOTIFY_SOCKET in our environment and none in the container's (an engine that has set one up itself): makes
 * the directory in the state directory and adds the mount and the variable to @config. Else does nothing. */
int notify_prepare(const struct container *c, struct oci_config *config, struct err *e);
/* For start, before the workload runs: the bound socket in *fd (the caller's), or -1 if there is nothing to wait for. */
int notify_open(const struct container *c, int *fd, struct err *e);
/* Takes one message from @fd. True if it said that the workload is ready; that was then told to the manager, with @main_pid (0:
 * it stays as it is). What goes wrong is a warning: the container runs. */
bool notify_relay(int fd, pid_t main_pid);
/* What is still in the socket, when the workload is gone. @fd may be -1. */
void notify_drain(int fd);
/* Waits until the workload is ready or, by @pidfd, gone. */
void notify_wait(int fd, int pidfd, pid_t main_pid);

#endif
