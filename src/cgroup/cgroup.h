// SPDX-License-Identifier: Apache-2.0
/* cgroup.h - one interface over cgroup v1, the hybrid layout, v2, and the two managers (cgroupfs, systemd)
 *
 * Owns:     where a container's cgroup is, its limits, its members, its end.
 * Must not: know of containers' state files or namespaces.
 */
#ifndef CGROUP_CGROUP_H
#define CGROUP_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "oci/config.h"

enum cgroup_manager { CGROUP_CGROUPFS, CGROUP_SYSTEMD, CGROUP_DISABLED };

struct cgroup;

struct cgroup_request {
	enum cgroup_manager manager;
	const char *path; /* linux.cgroupsPath; NULL or "" = chosen here. For systemd
			     "slice:prefix:name" */
	const char *id;	  /* the container's */
	bool rootless; /* not real root: a cgroup that may not be made is no error if no path names
			* it and no limit asks for it (v1: any one of its directories) */
	const struct oci_resources *
		resources; /* borrowed, until cgroup_add() has returned: systemd takes them there */
	const struct oci_map *annotations; /* org.systemd.property.*; likewise */
	bool early; /* systemd, as root: cgroup_make() makes the directory, too (by a process of its own that
		     * is in it until cgroup_add()), where else cgroup_add() does */
	/* v2: whose it becomes on the host, so that a container with a cgroup namespace and a
	 * writable /sys/fs/cgroup can make cgroups of its own (config-linux.md, "Cgroup
	 * ownership"). 0: it stays as it is. */
	uid_t owner;
};

/* In two steps, so that its name can be written down before it is made: a plan says where it will be
 * (cgroup_write()), and has made nothing. The caller's, NULL with @e. */
struct cgroup *cgroup_plan(const struct cgroup_request *req, struct err *e);
/* Makes the cgroup with its limits, empty; undoes what it made when it fails. For systemd the unit
 * can only be made with a process in it: without "early" the directory exists after cgroup_add(). One that is
 * there already is taken if it has no processes and is not frozen (else it would be killed, paused
 * and limited together with strangers). */
int cgroup_make(struct cgroup *cg, struct err *e);
/* For a plan of which nobody knows how far it came: removes the directories that are empty, and
 * touches no process: they may be somebody else's, which make would have seen. */
void cgroup_unplan(const struct cgroup *cg);
/* The cgroup written down for the state file (one line of text, heap, the caller's), and back.
 * Write it after cgroup_add(); what was written before it serves cgroup_destroy() only. */
char *cgroup_write(const struct cgroup *cg);
struct cgroup *cgroup_read(const char *text, struct err *e);
void cgroup_free(struct cgroup *cg); /* the struct only */

/* What "exec --cgroup" said: "PATH" for every hierarchy, or "CONTROLLER[,CONTROLLER…]:PATH" for those
 * of a v1 host; where several fit, the last one counts. Both forms name a cgroup below the
 * container's. */
struct cgroup_subs {
	char *const *v;
	size_t n;
};

/* The fast way in, for create (@subs NULL) and exec: see entry.c for what it saves (some 10 ms on
 * v1). Open it before clone; clone with clone_fd as CLONE_INTO_CGROUP where it is not -1 (v2 and
 * hybrid), without where clone3(2) says ENOSYS, E2BIG or EINVAL (before Linux 5.7), EACCES
 * (rootless), EBUSY or EOPNOTSUPP; let the child take it first of all, while it has one thread;
 * close it in the parent. None of this can fail: then still call cgroup_add() or cgroup_join(),
 * once the child is through: they move what is not there yet, and report. Before cgroup_add() there
 * is nothing to open of a systemd cgroup. */
struct cgroup_entry {
	int fds[32];
	size_t n;
	int clone_fd;
};
void cgroup_entry_open(const struct cgroup *cg, const struct cgroup_subs *subs, struct cgroup_entry *en);
void cgroup_entry_take(struct cgroup_entry *en); /* async-signal-safe; closes them */
void cgroup_entry_close(struct cgroup_entry *en);
/* Puts @pid into it (every hierarchy that it is not in yet), and for systemd makes the scope. Then
 * applies what needs a member. */
int cgroup_add(struct cgroup *cg, pid_t pid, struct err *e);
/* After cgroup_add(): makes a cgroup @name below it, without limits, passes on what controllers there are, and puts @pid into it.
 * The container may rule it. With v2 only: v1 cannot delegate. */
