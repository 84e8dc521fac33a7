// SPDX-License-Identifier: Apache-2.0
/* rpc.c - one CRIU process and the conversation with it
 *
 * Runs in:  checkpoint and restore; the child until it executes CRIU.
 */
#include "checkpoint/rpc.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"

/* Notices and answers are some dozens of bytes; an error text may come along. */
#define ANSWER_MAX 65536
/* External pid namespaces and the freezer of cgroup v2. 3.15 is of November 2020. */
#define MIN_MAJOR 3
#define MIN_MINOR 15

static void complain(int fd, const struct err *e)
{
	(void)!write(fd, e, sizeof(*e));
	_exit(127);
}

/* In the child, because CRIU takes the descriptors that a request names from whoever made the socket: these are its own then, and
 * the directories behind them are those of its own mount namespace. */
static int make_socket(int control, struct err *e)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, "make a socket for CRIU");
	if (fd_send(control, pair[0], "", 1, e) < 0)
		return -1;
	fd_close(&pair[0]);
	return pair[1];
}

static void run_child(const struct rpc_child *child, int output, int control)
{
	const char *program = child->program ? child->program : "criu";
	struct err e = { 0 };
	char number[16];
	sigset_t none;
	int sock;

	/* What is restored must not begin with our mask: CRIU's helpers wait for their signals. */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (child->prepare && child->prepare(child->ctx, &e) < 0)
		complain(control, &e);
	sock = make_socket(control, &e);
	if (sock < 0)
		complain(control, &e);
	dup2(output, STDOUT_FILENO);
	dup2(output, STDERR_FILENO);
	for (size_t i = 0; i < child->n_keep; i++)
		fd_set_cloexec(child->keep[i], false);
	fd_set_cloexec(sock, false);
	snprintf(number, sizeof(number), "%d", sock);
	/* An engine may start us without any: CRIU itself looks for tar, iptables and nft. */
	setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 0);
	execlp(program, program, "swrk", number, (char *)NULL);
	/* Not "not found": engines would tell their user that the container's command is missing. */
	if (errno == ENOENT)
		err_text(&e, ENOENT, "CRIU is not installed (looked for \"%s\")", program);
	else
		err_sys(&e, "execute CRIU (%s)", program);
	complain(control, &e);
}

/* The socket, and then nothing: the exec closed the child's end. */
static int hear_child(int control, int *sock, struct err *e)
{
	struct err said;
	autofd none = -1;
	int n = fd_recv(control, &said, sizeof(said), sock, e);

	if (n > 0 && *sock >= 0)
		n = fd_recv(control, &said, sizeof(said), &none, e);
	else if (n == 0)
		return err_msg(e, "CRIU's process ended before it was CRIU");
	if (n == (int)sizeof(said))
		*e = said;
	return n == 0 ? 0 : -1;
}

int rpc_start(struct rpc *r, const struct rpc_child *child, struct err *e)
{
	int control[2];
	int ret = -1;

	r->output = memfd_create("criu", MFD_CLOEXEC);
	if (r->output < 0)
		return err_sys(e, "make a file for CRIU's output");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control) < 0)
		return err_sys(e, "make a socket");
	r->pid = fork();
	if (r->pid == 0)
		run_child(child, r->output, control[1]);
	fd_close(&control[1]);
	if (r->pid > 0) {
		ret = hear_child(control[0], &r->sock, e);
	} else {
		r->pid = 0;
		err_sys(e, "fork for CRIU");
	}
	fd_close(&control[0]);
	return ret;
}

static int send_request(const struct rpc *r, const CriuRequest *q, struct err *e)
{
	size_t len = criu_request__get_packed_size(q);
	autofree uint8_t *buf = xcalloc(1, len ? len : 1);

	criu_request__pack(q, buf);
	if (send(r->sock, buf, len, MSG_NOSIGNAL) != (ssize_t)len)
		return err_sys(e, "send a request to CRIU");
	return 0;
}

static CriuAnswer *receive(const struct rpc *r, int *fd, struct err *e)
{
	autofree uint8_t *buf = xcalloc(1, ANSWER_MAX);
	int n = fd_recv(r->sock, buf, ANSWER_MAX, fd, e);
	CriuAnswer *a;

	if (n < 0)
		return NULL;
	if (n == 0) {
		err_msg(e, "CRIU ended without an answer");
		return NULL;
	}
	a = criu_answer__unpack(NULL, (size_t)n, buf);
	if (!a)
		err_msg(e, "CRIU's answer makes no sense");
	return a;
}

static int take_notice(struct rpc *r, const CriuAnswer *a, int fd, rpc_notice notice, void *ctx, struct err *e)
{
	CriuRequest taken = CRIU_REQUEST__INIT;
	const char *phase = a->notice && a->notice->phase ? a->notice->phase : "";
	pid_t pid = a->notice && a->notice->has_pid ? a->notice->pid : 0;
	struct err why, lost;
	int ret;

	log_debug("CRIU: %s (pid %d)", phase, (int)pid);
	ret = notice ? notice(ctx, phase, pid, fd, &why) : 0;
	taken.kind = CRIU_KIND__CRIU_NOTICE;
	taken.has_notice_taken = 1;
	taken.notice_taken = ret == 0;
	if (send_request(r, &taken, &lost) < 0 && ret == 0) {
		*e = lost;
		return -1;
	}
	if (ret < 0)
		*e = why;
	return ret;
}

