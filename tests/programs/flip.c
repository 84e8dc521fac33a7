// SPDX-License-Identifier: Apache-2.0
/* flip.c - races the check: a second thread changes what a call points to while the call is being judged
 *
 * Owns:     three races. "addr": the bytes of the address flip between two destinations. "msghdr": the msg_name
 *           pointer flips. "dup2": the descriptor flips between a unix and an internet socket, the address with it.
 *           Prints "allowed=N refused=N other=N" of the calls; whether a packet reached the denied one is counted by
 *           serve, outside.
 * Runs in:  the container.
 *
 * usage: flip addr|msghdr|dup2 tcp|udp ROUNDS ALLOWED-ADDR PORT DENIED-ADDR PORT
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define SECONDS 50

union addr {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_un un;
};

static union addr allowed, denied, unix_addr;
static volatile union addr target; /* what the calls point to */
static struct msghdr msg;
static int unix_fd, inet_fd, flip_fd;
static volatile int done;

static void set_target(const union addr *a)
{
	memcpy((void *)&target, a, sizeof(a->in));
}

/* On one processor the flipper runs only while the caller does not: then each round leaves another state behind. */
static int alone;

static void pass_on(void)
{
	if (alone)
		sched_yield();
}

static void *flip_addr(void *p)
{
	(void)p;
	while (!done) {
		set_target(&denied);
		pass_on();
		set_target(&allowed);
		pass_on();
	}
	return NULL;
}

static void *flip_msghdr(void *p)
{
	void *volatile *name = (void *volatile *)&msg.msg_name;

	(void)p;
	while (!done) {
		*name = &denied;
		pass_on();
		*name = &allowed;
		pass_on();
	}
	return NULL;
}

/* The descriptor number is the unix socket while the address is the unix one, and both change "at once". */
static void *flip_dup2(void *p)
{
	(void)p;
	while (!done) {
		memcpy((void *)&target, &denied, sizeof(denied));
		dup2(inet_fd, flip_fd);
		pass_on();
		memcpy((void *)&target, &unix_addr, sizeof(unix_addr));
		dup2(unix_fd, flip_fd);
		pass_on();
	}
	return NULL;
}

static void parse(union addr *a, const char *addr, const char *port)
{
	memset(a, 0, sizeof(*a));
	a->in.sin_family = AF_INET;
	a->in.sin_port = htons((uint16_t)atoi(port));
	if (inet_pton(AF_INET, addr, &a->in.sin_addr) != 1) {
		fprintf(stderr, "flip: %s is no IPv4 address\n", addr);
		exit(2);
	}
}

static long tcp_call(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	long r = connect(fd, (struct sockaddr *)&target, sizeof(target.in));
	int saved = errno;

	close(fd);
	errno = saved;
	return r;
}

static long udp_call(void)
{
	return sendto(inet_fd, "flip", 4, 0, (struct sockaddr *)&target, sizeof(target.in));
}

static long msghdr_call(void)
{
	return sendmsg(inet_fd, &msg, 0);
}

static long dup2_send(void)
{
	return sendto(flip_fd, "flip", 4, MSG_DONTWAIT, (struct sockaddr *)&target, sizeof(target.un));
}

static long dup2_connect(void)
{
	return connect(flip_fd, (struct sockaddr *)&target, sizeof(target.un));
}

/* A unix socket of the same type that someone listens on, and an internet one. */
static void make_pair(int type)
{
	int l = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	unix_addr.un.sun_family = AF_UNIX;
	snprintf(unix_addr.un.sun_path + 1, sizeof(unix_addr.un.sun_path) - 1, "flip-%d", getpid());
	if (bind(l, &unix_addr.sa, sizeof(unix_addr.un)) < 0)
		perror("flip: bind");
	if (type == SOCK_STREAM)
		listen(l, 4096);
	unix_fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	inet_fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	flip_fd = dup(unix_fd);
}

int main(int argc, char **argv)
{
	unsigned long n_ok = 0, n_refused = 0, n_other = 0;
	struct iovec iov = { (void *)"flip", 4 };
	void *(*flipper)(void *) = flip_addr;
	long (*call)(void);
	int udp, rounds, last = 0;
	time_t end;
	pthread_t t;

	if (argc != 8) {
		fprintf(stderr, "usage: flip addr|msghdr|dup2 tcp|udp ROUNDS ADDR PORT DENIED-ADDR PORT\n");
		return 2;
	}
	udp = strcmp(argv[2], "udp") == 0;
	rounds = atoi(argv[3]);
	parse(&allowed, argv[4], argv[5]);
	parse(&denied, argv[6], argv[7]);
	set_target(&allowed);
	make_pair(udp ? SOCK_DGRAM : SOCK_STREAM);
	msg = (struct msghdr){ .msg_name = &allowed, .msg_namelen = sizeof(allowed.in), .msg_iov = &iov, .msg_iovlen = 1 };
	call = udp ? udp_call : tcp_call;
	if (strcmp(argv[1], "msghdr") == 0) {
		flipper = flip_msghdr;
		call = msghdr_call;
	} else if (strcmp(argv[1], "dup2") == 0) {
		flipper = flip_dup2;
		call = udp ? dup2_send : dup2_connect;
	}
	if (inet_fd < 0) {
		perror("flip: socket");
		return 1;
	}
	alone = sysconf(_SC_NPROCESSORS_ONLN) == 1;
	signal(SIGPIPE, SIG_IGN); /* a send on a stream socket that is not connected */
	pthread_create(&t, NULL, flipper, NULL);
	/* Where all is slow, less will do: a test's time is limited. */
	end = time(NULL) + SECONDS;
	for (int i = 0; i < rounds && time(NULL) < end; i++) {
		if (call() >= 0) {
			n_ok++;
		} else if (errno == ECONNREFUSED) {
			n_refused++;
		} else {
			n_other++;
			last = errno;
		}
	}
	done = 1;
	pthread_join(t, NULL);
	printf("allowed=%lu refused=%lu other=%lu %s\n", n_ok, n_refused, n_other, last ? strerrorname_np(last) : "");
	return 0;
}
