// SPDX-License-Identifier: Apache-2.0
/* differ.c - random calls with right and wrong arguments, and what came of each
 *
 * Owns:     one line for each case: the call, its outcome, what arrived. The same seed makes the same cases, so two runs are
 *           compared by diff: one without a policy, one under a policy that allows all of it.
 * Must not: ask for what a policy refuses by design (other families, source routes, TCP_ULP); do anything whose outcome is
 *           a matter of time: every case has sockets of its own, and what it sends is taken off before the next one.
 *
 * differ SEED CASES [threads]: "threads" has another thread about, and calls are on behalf where they else would continue.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define PORT 7000
#define CLOSED_PORT 7999
#define SETTLE_PORT 7001
#define BIG (1 << 17)
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static uint64_t state;
static int threads;

static unsigned int rnd(unsigned int n)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned int)(state >> 33) % n;
}

/* Most are well: else every call ends at its first argument. */
static int seldom(void)
{
	return rnd(8) == 0;
}

static volatile sig_atomic_t pipes;

static void on_sigpipe(int sig)
{
	(void)sig;
	pipes++;
}

/* --- servers ------------------------------------------------------------------------------------------------------------ */

static int tcp4, tcp6, udp4, udp6, unix_stream, unix_dgram, unix_seq, abstract_stream, abstract_dgram;
static int settle_in, settle_out;
static char *edge; /* the end of a page, after which there is nothing */
static char *big;

static socklen_t unix_name(struct sockaddr_un *un, const char *name)
{
	memset(un, 0, sizeof(*un));
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, name, strlen(name) < sizeof(un->sun_path) ? strlen(name) : sizeof(un->sun_path));
	if (name[0] == '@')
		un->sun_path[0] = '\0';
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name) + (name[0] != '@'));
}

