// SPDX-License-Identifier: Apache-2.0
/* deputy.c - one call in the caller's place, made by a process that is for it as the caller is
 *
 * Owns:     that process: cloned for one call, in the caller's cgroup, with its ids, groups and limit of descriptors, where names are
 *           looked up with its root directory, current directory and umask; and of its capabilities those that the call may need.
 * Must not: hold anything but the sockets of the call when it makes it: the other side may get hold of it (SO_PEERPIDFD).
 * Runs in:  a worker thread, and a process of its own for the moment.
 *
 * The kernel remembers of a call who made it: a unix socket keeps the pid and credentials of who listens or connects, what a message
 * needs is charged to the memory cgroup of who sends it, descriptors on their way count for their sender. A call that the
 * supervisor made itself would leave the supervisor there. So such calls are made by a child, which takes the caller's shape for
 * good (there is no way back that could fail), makes the call and ends. The supervisor's threads keep the shape that they have.
 *
 * The child is in the supervisor's pid namespace: in the container its pid reads as 0, and by the time that anybody looks it is gone.
 * It does not share the supervisor's memory, so that a kernel that kills for want of it takes the child alone. The thread waits
 * (CLONE_VFORK); if the container is frozen meanwhile, so is the child, and its caller with it.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "supervisor/internal.h"
#include "supervisor/rawsys.h"

/* The only arguments that the supervisor's own filter lets clone3 have: one for each worker. */
static struct clone_args clone_args[WORKERS_MAX];

void deputy_clone_args(const void **from, size_t *size)
{
	*from = clone_args;
	*size = sizeof(clone_args);
}

/* Capabilities that come into effect when the call asks for them. */
#define LATER (1ULL << CAP_SYS_ADMIN)

/* --- in the child -------------------------------------------------------------------------------------------------------- */

