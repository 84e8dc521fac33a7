// SPDX-License-Identifier: Apache-2.0
/* attack_source.c - packets with somebody else's address as their source, and packets that the program itself puts together
 *
 * Owns:     one verb each; what it prints is where it stopped. Whether a packet reached the denied host says sniff, on the far side.
 * Runs in:  the container.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probe.h"

#ifndef IPV6_FREEBIND
#define IPV6_FREEBIND 78
#endif

static const struct way {
	const char *name;
	int level, option;
} ways[] = {
	{ "none", 0, 0 },
	{ "freebind", IPPROTO_IP, IP_FREEBIND },
	{ "freebind6", IPPROTO_IPV6, IPV6_FREEBIND },
	{ "transparent", IPPROTO_IP, IP_TRANSPARENT },
	{ "transparent6", IPPROTO_IPV6, IPV6_TRANSPARENT },
	{ 0 },
};

/* Makes @fd take any source. */
static bool take_any_source(int fd, const char *name)
{
	int one = 1;

	for (const struct way *w = ways; w->name; w++)
		if (strcmp(w->name, name) == 0)
			return !w->option || setsockopt(fd, w->level, w->option, &one, sizeof(one)) == 0;
	errno = EINVAL;
	return false;
}

static int kind_of(const char *name, int family)
{
	if (strcmp(name, "udp") == 0)
		return sock(family, SOCK_DGRAM, 0);
	if (strcmp(name, "ping") == 0)
		return sock(family, SOCK_DGRAM, family == AF_INET6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
	return sock(family, SOCK_STREAM | SOCK_NONBLOCK, 0);
}

static void listen_here(int family, const char *port)
{
	struct dest any;
	int l = socket(family, SOCK_STREAM, 0);

	dest_parse(&any, family == AF_INET6 ? "::" : "0.0.0.0", port);
	if (bind(l, &any.sa, any.len) == 0)
		listen(l, 5);
}

/* From the denied host's address to one of the container's own, so that its kernel answers the denied host: a closed port (ICMP
 * error, RST), an echo request, an open port (SYN-ACK). WAY: the option by which the address is had. */
static void reflect(int argc, char **argv)
{
	unsigned char buf[600] = { 0 };
	struct dest from, own;
	int fd;

	dest_parse(&from, argv[2], "40000");
	dest_parse(&own, argv[3], argv[4]);
	fd = kind_of(argv[1], from.sa.sa_family);
	if (fd < 0)
		return;
	if (strcmp(argv[1], "listen") == 0)
		listen_here(from.sa.sa_family, argv[4]);
	buf[0] = from.sa.sa_family == AF_INET6 ? 128 : 8; /* echo request */
	if (!take_any_source(fd, argc > 5 ? argv[5] : "freebind6"))
		say_step("OPTION");
	else if (bind(fd, &from.sa, from.len) < 0)
		say_step("BIND");
	else if (strcmp(argv[1], "udp") == 0 || strcmp(argv[1], "ping") == 0)
		say_ret(sendto(fd, buf, sizeof(buf), 0, &own.sa, own.len));
	else
		say_ret(connect(fd, &own.sa, own.len));
	close(fd);
}

/* The same, with the source said by each message. */
static void reflect_pktinfo(int argc, char **argv)
{
	union {
		struct cmsghdr h;
		char buf[CMSG_SPACE(sizeof(struct in6_pktinfo))];
	} c = { 0 };
	struct iovec iov = { (void *)(uintptr_t)payload, sizeof(payload) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c };
	struct dest from, own;
	int fd;

	dest_parse(&from, argv[1], "0");
	dest_parse(&own, argv[2], argv[3]);
	fd = sock(from.sa.sa_family, SOCK_DGRAM, 0);
	if (fd < 0)
		return;
	if (from.sa.sa_family == AF_INET6) {
		struct in6_pktinfo info = { .ipi6_addr = ((struct sockaddr_in6 *)&from.ss)->sin6_addr };

		c.h = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(info)), .cmsg_level = IPPROTO_IPV6, .cmsg_type = IPV6_PKTINFO };
		memcpy(CMSG_DATA(&c.h), &info, sizeof(info));
		m.msg_controllen = CMSG_SPACE(sizeof(info));
	} else {
		struct in_pktinfo info = { .ipi_spec_dst = ((struct sockaddr_in *)&from.ss)->sin_addr };

		c.h = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(info)), .cmsg_level = IPPROTO_IP, .cmsg_type = IP_PKTINFO };
		memcpy(CMSG_DATA(&c.h), &info, sizeof(info));
		m.msg_controllen = CMSG_SPACE(sizeof(info));
	}
	m.msg_name = &own.ss;
	m.msg_namelen = own.len;
	if (!take_any_source(fd, argc > 4 ? argv[4] : "freebind6"))
		say_step("OPTION");
	else
		say_ret(sendmsg(fd, &m, 0));
	close(fd);
}

