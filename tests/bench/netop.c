// SPDX-License-Identifier: Apache-2.0
/* netop.c - nanoseconds of one network operation, from inside a container
 *
 * Owns:     a UDP sendto and a sendmsg of 64 bytes, a connected send, a TCP connect and close; all to loopback sockets
 *           of its own. Prints "sendto NS sendmsg NS send NS connect NS".
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static struct sockaddr_in to;
static char data[64];

static long now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000L + t.tv_nsec;
}

/* A bound socket, whose address goes to @to; -1 where the policy permits no such socket. */
static int bound(int type)
{
	socklen_t len = sizeof(to);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	to = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	if (fd < 0)
		return -1;
	if (bind(fd, (struct sockaddr *)&to, sizeof(to)) < 0 || getsockname(fd, (struct sockaddr *)&to, &len) < 0)
		exit(1);
	return fd;
}

static void *accept_all(void *p)
{
	for (;;)
		close(accept(*(int *)p, NULL, NULL));
	return NULL;
}

static long udp(int how, int n)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct iovec iov = { data, sizeof(data) };
	struct msghdr m = { .msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = &iov, .msg_iovlen = 1 };
	long t;

	if (fd < 0)
		return -1;
	if (how == 2 && connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		return -1;
	t = now_ns();
	for (int i = 0; i < n; i++) {
		long r = how == 0   ? sendto(fd, data, sizeof(data), 0, (struct sockaddr *)&to, sizeof(to))
			 : how == 1 ? sendmsg(fd, &m, 0)
				    : send(fd, data, sizeof(data), 0);
		if (r < 0)
			return -1;
	}
	t = (now_ns() - t) / n;
	close(fd);
	return t;
}

static long tcp(int n)
{
	long t = now_ns();

	for (int i = 0; i < n; i++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		struct linger hard = { 1, 0 };

		if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
			return -1;
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
		close(fd);
	}
	return (now_ns() - t) / n;
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 5000;
	pthread_t thread;
	int fd = bound(SOCK_DGRAM);
	long a, b, c;

	a = udp(0, n);
	b = udp(1, n);
	c = udp(2, n);
	close(fd);
	fd = bound(SOCK_STREAM);
	listen(fd, 4096);
	pthread_create(&thread, NULL, accept_all, &fd);
	printf("sendto %ld sendmsg %ld send %ld connect %ld\n", a, b, c, tcp(n / 5));
	return 0;
}
