// SPDX-License-Identifier: Apache-2.0
/* idmap.h - mount sources that must be opened outside (rootfs_open_sources() of rootfs.h), and what it is made of
 *
 * Owns:     id mappings of mounts; where a relative bind source is.
 */
#ifndef ROOTFS_IDMAP_H
#define ROOTFS_IDMAP_H

#include <stddef.h>

#include "base/error.h"
#include "oci/config.h"

/* "0-1000-10#@10-0-5" as the text of uid_map; @m are the container's mappings, for "@". Heap, or NULL with @e. */
char *idmap_parse_triples(const char *text, const struct oci_id_mapping *m, size_t n, struct err *e);
/* A descriptor of a new user namespace with these maps (texts of uid_map and gid_map), in which nobody lives. */
int idmap_make_userns(const char *uids, const char *gids, struct err *e);
/* Relative sources are relative to the bundle. Heap. */
char *idmap_source_path(const char *bundle, const char *source);

#endif
