// SPDX-License-Identifier: Apache-2.0
/* idmap.h - id mappings of mounts (rootfs_idmap() of rootfs.h), and what they are made of
 *
 * Owns:     which mappings a mount is to have, and the user namespace that says so to the kernel.
 */
#ifndef ROOTFS_IDMAP_H
#define ROOTFS_IDMAP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "oci/config.h"
#include "rootfs/mount_options.h"

/* "0-1000-10#@10-0-5" as the text of uid_map; @m are the container's mappings, for "@". Heap, or NULL with @e. */
char *idmap_parse_triples(const char *text, const struct oci_id_mapping *m, size_t n, struct err *e);
/* A descriptor of a new user namespace with these maps (texts of uid_map and gid_map), in which nobody lives. */
int idmap_make_userns(const char *uids, const char *gids, struct err *e);
/* By option, or by mappings of its own. */
bool idmap_is_asked(const struct oci_mount *m, const struct mount_options *o);
/* What can be refused before anything is made: no bind, no mappings, or none that can be read. */
int idmap_check(const struct oci_config *c, const struct oci_mount *m, const struct mount_options *o, struct err *e);

#endif
