// SPDX-License-Identifier: Apache-2.0
/* procs.c - a cgroup's members: adding, listing, signalling
 *
 * Owns:     cgroup.procs, cgroup.threads, cgroup.kill.
 * Runs in:  create, exec, kill, ps, delete.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "cgroup/internal.h"
#include "cgroup/walk.h"

/* After SIGKILL a process needs moments; one that is stuck in the kernel is not waited for longer
 * than this. */
#define KILL_WAIT_MS 5000
#define KILL_SLICE_MS 50
#define KILL_ROUNDS 10 /* each may take SIGNAL_FREEZE_MS, too */
/* A signal does not wait long for a process that cannot be frozen. */
#define SIGNAL_FREEZE_MS 500

int cg_procs_add(const char *dir, pid_t pid)
{
	char buf[24];
	int r;

	snprintf(buf, sizeof(buf), "%d", (int)pid);
	for (int tries = 0; tries < 10; tries++) {
		r = cg_io_write(dir, "cgroup.procs", buf);
		/* EINVAL: v1's cpu controller before Linux 6.1 does not take a process that has
		 * just been forked and never ran (TASK_NEW). */
		if (r == 0 || errno != EINVAL)
			return r;
		nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
	}
	return r;
}

/* --- listing ------------------------------------------------------------------------------ */

struct pids {
	pid_t *v;
	size_t n, cap;
	bool any;    /* one is enough: stop at the first, also if its number is not visible here */
	bool hidden; /* there are some of other pid namespaces: the kernel writes 0 for them */
};

static int take_pid(struct pids *p, pid_t pid)
{
	if (p->any) {
		p->n = 1;
		return 1;
	}
	/* Never kept: kill(0, …) would hit our own process group. */
	if (pid <= 0) {
		p->hidden = true;
		return 0;
	}
	if (p->n == p->cap) {
		p->cap = p->cap ? p->cap * 2 : 64;
		p->v = xrealloc(p->v, p->cap, sizeof(*p->v));
	}
	p->v[p->n++] = pid;
	return 0;
}

static int read_list(int fd, struct pids *p)
{
	char buf[4096];
	pid_t pid = 0;
	bool digits = false;
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		for (ssize_t i = 0; i < n; i++) {
			if (buf[i] >= '0' && buf[i] <= '9') {
				pid = pid * 10 + (buf[i] - '0');
				digits = true;
				continue;
			}
			if (digits && take_pid(p, pid))
				return 1;
			digits = false;
			pid = 0;
		}
	}
	return n < 0 && !cg_gone(errno) ? -1 : 0;
}

