// SPDX-License-Identifier: Apache-2.0
/* bell.c - how "start" reaches the init that waits for it
 *
 * A connection to error.sock is made without init's doing: it waits in the queue of the listening socket, and hangs up when that is
 * closed. So an init whose profile forbids accept4(2) can be started all the same; only the reason of a failure is not told then.
 *
 * Runs in:  create, init (also behind a seccomp profile), start.
 */
#include "container/bell.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"

#define WAITING 8 /* starts that were killed leave their connections */

/* A state directory may be deeper than an address is long. */
static struct sockaddr_un address(int dirfd, const char *name)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };

	snprintf(sa.sun_path, sizeof(sa.sun_path), "/proc/self/fd/%d/%s", dirfd, name);
	return sa;
}

static int make_one(int dirfd, const char *name, int type, struct err *e)
{
	const struct sockaddr_un sa = address(dirfd, name);
	autofd sock = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	if (sock < 0 || bind(sock, (const struct sockaddr *)&sa, sizeof(sa)) < 0 || fchmodat(dirfd, name, 0600, 0) < 0)
		return err_sys(e, "make %s", name);
	return fd_steal(&sock);
}

int bell_make(struct bell *b, int dirfd, struct err *e)
{
	b->start = make_one(dirfd, BELL_START, SOCK_DGRAM, e);
	b->error = b->start < 0 ? -1 : make_one(dirfd, BELL_ERROR, SOCK_SEQPACKET | SOCK_NONBLOCK, e);
	if (b->error < 0)
		return -1;
	return listen(b->error, WAITING) < 0 ? err_sys(e, "listen at %s", BELL_ERROR) : 0;
}

void bell_close(struct bell *b)
{
	fd_close(&b->start);
	fd_close(&b->error);
	fd_close(&b->answer);
}

int bell_wait(const struct bell *b, struct err *e)
{
	char byte;
	ssize_t n;

	do {
		n = read(b->start, &byte, 1);
	} while (n < 0 && errno == EINTR);
	return n == 1 ? 0 : err_sys(e, "wait for start");
}

void bell_answer(struct bell *b)
{
	int conn;

	/* The last one is who rang; those before were killed. */
	while ((conn = accept4(b->error, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		fd_close(&b->answer);
		b->answer = conn;
	}
}

void bell_complain(const struct bell *b, const char *text)
{
	if (b->answer >= 0)
		(void)!write(b->answer, text, strlen(text));
}

static int find_one(int dirfd, const char *name, int type, struct err *e)
{
	const struct sockaddr_un sa = address(dirfd, name);
	autofd sock = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (sock < 0 || connect(sock, (const struct sockaddr *)&sa, sizeof(sa)) < 0)
		return err_sys(e, "connect to %s", name);
	return fd_steal(&sock);
}

int bell_find(struct bell *b, int dirfd, struct err *e)
{
	b->error = find_one(dirfd, BELL_ERROR, SOCK_SEQPACKET, e);
	b->start = b->error < 0 ? -1 : find_one(dirfd, BELL_START, SOCK_DGRAM, e);
	return b->start < 0 ? -1 : 0;
}

int bell_ring(const struct bell *b, struct err *e)
{
	return send(b->start, "s", 1, MSG_NOSIGNAL) == 1 ? 0 : err_sys(e, "tell init to start");
}
