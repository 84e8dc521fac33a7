// SPDX-License-Identifier: Apache-2.0
/* manager.c - who started the runtime: the service manager behind $NOTIFY_SOCKET, or the engine behind --pidfd-socket
 *
 * Runs in:  the test, in the background, until it is killed.
 *
 * usage: manager notify SOCKET          prints each message, one line of it a line; answers barriers by closing what came with them
 *        manager pidfd SOCKET SIGNAL    receives one pidfd, prints the words that came with it, and sends the process that signal
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

static int fail(const char *what)
{
	fprintf(stderr, "manager: %s: %s\n", what, strerror(errno));
	return 1;
}

/* One message and the descriptor that came with it, or -1. */
static ssize_t take(int sock, char *text, size_t size, int *fd)
{
	union {
		struct cmsghdr h;
		char buf[CMSG_SPACE(sizeof(int))];
	} c = { 0 };
	struct iovec iov = { text, size - 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof(c) };
	ssize_t n = recvmsg(sock, &m, MSG_CMSG_CLOEXEC);

	*fd = -1;
	if (n < 0)
		return -1;
	text[n] = '\0';
	if (CMSG_FIRSTHDR(&m) && CMSG_FIRSTHDR(&m)->cmsg_type == SCM_RIGHTS)
		memcpy(fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(*fd));
	return n;
}

static int notify(int sock)
{
	char text[4096];
	int fd;

	while (take(sock, text, sizeof(text), &fd) >= 0) {
		printf("%s%s", text, strchr(text, '\n') ? "" : "\n");
		fflush(stdout);
		if (fd >= 0)
			close(fd);
	}
	return fail("receive");
}

static int pidfd(int sock, int sig)
{
	int conn = listen(sock, 1) < 0 ? -1 : accept4(sock, NULL, NULL, SOCK_CLOEXEC);
	char text[256];
	int fd = -1;

	if (conn < 0 || take(conn, text, sizeof(text), &fd) < 0 || fd < 0)
		return fail("receive a descriptor");
	if (syscall(SYS_pidfd_send_signal, fd, sig, NULL, 0) < 0)
		return fail("send the signal");
	printf("%s\n", text);
	return 0;
}

int main(int argc, char **argv)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int dgram = argc == 3 && strcmp(argv[1], "notify") == 0;
	int sock = socket(AF_UNIX, (dgram ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);

	if (argc != 3 + !dgram) {
		fprintf(stderr, "usage: manager notify SOCKET | pidfd SOCKET SIGNAL\n");
		return 2;
	}
	snprintf(un.sun_path, sizeof(un.sun_path), "%s", argv[2]);
	if (bind(sock, (struct sockaddr *)&un, sizeof(un)) < 0)
		return fail(argv[2]);
	return dgram ? notify(sock) : pidfd(sock, atoi(argv[3]));
}
