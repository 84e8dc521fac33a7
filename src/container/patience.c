// SPDX-License-Identifier: Apache-2.0
/* patience.c - waiting for a process that the container can touch
 *
 * Runs in:  create, start, run, exec.
 */
#include "container/patience.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/proc.h"
#include "base/sys.h"

#define SLICE_MS 500 /* how often it is looked at */
#define FDS_MAX 4

static int ears = -1;

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

bool patience_is_stopped(pid_t pid)
{
	struct proc_stat st;

	return pid > 0 && proc_stat(pid, &st) && st.state == 'T'; /* not 't': that is a tracer's, who will have a reason */
}

void patience_begin(struct patience *p)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGQUIT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, &p->before);
	ears = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

void patience_end(struct patience *p)
{
	fd_close(&ears);
	sigprocmask(SIG_SETMASK, &p->before, NULL);
}

int patience_ears(void)
{
	return ears;
}

int patience_hear(struct err *e)
{
	struct signalfd_siginfo si;

	if (ears < 0 || read(ears, &si, sizeof(si)) != (ssize_t)sizeof(si))
		return 0;
	return err_text(e, EINTR, "ended by SIG%s", sigabbrev_np((int)si.ssi_signo));
}

static bool is_excused(const struct patience *p)
{
	return p->excused && p->excused(p->ctx);
}

int patience_wait(struct patience *p, struct pollfd *fds, size_t n, struct err *e)
{
	int64_t begun = now_ms(), stopped = 0;
	struct pollfd all[FDS_MAX];

	memcpy(all, fds, n * sizeof(*fds));
	all[n] = (struct pollfd){ .fd = ears, .events = POLLIN };
	for (;;) {
		int r = poll(all, (nfds_t)n + 1, SLICE_MS);
		int64_t now;

		if (r < 0 && errno != EINTR)
			return err_sys(e, "wait for the process in the container");
		if (r > 0 && all[n].revents && patience_hear(e) < 0)
			return -1;
		if (r > (all[n].revents ? 1 : 0)) {
			memcpy(fds, all, n * sizeof(*fds));
			return 0;
		}
		now = now_ms();
		if (!patience_is_stopped(p->pid))
			stopped = 0;
		else if (!stopped)
			stopped = now;
		if (stopped && now - stopped >= PATIENCE_STOPPED_MS && !is_excused(p))
			return err_msg(e, "the new process was stopped for %d s before it was the command (by the container?)",
				       PATIENCE_STOPPED_MS / 1000);
		if (p->limit_ms && now - begun >= p->limit_ms) {
			if (!is_excused(p))
				return err_msg(e, "the new process was not heard of for %d s before it was the command",
					       p->limit_ms / 1000);
			begun = now;
		}
	}
}

bool patience_reap(pid_t pid, int *status, int ms)
{
	autofd pidfd = sys_pidfd_open(pid, 0);
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	int64_t end = now_ms() + ms;
	int ignored;

	for (;;) {
		pid_t got = waitpid(pid, status ? status : &ignored, WNOHANG);
		int64_t left = end - now_ms();

		if (got == pid || (got < 0 && errno != EINTR))
			return got == pid;
		if (left <= 0)
			return false;
		/* No pidfd (out of descriptors): every few milliseconds. */
		(void)poll(&p, 1, pidfd < 0 ? 5 : (int)left);
	}
}
