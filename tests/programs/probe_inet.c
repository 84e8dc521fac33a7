// SPDX-License-Identifier: Apache-2.0
/* probe_inet.c - the ways to reach an internet destination that programs really use
 *
 * Owns:     connect, sendto, sendmsg, sendmmsg over TCP, UDP and ICMP.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <netinet/icmp6.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "probe.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

static int same_addr(const struct dest *a, const struct sockaddr_storage *b, socklen_t len)
{
	const struct sockaddr_in *a4 = (const struct sockaddr_in *)&a->ss, *b4 = (const struct sockaddr_in *)b;
	const struct sockaddr_in6 *a6 = (const struct sockaddr_in6 *)&a->ss, *b6 = (const struct sockaddr_in6 *)b;

	if (len != a->len || a->ss.ss_family != b->ss_family)
		return 0;
	if (a->ss.ss_family == AF_INET)
		return a4->sin_port == b4->sin_port && a4->sin_addr.s_addr == b4->sin_addr.s_addr;
	return a6->sin6_port == b6->sin6_port && memcmp(&a6->sin6_addr, &b6->sin6_addr, sizeof(a6->sin6_addr)) == 0;
}

static void tcp(int argc, char **argv)
{
	struct dest d;
	int fd;

	(void)argc;
	fd = dest_sock(&d, argv + 1, 0, SOCK_STREAM, 0);
	if (fd < 0)
		return;
	say_ret(connect(fd, &d.sa, d.len));
	close(fd);
}

/* Connects, sends, and wants its bytes back; getpeername must give the address that was asked for. */
static void tcp_echo(int argc, char **argv)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);
	char buf[sizeof(payload)];
	struct dest d;
	int fd;

	(void)argc;
	fd = dest_sock(&d, argv + 1, 0, SOCK_STREAM, 0);
	if (fd < 0)
		return;
	if (connect(fd, &d.sa, d.len) < 0 || getpeername(fd, (struct sockaddr *)&peer, &len) < 0 ||
	    send(fd, payload, sizeof(payload), 0) < 0 || recv(fd, buf, sizeof(buf), MSG_WAITALL) < 0)
		say(errno);
	else if (!same_addr(&d, &peer, len) || memcmp(buf, payload, sizeof(buf)) != 0)
		printf("DIFFERS");
	else
		say(0);
	close(fd);
}

/* "EINPROGRESS OK": what connect said, and what SO_ERROR says once the socket is writable. */
static void nonblock(int argc, char **argv)
{
	struct pollfd p = { .events = POLLOUT };
	socklen_t len = sizeof(int);
	struct dest d;
	int err = 0;

	(void)argc;
	p.fd = dest_sock(&d, argv + 1, 0, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (p.fd < 0)
		return;
	if (connect(p.fd, &d.sa, d.len) == 0 || errno != EINPROGRESS) {
		say(errno);
	} else {
		printf("EINPROGRESS ");
		poll(&p, 1, 10000);
		getsockopt(p.fd, SOL_SOCKET, SO_ERROR, &err, &len);
		say(err);
	}
	close(p.fd);
}

static void udp_to(int argc, char **argv, int protocol)
{
	struct dest d;
	int fd;

	(void)argc;
	fd = dest_sock(&d, argv + 1, 0, SOCK_DGRAM, protocol);
	if (fd < 0)
		return;
	say_ret(sendto(fd, payload, sizeof(payload), 0, &d.sa, d.len));
	close(fd);
}

static void udp(int argc, char **argv)
{
	udp_to(argc, argv, 0);
}

/* How many of N datagrams were refused. */
static void udp_flood(int argc, char **argv)
{
	unsigned long refused = 0;
	struct dest d;
	int fd;

	(void)argc;
	fd = dest_sock(&d, argv + 1, 0, SOCK_DGRAM, 0);
	if (fd < 0)
		return;
	for (unsigned long n = strtoul(argv[3], NULL, 10); n; n--)
		refused += sendto(fd, payload, sizeof(payload), 0, &d.sa, d.len) < 0;
	printf("%lu", refused);
	close(fd);
}

static void udplite(int argc, char **argv)
{
	udp_to(argc, argv, IPPROTO_UDPLITE);
}

static void udp_echo(int argc, char **argv)
{
	struct timeval t = { .tv_sec = 5 };
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);
	char buf[64];
	struct dest d;
	int fd;

	(void)argc;
	fd = dest_sock(&d, argv + 1, 0, SOCK_DGRAM, 0);
	if (fd < 0)
		return;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
	if (sendto(fd, payload, sizeof(payload), 0, &d.sa, d.len) < 0 ||
	    recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len) < 0)
		say(errno);
	else if (!same_addr(&d, &from, len))
		printf("DIFFERS");
	else
		say(0);
	close(fd);
}

