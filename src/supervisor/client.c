// SPDX-License-Identifier: Apache-2.0
/* client.c - the commands' end of the control socket
 *
 * Owns:     one request and its reply, with a deadline.
 * Runs in:  create, exec, state, delete.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
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

static int ask(int sock, enum control_op op, int fd, struct control_reply *reply, struct err *e)
{
	struct control_request q = { .version = CONTROL_VERSION, .op = op };
	ssize_t n;

	if (fd >= 0) {
		if (fd_send(sock, fd, &q, sizeof(q), e) < 0)
			return err_prefix(e, "ask the supervisor");
	} else if (send(sock, &q, sizeof(q), MSG_NOSIGNAL) != (ssize_t)sizeof(q)) {
		return err_sys(e, "ask the supervisor");
	}
	do {
		n = recv(sock, reply, sizeof(*reply), 0);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(e, "wait for the supervisor's reply");
	if (n != (ssize_t)sizeof(*reply) || reply->version != CONTROL_VERSION)
		return err_msg(e, "the supervisor hung up without a reply");
	reply->text[sizeof(reply->text) - 1] = '\0';
	return reply->ok ? 0 : err_text(e, reply->code, "%s", reply->text);
}

static int dial_and_ask(int state_dir, enum control_op op, int fd, struct err *e)
{
	struct control_reply reply;
	autofd sock = dial(state_dir);

	if (sock < 0)
		return err_text(e, errno, "the container's network supervisor is gone (%s); without it every call is denied",
				strerrorname_np(errno));
	return ask(sock, op, fd, &reply, e);
}

int supervisor_watch(int state_dir, int init_pidfd, struct err *e)
{
	return dial_and_ask(state_dir, CONTROL_WATCH, init_pidfd, e);
}

int supervisor_add_listener(int state_dir, int listener, struct err *e)
{
	return dial_and_ask(state_dir, CONTROL_LISTENER, listener, e);
}

int supervisor_get_status(int state_dir, struct supervisor_status *out, struct err *e)
{
	struct control_reply reply;
	autofd sock = dial(state_dir);

	*out = (struct supervisor_status){ 0 };
	if (sock < 0 && (errno == ENOENT || errno == ECONNREFUSED))
		return 0;
	if (sock < 0)
		return err_sys(e, "connect to the container's supervisor");
	if (ask(sock, CONTROL_STATUS, -1, &reply, e) < 0)
		return -1;
	*out = (struct supervisor_status){ .pid = reply.pid, .denied = reply.denied, .alive = true };
	return 0;
}