static int server(int domain, int type, const void *addr, socklen_t len)
{
	int s = socket(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;

	setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (domain == AF_UNIX)
		setsockopt(s, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
	if (domain == AF_INET6)
		setsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (s < 0 || bind(s, addr, len) < 0 || (type != SOCK_DGRAM && listen(s, 4096) < 0)) {
		perror("differ: server");
		exit(2);
	}
	return s;
}

static int unix_server(int type, const char *name)
{
	struct sockaddr_un un;
	socklen_t len = unix_name(&un, name);

	if (name[0] != '@')
		unlink(name);
	return server(AF_UNIX, type, &un, len);
}

static void servers(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6, .sin6_port = htons(PORT), .sin6_addr = IN6ADDR_LOOPBACK_INIT };

	tcp4 = server(AF_INET, SOCK_STREAM, &sin, sizeof(sin));
	udp4 = server(AF_INET, SOCK_DGRAM, &sin, sizeof(sin));
	tcp6 = server(AF_INET6, SOCK_STREAM, &sin6, sizeof(sin6));
	udp6 = server(AF_INET6, SOCK_DGRAM, &sin6, sizeof(sin6));
	unix_stream = unix_server(SOCK_STREAM, "/tmp/differ.stream");
	unix_dgram = unix_server(SOCK_DGRAM, "/tmp/differ.dgram");
	unix_seq = unix_server(SOCK_SEQPACKET, "/tmp/differ.seq");
	abstract_stream = unix_server(SOCK_STREAM, "@differ.stream");
	abstract_dgram = unix_server(SOCK_DGRAM, "@differ.dgram");
	sin.sin_port = htons(SETTLE_PORT);
	settle_in = server(AF_INET, SOCK_DGRAM, &sin, sizeof(sin));
	fcntl(settle_in, F_SETFL, 0); /* its reads wait */
	settle_out = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (connect(settle_out, (struct sockaddr *)&sin, sizeof(sin)) < 0) {
		perror("differ: server");
		exit(2);
	}
}

/* --- arguments ------------------------------------------------------------------------------------------------------------ */

struct arg {
	union {
		struct sockaddr_storage ss;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_un un;
		uint8_t bytes[256];
	} u;
	const void *at;
	int len;
	char text[96];
};

static void put_v4(struct arg *a, const char *addr, int port)
{
	a->u.in = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	inet_pton(AF_INET, addr, &a->u.in.sin_addr);
	a->len = sizeof(a->u.in);
	snprintf(a->text, sizeof(a->text), "%s:%d", addr, port);
}

static void put_v6(struct arg *a, const char *addr, int port)
{
	a->u.in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
	inet_pton(AF_INET6, addr, &a->u.in6.sin6_addr);
	a->len = sizeof(a->u.in6);
	snprintf(a->text, sizeof(a->text), "[%s]:%d", addr, port);
}

static void put_unix(struct arg *a, const char *name)
{
	a->len = (int)unix_name(&a->u.un, name);
	snprintf(a->text, sizeof(a->text), "%.40s", name);
}

static const char *const unix_names[] = { "/tmp/differ.stream", "/tmp/differ.dgram", "/tmp/differ.seq", "@differ.stream",
					   "@differ.dgram", "/tmp/differ.none", "@differ.none", "/tmp", "/tmp/differ.dgram/x", "" };

/* The address that a socket of @domain would take, or any. */
static void put_address(struct arg *a, int domain, int type)
{
	static const char *const v4[] = { "127.0.0.1", "127.0.0.1", "127.0.0.1", "0.0.0.0", "127.3.4.5", "255.255.255.255", "224.0.0.1" };
	static const char *const v6[] = { "::1", "::1", "::1", "::", "::ffff:127.0.0.1", "::ffff:0.0.0.0", "ff02::1", "fe80::1" };
	static const int ports[] = { PORT, PORT, PORT, CLOSED_PORT, 0 };
	unsigned int kind = domain == AF_INET ? 0 : domain == AF_INET6 ? 1 : 2;

	memset(a, 0, sizeof(*a));
	if (seldom())
		kind = rnd(4);
	if (kind == 0)
		put_v4(a, v4[rnd(ARRAY_SIZE(v4))], ports[rnd(ARRAY_SIZE(ports))]);
	else if (kind == 1)
		put_v6(a, v6[rnd(ARRAY_SIZE(v6))], ports[rnd(ARRAY_SIZE(ports))]);
	else if (kind == 2 && !seldom())
		put_unix(a, type == SOCK_DGRAM ? rnd(2) ? unix_names[1] : unix_names[4]
			    : type == SOCK_SEQPACKET ? unix_names[2] : rnd(2) ? unix_names[0] : unix_names[3]);
	else if (kind == 2)
		put_unix(a, unix_names[rnd(ARRAY_SIZE(unix_names))]);
	else {
		static const int families[] = { AF_UNSPEC, AF_UNSPEC, AF_NETLINK, AF_PACKET, 77, 0xffff };

		put_v4(a, "127.0.0.1", PORT);
		a->u.ss.ss_family = (sa_family_t)families[rnd(ARRAY_SIZE(families))];
		snprintf(a->text, sizeof(a->text), "family %d", a->u.ss.ss_family);
	}
	a->at = &a->u;
	if (seldom()) {
		static const int lens[] = { 0, 1, 2, 3, 7, 8, 15, 16, 23, 24, 27, 28, 100, 110, 111, 128, 129, 200, -1, INT32_MAX, INT32_MIN };

		a->len = lens[rnd(ARRAY_SIZE(lens))];
	}
	if (rnd(16) == 0) {
		a->at = rnd(2) ? NULL : (void *)8;
	} else if (rnd(16) == 0 && a->len > 0 && a->len < 200) {
		int n = rnd(2) ? a->len : a->len - 1; /* just there, or a byte short */

		a->at = memcpy(edge - n, &a->u, (size_t)n);
		snprintf(a->text + strlen(a->text), 16, " edge%d", a->len - n);
	}
	snprintf(a->text + strlen(a->text), 32, "/%d%s", a->len, !a->at ? " NULL" : a->at == (void *)8 ? " bad" : "");
}

static int put_flags(void)
{
	static const int flags[] = { MSG_DONTWAIT, MSG_NOSIGNAL, MSG_OOB, MSG_CONFIRM, MSG_DONTROUTE, MSG_EOR, MSG_TRUNC,
				     MSG_CTRUNC, MSG_WAITALL, MSG_PEEK, MSG_ERRQUEUE, MSG_FASTOPEN, (int)0x80000000, 0x40000, 0x10000000 };
	int f = 0;

	while (rnd(2) == 0)
		f |= flags[rnd(ARRAY_SIZE(flags))];
	return f;
}

static size_t put_length(int stream)
{
	static const size_t lens[] = { 0, 1, 5, 100, 1000, 1472, 9000, 65507, 65508, 65535, 65536, 100000 };

	return lens[rnd(stream ? 5 : ARRAY_SIZE(lens))];
}

/* --- control data ----------------------------------------------------------------------------------------------------------- */

struct control {
	_Alignas(16) uint8_t buf[512];
	size_t len;
	char text[160];
};

static int some_fd;

static void put_cmsg(struct control *c, int domain)
{
	static const struct {
		int domain, level, type, len;
		uint32_t value[4];
	} known[] = {
		{ AF_INET, IPPROTO_IP, IP_TTL, 4, { 9 } },	    { AF_INET, IPPROTO_IP, IP_TTL, 4, { 0 } },
		{ AF_INET, IPPROTO_IP, IP_TTL, 4, { 256 } },	    { AF_INET, IPPROTO_IP, IP_TOS, 4, { 16 } },
		{ AF_INET, IPPROTO_IP, IP_TOS, 1, { 8 } },	    { AF_INET, IPPROTO_IP, IP_TOS, 4, { 300 } },
		{ AF_INET, IPPROTO_IP, IP_PKTINFO, 12, { 1 } },	    { AF_INET, IPPROTO_IP, IP_PKTINFO, 12, { 9999 } },
		{ AF_INET, IPPROTO_IP, IP_PKTINFO, 12, { 0, 0x0100007f } }, { AF_INET, IPPROTO_IP, IP_PKTINFO, 12, { 0, 0x01020304 } },
		{ AF_INET, IPPROTO_IP, 77, 4, { 1 } },		    { AF_INET, IPPROTO_IP, 0, 0, { 0 } },
		{ AF_INET6, IPPROTO_IPV6, IPV6_HOPLIMIT, 4, { 9 } }, { AF_INET6, IPPROTO_IPV6, IPV6_HOPLIMIT, 4, { 999 } },
		{ AF_INET6, IPPROTO_IPV6, IPV6_TCLASS, 4, { 16 } }, { AF_INET6, IPPROTO_IPV6, IPV6_TCLASS, 4, { 999 } },
		{ AF_INET6, IPPROTO_IPV6, IPV6_DONTFRAG, 4, { 1 } }, { AF_INET6, IPPROTO_IPV6, IPV6_PKTINFO, 16, { 0 } },
		{ AF_INET6, IPPROTO_IPV6, 200, 4, { 0 } },
		{ 0, IPPROTO_UDP, UDP_SEGMENT, 2, { 100 } },	    { 0, IPPROTO_UDP, UDP_SEGMENT, 2, { 0 } },
		{ 0, IPPROTO_UDP, UDP_SEGMENT, 4, { 100 } },	    { 0, IPPROTO_UDP, 1, 4, { 1 } },
		{ 0, SOL_SOCKET, SO_TIMESTAMPING, 4, { 2 } },	    { 0, SOL_SOCKET, SO_TIMESTAMPING, 4, { 0x10 } },
		{ 0, SOL_SOCKET, SO_TIMESTAMPING, 2, { 2 } },	    { 0, SOL_SOCKET, 61 /* SO_TXTIME */, 8, { 0 } },
		{ 0, SOL_SOCKET, 200, 4, { 0 } },		    { 0, IPPROTO_TCP, 1, 4, { 1 } },
		{ AF_UNIX, SOL_SOCKET, SCM_RIGHTS, 4, { 0 } },	    { AF_UNIX, SOL_SOCKET, SCM_RIGHTS, 0, { 0 } },
		{ AF_UNIX, SOL_SOCKET, SCM_RIGHTS, 3, { 0 } },	    { AF_UNIX, SOL_SOCKET, SCM_RIGHTS, 8, { 0, 1 } },
		{ AF_UNIX, SOL_SOCKET, SCM_RIGHTS, 4, { 9999 } },   { AF_UNIX, SOL_SOCKET, SCM_CREDENTIALS, 12, { 0 } },
		{ AF_UNIX, SOL_SOCKET, SCM_CREDENTIALS, 12, { 1 } }, { AF_UNIX, SOL_SOCKET, SCM_CREDENTIALS, 8, { 0 } },
		{ AF_UNIX, SOL_SOCKET, 4 /* SCM_PIDFD */, 4, { 0 } }, { AF_UNIX, SOL_SOCKET, 3 /* SCM_SECURITY */, 4, { 0 } },
	};
	size_t i;
	struct cmsghdr h;
	uint8_t data[16];

	do {
		i = rnd(ARRAY_SIZE(known));
	} while (known[i].domain != 0 && known[i].domain != domain && rnd(8));
	memcpy(data, known[i].value, sizeof(data));
	if (known[i].level == SOL_SOCKET && known[i].type == SCM_RIGHTS && known[i].value[0] == 0)
		memcpy(data, &some_fd, sizeof(some_fd));
	if (known[i].level == SOL_SOCKET && known[i].type == SCM_CREDENTIALS) {
		struct ucred u = { .pid = known[i].value[0] ? 1 : getpid(), .uid = getuid(), .gid = getgid() };

		if (known[i].value[0] == 0 && seldom() && !threads) /* on behalf it may name itself only */
			u.uid = 12345;
		memcpy(data, &u, sizeof(u));
	}
	h = (struct cmsghdr){ .cmsg_len = CMSG_LEN((size_t)known[i].len), .cmsg_level = known[i].level, .cmsg_type = known[i].type };
	if (rnd(16) == 0)
		h.cmsg_len = rnd(3) ? rnd(20) : SIZE_MAX - rnd(8);
	memcpy(c->buf + c->len, &h, sizeof(h));
	memcpy(c->buf + c->len + sizeof(h), data, sizeof(data));
	c->len += CMSG_SPACE((size_t)known[i].len);
	snprintf(c->text + strlen(c->text), sizeof(c->text) - strlen(c->text), " %d/%d/%d(%zd)", known[i].level, known[i].type,
		 known[i].len, (ssize_t)h.cmsg_len);
}

/* --- the sockets ------------------------------------------------------------------------------------------------------------ */

static const struct kind {
	const char *name;
	int domain, type, protocol;
} kinds[] = {
	{ "tcp4", AF_INET, SOCK_STREAM, 0 },   { "udp4", AF_INET, SOCK_DGRAM, 0 },   { "tcp6", AF_INET6, SOCK_STREAM, 0 },
	{ "udp6", AF_INET6, SOCK_DGRAM, 0 },   { "us", AF_UNIX, SOCK_STREAM, 0 },     { "ud", AF_UNIX, SOCK_DGRAM, 0 },
	{ "uq", AF_UNIX, SOCK_SEQPACKET, 0 },  { "ping", AF_INET, SOCK_DGRAM, IPPROTO_ICMP },
	{ "nl", AF_NETLINK, SOCK_RAW, 0 },
	{ "udp4", AF_INET, SOCK_DGRAM, 0 },    { "ud", AF_UNIX, SOCK_DGRAM, 0 },
};

static int own_server(const struct kind *k, struct arg *a)
{
	memset(a, 0, sizeof(*a));
	if (k->domain == AF_INET)
		put_v4(a, "127.0.0.1", PORT);
	else if (k->domain == AF_INET6)
		put_v6(a, "::1", PORT);
	else if (k->domain == AF_UNIX)
		put_unix(a, k->type == SOCK_STREAM ? unix_names[0] : k->type == SOCK_DGRAM ? unix_names[1] : unix_names[2]);
	else
		return -1;
	return 0;
}

/* What happened to the socket before. */
static const char *prepare(int s, const struct kind *k)
{
	struct arg a;
	int on = 1;

	switch (rnd(10)) {
	case 0:
		fcntl(s, F_SETFL, O_NONBLOCK);
		return "nonblock";
	case 1:
		if (k->type != SOCK_DGRAM && k->domain != AF_NETLINK && listen(s, 1) == 0)
			return "listening";
		return "fresh";
	case 2:
	case 3:
	case 4:
		if (own_server(k, &a) == 0 && connect(s, (struct sockaddr *)&a.u, (socklen_t)a.len) == 0)
			return "connected";
		return "fresh";
	case 5:
		if (own_server(k, &a) == 0 && connect(s, (struct sockaddr *)&a.u, (socklen_t)a.len) == 0 && shutdown(s, SHUT_WR) == 0)
			return "shut";
		return "fresh";
	case 6:
		if (k->domain == AF_INET || k->domain == AF_INET6)
			setsockopt(s, SOL_SOCKET, 60 /* SO_ZEROCOPY */, &on, sizeof(on));
		return "zerocopy";
	default:
		return "fresh";
	}
}

/* A descriptor that is no good, or @s. */
static int put_fd(int s, const char **text)
{
	static int file = -1;

	if (file < 0)
		file = open("/dev/null", O_RDWR | O_CLOEXEC);
	switch (rnd(48)) {
	case 0:
		*text = "fd-1";
		return -1;
	case 1:
		*text = "fd9999";
		return 9999;
	case 2:
		*text = "file";
		return file;
	default:
		*text = "";
		return s;
	}
}

/* --- what arrived ------------------------------------------------------------------------------------------------------------ */

static void take_messages(const char *name, int s)
{
	for (;;) {
		static char buf[BIG];
		union {
			struct cmsghdr align;
			char buf[512];
		} control;
		struct iovec iov = { buf, sizeof(buf) };
		struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };
		ssize_t n = recvmsg(s, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
		unsigned int sum = 0;

		if (n < 0 || (n == 0 && name[0] == 's'))
			return;
		for (ssize_t i = 0; i < n; i++)
			sum = sum * 31 + (unsigned char)buf[i];
		printf(" %s:%zd,%x", name, n, sum);
		for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
			struct ucred u;
			int fd;

			if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_CREDENTIALS) {
				memcpy(&u, CMSG_DATA(c), sizeof(u));
				printf(",%s-%u-%u", u.pid == getpid() ? "me" : u.pid ? "other" : "nobody", u.uid, u.gid);
			} else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
				for (size_t i = 0; i < (c->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++) {
					memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
					printf(",fd");
					close(fd);
				}
			} else {
				printf(",%d/%d", c->cmsg_level, c->cmsg_type);
			}
		}
	}
}

