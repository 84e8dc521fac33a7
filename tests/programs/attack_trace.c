// SPDX-License-Identifier: Apache-2.0
/* attack_trace.c - what a call that somebody else makes for us leaves of that one, and who pays for it
 *
 * Owns:     one verb each. Every one has a second thread, so that no call on a unix socket is certain to be ours alone.
 * Runs in:  the container.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "probe.h"

static void *idle(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static void have_company(void)
{
	pthread_t t;

	pthread_create(&t, NULL, idle, NULL);
}

/* How many descriptors can be taken of the other side of @s, whose pid SO_PEERPIDFD gives away; -1: no pidfd. */
static int take_from_peer(int s)
{
	socklen_t len = sizeof(int);
	int fd = -1, n = 0;

	if (getsockopt(s, SOL_SOCKET, 77 /* SO_PEERPIDFD */, &fd, &len) < 0)
		return -1;
	for (int i = 0; i < 300; i++) {
		int got = (int)syscall(SYS_pidfd_getfd, fd, i, 0);

		if (got >= 0) {
			n++;
			close(got);
		}
	}
	close(fd);
	return n;
}

/* Makes a connection to itself, both ends of which ask who is there: the pids that they see are this process or nobody, and no
 * descriptor of anybody else's is to be had. Needs CAP_SYS_PTRACE to mean much. */
static void peer_pidfd(int argc, char **argv)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX, .sun_path = "\0attack-peer" };
	struct ucred u[2] = { { 0 }, { 0 } };
	int l = socket(AF_UNIX, SOCK_STREAM, 0), s, a, taken = 0;

	(void)argv;
	have_company();
	if (bind(l, (struct sockaddr *)&un, sizeof(un)) < 0 || listen(l, 64) < 0) {
		say_step("LISTEN");
		return;
	}
	/* Many, for the pidfd is of somebody who may be gone in a moment. */
	for (int i = 0; i < 200; i++) {
		socklen_t len = sizeof(u[0]);

		s = socket(AF_UNIX, SOCK_STREAM, 0);
		if (connect(s, (struct sockaddr *)&un, sizeof(un)) < 0) {
			say_step("CONNECT");
			return;
		}
		a = accept(l, NULL, NULL);
		getsockopt(s, SOL_SOCKET, SO_PEERCRED, &u[0], &len);
		getsockopt(a, SOL_SOCKET, SO_PEERCRED, &u[1], &len);
		if ((u[0].pid && u[0].pid != getpid()) || (u[1].pid && u[1].pid != getpid())) {
			printf("a stranger: %d %d", u[0].pid, u[1].pid);
			fflush(stdout);
			if (argc > 1)
				pause();
			return;
		}
		/* Of ourselves there is something to be had. */
		if (u[0].pid != getpid())
			taken += take_from_peer(s) > 0;
		if (u[1].pid != getpid())
			taken += take_from_peer(a) > 0;
		close(s);
		close(a);
	}
	if (taken)
		printf("took descriptors of others, %d times", taken);
	else
		say(0);
}

/* Queues up to MB megabytes in sockets that nobody reads: how many it were. */
static void unix_memory(int argc, char **argv)
{
	static char buf[65536];
	long want = atol(argv[1]) << 20, sent = 0;

	(void)argc;
	have_company();
	while (sent < want) {
		struct iovec iov = { buf, sizeof(buf) };
		struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
		int p[2], big = 1 << 23;

		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, p) < 0)
			break;
		setsockopt(p[0], SOL_SOCKET, SO_SNDBUF, &big, sizeof(big));
		for (ssize_t n = 1; n > 0;) {
			n = sendmsg(p[0], &m, 0);
			sent += n > 0 ? n : 0;
		}
	}
	printf("%ld", sent >> 20);
}

static bool send_many(int s, int *fds, size_t n)
{
	char control[CMSG_SPACE(250 * sizeof(int))] = { 0 }, byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = CMSG_SPACE(n * sizeof(int)) };
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);

	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(n * sizeof(int));
	memcpy(CMSG_DATA(h), fds, n * sizeof(int));
	return sendmsg(s, &m, 0) >= 0;
}

/* Has descriptors on their way, N at most, and then SECONDS of rest with them: "ERRNO COUNT" of what ended it. Other processes of the same
 * user can have as many less. */