int cgroup_delegate(struct cgroup *cg, const char *name, pid_t pid, struct err *e);
/* For exec: puts @pid into it or into the cgroups below it that @subs names (NULL: none). */
int cgroup_join(const struct cgroup *cg, const struct cgroup_subs *subs, pid_t pid, struct err *e);
/* Applies limits; absent ones stay as they are. Device rules too where there are any. */
int cgroup_update(struct cgroup *cg, const struct oci_resources *res, struct err *e);

/* Returns when it has happened, or with an error after 10 s. */
int cgroup_freeze(const struct cgroup *cg, bool freeze, struct err *e);
bool cgroup_frozen(const struct cgroup *cg);
/* The directory by which cgroup_freeze() does it; NULL: there is none. Belongs to @cg. */
const char *cgroup_freezer(const struct cgroup *cg);
/* Every pid in it and below, in the caller's pid namespace. Heap, the caller's. */
int cgroup_pids(const struct cgroup *cg, pid_t **pids, size_t *n, struct err *e);
/* Signals every process in it and below; SIGKILL is repeated (or cgroup.kill used) until none is
 * left. EOPNOTSUPP in e->code where the container has no cgroup (disabled, or rootless without
 * one). */
int cgroup_signal(const struct cgroup *cg, int sig, struct err *e);
/* SIGKILL to all of them, without waiting for their end. */
void cgroup_kill(const struct cgroup *cg);
/* cgroup v1 delivers nothing to a frozen task, not even SIGKILL: after one to the first process of a pid namespace, whose
 * others end with it. If anything of the cgroup is frozen, in it or below it, all is killed and thawed, and their end
 * waited for a moment. */
void cgroup_kill_frozen(const struct cgroup *cg);
/* Removes it and everything below; members are waited for a short while, not killed
 * (cgroup_signal() does that). Parents stay. An absent one is no error. */
int cgroup_destroy(struct cgroup *cg, struct err *e);

/* "events --stats" and oom. Fills what is known; the rest stays 0. "No limit" is UINT64_MAX, but 0
 * for pids (as runc prints it). */
struct cgroup_io_stat {
	uint64_t major, minor;
	char op[12]; /* Read, Write, Sync, Async, Discard, Total */
	uint64_t value;
};

struct cgroup_io_stats {
	struct cgroup_io_stat *v;
	size_t n;
};

struct cgroup_hugetlb_stat {
	char page_size[24];
	uint64_t usage, max, failcnt;
};

struct cgroup_stats {
	uint64_t cpu_total_ns, cpu_user_ns, cpu_kernel_ns;
	uint64_t *percpu_ns; /* v1 */
	size_t n_percpu;
	uint64_t throttle_periods, throttled_periods, throttled_ns;
	uint64_t mem_usage, mem_max_usage, mem_failcnt, mem_limit, mem_cache;
	uint64_t swap_usage, swap_limit;     /* memory and swap together, as v1 counts */
	uint64_t kernel_usage, kernel_limit; /* v1: memory.kmem */
	uint64_t pids_current, pids_limit;
	uint64_t oom_kills;
	struct cgroup_io_stats io_bytes, io_ops; /* ioServiceBytesRecursive, ioServicedRecursive */
	struct cgroup_hugetlb_stat *hugetlb;
	size_t n_hugetlb;
	char *mem_raw; /* memory.stat as it is ("key value" lines), for memory.raw; NULL */
};
/* What it reads at this moment; EOPNOTSUPP in @e: no cgroup. The caller frees with cgroup_stats_free(), also after an error. */
int cgroup_get_stats(const struct cgroup *cg, struct cgroup_stats *out, struct err *e);
void cgroup_stats_free(struct cgroup_stats *s); /* what hangs off it */

/* A descriptor (the caller's) that becomes readable when a process of the cgroup may have been
 * killed for want of memory, and when the cgroup empties or goes away. Read it to rearm (up to 4096
 * bytes, contents mean nothing), then compare oom_kills of cgroup_get_stats(). -1 with @e. */
int cgroup_oom_fd(const struct cgroup *cg, struct err *e);
/* True if something in it was killed for want of memory. */
bool cgroup_had_oom(const struct cgroup *cg);

/* The directory whose device, connect and sendmsg programs cover the container: the v2 one, also
 * that of the hybrid layout. -1 if there is none. Descriptor is the caller's. */
int cgroup_open_v2(const struct cgroup *cg);

/* The processor quota, for who wants to read it again and again: *quota is v2's cpu.max, or v1's cpu.cfs_quota_us and *period
 * its cpu.cfs_period_us (else -1). False: there is no such controller. Descriptors are the caller's. */
bool cgroup_open_cpu_quota(const struct cgroup *cg, int *quota, int *period);

#endif
