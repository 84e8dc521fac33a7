// SPDX-License-Identifier: Apache-2.0
/* tree.c - make, hand over and remove the directories of a cgroup
 *
 * Owns:     mkdir and rmdir; what must be inherited on the way down: controllers (v2), cpus and
 *           mems (v1).
 * Must not: remove what was there before: parents stay, for other containers may have moved in.
 * Runs in:  create and delete.
 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/str.h"
#include "cgroup/internal.h"
#include "cgroup/walk.h"

/* Members that were sent SIGKILL are gone in milliseconds, or hang in the kernel; nobody should
 * wait longer for a delete. */
#define REMOVE_WAIT_MS 2000

/* --- making ------------------------------------------------------------------------------- */

static void remember_parent(struct cgroup *cg, const char *path)
{
	cg->parents = xrealloc(cg->parents, cg->n_parents + 1, sizeof(*cg->parents));
	cg->parents[cg->n_parents++] = xstrdup(path);
}

static int make_parents(struct cgroup *cg, const struct cg_dir *d)
{
	autofree char *path = xstrdup(d->path);

	for (char *s = strchr(path + d->mount_len + 1, '/'); s; s = strchr(s + 1, '/')) {
		*s = 0;
		if (mkdir(path, 0755) == 0)
			remember_parent(cg, path);
		else if (errno != EEXIST)
			return -1;
		*s = '/';
	}
	return 0;
}

static int found_frozen(const struct cg_dir *d, struct err *e)
{
	return err_text(e, EBUSY, "linux.cgroupsPath: container's cgroup unexpectedly frozen: %s",
			d->path);
}

/* The specification wants a cgroup "fit for purpose": with strangers in it, killing, freezing and
 * limiting this container would hit them; and in a frozen one create would hang. */
static int check_found(const struct cg_dir *d, struct err *e)
{
	char state[32] = "";

	if (cg_procs_any(d))
		return err_text(e, EBUSY,
				"linux.cgroupsPath: container's cgroup is not empty: %s has processes",
				d->path);
	if (d->v2 && cg_io_read(d->path, "cgroup.freeze", state, sizeof(state)) > 0 &&
	    str_eq(state, "1"))
		return found_frozen(d, e);
	if ((d->controllers & CG_BIT(CG_FREEZER)) &&
	    cg_io_read(d->path, "freezer.state", state, sizeof(state)) > 0 &&
	    !str_eq(state, "THAWED"))
		return found_frozen(d, e);
	return 0;
}

int cg_tree_make(struct cgroup *cg, struct cg_dir *d, struct err *e)
{
	/* Race: a parent that we saw or made may be removed by whoever else uses it, before we are
	 * in. */
	for (int tries = 0; tries < 5; tries++) {
		if (mkdir(d->path, 0755) == 0) {
			d->made = true;
			return 0;
		}
		if (errno == EEXIST)
			return check_found(d, e);
		if (errno != ENOENT || make_parents(cg, d) < 0)
			break;
	}
	if (cg_gone(errno))
		return err_text(e, errno, "make the cgroup %s: its parents vanish", d->path);
	return err_sys(e, "make the cgroup %s", d->path);
}

void cg_tree_undo(struct cgroup *cg)
{
	for (size_t i = 0; i < cg->n_dirs; i++)
		if (cg->dirs[i].made)
			rmdir(cg->dirs[i].path);
	/* Not empty: somebody has moved in meanwhile; it stays. */
	while (cg->n_parents > 0) {
		rmdir(cg->parents[--cg->n_parents]);
		free(cg->parents[cg->n_parents]);
	}
}

/* --- v2: controllers ---------------------------------------------------------------------- */

#define CONTROLLERS_TEXT 512

static bool has_word(const char *list, const char *word, size_t len)
{
	while (*list) {
		size_t n = strcspn(list, " ");

		if (n == len && strncmp(list, word, len) == 0)
			return true;
		list += n;
		list += strspn(list, " ");
	}
	return false;
}

/* "+cpu +memory": what of @all is not in @have. @out has room for twice @all. */
static void missing(const char *all, const char *have, char *out)
{
	size_t at = 0;

	out[0] = 0;
	while (*all) {
		size_t n = strcspn(all, " ");

		if (n && !has_word(have, all, n))
			at += (size_t)sprintf(out + at, "%s+%.*s", at ? " " : "", (int)n, all);
		all += n;
		all += strspn(all, " ");
	}
}

static void remember_why(struct cgroup *cg, const char *dir, const char *what)
{
	if (cg->why.msg[0])
		return;
	if (errno == EBUSY)
		err_text(&cg->why, EBUSY, "%s cannot pass \"%s\" on: processes live in it directly",
			 dir, what);
	else if (errno == EOPNOTSUPP)
		err_text(&cg->why, EOPNOTSUPP,
			 "%s cannot pass \"%s\" on: it is part of a threaded subtree", dir, what);
	else
		err_sys(&cg->why, "write %s to %s/cgroup.subtree_control", what, dir);
}