static void unix_fds(int argc, char **argv)
{
	long want = atol(argv[1]), n = 0;
	int fds[250], error = 0;

	have_company();
	for (int i = 0; i < 250; i++)
		fds[i] = open("/", O_PATH);
	while (n < want && !error) {
		int p[2];

		if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, p) < 0)
			break;
		while (!error && send_many(p[0], fds, 250))
			n += 250;
		error = errno == EAGAIN ? 0 : errno;
	}
	say(error);
	printf(" %ld", n);
	fflush(stdout);
	if (argc > 2)
		sleep((unsigned int)atoi(argv[2]));
}

static void on_alarm(int sig)
{
	(void)sig;
}

/* As user 1000 in very many groups, the last one being GROUP: a connect to the socket PATH, which GROUP may use; and a connect that waits, at
 * a signal. */
static void many_groups(int argc, char **argv)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX }, full = { .sun_family = AF_UNIX, .sun_path = "\0attack-full" };
	struct sigaction sa = { .sa_handler = on_alarm };
	static gid_t groups[5000];
	int l, fds[8];

	(void)argc;
	for (size_t i = 0; i < 5000; i++)
		groups[i] = (gid_t)(100000 + i);
	groups[4999] = (gid_t)atoi(argv[2]);
	if (setgroups(5000, groups) < 0 || setresgid(1000, 1000, 1000) < 0 || setresuid(1000, 1000, 1000) < 0) {
		say_step("BECOME");
		return;
	}
	have_company();
	snprintf(un.sun_path, sizeof(un.sun_path), "%s", argv[1]);
	say_ret(connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&un, sizeof(un)));
	printf(" ");
	l = socket(AF_UNIX, SOCK_STREAM, 0);
	bind(l, (struct sockaddr *)&full, sizeof(full));
	listen(l, 0);
	fds[0] = socket(AF_UNIX, SOCK_STREAM, 0);
	connect(fds[0], (struct sockaddr *)&full, sizeof(full));
	sigaction(SIGALRM, &sa, NULL);
	alarm(1);
	say_ret(connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&full, sizeof(full)));
}

/* A sendmmsg whose headers lie in memory that may only be read: its errno, and whether that memory is as it was. */
static void mmsg_readonly(int argc, char **argv)
{
	struct mmsghdr *m = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct iovec iov = { (void *)(uintptr_t)payload, sizeof(payload) };
	struct dest d;
	int fd = dest_sock(&d, argv + 1, 0, SOCK_DGRAM, 0);

	(void)argc;
	if (fd < 0)
		return;
	m[0].msg_hdr = (struct msghdr){ .msg_name = &d.ss, .msg_namelen = d.len, .msg_iov = &iov, .msg_iovlen = 1 };
	mprotect(m, 4096, PROT_READ);
	say_ret(sendmmsg(fd, m, 1, 0));
	printf(m[0].msg_len ? " WRITTEN" : " kept");
	close(fd);
}

/* A listener without a bind, for which the kernel chooses from a range of the one port PORT; and one on whatever it chooses. */
static void listen_range(int argc, char **argv)
{
	uint32_t port = (uint32_t)atoi(argv[1]), range = port | port << 16;
	struct sockaddr_in a = { 0 };
	socklen_t len = sizeof(a);
	int fd = sock(AF_INET, SOCK_STREAM, 0);

	(void)argc;
	if (fd < 0)
		return;
	say_ret(setsockopt(fd, IPPROTO_IP, 51 /* IP_LOCAL_PORT_RANGE */, &range, sizeof(range)));
	printf(" ");
	say_ret(listen(fd, 1));
	getsockname(fd, (struct sockaddr *)&a, &len);
	printf(ntohs(a.sin_port) == port ? " THERE" : " elsewhere");
	close(fd);
}

const struct verb attack_trace_verbs[] = {
	{ "mmsg-readonly", "ADDR PORT", 2, mmsg_readonly },
	{ "listen-range", "PORT", 1, listen_range },
	{ "many-groups", "PATH GROUP", 2, many_groups },
	{ "peer-pidfd", "[wait]", 0, peer_pidfd },
	{ "unix-memory", "MB", 1, unix_memory },
	{ "unix-fds", "N [SECONDS]", 1, unix_fds },
	{ 0 },
};
