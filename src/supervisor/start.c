// SPDX-License-Identifier: Apache-2.0
/* start.c - from `create` to a supervisor that is ready
 *
 * Owns:     the forks, the tables that live as long as the process, the word "ready".
 * Runs in:  supervisor_start() in create; prepare() in its child, the watcher (watch.c); start_supervise() in the watcher's
 *           children, until loop_run().
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cgroupfs.h"
#include "base/fd.h"
#include "supervisor/internal.h"
#include "supervisor/rawsys.h"

/* Where callers' cgroups are found (caller.c). None is no error. */
static void open_cgroups(struct sup *s)
{
	const char *v2 = cgroupfs_v2_alone() ? CGROUPFS_ROOT : CGROUPFS_ROOT "/unified", *memory = CGROUPFS_ROOT "/memory";

	s->cgroup_v2 = cgroupfs_kind(AT_FDCWD, v2) == CGROUPFS_V2 ? open(v2, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	s->cgroup_memory = cgroupfs_kind(AT_FDCWD, memory) == CGROUPFS_V1 ? open(memory, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
}

/* What each supervisor makes anew. */
static int open_tables(struct sup *s, struct err *e)
{
	autofd probe = -1;
	autofd copy = -1;

	for (int i = 0; i < CONNECTIONS_MAX; i++)
		s->connections[i] = -1;
	pthread_mutex_init(&s->lock, NULL);
	pthread_mutex_init(&s->idle_lock, NULL);
	pthread_mutex_init(&s->names_lock, NULL);
	if (pending_init(s) < 0)
		return err_sys(e, "make the supervisor's table of blocked calls");
	s->main_ep = epoll_create1(EPOLL_CLOEXEC);
	s->work_ep = epoll_create1(EPOLL_CLOEXEC);
	s->tick_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	s->pending_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (s->main_ep < 0 || s->work_ep < 0 || s->tick_fd < 0 || s->pending_fd < 0)
		return err_sys(e, "make the supervisor's event loop");
	s->proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (s->proc_fd < 0)
		return err_sys(e, "open /proc for the supervisor");
	open_cgroups(s);
	if (audit_init(&s->audit, &s->sinks, s->state_dir, s->counts) < 0)
		return err_sys(e, "make the supervisor's audit");
	/* EINVAL before Linux 6.9; caller_open() knows what to do then. */
	probe = sys_pidfd_open(getpid(), PIDFD_THREAD);
	s->thread_pidfds = probe >= 0;
	if (probe < 0)
		probe = sys_pidfd_open(getpid(), 0);
	/* Without it each verdict would be "no": a policy that cannot be enforced as it says is an error. */
	copy = sys_pidfd_getfd(probe, 0);
	return copy < 0 ? err_sys(e, "fetch a descriptor by pidfd_getfd(2) (Linux 5.6), which a network policy needs") : 0;
}

static int take_over(struct sup *s, struct err *e)
{
	for (unsigned int i = 0; i < LISTENERS_MAX; i++)
		if (s->listeners[i].fd >= 0 && listener_restore(s, i, s->listeners[i].fd) < 0)
			return err_sys(e, "poll the seccomp listener of session %u", i);
	return 0;
}

/* By it delete knows who we are, without asking (client.c): a read lock on the directory, which only its holder's end takes away. */
static void hold_lock(const struct sup *s)
{
	struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET };

	(void)fcntl(s->state_dir, F_SETLK, &lock);
}

/* The first one's error, if any, goes up the pipe; a later one's status tells the watcher. */
void start_supervise(struct sup *s, int ready)
{
	struct err e = { 0 };
	int r = self_raise(false);

	hold_lock(s);
	if (r < 0)
		err_sys(&e, "raise the supervisor's capabilities");
	else
		r = open_tables(s, &e) < 0 || take_over(s, &e) < 0 ? -1 : 0;
	if (r == 0)
		e.msg[0] = '\0';
	if (ready >= 0 && fd_write_all(ready, &e, sizeof(e)) < 0)
		_exit(EXIT_FAILURE);
	if (r < 0)
		_exit(EXIT_FAILURE);
	fd_close(&ready);
	loop_run(s);
}

/* What all of them have in common. */
static int prepare(struct sup *s, int *ready, struct err *e)
{
	int *maybe[] = { &s->cgroup_fd, &s->cpu_quota_fd, &s->cpu_period_fd, &s->sinks.dir };
	int *keep[7] = { &s->state_dir, &s->creator_fd, ready };
	size_t n = 3;

	for (size_t i = 0; i < sizeof(maybe) / sizeof(maybe[0]); i++)
		if (*maybe[i] >= 0)
			keep[n++] = maybe[i];
	ulimits_lift();
	if (self_detach(keep, n, e) < 0)
		return -1;
	/* Needs our own /proc/self/fd, which is root's once we are not dumpable. */
	s->control_fd = control_listen(s->state_dir, e);
	if (s->control_fd < 0)
		return -1;
	s->shared = mmap(NULL, sizeof(*s->shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (s->shared == MAP_FAILED)
		return err_sys(e, "share memory with the supervisor");
	s->counts = counts_make(s->state_dir, policy_rule_count(s->policy), e);
	return s->counts ? self_limit(s->plan.wall, &s->groups_denied, e) : -1;
}

static void child(struct sup *s, int ready) __attribute__((noreturn));
static void child(struct sup *s, int ready)
{
	struct err e = { 0 };

	if (prepare(s, &ready, &e) < 0) {
		fd_write_all(ready, &e, sizeof(e));
		_exit(EXIT_FAILURE);
	}
	watch_run(s, ready);
}

static void free_sup(struct sup *s)
{
	if (s->kernel_log)
		munmap((void *)(uintptr_t)s->kernel_log, sizeof(*s->kernel_log));
	groups_free(&s->groups);
	munmap(s, sizeof(*s));
}

static struct sup *make_sup(const struct supervisor_request *req, struct err *e)
{
	/* Shared with nobody: the child writes its own copy. */
	struct sup *s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (s == MAP_FAILED) {
		err_sys(e, "memory for the supervisor");
		return NULL;
	}
	s->policy = req->policy;
	s->traits = policy_get_traits(req->policy);
	s->plan = *req->plan;
	s->wall = req->wall;
	snprintf(s->id, sizeof(s->id), "%s", req->id);
	s->state_dir = req->state_dir;
	s->sinks = req->sinks ? *req->sinks : (struct sinks_request){ .state = true, .dir = -1 };
	s->cgroup_fd = s->plan.bpf ? req->bpf_cgroup : -1;
	s->cpu_quota_fd = req->has_quota ? req->cpu_quota : -1;
	s->cpu_period_fd = req->has_quota ? req->cpu_period : -1;
	if (s->plan.wall && groups_make(s->policy, &s->groups, e) < 0) {
		munmap(s, sizeof(*s));
		return NULL;
	}
	s->init_fd = s->control_fd = s->watch_fd = s->names_fd = s->wall_fd = -1;
	/* Mapped here and inherited: the descriptor need not be kept. */
	if (s->plan.bpf && kernel_log_open(s, req->bpf_log) < 0) {
		err_sys(e, "map the log of the cgroup program");
		free_sup(s);
		return NULL;
	}
	return s;
}

/* What the child said: nothing (it died), a message, or "ready". */
static int await_ready(int ready, pid_t pid, struct err *e)
{
	struct err said = { 0 };
	ssize_t n = fd_read_all(ready, &said, sizeof(said));

	if (n == (ssize_t)sizeof(said) && said.msg[0] == '\0')
		return 0;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	if (n == (ssize_t)sizeof(said))
		*e = said;
	else
		err_msg(e, "it ended before it was ready");
	return err_prefix(e, "start the network supervisor");
}

pid_t supervisor_start(const struct supervisor_request *req, struct err *e)
{
	struct sup *s = make_sup(req, e);
	int ready[2];
	pid_t pid;

	if (!s)
		return -1;
	/* Who starts us without ever naming an init, and dies, leaves no orphan: its pidfd. */
	s->creator_fd = sys_pidfd_open(getpid(), 0);
	if (s->creator_fd < 0 || pipe2(ready, O_CLOEXEC) < 0) {
		err_sys(e, "start the network supervisor");
		fd_close(&s->creator_fd);
		free_sup(s);
		return -1;
	}
	pid = fork();
	if (pid == 0)
		child(s, ready[1]);
	close(ready[1]);
	if (pid < 0)
		err_sys(e, "fork the network supervisor");
	else if (await_ready(ready[0], pid, e) < 0)
		pid = -1;
	close(ready[0]);
	fd_close(&s->creator_fd);
	free_sup(s);
	return pid;
}