static void take_stream(const char *name, int listener)
{
	struct ucred u = { 0 };
	socklen_t len = sizeof(u);
	int s = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK), on = 1;

	for (; s >= 0; s = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) {
		printf(" %s", name);
		if (name[0] == 'u' && getsockopt(s, SOL_SOCKET, SO_PEERCRED, &u, &len) == 0)
			printf("=%s-%u-%u", u.pid == getpid() ? "me" : u.pid ? "other" : "nobody", u.uid, u.gid);
		setsockopt(s, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
		take_messages("s", s);
		close(s);
	}
}

/* What was sent over loopback waits in a queue of the CPU that sent it, and a busy machine empties it later, in order: what we
 * send after it, from each CPU, tells that it arrived. Four times, for a handshake is three packets. (write(2) is never trapped,
 * so it is sent from here and not by a supervisor on another CPU.) */
static void settle(void)
{
	cpu_set_t all, one;
	char c = 0;

	if (sched_getaffinity(0, sizeof(all), &all) < 0)
		return;
	for (int round = 0; round < 4; round++) {
		for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
			if (!CPU_ISSET(cpu, &all))
				continue;
			CPU_ZERO(&one);
			CPU_SET(cpu, &one);
			sched_setaffinity(0, sizeof(one), &one);
			if (write(settle_out, &c, 1) == 1 && read(settle_in, &c, 1) != 1)
				perror("differ: settle");
		}
	}
	sched_setaffinity(0, sizeof(all), &all);
}