static int visit(int dir, void *arg)
{
	autofd fd = openat(dir, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return cg_gone(errno) ? 0 : -1;
	r = read_list(fd, arg);
	if (r >= 0 || errno != EOPNOTSUPP)
		return r;
	/* A threaded cgroup lists threads only. A thread's number will do for a signal. */
	fd_close(&fd);
	fd = openat(dir, "cgroup.threads", O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -1 : read_list(fd, arg);
}

static int list(const char *dir, struct pids *p)
{
	int r = -1;

	/* The tree may change while it is walked; then once more. */
	for (int tries = 0; tries < 20; tries++) {
		p->n = 0;
		r = cg_walk(dir, visit, NULL, p);
		if (r >= 0 || errno != ENOENT)
			return r;
		if (access(dir, F_OK) < 0 && cg_gone(errno))
			return 0;
	}
	return r;
}

bool cg_procs_any(const struct cg_dir *d)
{
	struct pids p = { .any = true };
	uint64_t populated;

	if (d->v2 && cg_io_key(d->path, "cgroup.events", "populated", &populated) == 0)
		return populated;
	list(d->path, &p);
	return p.n > 0;
}

int cgroup_pids(const struct cgroup *cg, pid_t **pids, size_t *n, struct err *e)
{
	const struct cg_dir *d = cg_dir_members(cg);
	struct pids p = { 0 };

	*pids = NULL;
	*n = 0;
	if (!d)
		return 0;
	if (list(d->path, &p) < 0) {
		err_sys(e, "read the processes of the cgroup %s", d->path);
		free(p.v);
		return -1;
	}
	*pids = p.v;
	*n = p.n;
	return 0;
}

/* --- signalling --------------------------------------------------------------------------- */

static int signal_once(const struct cg_dir *d, int sig, size_t *count, struct err *e)
{
	struct pids p = { 0 };
	int r = 0;

	*count = 0;
	if (list(d->path, &p) < 0) {
		err_sys(e, "read the processes of the cgroup %s", d->path);
		free(p.v);
		return -1;
	}
	for (size_t i = 0; i < p.n; i++)
		if (kill(p.v[i], sig) < 0 && errno != ESRCH && r == 0)
			r = err_sys(e, "send signal %d to process %d", sig, (int)p.v[i]);
	if (r == 0 && p.hidden && p.n == 0)
		r = err_text(e, ESRCH,
			     "the processes of the cgroup %s are in another pid namespace",
			     d->path);
	*count = p.n;
	free(p.v);
	return r;
}

/* Nobody forks away from a list that was read a moment ago, and no number passes to a stranger,
 * while all stand still. Where freezing fails the signal is sent all the same. */
static int signal_frozen(const struct cgroup *cg, const struct cg_dir *d, int sig, size_t *count,
			 struct err *e)
{
	bool was_frozen = cg_freezer_frozen(cg);
	int r;

	if (!was_frozen)
		cg_freezer_set(cg, true, SIGNAL_FREEZE_MS, NULL);
	r = signal_once(d, sig, count, e);
	/* v1: even SIGKILL waits for the thaw, of each cgroup that the container froze itself, too. */
	if (sig == SIGKILL)
		cg_freezer_release(cg);
	else if (!was_frozen)
		cgroup_freeze(cg, false, NULL);
	return r;
}

/* cgroup.kill: Linux 5.14; reaches also what forks meanwhile, what is frozen, and what lives in
 * other pid namespaces. */
static bool kill_at_once(const struct cgroup *cg)
{
	const struct cg_dir *v2 = cg_dir_v2(cg);

	if (!v2 || cg_io_write(v2->path, "cgroup.kill", "1") < 0)
		return false;
	/* v1's freezer holds even the killed. */
	if (cg_dir_with(cg, CG_FREEZER))
		cg_freezer_release(cg);
	return true;
}

/* Waits for the end of those that have their SIGKILL. One of them may have frozen another by a call that was under way. */
static bool wait_killed(const struct cgroup *cg, int ms)
{
	for (int waited = 0; waited < ms; waited += KILL_SLICE_MS) {
		if (cg_tree_wait_empty(cg, KILL_SLICE_MS))
			return true;
		cg_freezer_release(cg);
	}
	return false;
}

void cgroup_kill(const struct cgroup *cg)
{
	const struct cg_dir *d = cg_dir_members(cg);
	size_t count;

	if (d && !kill_at_once(cg))
		(void)signal_frozen(cg, d, SIGKILL, &count, NULL);
}

void cgroup_kill_frozen(const struct cgroup *cg)
{
	if (!cg_freezer_any_frozen(cg))
		return;
	cgroup_kill(cg);
	(void)wait_killed(cg, KILL_WAIT_MS / KILL_ROUNDS);
}

static int kill_all(const struct cgroup *cg, const struct cg_dir *d, struct err *e)
{
	if (kill_at_once(cg) && wait_killed(cg, KILL_WAIT_MS))
		return 0;
	for (int round = 0; round < KILL_ROUNDS; round++) {
		size_t count;

		if (signal_frozen(cg, d, SIGKILL, &count, e) < 0)
			return -1;
		if (count == 0 || wait_killed(cg, KILL_WAIT_MS / KILL_ROUNDS))
			return 0;
	}
	return err_text(e, EBUSY, "processes of the cgroup %s survive SIGKILL", d->path);
}

int cgroup_signal(const struct cgroup *cg, int sig, struct err *e)
{
	const struct cg_dir *d = cg_dir_members(cg);
	size_t count;

	if (!d)
		return err_text(e, EOPNOTSUPP,
				"the container has no cgroup whose processes could be signalled");
	if (access(d->path, F_OK) < 0 && cg_gone(errno))
		return 0;
	return sig == SIGKILL ? kill_all(cg, d, e) : signal_frozen(cg, d, sig, &count, e);
}
