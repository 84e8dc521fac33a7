// SPDX-License-Identifier: Apache-2.0
/* sysctl.h - which sysctls a container may set (rootfs_write_sysctls() of rootfs.h writes them)
 *
 * Owns:     the table of namespaced sysctls.
 */
#ifndef ROOTFS_SYSCTL_H
#define ROOTFS_SYSCTL_H

#include "base/error.h"
#include "oci/config.h"

/* The path below /proc/sys of @key, which is in dots ("net.ipv4.conf.eth0/1.rp_filter") or in slashes: the separator that
 * comes first decides, the other one is then part of a name. Heap, or NULL with @e. */
char *sysctl_path(const char *key, struct err *e);
/* 0 if @path is of a namespace that the container does not share with the host; else -1 with @e. */
int sysctl_check(const struct oci_config *c, const char *path, const char *value, struct err *e);

#endif
