// SPDX-License-Identifier: Apache-2.0
/* internal.h - what the files of this room share and nobody else sees
 *
 * Owns:     struct cgroup and the list of controllers. Room-internal functions are named
 *           cg_<file>_….
 * Must not: be included from outside src/cgroup/ (its unit tests excepted).
 *
 * The one idea behind it: a container's cgroup is a set of directories, one in each hierarchy that
 * the host has. Pure v2 is a set of one, v1 about ten, the hybrid layout v1's and one of v2. A
 * limit asks for "the directory that has the memory controller" (cg_dir_with()) and looks whether
 * that one speaks v1 or v2; no code asks for "the mode".
 */
#ifndef CGROUP_INTERNAL_H
#define CGROUP_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "cgroup/cgroup.h"

enum cg_controller {
	CG_CPU,
	CG_CPUACCT,
	CG_CPUSET,
	CG_MEMORY,
	CG_DEVICES,
	CG_FREEZER,
	CG_BLKIO, /* "io" on v2 */
	CG_PIDS,
	CG_HUGETLB,
	CG_NET_CLS,
	CG_NET_PRIO,
	CG_PERF_EVENT,
	CG_RDMA,
	CG_MISC,
	CG_COUNT
};
#define CG_BIT(c) (1u << (c))

/* The name in /proc/self/cgroup (v1) or cgroup.controllers (v2). */
const char *cg_controller_name(enum cg_controller c, bool v2);
/* The set named in @list, separated by any of @sep. Unknown names are passed over. */
uint32_t cg_controllers_parse(const char *list, const char *sep, bool v2);

/* One directory of the container's cgroup. */
struct cg_dir {
	bool v2;
	uint32_t controllers; /* of the hierarchy (v1), or those switched on in it (v2) */
	char *key;  /* "cpu,cpuacct", "name=systemd", or "" for v2: as /proc/self/cgroup has it */
	char *path; /* absolute: the mount point, then the place below it */
	size_t mount_len; /* where the place begins in @path */
	bool made;	  /* mkdir(2) was ours, in this process: undone if create fails */
};

struct cgroup {
	enum cgroup_manager manager;
	bool rootless;
	bool explicit_path; /* cgroupsPath was given: then a directory that may not be made is
			       always an error */
	struct cg_dir *dirs;
	size_t n_dirs;
	char *unit;   /* systemd: the scope's name */
	char *slice;  /* systemd: as given, for StartTransientUnit */
	pid_t init;   /* the first one of cgroup_add(); 0 before. May be dead and its number
			 another's: verify */

	/* Only between create and add; borrowed. */
	const struct oci_resources *resources;
	const struct oci_map *annotations;
	uid_t owner;
	bool early;   /* systemd: the scope is made before there is an init … */
	pid_t holder; /* … around this process of ours, until cgroup_add(); 0: none */
	/* Parents that this create made, outermost first: taken away again if it fails, left alone
	 * afterwards (other containers may have moved in). */
	char **parents;
	size_t n_parents;
	/* Why a directory could not be made (rootless) or a controller not be switched on (v2): for
	 * the limit that misses it. */
	struct err why;
};

/* --- holder.c ----------------------------------------------------------------------------- */

/* A child that waits to be ended, in cg->holder. */
int cg_holder_start(struct cgroup *cg, struct err *e);
void cg_holder_end(struct cgroup *cg); /* if there is one */

/* --- dir.c -------------------------------------------------------------------------------- */

/* The directory whose hierarchy has the controller: v1 before v2. NULL if there is none. */
const struct cg_dir *cg_dir_with(const struct cgroup *cg, enum cg_controller c);
/* The v2 directory, pure or hybrid; NULL. */
const struct cg_dir *cg_dir_v2(const struct cgroup *cg);
/* Pure v2: one directory, and it speaks v2. */
bool cg_is_pure_v2(const struct cgroup *cg);
/* A directory that lists every member: v2's before v1's. NULL for the disabled manager. */
const struct cg_dir *cg_dir_members(const struct cgroup *cg);
/* One more directory; takes @path (heap). The result is valid until the next one is appended. */
struct cg_dir *cg_dir_append(struct cgroup *cg, bool v2, const char *key, uint32_t controllers,
			     char *path, size_t mount_len);
