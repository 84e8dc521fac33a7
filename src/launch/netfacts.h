// SPDX-License-Identifier: Apache-2.0
/* netfacts.h - what a container's policy has to know of the network that the engine gives it
 *
 * Owns:     where the container's resolv.conf and hosts file are, and how they are read.
 */
#ifndef CONTAINER_NETFACTS_H
#define CONTAINER_NETFACTS_H

#include <stddef.h>

#include "confine/foreign.h"
#include "policy/policy.h"

/* Fills @out. What cannot be read is not known, and no error: its name servers are then like any address. */
void netfacts_look(const struct foreign_facts *f, struct policy_facts *out, struct policy_resolv_conf *conf);
/* The file that the container will see as @path ("/etc/hosts"): what a mount puts there, or, with @image, what its root directory
 * has. A regular file of a sane size; heap text, or NULL. */
char *netfacts_read(const struct foreign_facts *f, const char *path, bool image, size_t *len);
/* Tells of a policy that leaves a container without a name server although it may reach anything by name. */
void netfacts_warn(const struct policy *p);

#endif