/* A raw socket that is told at LEVEL that its packets come whole: one to DENIED, handed to ALLOWED. */
static void raw_header(int argc, char **argv)
{
	struct {
		struct ip6_hdr h;
		struct udphdr u;
		char data[16];
	} p = { 0 };
	struct dest allowed, denied, own;
	int fd, one = 1;

	(void)argc;
	dest_parse(&allowed, argv[2], "0");
	dest_parse(&denied, argv[3], "53");
	dest_parse(&own, argv[4], "0");
	fd = sock(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
	if (fd < 0)
		return;
	p.h.ip6_flow = htonl(6u << 28);
	p.h.ip6_plen = htons(sizeof(p) - sizeof(p.h));
	p.h.ip6_nxt = IPPROTO_UDP;
	p.h.ip6_hlim = 64;
	p.h.ip6_src = ((struct sockaddr_in6 *)&own.ss)->sin6_addr;
	p.h.ip6_dst = ((struct sockaddr_in6 *)&denied.ss)->sin6_addr;
	p.u.source = htons(1234);
	p.u.dest = htons(53);
	p.u.len = htons(sizeof(p) - sizeof(p.h));
	if (setsockopt(fd, atoi(argv[1]), 36 /* IPV6_HDRINCL */, &one, sizeof(one)) < 0)
		printf("OPTION-");
	sendto(fd, &p, sizeof(p), 0, &allowed.sa, allowed.len);
	if (connect(fd, &allowed.sa, allowed.len) == 0)
		say_ret(write(fd, &p, sizeof(p)));
	else
		say(errno);
	close(fd);
}

/* --- every option ------------------------------------------------------------------------------------------------------ */

/* What @fd has that makes its packets go elsewhere or come from elsewhere, or NULL. */
static const char *carries(int fd)
{
	static const struct {
		const char *name;
		int level, option;
	} bad[] = {
		{ "HDRINCL", IPPROTO_IP, IP_HDRINCL }, { "HDRINCL6", IPPROTO_IPV6, 36 }, { "FREEBIND", IPPROTO_IP, IP_FREEBIND },
		{ "FREEBIND6", IPPROTO_IPV6, IPV6_FREEBIND }, { "TRANSPARENT", IPPROTO_IP, IP_TRANSPARENT },
		{ "TRANSPARENT6", IPPROTO_IPV6, IPV6_TRANSPARENT }, { "MARK", SOL_SOCKET, SO_MARK },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		socklen_t len = sizeof(int);
		int v = 0;

		if (getsockopt(fd, bad[i].level, bad[i].option, &v, &len) == 0 && v)
			return bad[i].name;
	}
	return NULL;
}

static bool set_one(int fd, int level, int name)
{
	int one = 1;

	return setsockopt(fd, level, name, &one, sizeof(one)) == 0;
}

/* By socketcall of the i386 table, whose arguments are in memory. */
static bool set_one_old(int fd, int level, int name)
{
#ifdef __x86_64__
	static uint32_t *args;

	if (!args)
		args = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	args[0] = (uint32_t)fd, args[1] = (uint32_t)level, args[2] = (uint32_t)name;
	args[3] = (uint32_t)(uintptr_t)(args + 8), args[4] = 4;
	args[8] = 1;
	return int80(102, 14 /* SYS_SETSOCKOPT */, (long)(uintptr_t)args, 0) == 0;
#else
	return set_one(fd, level, name);
#endif
}

/* Each name of each level on a socket of each kind that a policy lets be made: "LEVEL/NAME=WHAT" for what it should not have got. */
static void every_level(int argc, char **argv)
{
	static const int kinds[][3] = {
		{ AF_INET, SOCK_STREAM, 0 }, { AF_INET6, SOCK_STREAM, 0 }, { AF_INET, SOCK_DGRAM, 0 }, { AF_INET6, SOCK_DGRAM, 0 },
		{ AF_INET, SOCK_DGRAM, IPPROTO_ICMP }, { AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6 },
		{ AF_INET, SOCK_RAW, IPPROTO_ICMP }, { AF_INET6, SOCK_RAW, IPPROTO_ICMPV6 },
	};
	bool old = argc > 1 && strcmp(argv[1], "old") == 0;
	int made = 0;

	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		int fd = socket(kinds[k][0], kinds[k][1], kinds[k][2]);

		made += fd >= 0;
		for (int level = 0; fd >= 0 && level < 300; level++) {
			/* Each of these costs the supervisor's time. */
			if (old && level > 1 && level != IPPROTO_IPV6 && level != 255)
				continue;
			for (int name = 0; name < 128; name++) {
				const char *what;

				if (!(old ? set_one_old : set_one)(fd, level, name))
					continue;
				what = carries(fd);
				if (!what)
					continue;
				printf("%d/%d=%s ", level, name, what);
				close(fd);
				fd = socket(kinds[k][0], kinds[k][1], kinds[k][2]);
			}
		}
		if (fd >= 0)
			close(fd);
	}
	printf("%d kinds", made);
}

/* What came back of a raw echo request to loopback, sent with an address of no length: 3000 bytes of 'm' are ours. "MINE", or what else. */
static void raw_leak(int argc, char **argv)
{
	struct sockaddr_in lo = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	static unsigned char out[3000], in[70000];
	int fd = sock(AF_INET, SOCK_RAW, IPPROTO_ICMP), strange = 0, got = 0;

	(void)argc;
	(void)argv;
	if (fd < 0)
		return;
	memset(out, 'm', sizeof(out));
	memcpy(out, "\10\0\0\0\0\0\0\0", 8);
	if (connect(fd, (struct sockaddr *)&lo, sizeof(lo)) < 0 || syscall(SYS_sendto, fd, out, sizeof(out), 0, &lo, 0) < 0) {
		say(errno);
		return;
	}
	for (ssize_t n; (n = recv(fd, in, sizeof(in), MSG_DONTWAIT)) > 0; got++)
		for (ssize_t i = 28; i < n; i++)
			strange += in[i] != 'm';
	printf(strange || !got ? "%d packets, %d bytes of others" : "MINE", got, strange);
	close(fd);
}

const struct verb attack_source_verbs[] = {
	{ "raw-leak", "", 0, raw_leak },
	{ "reflect", "udp|ping|tcp|listen DENIED OWN PORT [WAY]", 4, reflect },
	{ "reflect-pktinfo", "DENIED OWN PORT [WAY]", 3, reflect_pktinfo },
	{ "raw-header", "LEVEL ALLOWED DENIED OWN", 4, raw_header },
	{ "every-level", "[old]", 0, every_level },
	{ 0 },
};