CriuAnswer *rpc_ask(struct rpc *r, const CriuRequest *q, rpc_notice notice, void *ctx, struct err *e)
{
	struct err refused;
	CriuAnswer *a;

	if (send_request(r, q, e) < 0)
		return NULL;
	for (;;) {
		autofd fd = -1;
		struct err why;

		a = receive(r, &fd, e);
		if (!a || a->kind != CRIU_KIND__CRIU_NOTICE)
			break;
		/* Refused: CRIU now undoes what it did, and says so in its answer. */
		if (take_notice(r, a, fd, notice, ctx, &why) < 0 && !r->refused) {
			refused = why;
			r->refused = true;
		}
		criu_answer__free_unpacked(a, NULL);
	}
	if (a && a->success && a->kind == q->kind && !r->refused)
		return a;
	if (r->refused)
		*e = refused;
	else if (a)
		err_set(e, a->has_code && a->code > 0 ? a->code : 0, "CRIU failed");
	if (a)
		criu_answer__free_unpacked(a, NULL);
	return NULL;
}

void rpc_end(struct rpc *r)
{
	fd_close(&r->sock);
	if (r->pid > 0)
		while (waitpid(r->pid, NULL, 0) < 0 && errno == EINTR)
			;
	r->pid = 0;
}

char *rpc_output(const struct rpc *r, size_t max)
{
	off_t end = r->output >= 0 ? lseek(r->output, 0, SEEK_END) : 0;
	char *text = xcalloc(1, max);

	if (end > 0)
		(void)!pread(r->output, text, max - 1, end > (off_t)max - 1 ? end - (off_t)max + 1 : 0);
	return text;
}

void rpc_close(struct rpc *r)
{
	rpc_end(r);
	fd_close(&r->output);
}

int rpc_check_root(struct err *e)
{
	autofree char *text = NULL;
	unsigned long first = 0, outside = 0, n = 0;

	if (geteuid() == 0 && file_read(AT_FDCWD, "/proc/self/uid_map", 4096, &text, NULL, NULL) == 0)
		(void)sscanf(text, "%lu %lu %lu", &first, &outside, &n);
	return n == UINT32_MAX ? 0 : err_msg(e, "it needs root on the host: CRIU cannot do it for a user");
}

/* --- what there is ----------------------------------------------------------------------------------------------- */

static CriuAnswer *ask_once(const char *program, const CriuRequest *q, struct err *e)
{
	const struct rpc_child child = { .program = program };
	struct rpc r = RPC_INIT;
	CriuAnswer *a = rpc_start(&r, &child, e) < 0 ? NULL : rpc_ask(&r, q, NULL, NULL, e);

	rpc_close(&r);
	return a;
}

static int check_version(const char *program, struct err *e)
{
	CriuRequest q = CRIU_REQUEST__INIT;
	CriuAnswer *a;
	int ret = 0;

	q.kind = CRIU_KIND__CRIU_VERSION;
	a = ask_once(program, &q, e);
	if (!a)
		return -1;
	if (!a->version)
		ret = err_msg(e, "CRIU does not tell its version");
	else if (a->version->major_number < MIN_MAJOR ||
		 (a->version->major_number == MIN_MAJOR && a->version->minor_number < MIN_MINOR))
		ret = err_msg(e, "CRIU is too old: it is %d.%d, and %d.%d is needed", a->version->major_number,
			      a->version->minor_number, MIN_MAJOR, MIN_MINOR);
	criu_answer__free_unpacked(a, NULL);
	return ret;
}

static int check_features(const char *program, const CriuFeatures *f, struct err *e)
{
	CriuFeatures copy = *f;
	CriuRequest q = CRIU_REQUEST__INIT;
	CriuAnswer *a;
	int ret = 0;

	q.kind = CRIU_KIND__CRIU_FEATURES;
	q.features = &copy;
	a = ask_once(program, &q, e);
	if (!a)
		return err_prefix(e, "ask CRIU for its features");
	if (f->memory_tracking && (!a->features || !a->features->memory_tracking))
		ret = err_msg(e, "--pre-dump and --parent-path: CRIU cannot track memory on this kernel");
	else if (f->lazy_pages && (!a->features || !a->features->lazy_pages))
		ret = err_msg(e, "--lazy-pages: CRIU cannot do it on this kernel");
	criu_answer__free_unpacked(a, NULL);
	return ret;
}

int rpc_check(const char *program, const CriuFeatures *features, struct err *e)
{
	if (check_version(program, e) < 0)
		return -1;
	return features->has_memory_tracking || features->has_lazy_pages ? check_features(program, features, e) : 0;
}
