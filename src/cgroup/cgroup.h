// SPDX-License-Identifier: Apache-2.0
/* cgroup.h - one interface over cgroup v1, the hybrid layout, v2, and the two managers (cgroupfs, systemd)
 *
 * Owns:     where a container's cgroup is, its limits, its members, its end.
 * Must not: know of containers' state files or namespaces.
 */
#ifndef CGROUP_CGROUP_H
#define CGROUP_CGROUP_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "oci/config.h"

enum cgroup_manager { CGROUP_CGROUPFS, CGROUP_SYSTEMD, CGROUP_DISABLED };

struct cgroup;

struct cgroup_request {
	enum cgroup_manager manager;
	const char *path; /* linux.cgroupsPath; NULL or "" = chosen here. For systemd "slice:prefix:name" */
	const char *id;	  /* the container's */
	bool rootless;	  /* not real root: a cgroup that may not be made is no error if no limit asks for it */
	const struct oci_resources *resources; /* borrowed for the call */
	const struct oci_map *annotations;     /* org.systemd.property.* */
};

/* Makes the cgroup with its limits, empty. Returns it or NULL with @e and nothing left behind. For systemd the unit can
 * only be made with a process in it: the directory then exists after cgroup_add(). */
struct cgroup *cgroup_create(const struct cgroup_request *req, struct err *e);
/* The cgroup written down for the state file (one line of text, heap, the caller's), and back. */
char *cgroup_write(const struct cgroup *cg);
struct cgroup *cgroup_read(const char *text, struct err *e);
void cgroup_free(struct cgroup *cg); /* the struct only */

/* A directory descriptor for CLONE_INTO_CGROUP if this is pure v2 and the kernel can, else -1. Borrowed. */
int cgroup_clone_fd(const struct cgroup *cg);
/* Puts @pid into it (every hierarchy), and for systemd makes the scope. Then applies what needs a member. */
int cgroup_add(struct cgroup *cg, pid_t pid, struct err *e);
/* For exec: puts @pid into it or into the cgroup below it named @sub (NULL: none; exec --cgroup). */
int cgroup_join(const struct cgroup *cg, const char *sub, pid_t pid, struct err *e);
/* Applies limits; absent ones stay as they are. Device rules too where there are any. */
int cgroup_update(struct cgroup *cg, const struct oci_resources *res, struct err *e);

int cgroup_freeze(const struct cgroup *cg, bool freeze, struct err *e); /* returns when it has happened */
bool cgroup_frozen(const struct cgroup *cg);
/* Every pid in it and below, in the caller's pid namespace. Heap, the caller's. */
int cgroup_pids(const struct cgroup *cg, pid_t **pids, size_t *n, struct err *e);
/* Signals every process in it and below; SIGKILL is repeated (or cgroup.kill used) until none is left. */
int cgroup_signal(const struct cgroup *cg, int sig, struct err *e);
/* Removes it and everything below; members are waited for a short while. An absent one is no error. */
int cgroup_destroy(struct cgroup *cg, struct err *e);

/* "events --stats" and oom. Fills what is known; the rest stays 0. */
struct cgroup_stats {
	uint64_t cpu_total_ns, cpu_user_ns, cpu_kernel_ns;
	uint64_t throttle_periods, throttled_periods, throttled_ns;
	uint64_t mem_usage, mem_max_usage, mem_failcnt, mem_limit, mem_cache;
	uint64_t swap_usage, swap_limit;
	uint64_t pids_current, pids_limit;
	uint64_t oom_kills;
};
int cgroup_get_stats(const struct cgroup *cg, struct cgroup_stats *out, struct err *e);

/* The directory whose device, connect and sendmsg programs cover the container: the v2 one, also that of the hybrid
 * layout. -1 if there is none. Descriptor is the caller's. */
int cgroup_open_v2(const struct cgroup *cg);

#endif
