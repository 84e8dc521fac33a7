// SPDX-License-Identifier: Apache-2.0
/* attack_names.c - who would like to be a container's name service, or to carry something out by questions */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "probe.h"

#ifndef IP_LOCAL_PORT_RANGE
#define IP_LOCAL_PORT_RANGE 51
#endif

/* --- impersonate --------------------------------------------------------------------------------------------------------- */

static struct sockaddr_in6 mapped(const struct sockaddr_in *v4)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = v4->sin_port, .sin6_addr = { .s6_addr = { [10] = 0xff, 0xff } } };

	memcpy(&v6.sin6_addr.s6_addr[12], &v4->sin_addr, 4);
	return v6;
}

/* A datagram with a source of one's own choice, and an ordinary one; or a connection that nobody waits for. */
static void use(int fd, int type, const struct sockaddr_in *to, bool six)
{
	const struct sockaddr_in6 to6 = mapped(to);
	const struct sockaddr *sa = six ? (const void *)&to6 : (const void *)to;
	socklen_t len = six ? sizeof(to6) : sizeof(*to);
	struct {
		struct cmsghdr h;
		struct in_pktinfo info;
	} control = { { .cmsg_len = CMSG_LEN(sizeof(struct in_pktinfo)), .cmsg_level = IPPROTO_IP, .cmsg_type = IP_PKTINFO }, { 0 } };
	struct iovec iov = { (void *)(uintptr_t)"x", 1 };
	struct msghdr m = { .msg_name = (void *)(uintptr_t)sa, .msg_namelen = len, .msg_iov = &iov, .msg_iovlen = 1,
			    .msg_control = &control, .msg_controllen = sizeof(control) };

	if (type == SOCK_STREAM) {
		(void)connect(fd, sa, len);
		return;
	}
	sendto(fd, "x", 1, 0, sa, len);
	inet_pton(AF_INET, "198.51.100.2", &control.info.ipi_spec_dst);
	sendmsg(fd, &m, 0);
	(void)connect(fd, sa, len);
	send(fd, "x", 1, 0);
}

/* One socket at @port; @from: NULL for one that is not bound, but may only choose this port. True: it was made. */
static bool try_port(int type, const char *from, uint16_t port, int reuse, bool only6, const struct sockaddr_in *to)
{
	bool six = from && strchr(from, ':');
	int fd = socket(six ? AF_INET6 : AF_INET, type | SOCK_NONBLOCK, 0), one = 1, r = -1;
	unsigned int range = (unsigned int)port << 16 | port;
	struct dest d;
	char text[8];

	if (reuse & 1)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (reuse & 2)
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
	if (only6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	snprintf(text, sizeof(text), "%u", port);
	if (from) {
		dest_parse(&d, from, text);
		r = bind(fd, &d.sa, d.len);
	} else {
		r = setsockopt(fd, IPPROTO_IP, IP_LOCAL_PORT_RANGE, &range, sizeof(range));
	}
	if (r == 0)
		use(fd, type, to, six);
	close(fd);
	return r == 0;
}

/* Sends to an IPv4 address from each of the ports, by every way there is. Prints how many sockets could be bound. */
static void impersonate(int argc, char **argv)
{
	static const char *const froms[] = { "0.0.0.0", "127.0.0.1", "198.51.100.2", "::", "::1", "2001:db8:c::2", "::ffff:198.51.100.2",
					     "::ffff:127.0.0.6", NULL };
	static const int types[] = { SOCK_DGRAM, SOCK_STREAM };
	struct dest to;
	int bound = 0;

	dest_parse(&to, argv[1], argv[2]);
	for (int i = 3; i < argc; i++)
		for (int t = 0; t < 2; t++)
			for (size_t f = 0; f < sizeof(froms) / sizeof(froms[0]); f++)
				for (int reuse = 0; reuse < 8; reuse++)
					bound += try_port(types[t], froms[f], (uint16_t)atoi(argv[i]), reuse & 3, reuse & 4,
							  (const struct sockaddr_in *)(const void *)&to.ss) &&
						 froms[f];
	printf("%d", bound);
}

/* --- ask -------------------------------------------------------------------------------------------------------------------- */

static size_t put_name(unsigned char *at, const char *name)
{
	size_t n = 0;

	for (size_t len; *name; name += len + (name[len] == '.')) {
		len = strcspn(name, ".");
		at[n++] = (unsigned char)len;
		memcpy(at + n, name, len);
		n += len;
	}
	at[n++] = 0;
	return n;
}

/* N questions for A, each for another name below SUFFIX, in SECONDS; prints how many were sent. Answers are not waited for. */
static void ask_many(int argc, char **argv)
{
	unsigned long n = strtoul(argv[3], NULL, 10), seconds = strtoul(argv[4], NULL, 10), sent = 0;
	struct timespec begin, now;
	struct dest d;
	int fd;

	(void)argc;
	dest_parse(&d, argv[1], "53");
	fd = sock(d.sa.sa_family, SOCK_DGRAM, 0);
	if (fd < 0)
		return;
	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (unsigned long i = 0; i < n; i++) {
		unsigned char msg[512] = { (unsigned char)(i >> 8), (unsigned char)i, 1, 0, 0, 1 };
		char name[256], answer[512];
		size_t len;

		snprintf(name, sizeof(name), "%lx.%s", i, argv[2]);
		len = 12 + put_name(msg + 12, name);
		memcpy(msg + len, "\0\1\0\1", 4);
		sent += sendto(fd, msg, len + 4, 0, &d.sa, d.len) > 0;
		while (recv(fd, answer, sizeof(answer), MSG_DONTWAIT) > 0)
			;
		/* In time with the clock: in slices of a hundred. */
		for (clock_gettime(CLOCK_MONOTONIC, &now); i % 100 == 0; clock_gettime(CLOCK_MONOTONIC, &now)) {
			double passed = (double)(now.tv_sec - begin.tv_sec) + (double)(now.tv_nsec - begin.tv_nsec) / 1e9;

			if (passed >= (double)i / (double)n * (double)seconds)
				break;
			nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
		}
	}
	printf("%lu", sent);
	close(fd);
}

const struct verb attack_names_verbs[] = {
	{ "impersonate", "ADDR PORT FROM-PORT…", 3, impersonate },
	{ "ask-many", "SERVER SUFFIX N SECONDS", 4, ask_many },
	{ 0 },
};