/* Waits 50 ms for a datagram that nobody sends: EAGAIN. */
static void recv_timeout(int argc, char **argv)
{
	struct timeval t = { .tv_usec = 50000 };
	int fd = sock(AF_INET, SOCK_DGRAM, 0);
	char buf[1];

	(void)argc;
	(void)argv;
	if (fd < 0)
		return;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t)) < 0) {
		say_step("SET");
	} else {
		say_ret(recv(fd, buf, sizeof(buf), 0));
	}
	close(fd);
}

static void udp_connect(int argc, char **argv)
{
	struct dest d;
	int fd;

	(void)argc;
	fd = dest_sock(&d, argv + 1, 0, SOCK_DGRAM, 0);
	if (fd < 0)
		return;
	if (connect(fd, &d.sa, d.len) < 0)
		say(errno);
	else
		say_ret(send(fd, payload, sizeof(payload), 0));
	close(fd);
}

/* Connects to the first destination, then to the second: the second outcome is the answer. */
static void udp_reconnect(int argc, char **argv)
{
	struct dest a, b;
	int fd;

	(void)argc;
	dest_parse(&b, argv[3], argv[4]);
	fd = dest_sock(&a, argv + 1, 0, SOCK_DGRAM, 0);
	if (fd < 0)
		return;
	if (connect(fd, &a.sa, a.len) < 0) {
		say_step("FIRST");
	} else if (connect(fd, &b.sa, b.len) < 0) {
		say(errno);
	} else {
		say_ret(write(fd, payload, sizeof(payload)));
	}
	close(fd);
}

/* Connected to the first, one datagram addressed to the second. */
static void udp_connected_sendto(int argc, char **argv)
{
	struct dest a, b;
	int fd;

	(void)argc;
	dest_parse(&b, argv[3], argv[4]);
	fd = dest_sock(&a, argv + 1, 0, SOCK_DGRAM, 0);
	if (fd < 0)
		return;
	if (connect(fd, &a.sa, a.len) < 0) {
		say_step("FIRST");
	} else {
		say_ret(sendto(fd, payload, sizeof(payload), 0, &b.sa, b.len));
	}
	close(fd);
}

static void do_sendmsg(int argc, char **argv)
{
	struct iovec iov[2] = { { (void *)payload, 2 }, { (void *)(payload + 2), 3 } };
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = 2 };
	struct dest d;
	int fd;

	(void)argc;
	fd = dest_sock(&d, argv + 1, 0, SOCK_DGRAM, 0);
	if (fd < 0)
		return;
	m.msg_name = &d.ss;
	m.msg_namelen = d.len;
	say_ret(sendmsg(fd, &m, 0));
	close(fd);
}

/* One datagram to each (ADDR PORT) pair in one call: "OK 2" where two went out. */
static void do_sendmmsg(int argc, char **argv)
{
	struct mmsghdr m[8] = { 0 };
	struct iovec iov = { (void *)payload, sizeof(payload) };
	struct dest d[8];
	unsigned int n = 0;
	int fd, r;

	for (int i = 1; i + 1 < argc && n < 8; i += 2, n++) {
		dest_parse(&d[n], argv[i], argv[i + 1]);
		m[n].msg_hdr = (struct msghdr){
			.msg_name = &d[n].ss, .msg_namelen = d[n].len, .msg_iov = &iov, .msg_iovlen = 1
		};
	}
	fd = sock(d[0].sa.sa_family, SOCK_DGRAM, 0);
	if (fd < 0)
		return;
	r = sendmmsg(fd, m, n, 0);
	if (r < 0)
		say(errno);
	else
		printf("OK %d", r);
	close(fd);
}

static void fastopen(int argc, char **argv)
{
	struct iovec iov = { (void *)payload, sizeof(payload) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct mmsghdr mm = { 0 };
	struct dest d;
	int fd, one = 1;

	(void)argc;
	fd = dest_sock(&d, argv + 1, 0, SOCK_STREAM, 0);
	if (fd < 0)
		return;
	m.msg_name = &d.ss;
	m.msg_namelen = d.len;
	mm.msg_hdr = m;
	if (strcmp(argv[0], "fastopen") == 0)
		say_ret(sendto(fd, payload, sizeof(payload), MSG_FASTOPEN, &d.sa, d.len));
	else if (strcmp(argv[0], "fastopen-sendmsg") == 0)
		say_ret(sendmsg(fd, &m, MSG_FASTOPEN));
	else if (strcmp(argv[0], "fastopen-sendmmsg") == 0)
		say_ret(sendmmsg(fd, &mm, 1, MSG_FASTOPEN));
	else if (setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &one, sizeof(one)) < 0 ||
		 connect(fd, &d.sa, d.len) < 0)
		say(errno);
	else
		say_ret(write(fd, payload, sizeof(payload)));
	close(fd);
}

