// SPDX-License-Identifier: Apache-2.0
/* hooks.c - running the hooks of one kind
 *
 * Runs in:  create, start, delete (runtime namespace); init (createContainer before pivot_root, startContainer after).
 *           In init a filter may be loaded: pipes, fork, poll, waitpid only.
 */
#include "container/hooks.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/hostfile.h"
#include "base/log.h"
#include "base/str.h"
#include "base/sys.h"
#include "base/trace.h"
#include "container/patience.h"
#include "oci/names.h"
#include "process/process.h"

#define OUTPUT_KEPT 400 /* the end of what a failing hook said; it ends up in one line of less than 4000 bytes */
#define DRAIN_MAX 1024	/* reads of what is left in the pipe: a daemon of the hook's may go on filling it */

#define END_MS 3000 /* for a process that was killed */

struct running {
	pid_t pid;
	int in;	 /* we write the state here */
	int out; /* we read its stdout and stderr here */
	char said[OUTPUT_KEPT];
	size_t said_len;
	bool said_cut; /* there was more before it */
	const char *state;
	size_t state_left;
	const struct oci_map *annotations;
	const struct confine_profile *profile;
};

__attribute__((noreturn)) static void child(const struct oci_hook *h, const struct confine_profile *profile, int in, int out, int err,
						 int report)
{
	char *const fallback_argv[] = { h->path, NULL };
	char **argv = h->args.n ? h->args.v : (char **)fallback_argv;
	int error, listener;
	struct err e;

	process_reset_signals();
	if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
		_exit(127);
	/* Everything else is close-on-exec. Without "env" the hook gets ours, as under runc: hooks without it rely on PATH. */
	error = confine_profile_apply(profile, &listener, &e) < 0 ? e.code : 0;
	if (!error) {
		execve(h->path, argv, h->env.v ? h->env.v : environ);
		error = errno;
	}
	(void)!write(report, &error, sizeof(error));
	_exit(127);
}

/* The file that the annotation @key names, or -1 in *fd. */
static int open_output(const struct oci_map *annotations, const char *key, int *fd, struct err *e)
{
	const char *path = annotations ? oci_map_get(annotations, key) : NULL;

	if (!path)
		return 0;
	*fd = hostfile_append(HOSTFILE_LOG, path, e);
	return *fd < 0 ? err_prefix(e, "annotation %s", key) : 0;
}

static int start(const struct oci_hook *h, struct running *r, struct err *e)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 }, report[2] = { -1, -1 };
	autofd to_out = -1, to_err = -1;
	int error = 0, ok = -1;

	r->in = r->out = -1;
	if (open_output(r->annotations, "run.oci.hooks.stdout", &to_out, e) < 0 ||
	    open_output(r->annotations, "run.oci.hooks.stderr", &to_err, e) < 0)
		return -1;
	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0 || pipe2(report, O_CLOEXEC) < 0) {
		err_sys(e, "make a pipe");
		goto out;
	}
	r->pid = fork();
	if (r->pid < 0) {
		err_sys(e, "fork");
		goto out;
	}
	if (r->pid == 0)
		child(h, r->profile, in[0], to_out < 0 ? out[1] : to_out, to_err < 0 ? out[1] : to_err, report[1]);
	fd_close(&in[0]);
	fd_close(&out[1]);
	fd_close(&report[1]);
	if (fd_read_all(report[0], &error, sizeof(error)) == (ssize_t)sizeof(error)) {
		waitpid(r->pid, NULL, 0);
		err_set(e, error, "execute it");
		goto out;
	}
	/* A hook that reads nothing, or never ends to write, must not block us. */
	fcntl(in[1], F_SETFL, O_NONBLOCK);
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	r->in = fd_steal(&in[1]);
	r->out = fd_steal(&out[0]);
	ok = 0;
out:
	for (int i = 0; i < 2; i++) {
		fd_close(&in[i]);
		fd_close(&out[i]);
		fd_close(&report[i]);
	}
	return ok;
}