/* Controllers that also work among threads, and so below a cgroup that has processes itself. */
static uint32_t threaded_controllers(void)
{
	return CG_BIT(CG_CPU) | CG_BIT(CG_CPUSET) | CG_BIT(CG_PIDS) | CG_BIT(CG_PERF_EVENT);
}

/* EBUSY: processes live in @dir. Threaded controllers could be switched on one by one all the same,
 * but that makes @dir the root of a threaded subtree, with cgroups below it in which no process can
 * live until they become threaded as well. Done only for a limit that needs just these. */
static bool worth_it(const char *word, int code, uint32_t needed)
{
	if (code != EBUSY)
		return true;
	return !(needed & ~threaded_controllers()) &&
	       (needed & cg_controllers_parse(word + 1, " ", true));
}

static void enable_one_level(struct cgroup *cg, const char *dir)
{
	char all[CONTROLLERS_TEXT], have[CONTROLLERS_TEXT], want[CONTROLLERS_TEXT * 2];
	uint32_t needed = cg_limits_controllers(cg->resources);
	char *save = NULL;
	int code;

	if (cg_io_read(dir, "cgroup.controllers", all, sizeof(all)) <= 0 ||
	    cg_io_read(dir, "cgroup.subtree_control", have, sizeof(have)) < 0)
		return;
	missing(all, have, want);
	if (!*want || cg_io_write(dir, "cgroup.subtree_control", want) == 0)
		return;
	code = errno;
	/* It is all or none. One that cannot (cpu while there are realtime processes: EINVAL) must
	 * not spoil the others. */
	for (char *w = strtok_r(want, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
		errno = code;
		if (!worth_it(w, code, needed) || cg_io_write(dir, "cgroup.subtree_control", w) < 0)
			remember_why(cg, dir, w);
	}
}

void cg_tree_enable(struct cgroup *cg, struct cg_dir *d)
{
	char top[CONTROLLERS_TEXT], leaf[CONTROLLERS_TEXT], lacking[CONTROLLERS_TEXT * 2];
	autofree char *path = xstrdup(d->path);
	char saved = path[d->mount_len];

	path[d->mount_len] = 0;
	cg_io_read(path, "cgroup.controllers", top, sizeof(top));
	path[d->mount_len] = saved;
	cg_io_read(d->path, "cgroup.controllers", leaf, sizeof(leaf));
	missing(top, leaf, lacking);
	if (*lacking) {
		/* Every level above the leaf: the leaf itself keeps none for its children, or it
		 * could have no processes. */
		for (char *s = path + d->mount_len; s; s = strchr(s + 1, '/')) {
			*s = 0;
			enable_one_level(cg, path);
			*s = '/';
		}
		cg_io_read(d->path, "cgroup.controllers", leaf, sizeof(leaf));
	}
	d->controllers = cg_controllers_parse(leaf, " ", true);
}

static void chown_file(const char *dir, const char *file, uid_t uid, int *failed)
{
	autofree char *path = xasprintf("%s/%s", dir, file);

	/* Not every cgroup has every file of the list. */
	if (lchown(path, uid, (gid_t)-1) < 0 && errno != ENOENT)
		*failed = errno;
}

int cg_tree_chown(const struct cg_dir *d, uid_t uid, struct err *e)
{
	static const char before_4_15[] = "cgroup.procs\ncgroup.subtree_control\ncgroup.threads\n";
	autofree char *list = NULL;
	int failed = 0;
	char *save = NULL;

	if (file_read(AT_FDCWD, "/sys/kernel/cgroup/delegate", 65536, &list, NULL, NULL) < 0)
		list = xstrdup(before_4_15);
	chown_file(d->path, "", uid, &failed);
	for (char *f = strtok_r(list, "\n", &save); f; f = strtok_r(NULL, "\n", &save))
		if (!strchr(f, '/'))
			chown_file(d->path, f, uid, &failed);
	if (failed)
		return err_set(e, failed, "give the cgroup %s to user %u", d->path,
			       (unsigned int)uid);
	return 0;
}

/* --- v1: cpus and mems -------------------------------------------------------------------- */

#define CPU_LIST_TEXT 4096

static const char *const cpuset_files[][2] = { { "cpuset.cpus", "cpus" },
					       { "cpuset.mems", "mems" } };

/* Makes @path (of which the first @mount_len bytes are the mount point) have a value of its own,
 * copied from the nearest parent that has one; @buf has it afterwards. */
static int inherit(char *path, size_t mount_len, const char *const names[2], char *buf)
{
	const char *file = names[0];
	char *slash;
	int r;

	if (cg_io_read(path, file, buf, CPU_LIST_TEXT) < 0) {
		file = names[1]; /* mounted with "noprefix", as on Android */
		if (cg_io_read(path, file, buf, CPU_LIST_TEXT) < 0)
			return -1;
	}
	if (*buf || strlen(path) <= mount_len)
		return 0;
	slash = strrchr(path, '/');
	*slash = 0;
	r = inherit(path, mount_len, names, buf);
	*slash = '/';
	return r < 0 ? r : cg_io_write(path, file, buf);
}

int cg_tree_cpuset_init(const struct cg_dir *d, const struct oci_cpu *cpu, struct err *e)
{
	const char *given[2] = { cpu ? cpu->cpus : NULL, cpu ? cpu->mems : NULL };
	char buf[CPU_LIST_TEXT];

	for (int i = 0; i < 2; i++) {
		autofree char *path = xstrdup(d->path);

		/* The container's own value is written with the other limits, once, and not first
		 * the parents': that would clash with an exclusive sibling. */
		if (given[i] && *given[i])
			*strrchr(path, '/') = 0;
		if (inherit(path, d->mount_len, cpuset_files[i], buf) < 0)
			return err_sys(e, "copy %s into the new cgroup %s", cpuset_files[i][0],
				       d->path);
	}
	return 0;
}

/* --- removing ----------------------------------------------------------------------------- */

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void nap_ms(int ms)
{
	nanosleep(&(struct timespec){ .tv_nsec = ms * 1000000L }, NULL);
}

/* The kernel tells of changes of cgroup.events with POLLPRI. */
static bool wait_v2_empty(const char *dir, int ms)
{
	autofree char *path = xasprintf("%s/cgroup.events", dir);
	autofd fd = open(path, O_RDONLY | O_CLOEXEC);
	int64_t end = now_ms() + ms;
	char buf[256];

	if (fd < 0)
		return cg_gone(errno);
	for (;;) {
		ssize_t n = pread(fd, buf, sizeof(buf) - 1, 0);
		struct pollfd p = { .fd = fd, .events = POLLPRI };
		int64_t left = end - now_ms();
		uint64_t populated = 1;

		if (n < 0)
			return cg_gone(errno);
		buf[n] = 0;
		if (cg_text_key(buf, "populated", &populated) && !populated)
			return true;
		if (left <= 0)
			return false;
		poll(&p, 1, (int)left);
	}
}

bool cg_tree_wait_empty(const struct cgroup *cg, int ms)
{
	const struct cg_dir *d = cg_dir_members(cg);
	int64_t end = now_ms() + ms;

	if (!d)
		return true;
	if (d->v2)
		return wait_v2_empty(d->path, ms);
	for (int nap = 1; cg_procs_any(d); nap = nap < 16 ? nap * 2 : nap) {
		if (now_ms() >= end)
			return false;
		nap_ms(nap);
	}
	return true;
}

static int rmdir_child(int parent, const char *name, void *arg)
{
	(void)arg;
	return unlinkat(parent, name, AT_REMOVEDIR) < 0 && !cg_gone(errno) ? -1 : 0;
}

/* 0: it is gone; -1 with errno. */
static int remove_one(const char *path)
{
	if (rmdir(path) == 0 || cg_gone(errno))
		return 0;
	/* A read-only mount says EROFS also of what does not exist. */
	if (cg_denied(errno)) {
		int saved = errno;
		bool exists = access(path, F_OK) == 0;

		errno = saved;
		return exists ? -1 : 0;
	}
	return -1;
}

static int remove_below(const char *path)
{
	if (cg_walk(path, NULL, rmdir_child, NULL) < 0 && !cg_gone(errno))
		return -1;
	return remove_one(path);
}

static int say_busy(const struct cgroup *cg, const char *path, struct err *e)
{
	autofree pid_t *pids = NULL;
	size_t n = 0;
	int code = errno;

	cgroup_pids(cg, &pids, &n, NULL);
	if (code == EBUSY && n)
		return err_text(e, EBUSY,
				"remove the cgroup %s: it still has %zu processes (%d is one)",
				path, n, (int)pids[0]);
	return err_set(e, code, "remove the cgroup %s", path);
}

static size_t remove_each(const struct cgroup *cg, bool *gone, int (*how)(const char *),
			  const char **stuck, int *why)
{
	size_t left = 0;

	for (size_t i = 0; i < cg->n_dirs; i++) {
		if (gone[i] || how(cg->dirs[i].path) == 0) {
			gone[i] = true;
			continue;
		}
		*why = errno;
		*stuck = cg->dirs[i].path;
		left++;
	}
	return left;
}

int cg_tree_remove(const struct cgroup *cg, struct err *e)
{
	autofree bool *gone = xcalloc(cg->n_dirs, sizeof(*gone));
	int64_t end = now_ms() + REMOVE_WAIT_MS;
	const char *stuck = NULL;
	int why = 0;

	/* Nearly always that is all. */
	if (remove_each(cg, gone, remove_one, &stuck, &why) == 0)
		return 0;
	cg_tree_wait_empty(cg, REMOVE_WAIT_MS);
	for (int nap = 1;; nap = nap < 32 ? nap * 2 : nap) {
		if (remove_each(cg, gone, remove_below, &stuck, &why) == 0)
			return 0;
		if (why != EBUSY || now_ms() >= end)
			break;
		nap_ms(nap);
	}
	errno = why;
	return say_busy(cg, stuck, e);
}
