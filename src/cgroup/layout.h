// SPDX-License-Identifier: Apache-2.0
/* layout.h - which cgroup hierarchies the host has, where they are mounted and where the caller is
 * in them */
#ifndef CGROUP_LAYOUT_H
#define CGROUP_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

struct cg_hier {
	bool v2;
	uint32_t controllers; /* v1 */
	char *key;	      /* as /proc/self/cgroup has it; "" for v2 */
	char *mount;	      /* mount point; NULL: not mounted here */
	char *root;	      /* what of the hierarchy is mounted there; "/" mostly */
	char *self; /* the caller's place in the hierarchy, below its cgroup namespace's root */
	dev_t dev;
};

struct cg_layout {
	struct cg_hier *v;
	size_t n;
};

/* Reads both texts (they are not changed). @visible says whether a mount is really what one sees at
 * its mount point: another mount may lie over it. NULL: all are. Hierarchies that are not mounted
 * are left out. */
int cg_layout_parse(const char *mountinfo, const char *self_cgroup,
		    bool (*visible)(const char *mount, dev_t dev), struct cg_layout *out,
		    struct err *e);
/* The same from /proc; where /sys/fs/cgroup is v2 itself without reading the (maybe long) mount
 * table. */
int cg_layout_load(struct cg_layout *out, struct err *e);
void cg_layout_free(struct cg_layout *l);
/* Pure v2: nothing but one v2 hierarchy. */
bool cg_layout_pure_v2(const struct cg_layout *l);

#endif