static void feed(struct running *r)
{
	ssize_t n = write(r->in, r->state, r->state_left);

	if (n > 0) {
		r->state += n;
		r->state_left -= (size_t)n;
	}
	if (r->state_left == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		fd_close(&r->in);
}

/* The cause of a failure is in the last lines. */
static void keep_end(struct running *r, const char *text, size_t n)
{
	size_t room = sizeof(r->said) - 1;
	size_t keep = n < room ? room - n : 0;

	if (n > room) {
		text += n - room;
		n = room;
		r->said_cut = true;
	}
	if (r->said_len > keep) {
		memmove(r->said, r->said + r->said_len - keep, keep);
		r->said_len = keep;
		r->said_cut = true;
	}
	memcpy(r->said + r->said_len, text, n);
	r->said_len += n;
}

/* False: there is no more, for now at least. */
static bool listen_to(struct running *r)
{
	char buf[4096];
	ssize_t n = read(r->out, buf, sizeof(buf));

	if (n > 0)
		keep_end(r, buf, (size_t)n);
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		fd_close(&r->out);
	return n > 0;
}

/* What is still in the pipe. */
static void drain(struct running *r)
{
	for (int i = 0; i < DRAIN_MAX && r->out >= 0 && listen_to(r); i++)
		;
}

/* What was said, without a first line that is cut. */
static const char *last_words(struct running *r)
{
	char *line;

	while (r->said_len && (r->said[r->said_len - 1] == '\n' || r->said[r->said_len - 1] == ' '))
		r->said_len--;
	r->said[r->said_len] = 0;
	line = r->said_cut ? strchr(r->said, '\n') : NULL;
	return line ? line + 1 : r->said;
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void end_hook(struct running *r)
{
	kill(r->pid, SIGKILL);
	(void)patience_reap(r->pid, NULL, END_MS);
	drain(r);
}

/* Waits for the end of the hook itself: a daemon that it left behind may keep its pipes open. Returns the wait status,
 * or -1 after the deadline, -2 with @e after a signal that ends us (the hook is killed then). */
static int wait_for(struct running *r, int64_t deadline, struct err *e)
{
	autofd pidfd = sys_pidfd_open(r->pid, 0);
	int status;

	for (;;) {
		struct pollfd p[4] = { { .fd = r->in, .events = POLLOUT },
				       { .fd = r->out, .events = POLLIN },
				       { .fd = pidfd, .events = POLLIN },
				       { .fd = patience_ears(), .events = POLLIN } };
		/* No pidfd (before Linux 5.3, or a profile that forbids it): look every few milliseconds. */
		int64_t pause = pidfd < 0 ? 5 : deadline ? deadline - now_ms() : -1;

		if (waitpid(r->pid, &status, WNOHANG) == r->pid) {
			drain(r);
			return status;
		}
		if (deadline && now_ms() >= deadline) {
			end_hook(r);
			return -1;
		}
		if (poll(p, 4, pause > INT_MAX ? INT_MAX : (int)pause) <= 0)
			continue;
		if (p[0].revents)
			feed(r);
		if (p[1].revents)
			(void)listen_to(r);
		if (p[3].revents && patience_hear(e) < 0) {
			end_hook(r);
			return -2;
		}
	}
}

/* strsignal(3) begins with a capital letter, and may allocate. */
static const char *signal_words(int sig)
{
	return sig == SIGSYS ? "bad system call" : sigabbrev_np(sig) ? sigabbrev_np(sig) : "?";
}

static int run_one(const struct oci_hook *h, const char *state, const struct oci_map *annotations,
		   const struct confine_profile *profile, struct err *e)
{
	struct running r = { .state = state, .state_left = strlen(state), .annotations = annotations, .profile = profile };
	/* A year is as good as for ever, and cannot overflow. */
	int64_t limit = h->timeout.v < 31536000 ? h->timeout.v : 31536000;
	int64_t deadline = h->timeout.set ? now_ms() + limit * 1000 : 0;
	const char *colon, *said;
	int status;

	trace(TRACE_HOOKS, "run %s", h->path);
	if (start(h, &r, e) < 0)
		return -1;
	status = wait_for(&r, deadline, e);
	trace(TRACE_HOOKS, "%s ended with wait status %#x", h->path, (unsigned int)status);
	fd_close(&r.in);
	fd_close(&r.out);
	said = last_words(&r);
	colon = !*said ? "" : r.said_cut ? ": … " : ": ";
	if (status == -2)
		return -1;
	if (status == -1)
		return err_text(e, ETIMEDOUT, "it did not end within its timeout of %lld s%s%s", (long long)h->timeout.v, colon,
				said);
	if (WIFSIGNALED(status))
		return err_msg(e, "it was killed by signal %d (%s)%s%s", WTERMSIG(status), signal_words(WTERMSIG(status)), colon,
			       said);
	if (WEXITSTATUS(status))
		return err_msg(e, "exit status %d%s%s", WEXITSTATUS(status), colon, said);
	return 0;
}

int hooks_run(const struct oci_hook_list *hooks, const char *kind, const char *state, const struct oci_map *annotations,
	      struct err *e)
{
	for (size_t i = 0; i < hooks->n; i++)
		if (run_one(&hooks->v[i], state, annotations, NULL, e) < 0)
			return err_prefix(e, "error running %s hook #%zu: %s", kind, i, hooks->v[i].path);
	return 0;
}

int hooks_run_behind(const struct oci_hook_list *hooks, const char *kind, const char *state, const struct confine_profile *profile,
		     struct err *e)
{
	for (size_t i = 0; i < hooks->n; i++)
		if (run_one(&hooks->v[i], state, NULL, profile, e) < 0)
			return err_prefix(e, "error running %s hook #%zu: %s", kind, i, hooks->v[i].path);
	return 0;
}

void hooks_run_all(const struct oci_hook_list *hooks, const char *kind, const char *state, const struct oci_map *annotations)
{
	struct err e;

	for (size_t i = 0; i < hooks->n; i++)
		if (run_one(&hooks->v[i], state, annotations, NULL, &e) < 0)
			log_warn("error running %s hook #%zu: %s: %s", kind, i, hooks->v[i].path, e.msg);
}
