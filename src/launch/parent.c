// SPDX-License-Identifier: Apache-2.0
/* parent.c - the parent's side of the conversation of sync.h, as far as create and exec share it
 *
 * Runs in:  create, run and exec.
 */
#include "launch/parent.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "base/sys.h"
#include "base/unixsock.h"
#include "container/foreground.h"
#include "process/process.h"

#define REAP_MS 3000 /* for the end of a process that has nothing more to do */

int parent_open(struct parent *p, struct err *e)
{
	int pair[2];

	if (sync_pair(pair, e) < 0)
		return -1;
	p->sync = pair[0];
	return pair[1];
}

void parent_set_oom_score_adj(const struct parent *p, pid_t pid)
{
	const struct oci_opt_i64 *adj = &p->process->oom_score_adj;
	autofree char *path = pid ? xasprintf("/proc/%d/oom_score_adj", (int)pid) : xstrdup("/proc/self/oom_score_adj");
	char value[24];
	struct err e;

	if (!adj->set)
		return;
	snprintf(value, sizeof(value), "%lld", (long long)adj->v);
	/* Lowering it needs CAP_SYS_RESOURCE on the host. A user's engine asks for what it has itself: the peers go on, too. */
	if (file_write(AT_FDCWD, path, value, &e) < 0)
		log_warn("process.oomScoreAdj: %s", e.msg);
}

void parent_know(struct parent *p, pid_t pid)
{
	p->pid = pid;
	if (pid > 0)
		parent_set_oom_score_adj(p, pid);
}

static int take_staged(struct parent *p, const struct sync_msg *m, struct err *e)
{
	if (!p->staged)
		return err_msg(e, "the new process came twice");
	p->pid = m->num;
	if (!patience_reap(p->staged, NULL, REAP_MS))
		return err_msg(e, "the process that made the new one does not end (frozen by the container?)");
	p->staged = 0;
	return 0;
}

/* Only of mounts there may be several: each once. */
static bool is_twice(const struct parent *p, const struct sync_msg *m)
{
	return m->type == p->last && (m->type != SYNC_IDMAP_WANTED || m->num <= p->last_num);
}

/* A listener that the process could not send, having no helper (workload.c): fetched, with root's rights over it. */
static int fetch_listener(const struct parent *p, const struct sync_msg *m, int *passed, struct err *e)
{
	autofd pidfd = -1;

	if ((m->type != SYNC_LISTENER && m->type != SYNC_PROFILE_LISTENER) || *passed >= 0 || m->num <= 0)
		return 0;
	pidfd = sys_pidfd_open(p->pid, 0);
	*passed = pidfd < 0 ? -1 : sys_pidfd_getfd(pidfd, m->num - 1);
	return *passed < 0 ? err_sys(e, "fetch the seccomp listener (linux.resources.pids leaves no room for the helper that else sends it)")
			   : 0;
}

/* One message of who is known by now. */
static int receive(struct parent *p, struct sync_msg *m, int *passed, struct err *e)
{
	struct pollfd fd = { .fd = p->sync, .events = POLLIN };

	p->patience.pid = p->pid ? p->pid : p->staged;
	if (patience_wait(&p->patience, &fd, 1, e) < 0)
		return -1;
	return sync_recv(p->sync, m, passed, e);
}

static int answer(struct parent *p, const parent_handler handlers[SYNC_COUNT], int (*known)(void *ctx, struct err *e),
		    void *ctx, struct err *e)
{
	for (;;) {
		struct sync_msg m;
		autofd passed = -1;
		int n = receive(p, &m, &passed, e);

		if (n <= 0)
			return n;
		if (m.type == SYNC_FAILED) {
			*e = m.err;
			return -1;
		}
		if (m.type == SYNC_LOG) {
			log_line((enum log_level)m.num, "%s", m.err.msg);
			continue;
		}
		/* In the order of the enum, and none before there is a process. */
		if (m.type < p->last || is_twice(p, &m) || (m.type > SYNC_STAGED && p->pid <= 0))
			return err_msg(e, "the new process sent message %u out of order", m.type);
		p->last = m.type;
		p->last_num = m.num;
		if (fetch_listener(p, &m, &passed, e) < 0)
			return -1;
		log_debug("process %d: %s", (int)(p->pid ? p->pid : p->staged), sync_word((enum sync_type)m.type));
		if (m.type == SYNC_READY)
			return 1;
		if (m.type == SYNC_STAGED) {
			if (take_staged(p, &m, e) < 0 || (known && known(ctx, e) < 0))
				return -1;
		} else if (!handlers[m.type]) {
			return err_msg(e, "the new process sent message %u", m.type);
		} else if (handlers[m.type](ctx, &m, passed, e) < 0) {
			return -1;
		}
		if (m.type != SYNC_PLACED && sync_send(p->sync, SYNC_GO, 0, e) < 0)
			return -1;
	}
}

int parent_converse(struct parent *p, const parent_handler handlers[SYNC_COUNT], int (*known)(void *ctx, struct err *e),
		    void *ctx, struct err *e)
{
	int r;

	patience_begin(&p->patience);
	r = answer(p, handlers, known, ctx, e);
	patience_end(&p->patience);
	return r;
}

int parent_take_console(struct parent *p, int passed, struct err *e)
{
	if (passed < 0)
		return err_msg(e, "the new process sent no terminal");
	if (p->console_socket)
		return process_send_console(p->console_socket, passed, e);
	/* process.consoleSize, if there is one, has been applied and counts. */
	foreground_adopt_terminal(passed, !p->process->console_size.set);
	p->master = fcntl(passed, F_DUPFD_CLOEXEC, 0);
	return p->master < 0 ? err_sys(e, "keep the terminal") : 0;
}

int parent_write_pid_file(const struct parent *p, const char *path, struct err *e)
{
	char text[24];

	snprintf(text, sizeof(text), "%d", (int)p->pid);
	if (file_replace(AT_FDCWD, path, text, strlen(text), 0644, e) < 0)
		return err_prefix(e, "--pid-file");
	return 0;
}

int parent_send_pidfd(const char *path, int pidfd, const char *what, struct err *e)
{
	autofd sock = unixsock_connect(path, SOCK_STREAM, e);

	if (sock < 0 || fd_send(sock, pidfd, what, strlen(what), e) < 0)
		return err_prefix(e, "--pidfd-socket");
	return 0;
}

void parent_end_child(pid_t pid)
{
	if (pid <= 0)
		return;
	kill(pid, SIGKILL); /* a child of ours that nobody has waited for: the number is still its own */
	(void)patience_reap(pid, NULL, REAP_MS);
}

void parent_close(struct parent *p)
{
	fd_close(&p->sync);
}

bool parent_again(struct parent *p, const struct err *e)
{
	if (e->code != EAGAIN || p->pid || p->sync < 0)
		return false;
	parent_undo(p);
	p->last = 0;
	p->last_num = 0;
	return true;
}

void parent_undo(struct parent *p)
{
	fd_close(&p->sync);
	parent_end_child(p->staged);
	parent_end_child(p->pid);
	p->staged = p->pid = 0;
	fd_close(&p->master);
}
