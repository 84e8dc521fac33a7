// SPDX-License-Identifier: Apache-2.0
/* foreign.h - can a socket come in that was made outside of the container, or a process leave its cgroup?
 *
 * Owns:     the answer, for all that a bundle and its caller give: descriptors, mounts, the root directory, namespaces,
 *           capabilities.
 * Must not: decide what follows (enforcement.c, exec.c).
 * Runs in:  create, before anything is mounted; exec, for what it hands down.
 */
#ifndef CONFINE_FOREIGN_H
#define CONFINE_FOREIGN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "oci/config.h"
#include "policy/policy.h"

/* What a bundle and its caller give. */
struct foreign_facts {
	const struct oci_config *config;
	const char *bundle;
	int preserve_fds;
	bool own_pid, own_mount; /* new namespaces */
	bool own_net;	/* a network namespace other than the runtime's … */
	int joined_net; /* … which this is, where it is not new; else -1 */
	bool own_user;
};

/* Writes into @why how a process outside can hand sockets in: "mounts[3] shares a directory …". Empty: it cannot. (What is handed
 * down is another question: foreign_descriptor().) */
void foreign_look(const struct foreign_facts *f, char *why, size_t size);
/* The same: how a process can leave the container's cgroup. */
void foreign_look_for_exits(const struct foreign_facts *f, char *why, size_t size);
/* Others are in the container's network namespace already, or it is the runtime's. Costs 2 µs a process of the host, where it is joined. */
bool foreign_shares_network(const struct foreign_facts *f);
/* The first of the descriptors 0 to 2 + @preserve_fds through which a socket comes in that only the supervisor could judge, or
 * that leads to others. @landlock: a TCP socket is none, for Landlock goes by who uses it. -1: none. *@what is then "a socket" or
 * the like. */
int foreign_descriptor(int preserve_fds, bool landlock, const char **what);
/* The capability with which @p could leave its cgroup, and with it the cgroup program; NULL: none. */
const char *foreign_capability(const struct oci_process *p, bool userns);
/* The container can rewrite routes and addresses of its network (CAP_NET_ADMIN). */
bool foreign_owns_network(const struct foreign_facts *f);
/* False with @e if a descriptor that is handed down is beyond judging (an io_uring). */
bool foreign_check_rings(const struct policy *p, int preserve_fds, struct err *e);

#endif