static void take_all(void)
{
	settle();
	take_stream("t4", tcp4);
	take_stream("t6", tcp6);
	take_stream("us", unix_stream);
	take_stream("uq", unix_seq);
	take_stream("ua", abstract_stream);
	take_messages("u4", udp4);
	take_messages("u6", udp6);
	take_messages("ud", unix_dgram);
	take_messages("ab", abstract_dgram);
}

/* --- the calls ------------------------------------------------------------------------------------------------------------------ */

static void outcome(long r)
{
	int e = errno;

	if (r < 0)
		printf(" = %s", strerrorname_np(e));
	else
		printf(" = %ld", r);
}

static void try_sendto(int fd, const struct kind *k)
{
	size_t n = put_length(k->type == SOCK_STREAM);
	const void *p = rnd(24) ? big : rnd(2) ? NULL : (void *)8;
	int flags = put_flags(), none = rnd(4) == 0;
	struct arg a;

	put_address(&a, k->domain, k->type);
	if (none)
		a.at = NULL, a.len = 0;
	printf("sendto(%zu%s, %x, %s)", n, p == big ? "" : " bad", (unsigned int)flags, none ? "-" : a.text);
	outcome(syscall(SYS_sendto, fd, p, n, flags, a.at, a.len));
}

struct message {
	struct msghdr h;
	struct iovec iov[1100];
	struct arg a;
	struct control c;
};

