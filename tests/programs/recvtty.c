// SPDX-License-Identifier: Apache-2.0
/* recvtty.c - the engine's end of --console-socket: receives the pty master and shows what is written to it
 *
 * Owns:     one connection: one message with exactly one descriptor and at least one byte of name (to stderr as
 *           "name=…"). Then the terminal's output goes to standard output until it ends.
 * Runs in:  the test, in the background.
 *
 * usage: recvtty SOCKET [ROWS COLS [INPUT]]    sets the size, types INPUT
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int fail(const char *what)
{
	fprintf(stderr, "recvtty: %s: %s\n", what, strerror(errno));
	return 1;
}

/* Returns the one descriptor of the message, or -1; prints what came. */
static int receive(int conn)
{
	union {
		struct cmsghdr h;
		char buf[CMSG_SPACE(sizeof(int) * 8)];
	} c = { 0 };
	char name[4096];
	struct iovec iov = { name, sizeof(name) - 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof(c) };
	ssize_t n = recvmsg(conn, &m, MSG_CMSG_CLOEXEC);
	int fd = -1;

	if (n < 1 || !CMSG_FIRSTHDR(&m) || CMSG_FIRSTHDR(&m)->cmsg_type != SCM_RIGHTS)
		return -1;
	name[n] = '\0';
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(fd));
	fprintf(stderr, "name=%s fds=%zu\n", name, (CMSG_FIRSTHDR(&m)->cmsg_len - CMSG_LEN(0)) / sizeof(int));
	return fd;
}

int main(int argc, char **argv)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int l = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), conn, fd;
	char buf[4096];
	ssize_t n;

	if (argc < 2) {
		fprintf(stderr, "usage: recvtty SOCKET [ROWS COLS [INPUT]]\n");
		return 2;
	}
	snprintf(un.sun_path, sizeof(un.sun_path), "%s", argv[1]);
	if (bind(l, (struct sockaddr *)&un, sizeof(un)) < 0 || listen(l, 1) < 0)
		return fail(argv[1]);
	conn = accept4(l, NULL, NULL, SOCK_CLOEXEC);
	if (conn < 0)
		return fail("accept");
	fd = receive(conn);
	if (fd < 0)
		return fail("no descriptor came");
	close(conn);
	if (argc > 3) {
		struct winsize w = { .ws_row = (unsigned short)atoi(argv[2]), .ws_col = (unsigned short)atoi(argv[3]) };

		if (ioctl(fd, TIOCSWINSZ, &w) < 0)
			return fail("set the size");
	}
	if (argc > 4 && write(fd, argv[4], strlen(argv[4])) < 0)
		return fail("type");
	/* EIO is how a pty master says that the last slave is closed */
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		if (write(STDOUT_FILENO, buf, (size_t)n) != n)
			return fail("write");
	return 0;
}
