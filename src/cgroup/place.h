// SPDX-License-Identifier: Apache-2.0
/* place.h - where a container's cgroup goes: pure computations on strings */
#ifndef CGROUP_PLACE_H
#define CGROUP_PLACE_H

#include <stdbool.h>

#include "base/error.h"
#include "cgroup/layout.h"

/* Drops empty and "." components and the slash at the end; keeps the one at the front. ".." and
 * what no cgroup can be named are errors. Heap; NULL with @e. */
char *cg_place_clean(const char *path, struct err *e);
/* The caller's own place below the mount point, "" for its root: "/user.slice/x". Heap. */
char *cg_place_own(const struct cg_hier *h);
/* The container's place below the mount point: begins with a slash, is not the root itself. */
char *cg_place_dir(const struct cg_hier *h, const char *cgroups_path, const char *id,
		   struct err *e);
/* systemd: "slice:prefix:name" to unit name and slice; absent: "sandrun-<id>.scope" in the default
 * slice. */
int cg_place_unit(const char *cgroups_path, const char *id, bool user, char **unit, char **slice,
		  struct err *e);
/* "a-b.slice" to "/a.slice/a-b.slice"; "-.slice" to "". */
char *cg_place_slice(const char *slice, struct err *e);

#endif