static void mptcp(int argc, char **argv)
{
	struct dest d;
	int fd;

	(void)argc;
	fd = dest_sock(&d, argv + 1, 0, SOCK_STREAM, IPPROTO_MPTCP);
	if (fd < 0)
		return;
	say_ret(connect(fd, &d.sa, d.len));
	close(fd);
}

/* An echo request; @argv[0] "raw-icmp" over a raw socket, else over a ping socket. */
static void icmp(int argc, char **argv)
{
	struct icmphdr h4 = { .type = ICMP_ECHO };
	struct icmp6_hdr h6 = { .icmp6_type = ICMP6_ECHO_REQUEST };
	int type = strcmp(argv[0], "icmp") == 0 ? SOCK_DGRAM : SOCK_RAW;
	struct dest d;
	int fd, v6;

	(void)argc;
	dest_parse(&d, argv[1], "0");
	v6 = d.sa.sa_family == AF_INET6;
	fd = sock(d.sa.sa_family, type, v6 ? (int)IPPROTO_ICMPV6 : (int)IPPROTO_ICMP);
	if (fd < 0)
		return;
	if (type == SOCK_RAW && !v6) {
		/* raw sockets do not fill it in: 8 bytes of which only the type is not 0 */
		h4.checksum = (uint16_t)~(uint16_t)ICMP_ECHO;
	}
	say_ret(sendto(fd, v6 ? (void *)&h6 : (void *)&h4, v6 ? sizeof(h6) : sizeof(h4), 0, &d.sa, d.len));
	close(fd);
}

/* A datagram to ADDR PORT that is sent from where it lies, if the kernel takes it so: the errno of the option; or what the send said,
 * and whether it was told afterwards that the memory is free again. */
static void zerocopy(int argc, char **argv)
{
	struct pollfd p = { .events = 0 };
	struct iovec iov = { (void *)(uintptr_t)payload, sizeof(payload) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	char control[128];
	struct dest d;
	int one = 1;

	(void)argc;
	p.fd = dest_sock(&d, argv + 1, 0, SOCK_DGRAM, 0);
	if (p.fd < 0)
		return;
	m.msg_name = &d.ss;
	m.msg_namelen = d.len;
	if (setsockopt(p.fd, SOL_SOCKET, SO_ZEROCOPY, &one, sizeof(one)) < 0) {
		say(errno);
	} else if (sendmsg(p.fd, &m, 0x4000000 /* MSG_ZEROCOPY */) < 0) {
		say_step("SEND");
	} else {
		m = (struct msghdr){ .msg_control = control, .msg_controllen = sizeof(control) };
		say(poll(&p, 1, 5000) == 1 && recvmsg(p.fd, &m, MSG_ERRQUEUE) >= 0 ? 0 : ENODATA);
	}
	close(p.fd);
}

const struct verb probe_inet_verbs[] = {
	{ "tcp", "ADDR PORT", 2, tcp },
	{ "tcp-echo", "ADDR PORT", 2, tcp_echo },
	{ "nonblock", "ADDR PORT", 2, nonblock },
	{ "udp", "ADDR PORT", 2, udp },
	{ "udp-flood", "ADDR PORT N", 3, udp_flood },
	{ "udp-echo", "ADDR PORT", 2, udp_echo },
	{ "zerocopy", "ADDR PORT", 2, zerocopy },
	{ "recv-timeout", "", 0, recv_timeout },
	{ "udp-connect", "ADDR PORT", 2, udp_connect },
	{ "udp-reconnect", "ADDR PORT ADDR PORT", 4, udp_reconnect },
	{ "udp-connected-sendto", "ADDR PORT ADDR PORT", 4, udp_connected_sendto },
	{ "udplite", "ADDR PORT", 2, udplite },
	{ "sendmsg", "ADDR PORT", 2, do_sendmsg },
	{ "sendmmsg", "ADDR PORT [ADDR PORT]…", 2, do_sendmmsg },
	{ "fastopen", "ADDR PORT", 2, fastopen },
	{ "fastopen-sendmsg", "ADDR PORT", 2, fastopen },
	{ "fastopen-sendmmsg", "ADDR PORT", 2, fastopen },
	{ "fastopen-connect", "ADDR PORT", 2, fastopen },
	{ "mptcp", "ADDR PORT", 2, mptcp },
	{ "icmp", "ADDR", 1, icmp },
	{ "raw-icmp", "ADDR", 1, icmp },
	{ 0 },
};
