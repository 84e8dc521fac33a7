// SPDX-License-Identifier: Apache-2.0
/* hosts.h - the text of /etc/hosts with pinned names (rootfs_pin_hosts() of rootfs.h mounts it)
 *
 * Owns:     merging: pure.
 */
#ifndef ROOTFS_HOSTS_H
#define ROOTFS_HOSTS_H

#include <stddef.h>

#include "policy/policy.h"

/* The pinned names first, then @old (@len bytes; may hold anything) without these names. Heap text; *out_len without
 * the NUL. */
char *hosts_merge(const char *old, size_t len, const struct policy_host *hosts, size_t n, size_t *out_len);

/* The text of a resolv.conf: @old (may hold anything) without its name servers, and @server in their place. */
char *hosts_merge_resolv(const char *server, const char *old, size_t len, size_t *out_len);

#endif