/* Takes directory @i off the list. */
void cg_dir_drop(struct cgroup *cg, size_t i);
/* Frees what hangs off it. */
void cg_dir_free(struct cg_dir *d);

/* --- io.c: one cgroup file, one call ------------------------------------------------------ */

/* A descriptor, for several writes to one file; -1 with errno. */
int cg_io_open(const char *dir, const char *file, int flags);
/* 0, or -1 with errno. The value is written in one write(2). */
int cg_io_write(const char *dir, const char *file, const char *value);
/* Bytes read (NUL-terminated, cut at size - 1, trailing newline removed), or -1 with errno. */
ssize_t cg_io_read(const char *dir, const char *file, char *buf, size_t size);
/* Reads the whole file, heap. NULL with errno. */
char *cg_io_slurp(const char *dir, const char *file);
/* A number; "max" is UINT64_MAX. Negative ones (v1's "-1") too. 0, or -1 with errno. */
int cg_io_u64(const char *dir, const char *file, uint64_t *out);
/* The number behind "key " at the start of a line. 0, or -1 with errno (ENODATA: no such key). */
int cg_io_key(const char *dir, const char *file, const char *key, uint64_t *out);
/* The number behind "key " in text already read; false if it is not there. */
bool cg_text_key(const char *text, const char *key, uint64_t *out);
/* An errno that means "this file or cgroup is not there (any more)". */
bool cg_gone(int err);
/* An errno that means "you may not": also a read-only mount. */
bool cg_denied(int err);

/* --- tree.c: making and removing directories ---------------------------------------------- */

/* mkdir, with the parents that are missing (they are remembered in @cg). One that is there is taken if
 * it is free: no process, not frozen. */
int cg_tree_make(struct cgroup *cg, struct cg_dir *d, struct err *e);
/* Switches on in every parent of @d (v2) what the kernel has. Failures are remembered in cg->why
 * only. */
void cg_tree_enable(struct cgroup *cg, struct cg_dir *d);
/* Removes what this process made, after a failed create. */
void cg_tree_undo(struct cgroup *cg);
/* Removes the directories and everything below; waits for members up to two seconds. */
int cg_tree_remove(const struct cgroup *cg, struct err *e);
/* Gives directory and delegate files to the container's user (config-linux.md, "Cgroup ownership").
 * v2 only. */
int cg_tree_chown(const struct cg_dir *d, uid_t uid, struct err *e);
/* Waits until no process is left, at most @ms. True if so. */
bool cg_tree_wait_empty(const struct cgroup *cg, int ms);
/* v1: the leaf's cpus and mems, and those of parents that have none, copied from above. */
int cg_tree_cpuset_init(const struct cg_dir *d, const struct oci_cpu *cpu, struct err *e);

/* --- entry.c ------------------------------------------------------------------------------ */

/* /proc/<pid>/cgroup, heap; for cg_entry_is_in(). @sub: "" or with a slash in front. */
char *cg_entry_places(pid_t pid);
bool cg_entry_is_in(const char *places, const struct cg_dir *d, const char *sub);

/* --- sub.c -------------------------------------------------------------------------------- */

/* The part behind @d that @subs means: "" or with a slash in front, heap; NULL with @e if it would lead out. */
char *cg_sub_of(const struct cg_dir *d, const struct cgroup_subs *subs, struct err *e);
/* Does every controller that @subs names exist for this container? */
int cg_sub_check(const struct cgroup *cg, const struct cgroup_subs *subs, struct err *e);

/* --- join.c ------------------------------------------------------------------------------- */

/* Puts @pid into @d. Where that is "domain invalid" it is made a threaded one, if no limit speaks
 * against it. */
