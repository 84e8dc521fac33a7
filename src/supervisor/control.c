// SPDX-License-Identifier: Apache-2.0
/* control.c - the supervisor's end of the control socket
 *
 * Owns:     the table of what may be asked, in which step, how often.
 * Must not: wait for a peer: a connection that says nothing is dropped when its place is needed.
 * Runs in:  the main thread.
 */
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "supervisor/internal.h"
#include "supervisor/protocol.h"

/* --- the requests --------------------------------------------------------------------------------------------------- */

static int take_init(struct sup *s, int *fd, struct err *e)
{
	struct pollfd p = { .fd = *fd, .events = POLLIN };

	if (poll(&p, 1, 0) < 0 || p.revents & POLLNVAL)
		return err_sys(e, "watch init: not a pidfd");
	if (watch_tell(s, &(struct watch_note){ .what = WATCH_INIT }, *fd, e) < 0)
		return -1;
	s->init_fd = fd_steal(fd);
	loop_watch_init(s);
	return 0;
}

static int take_listener(struct sup *s, int *fd, struct err *e)
{
	return listener_add(s, fd_steal(fd), e) < 0 ? -1 : 0;
}

static int take_names(struct sup *s, int *fd, struct err *e)
{
	if (!policy_follows_names(s->policy))
		return err_set(e, EPROTO, "this container's policy follows no names");
	names_take(s, fd_steal(fd));
	return 0;
}

static int take_wall(struct sup *s, int *fd, struct err *e)
{
	if (!s->plan.wall || s->wall_fd >= 0)
		return err_set(e, EPROTO, "the supervisor knows of no wall, or has seen it");
	if (watch_tell(s, &(struct watch_note){ .what = WATCH_WALL }, *fd, e) < 0)
		return -1;
	s->wall_fd = fd_steal(fd);
	loop_watch_wall(s);
	return 0;
}

static int take_status(struct sup *s, int *fd, struct err *e)
{
	(void)s;
	(void)fd;
	(void)e;
	return 0; /* every reply carries it */
}

#define BEFORE_WATCH 1
#define WATCHING 2
static const struct {
	bool with_fd;
	int steps;
	int (*take)(struct sup *s, int *fd, struct err *e);
} requests[] = {
	[CONTROL_WATCH] = { true, BEFORE_WATCH, take_init }, /* hence once */
	[CONTROL_LISTENER] = { true, WATCHING, take_listener },
	[CONTROL_NAMES] = { true, WATCHING, take_names },
	[CONTROL_WALL] = { true, BEFORE_WATCH | WATCHING, take_wall },
	[CONTROL_STATUS] = { false, BEFORE_WATCH | WATCHING, take_status },
};
_Static_assert(sizeof(requests) / sizeof(requests[0]) == CONTROL_OPS, "a handler for each request");

static int take_request(struct sup *s, const struct control_request *q, ssize_t len, int *fd, struct err *e)
{
	int step = s->init_fd < 0 ? BEFORE_WATCH : WATCHING;

	if (len != sizeof(*q) || q->version != CONTROL_VERSION || q->op >= CONTROL_OPS)
		return err_set(e, EPROTO, "the supervisor does not understand the request");
	if (!(requests[q->op].steps & step))
		return err_set(e, EPROTO, "the supervisor cannot take request %u in this step", q->op);
	if (requests[q->op].with_fd != (*fd >= 0))
		return err_set(e, EPROTO, "request %u %s a descriptor", q->op, *fd >= 0 ? "must not have" : "lacks");
	return requests[q->op].take(s, fd, e);
}

/* --- connections ------------------------------------------------------------------------------------------------------ */

/* The directory is closed to others; this is the second lock. Ids are as our user namespace sees them. */
static bool peer_is_ours(int conn)
{
	struct ucred u;
	socklen_t len = sizeof(u);

	return getsockopt(conn, SOL_SOCKET, SO_PEERCRED, &u, &len) == 0 && (u.uid == geteuid() || u.uid == 0);
}

void control_accept(struct sup *s)
{
	int conn = accept4(s->control_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	unsigned int at = CONNECTIONS_MAX;

	if (conn < 0)
		return;
	if (!peer_is_ours(conn)) {
		close(conn);
		return;
	}
	for (unsigned int i = 0; i < CONNECTIONS_MAX && at == CONNECTIONS_MAX; i++)
		if (s->connections[i] < 0)
			at = i;
	if (at == CONNECTIONS_MAX) {
		at = s->connection_next++ % CONNECTIONS_MAX;
		fd_close(&s->connections[at]);
	}
	s->connections[at] = conn;
	loop_watch_connection(s, conn, at);
}

void control_serve(struct sup *s, unsigned int conn)
{
	struct control_reply reply = { .version = CONTROL_VERSION, .ok = 1, .pid = getpid() };
	struct control_request q = { 0 };
	autofd sock = fd_steal(&s->connections[conn]);
	autofd fd = -1;
	struct err e = { 0 };
	int n;

	if (sock < 0)
		return;
	n = fd_recv(sock, &q, sizeof(q), &fd, &e);
	if (n <= 0)
		return;
	if (take_request(s, &q, n, &fd, &e) < 0) {
		reply.ok = 0;
		reply.code = e.code;
		snprintf(reply.text, sizeof(reply.text), "%.255s", e.msg);
	}
	kernel_log_drain(s);
	wall_log_drain(s);
	reply.denied = atomic_load(&s->counts->denied);
	reply.restarts = atomic_load(&s->shared->restarts);
	reply.watcher = s->watch_fd >= 0 ? s->shared->watcher : 0;
	/* A peer that has gone does not want to know; the buffer of a fresh socket holds one reply. */
	send(sock, &reply, sizeof(reply), MSG_NOSIGNAL | MSG_DONTWAIT);
}

int control_listen(int state_dir, struct err *e)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	autofd sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (sock < 0)
		return err_sys(e, "make the supervisor's control socket");
	/* By descriptor: a state directory's path may exceed sun_path's 108 bytes. */
	snprintf(sun.sun_path, sizeof(sun.sun_path), "/proc/self/fd/%d/" CONTROL_SOCKET, state_dir);
	unlinkat(state_dir, CONTROL_SOCKET, 0); /* a left-over of a run that was killed */
	if (bind(sock, (struct sockaddr *)&sun, sizeof(sun)) < 0)
		return err_sys(e, "bind the supervisor's control socket in the state directory");
	if (listen(sock, CONNECTIONS_MAX) < 0)
		return err_sys(e, "listen on the supervisor's control socket");
	return fd_steal(&sock);
}