static void put_message(struct message *m, const struct kind *k)
{
	static const size_t counts[] = { 1, 1, 1, 1, 2, 3, 0, 1024, 1025 };
	size_t total = put_length(k->type == SOCK_STREAM), count = counts[rnd(ARRAY_SIZE(counts))];
	int none = rnd(4) == 0;

	memset(&m->h, 0, sizeof(m->h));
	memset(&m->c, 0, sizeof(m->c));
	put_address(&m->a, k->domain, k->type);
	m->h.msg_name = none ? NULL : (void *)(uintptr_t)m->a.at;
	m->h.msg_namelen = (socklen_t)m->a.len;
	for (size_t i = 0; i < count; i++)
		m->iov[i] = (struct iovec){ big + i, count == 1 ? total : total / count };
	printf(" {%s, %zu x%zu", none ? "-" : m->a.text, total, count);
	/* (Ping looks at its first 8 bytes before it finds the rest missing; on behalf all is read at once.) */
	if (rnd(24) == 0 && count && k->protocol != IPPROTO_ICMP) {
		m->iov[count - 1].iov_base = rnd(2) ? NULL : (void *)8;
		printf(" bad");
	}
	if (rnd(48) == 0 && count) {
		m->iov[0].iov_len = rnd(2) ? SIZE_MAX : (size_t)INT64_MAX + 1;
		printf(" huge");
	}
	m->h.msg_iov = rnd(48) ? m->iov : (void *)8;
	m->h.msg_iovlen = count;
	for (unsigned int n = rnd(3) ? 0 : 1 + rnd(3); n > 0; n--)
		put_cmsg(&m->c, k->domain);
	if (m->c.len) {
		m->h.msg_control = rnd(32) ? m->c.buf : (void *)8;
		m->h.msg_controllen = rnd(24) ? m->c.len : rnd(16) ? rnd(40) : SIZE_MAX / 2 + rnd(2);
		printf(",%s /%zu%s", m->c.text, m->h.msg_controllen, m->h.msg_control == (void *)8 ? " bad" : "");
	}
	printf("%s}", m->h.msg_iov == (void *)8 ? " badiov" : "");
}