int cg_join_add(const struct cgroup *cg, const struct cg_dir *d, pid_t pid, struct err *e);
/* The path behind "<id>:<key>:" in /proc/<pid>/cgroup. Heap; NULL if there is no such line. */
char *cg_join_path_of(pid_t pid, const char *key);

/* --- procs.c ------------------------------------------------------------------------------ */

/* 0, or -1 with errno. Takes up to 20 ms where v1 refuses a process that has never run. */
int cg_procs_add(const char *dir, pid_t pid);
/* True if any process is in the directory or below it. */
bool cg_procs_any(const struct cg_dir *d);

/* --- limits.c ----------------------------------------------------------------------------- */

/* Controllers that the limits need. */
uint32_t cg_limits_controllers(const struct oci_resources *res);
/* Of quota and period the one that an update leaves out, as it is now: systemd knows the two as one
 * rate, and would write that again with another period. */
void cg_limits_complete_cpu(const struct cgroup *cg, struct oci_cpu *c);
/* All limits of @res (NULL: none) but devices. @update: those that are absent stay as they are. */
int cg_limits_apply(struct cgroup *cg, const struct oci_resources *res, bool update, struct err *e);

/* What one function of limits_v1.c or limits_v2.c gets. */
struct cg_limit {
	const struct cgroup *cg;
	const struct cg_dir *dir;
	const struct oci_resources *res;
	bool update;
	struct err *e;
};
/* Writes and, on failure, says "@what: write @value to @file: why". */
int cg_limit_put(const struct cg_limit *l, const char *what, const char *file, const char *value);
int cg_limit_put_u64(const struct cg_limit *l, const char *what, const char *file, uint64_t value);
int cg_limit_put_i64(const struct cg_limit *l, const char *what, const char *file, int64_t value);
/* Files whose values bound each other, so that the right order depends on what is there now: each
 * is tried in turn, and those that the kernel calls invalid again after the others have changed. */
struct cg_setting {
	const char *what;
	const char *file;
	char value[48];
	bool optional; /* a file that is not there is no error */
};
/* @n: 8 at the most. */
int cg_limit_settle(const struct cg_limit *l, struct cg_setting *v, size_t n);
/* The error for @errno after a failed write, as cg_limit_put() words it. Returns -1. */
int cg_limit_failed(const struct cg_limit *l, const char *what, const char *file,
		    const char *value);

/* The limits of one controller, as its files have them. -1 with l->e, which names the field. */
int cg_v1_memory(const struct cg_limit *l);
int cg_v1_cpu(const struct cg_limit *l);
int cg_v1_blkio(const struct cg_limit *l);
int cg_v1_net_cls(const struct cg_limit *l);
int cg_v1_net_prio(const struct cg_limit *l);
int cg_v2_memory(const struct cg_limit *l);
int cg_v2_cpu(const struct cg_limit *l);
int cg_v2_io(const struct cg_limit *l);
int cg_v2_unified(const struct cg_limit *l);

/* --- freezer.c ---------------------------------------------------------------------------- */

/* Told to be frozen, itself and not a parent. */
bool cg_freezer_frozen(const struct cgroup *cg);
/* Freezing waits for @wait_ms at the most (ETIMEDOUT, and it is thawed again); EOPNOTSUPP: no freezer. */
int cg_freezer_set(const struct cgroup *cg, bool freeze, int wait_ms, struct err *e);
/* v1: is anything frozen, in it or below it? */
bool cg_freezer_any_frozen(const struct cgroup *cg);
/* Thaws it, and on v1 everything below it. Not for resume: a container may freeze cgroups of its own and expects to find
 * them so. */
void cg_freezer_release(const struct cgroup *cg);

/* --- device.c, devbpf.c: see device.h ----------------------------------------------------- */

/* linux.resources.devices, with the devices that every container has. With @update only where there are
 * any rules. Rootless, a kernel that refuses is no error: the user could not open such devices either. */
int cg_device_apply(const struct cgroup *cg, const struct oci_resources *res, bool update,
		    struct err *e);

#endif
