// SPDX-License-Identifier: Apache-2.0
/* rdt.h - linux.intelRdt: a group of the resctrl file system for the container
 *
 * Owns:     the rules of the specification on closID (whose group, made or found, written or compared), the monitoring group,
 *           and the record of what was made.
 * Must not: mount resctrl (config-linux.md: an error if it is not there) or judge a schema: the kernel does.
 */
#ifndef CONTAINER_RDT_H
#define CONTAINER_RDT_H

#include <sys/types.h>

#include "base/error.h"
#include "oci/config.h"

/* Where resctrl is mounted, from the text of a mountinfo: heap, or NULL. /sys/fs/resctrl is preferred. */
char *rdt_find_in(const char *mountinfo);
/* The same for this mount namespace; NULL with @e if it is not mounted. */
char *rdt_find(struct err *e);

/* Makes or checks the group and the monitoring group below @root and writes the schemata. Returns the record (heap, for
 * rdt_join() and rdt_remove()), or NULL with @e and nothing left behind. */
char *rdt_make(const char *root, const struct oci_intel_rdt *r, const char *id, struct err *e);

/* Puts @pid into the groups. Its later children are born there. */
int rdt_join(const char *record, pid_t pid, struct err *e);

/* "update": new schemata (l3CacheSchema, memBwSchema) for the group of @record. */
int rdt_update(const char *record, const struct oci_intel_rdt *r, struct err *e);
/* Removes what was made for this container alone: a group named by its id, its monitoring group. */
int rdt_remove(const char *record, struct err *e);

#endif