static void try_sendmsg(int fd, const struct kind *k)
{
	static struct message m;
	int flags = put_flags();

	printf("sendmsg(");
	put_message(&m, k);
	printf(", %x)", (unsigned int)flags);
	outcome(syscall(SYS_sendmsg, fd, rnd(48) ? &m.h : rnd(2) ? NULL : (void *)8, flags));
}

static void try_sendmmsg(int fd, const struct kind *k)
{
	static struct message m[4];
	struct mmsghdr v[4];
	unsigned int n = rnd(4) + 1;
	/* (A second Fast Open send finds the first one's handshake over or not: a matter of time on behalf.) */
	int flags = put_flags() & ~MSG_FASTOPEN;
	long r;

	printf("sendmmsg(");
	memset(v, 0, sizeof(v));
	for (unsigned int i = 0; i < n; i++) {
		put_message(&m[i], k);
		v[i].msg_hdr = m[i].h;
	}
	printf(", %x)", (unsigned int)flags);
	r = syscall(SYS_sendmmsg, fd, rnd(48) ? v : (void *)8, rnd(32) ? n : 0, flags);
	outcome(r);
	for (unsigned int i = 0; i < n; i++)
		printf(" %u", v[i].msg_len);
}

static void try_connect(int fd, const struct kind *k)
{
	struct arg a;

	put_address(&a, k->domain, k->type);
	printf("connect(%s)", a.text);
	outcome(syscall(SYS_connect, fd, a.at, a.len));
}

