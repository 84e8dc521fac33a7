// SPDX-License-Identifier: Apache-2.0
/* client.c - the commands' end of the control socket
 *
 * Owns:     one request and its reply, with a deadline; the end of both processes as seen by who ends them.
 * Runs in:  create, exec, state, delete.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "base/sys.h"
#include "supervisor/counts.h"
#include "supervisor/protocol.h"
#include "supervisor/supervisor.h"

/* The main thread answers at once; this is for a machine under load, or a stopped process. */
#define REPLY_TIMEOUT_S 10

/* The socket, or -1 with errno: ENOENT and ECONNREFUSED mean that no supervisor is there. */
static int dial(int state_dir)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct timeval tv = { .tv_sec = REPLY_TIMEOUT_S };
	autofd sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (sock < 0)
		return -1;
	setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
	snprintf(sun.sun_path, sizeof(sun.sun_path), "/proc/self/fd/%d/" CONTROL_SOCKET, state_dir);
	if (connect(sock, (struct sockaddr *)&sun, sizeof(sun)) < 0)
		return -1;
	return fd_steal(&sock);
}

/* The supervisor died with our request in its hands. What follows it may be asked again. */
#define HUNG_UP (-2)

static int hung_up(struct err *e)
{
	err_msg(e, "the supervisor hung up without a reply");
	return HUNG_UP;
}

static int ask(int sock, enum control_op op, int fd, struct control_reply *reply, struct err *e)
{
	struct control_request q = { .version = CONTROL_VERSION, .op = op };
	struct err failed = { 0 };
	ssize_t n;

	if (fd >= 0 ? fd_send(sock, fd, &q, sizeof(q), &failed) < 0
		    : send(sock, &q, sizeof(q), MSG_NOSIGNAL) != (ssize_t)sizeof(q) && err_sys(&failed, "send")) {
		if (failed.code == EPIPE || failed.code == ECONNRESET)
			return hung_up(e);
		if (e)
			*e = failed;
		return err_prefix(e, "ask the supervisor");
	}
	do {
		n = recv(sock, reply, sizeof(*reply), 0);
	} while (n < 0 && errno == EINTR);
	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return hung_up(e);
	if (n < 0)
		return err_sys(e, "wait for the supervisor's reply");
	if (n != (ssize_t)sizeof(*reply) || reply->version != CONTROL_VERSION)
		return err_msg(e, "the supervisor's reply is not understood");
	reply->text[sizeof(reply->text) - 1] = '\0';
	return reply->ok ? 0 : err_text(e, reply->code, "%s", reply->text);
}

#define TRIES 4

/* *gone: nobody holds the socket any more. */
static int dial_and_ask(int state_dir, enum control_op op, int fd, struct control_reply *reply, bool *gone, struct err *e)
{
	int r = HUNG_UP;

	*gone = false;
	for (int i = 0; r == HUNG_UP && i < TRIES; i++) {
		autofd sock = dial(state_dir);

		if (sock < 0) {
			*gone = errno == ENOENT || errno == ECONNREFUSED || errno == ECONNRESET;
			return err_text(e, errno,
					"the container's network supervisor is gone (%s); without it every call is denied",
					strerrorname_np(errno));
		}
		r = ask(sock, op, fd, reply, e);
		/* Not a watch: before there is an init, no supervisor follows. */
		if (op == CONTROL_WATCH)
			break;
	}
	return r < 0 ? -1 : 0;
}

int supervisor_watch(int state_dir, int init_pidfd, struct err *e)
{
	struct control_reply reply;
	bool gone;

	return dial_and_ask(state_dir, CONTROL_WATCH, init_pidfd, &reply, &gone, e);
}

int supervisor_add_listener(int state_dir, int listener, struct err *e)
{
	struct control_reply reply;
	bool gone;

	return dial_and_ask(state_dir, CONTROL_LISTENER, listener, &reply, &gone, e);
}

int supervisor_join_names(int state_dir, int sock, struct err *e)
{
	struct control_reply reply;
	bool gone;

	return dial_and_ask(state_dir, CONTROL_NAMES, sock, &reply, &gone, e);
}

int supervisor_show_wall(int state_dir, int sock, struct err *e)
{
	struct control_reply reply;
	bool gone;

	return dial_and_ask(state_dir, CONTROL_WALL, sock, &reply, &gone, e);
}

int supervisor_get_status(int state_dir, struct supervisor_status *out, struct err *e)
{
	struct control_reply reply;
	bool gone;

	*out = (struct supervisor_status){ 0 };
	if (dial_and_ask(state_dir, CONTROL_STATUS, -1, &reply, &gone, e) < 0)
		return gone ? 0 : -1;
	*out = (struct supervisor_status){ .pid = reply.pid, .watcher = reply.watcher, .restarts = reply.restarts,
					   .denied = reply.denied, .alive = true };
	return 0;
}

void supervisor_get_counts(int state_dir, uint64_t *denied, unsigned int *restarts)
{
	autofree struct counts *counts = counts_read(state_dir);

	if (!counts)
		return;
	*denied = counts->denied;
	*restarts = (unsigned int)counts->restarts;
}

/* --- its end ---------------------------------------------------------------------------------------------------------- */

/* Longer than the watcher waits for a supervisor (watch.c). */
#define BY_ITSELF_MS 1500

static bool wait_end(int pidfd, int ms)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	int n;

	do {
		n = poll(&p, 1, ms);
	} while (n < 0 && errno == EINTR);
	return n > 0;
}

/* 0: no supervisor. */
static pid_t lock_holder(int state_dir)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fcntl(state_dir, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK && lock.l_pid > 0 ? lock.l_pid : 0;
}

/* The supervisor as a pidfd; -1: none. It is not asked: it may be stopped, and its watcher may be gone. What holds the lock again
 * under the same number was alive all the while, so the pidfd is its own. */
static int find_supervisor(int state_dir)
{
	pid_t pid = lock_holder(state_dir);
	autofd pidfd = pid ? sys_pidfd_open(pid, 0) : -1;

	if (pidfd < 0 || lock_holder(state_dir) != pid)
		return -1;
	return fd_steal(&pidfd);
}

/* Somebody may have stopped them. */
static void wake(int pidfd)
{
	if (pidfd >= 0)
		sys_pidfd_send_signal(pidfd, SIGCONT);
}

void supervisor_end(int state_dir, int pidfd, int timeout_ms)
{
	autofd sup = find_supervisor(state_dir);

	wake(sup);
	wake(pidfd);
	/* It ends by itself when init does; the rest is the backstop, and what makes "delete" leave nobody behind. */
	if (pidfd >= 0 && !wait_end(pidfd, BY_ITSELF_MS)) {
		sys_pidfd_send_signal(pidfd, SIGTERM);
		if (!wait_end(pidfd, timeout_ms)) {
			sys_pidfd_send_signal(pidfd, SIGKILL);
			wait_end(pidfd, timeout_ms);
		}
	}
	/* One whose watcher was killed, or that followed meanwhile. */
	fd_close(&sup);
	sup = find_supervisor(state_dir);
	if (sup >= 0 && !wait_end(sup, BY_ITSELF_MS)) {
		sys_pidfd_send_signal(sup, SIGKILL);
		wait_end(sup, timeout_ms);
	}
}
