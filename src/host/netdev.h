// SPDX-License-Identifier: Apache-2.0
/* netdev.h - linux.netDevices: network interfaces of the host that move into the container's network namespace
 *
 * Owns:     the move with all that the specification wants to survive it, and the way back when create fails.
 * Must not: touch an interface once the container is made: its further life is its namespace's (config-linux.md).
 */
#ifndef CONTAINER_NETDEV_H
#define CONTAINER_NETDEV_H

#include <sys/types.h>

#include "base/error.h"
#include "oci/config.h"

struct netdevs;

/* What can be refused without touching anything: names, pairs of equal names, interfaces that are not there, no network
 * namespace. @joined: the namespace that will be joined, or -1. */
int netdev_check(const struct oci_linux *l, int joined, struct err *e);

/* Moves all of them into the network namespace of @pid, a child of ours. *moved (NULL if there are none) is the caller's,
 * also on failure: for netdev_give_back() or netdev_free(). */
int netdev_move(const struct oci_linux *l, pid_t pid, struct netdevs **moved, struct err *e);

/* Takes back what was moved: names, addresses, up or down. Works when the namespace's processes have ended. What fails is a
 * warning. Frees @moved, as netdev_free() does. */
void netdev_give_back(struct netdevs *moved);
void netdev_free(struct netdevs *moved);

/* The "lo" of a new network namespace is down. Runs in init. */
int netdev_raise_loopback(struct err *e);

#endif