static int compare_fds(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static void close_all_but(int *keep, size_t n)
{
	unsigned int from = 0;

	qsort(keep, n, sizeof(keep[0]), compare_fds);
	for (size_t i = 0; i < n; i++) {
		if (keep[i] < 0)
			continue;
		if ((unsigned int)keep[i] > from)
			sys_close_range(from, (unsigned int)keep[i] - 1, 0);
		from = (unsigned int)keep[i] + 1;
	}
	fd_close_from((int)from);
}

static int open_link(const struct sup *s, pid_t tid, const char *name)
{
	char path[40];

	snprintf(path, sizeof(path), "%d/%s", (int)tid, name);
	return openat(s->proc_fd, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static int set_ids(const struct sup *s, const struct caller_identity *id, uint64_t caps)
{
	/* Where the user namespace denies setgroups(2), the container cannot have changed its groups, either: they are the same. */
	if ((!s->groups_denied && raw_setgroups(id->ngroups, id->groups) < 0) || raw_setresgid(id->gid, id->egid, id->egid) < 0 ||
	    raw_setresuid(id->uid, id->euid, id->euid) < 0)
		return -EACCES;
	if (id->fsgid != id->egid)
		raw_setfsgid(id->fsgid);
	if (id->fsuid != id->euid)
		raw_setfsuid(id->fsuid);
	/* The change has made it what fs.suid_dumpable says. */
	prctl(PR_SET_DUMPABLE, 0);
	caps &= self_caps();
	/* What the call asks for by itself (deputy_raise()) is not in effect yet. */
	return raw_capset(caps & ~LATER, caps) < 0 ? -EACCES : 0;
}

int deputy_raise(void)
{
	uint64_t effective, permitted;

	return raw_capget(&effective, &permitted) < 0 || raw_capset(permitted, permitted) < 0 ? -1 : 0;
}

/* Who is caught by a change of ids but has none to change to (a user's own runtime) stays what he is, with no capability. */
static int set_no_rights(void)
{
	return raw_capset(0, 0) < 0 ? -EACCES : 0;
}

static int take_place(const struct sup *s, const struct caller_identity *id, const struct deputy *d, int root, int cwd, uint64_t caps)
{
	int r;

	if (d->finds_names && (fchdir(root) < 0 || chroot(".") < 0 || fchdir(cwd) < 0))
		return -EACCES;
	if (d->finds_names)
		umask(id->umask);
	if (d->limits_fds)
		setrlimit(RLIMIT_NOFILE, &(struct rlimit){ id->nofile, id->nofile });
	r = set_ids(s, id, caps);
	return r < 0 && d->as_anybody ? set_no_rights() : r;
}

/* Everything up to the call; 0, or a negative errno. */
static int stand_in(const struct worker *w, const struct op *op, const struct deputy *d, int memory_cgroup, struct caller_identity *id)
{
	int keep[RIGHTS_MAX + 4] = { op->sock };
	const struct sup *s = w->sup;
	int root = -1, cwd = -1, r;
	uint64_t caps = 0;
	size_t n = 1;

	if ((memory_cgroup >= 0 && write(memory_cgroup, "0", 1) < 0) || self_raise(true) < 0)
		return -EACCES;
	id->groups = mmap(NULL, GROUPS_MAX * sizeof(gid_t), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (id->groups == MAP_FAILED)
		return -ENOMEM;
	if (caller_identify_all(s, op->tid, id) < 0 || (d->limits_fds && caller_find_nofile(s, op->tid, &id->nofile) < 0))
		return -ESRCH;
	if (d->finds_names) {
		root = open_link(s, op->tid, "root");
		cwd = open_link(s, op->tid, "cwd");
		if (root < 0 || cwd < 0)
			return -EACCES;
	}
	r = d->prepare ? d->prepare(s, op, id, d->arg, &caps) : 0;
	if (r < 0)
		return r;
	/* Its identity belongs to the verdict as much as its memory does. */
	if (!listener_valid(w->sup, op))
		return -ESRCH;
	if (!d->shares_fds) {
		for (size_t i = 0; i < d->n_keep; i++)
			keep[n++] = d->keep[i];
		keep[n++] = root;
		keep[n++] = cwd;
		close_all_but(keep, n);
	}
	r = take_place(s, id, d, root, cwd, caps);
	fd_close(&root);
	fd_close(&cwd);
	return r;
}

/* A call that blocks is over after this long, with EINTR, and is made again (pending.c). */
#define PATIENCE_US 3000

static void be_impatient(void)
{
	const struct itimerval soon = { { 0, PATIENCE_US }, { 0, PATIENCE_US } };

	setitimer(ITIMER_REAL, &soon, NULL);
}

/* --- in the worker ---------------------------------------------------------------------------------------------------------- */

static pid_t give_birth(struct worker *w, const struct deputy *d, int cgroup)
{
	struct clone_args *args = &clone_args[w->index];
	pid_t pid;

	*args = (struct clone_args){ .flags = CLONE_VFORK | (d->shares_fds ? CLONE_FILES : 0), .exit_signal = SIGCHLD };
	if (cgroup >= 0) {
		args->flags |= CLONE_INTO_CGROUP;
		args->cgroup = (uint64_t)cgroup;
		pid = sys_clone3(args);
		/* No room for it, in the container's task limit. Anything else: it is a cgroup that takes nobody from us (before Linux
		 * 5.7; a user's runtime that may not), and so the child stays in ours. */
		if (pid >= 0 || errno == EAGAIN || errno == ENOMEM || d->needs_cgroup)
			return pid;
		args->flags &= ~(uint64_t)CLONE_INTO_CGROUP;
	}
	return sys_clone3(args);
}

int64_t deputy_run(struct worker *w, const struct op *op, const struct deputy *d)
{
	_Atomic int64_t *said = &w->sup->shared->said[w->index];
	struct caller_cgroup cg;
	pid_t pid;

	/* What it does may take long, and its birth takes a while in any case. */
	loop_hand_over(w);
	/* In effect for the way into the cgroup, which may belong to others. */
	if (self_raise(true) < 0)
		return -EACCES;
	cg = caller_find_cgroup(w->sup, op->tid);
	atomic_store(said, -EACCES); /* it may be killed before it says more */
	pid = give_birth(w, d, d->needs_cgroup ? w->sup->cgroup_fd : cg.v2);
	if (pid == 0) {
		struct caller_identity id;
		int r = stand_in(w, op, d, cg.memory, &id);

		if (d->blocks)
			be_impatient();
		atomic_store(said, r < 0 ? r : d->act(op, &id, d->arg));
		_exit(EXIT_SUCCESS);
	}
	if (self_raise(false) < 0)
		_exit(EXIT_FAILURE);
	caller_close_cgroup(&cg);
	return pid < 0 ? -ENOMEM : atomic_load(said);
}