static void try_bind(int fd, const struct kind *k)
{
	struct arg a;

	put_address(&a, k->domain, k->type);
	printf("bind(%s)", a.text);
	outcome(syscall(SYS_bind, fd, a.at, a.len));
	if (rnd(2)) {
		int backlog = rnd(3) ? (int)rnd(5) : -1;

		printf(" listen(%d)", backlog);
		outcome(syscall(SYS_listen, fd, backlog));
	}
}

static void after(int s, const struct kind *k)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	int error = 0;

	if (k->domain == AF_NETLINK)
		return;
	printf(" | peer");
	outcome(getpeername(s, (struct sockaddr *)&ss, &len) == 0 ? (long)len : -1);
	len = sizeof(error);
	if (getsockopt(s, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error)
		printf(" error %s", strerrorname_np(error));
}

static void one_case(unsigned int i)
{
	static void (*const calls[])(int, const struct kind *) = { try_connect, try_sendto, try_sendmsg, try_sendmmsg, try_bind,
								    try_connect, try_sendto, try_sendmsg };
	const struct kind *k = &kinds[rnd(ARRAY_SIZE(kinds))];
	int s = socket(k->domain, k->type | SOCK_CLOEXEC, k->protocol);
	struct timeval tv = { .tv_usec = 300000 };
	const char *bad, *prep;

	if (s < 0) {
		printf("%u %s: no socket: %s\n", i, k->name, strerrorname_np(errno));
		return;
	}
	/* A connect to a full or closed place must end. */
	setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
	prep = prepare(s, k);
	pipes = 0;
	printf("%u %s %s ", i, k->name, prep);
	calls[rnd(ARRAY_SIZE(calls))](put_fd(s, &bad), k);
	if (*bad)
		printf(" %s", bad);
	if (pipes)
		printf(" SIGPIPE");
	after(s, k);
	take_all();
	close(s);
	take_all(); /* what was held back */
	printf("\n");
	unlink("/tmp/differ.none");
}

/* Sockets of an earlier run, also those whose names were cut. */
static void clean(void)
{
	DIR *d = opendir("/tmp");
	struct dirent *de;

	while (d && (de = readdir(d)))
		if (strncmp(de->d_name, "d", 1) == 0)
			unlinkat(dirfd(d), de->d_name, 0);
	if (d)
		closedir(d);
}

static void *other_thread(void *arg)
{
	for (;;)
		pause();
	return arg;
}

int main(int argc, char **argv)
{
	long page = sysconf(_SC_PAGESIZE);
	struct sigaction sa = { .sa_handler = on_sigpipe };
	pthread_t t;
	char *pages;

	if (argc < 3) {
		fprintf(stderr, "differ SEED CASES [threads]\n");
		return 2;
	}
	state = strtoull(argv[1], NULL, 10) * 7919 + 17;
	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	sigaction(SIGPIPE, &sa, NULL);
	pages = mmap(NULL, (size_t)page * 2, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(pages + page, (size_t)page);
	edge = pages + page;
	big = malloc(BIG + 2048);
	for (int i = 0; i < BIG + 2048; i++)
		big[i] = (char)(i * 7);
	some_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	clean();
	servers();
	threads = argc > 3;
	if (threads)
		pthread_create(&t, NULL, other_thread, NULL);
	for (unsigned int i = 0; i < (unsigned int)atoi(argv[2]); i++)
		one_case(i);
	return 0;
}
