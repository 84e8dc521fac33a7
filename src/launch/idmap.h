// SPDX-License-Identifier: Apache-2.0
/* idmap.h - write uid_map, gid_map and setgroups of a new user namespace
 *
 * Owns:     the order of the three writes; direct write or newuidmap and newgidmap.
 * Must not: decide the mappings; keep a descriptor after return.
 * Runs in:  create, after the clone, before init is told to go on. Host privileges.
 */
#ifndef CONTAINER_IDMAP_H
#define CONTAINER_IDMAP_H

#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "oci/config.h"

/* Writes the mappings of @l for @pid, which is alone in its new user namespace. What a user may not write himself goes by
 * newuidmap and newgidmap. */
int idmap_write(pid_t pid, const struct oci_linux *l, struct err *e);

/* Who makes what has to be made in the container's user namespace: its root, or where id 0 is not mapped the first id that is, as with
 * crun. Without mappings in @v those of @who ("self", a pid) in its file @file of /proc ("uid_map") are read. */
uint32_t idmap_maker(const struct oci_id_mapping *v, size_t n, const char *who, const char *file);
/* Takes those ids, hidden (base/hide.h). */
int idmap_become_maker(uint32_t uid, uint32_t gid, struct err *e);

/* For a new user namespace that the configuration says no mappings of: as crun, the creator's own id is the one that the workload
 * will have, and those around it come from the creator's range in /etc/subuid and /etc/subgid, if there is one. */
void idmap_add_default(struct oci_linux *l, const struct oci_user *u);

#endif
