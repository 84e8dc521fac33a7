// SPDX-License-Identifier: Apache-2.0
/* devices.h - what other files of the room ask of devices.c (its steps are in rootfs.h)
 *
 * Runs in:  init.
 */
#ifndef ROOTFS_DEVICES_H
#define ROOTFS_DEVICES_H

#include <stdbool.h>

#include "rootfs/rootfs.h"

/* "/dev//null/" is "/dev/null". By the text alone. */
bool devices_same_path(const char *a, const char *b);
/* True if an entry of "mounts" has the destination @path; @bind_only: and is a bind. */
bool devices_has_mount(const struct oci_config *c, const char *path, bool bind_only);
/* Standard descriptors that are the host's /dev/null become the container's: through the host's, root in the container
 * could change the mode of the host's device. After pivot_root. */
int devices_reopen_null(const struct rootfs *r, struct err *e);

#endif
