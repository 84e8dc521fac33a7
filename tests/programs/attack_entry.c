// SPDX-License-Identifier: Apache-2.0
/* attack_entry.c - tricks to reach a destination that a policy denies, without a race
 *
 * Owns:     one verb for each trick: sockets that were made elsewhere, options, control data, other kinds of sockets,
 *           a tracer that changes the call. Whether anything got through is counted by serve, outside.
 * Runs in:  the container.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/in6.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"

#ifndef IPV6_FLOWLABEL_MGR
#define IPV6_FLOWLABEL_MGR 32
#endif

/* --- sockets that the i386 table makes: socketcall's arguments are in memory ------------------------------------- */

#ifdef __x86_64__
static int old_socket(int domain, int type, int protocol)
{
	uint32_t *args = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	int fd;

	if (args == MAP_FAILED)
		return -1;
	args[0] = (uint32_t)domain;
	args[1] = (uint32_t)type;
	args[2] = (uint32_t)protocol;
	fd = (int)int80(102, 1 /* SYS_SOCKET */, (long)(uintptr_t)args, 0);
	munmap(args, 4096);
	return fd;
}
#else
static int old_socket(int domain, int type, int protocol)
{
	return socket(domain, type, protocol);
}
#endif

/* A UDP socket out of socketcall, used by sendmsg of the native table. */
static void old_udp(int argc, char **argv)
{
	struct iovec iov = { (void *)payload, sizeof(payload) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct dest d;
	int fd;

	(void)argc;
	dest_parse(&d, argv[1], argv[2]);
	fd = old_socket(d.sa.sa_family, SOCK_DGRAM, 0);
	if (fd < 0) {
		say_step("SOCKET");
		return;
	}
	m.msg_name = &d.ss;
	m.msg_namelen = d.len;
	say_ret(sendmsg(fd, &m, 0));
	close(fd);
}

/* IP_TRANSPARENT through socketcall, for which the caller needs a capability over the network. */
static void old_transparent(int argc, char **argv)
{
#ifdef __x86_64__
	uint32_t *args = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	int fd = sock(AF_INET, SOCK_STREAM, 0);
	const uint32_t words[] = { (uint32_t)fd, IPPROTO_IP, 19 /* IP_TRANSPARENT */, (uint32_t)(uintptr_t)(args + 8), 4 };

	if (args == MAP_FAILED)
		return;
	memcpy(args, words, sizeof(words));
	args[8] = 1;
	say_ret(int80(102, 14 /* SYS_SETSOCKOPT */, (long)(uintptr_t)args, 0));
	close(fd);
#else
	say(EPERM);
#endif
	(void)argc;
	(void)argv;
}

static void bind_low(int fd)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(81), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	say_ret(bind(fd, (struct sockaddr *)&sin, sizeof(sin)));
	close(fd);
}

/* Binds a TCP socket to port 81: as it is; out of a user namespace of its own; out of one and a network namespace; and one that was
 * made there. */
static void low_port(int argc, char **argv)
{
	int fd[3];

	(void)argc;
	(void)argv;
	for (int i = 0; i < 3; i++)
		fd[i] = sock(AF_INET, SOCK_STREAM, 0);
	bind_low(fd[0]);
	printf(" ");
	if (unshare(CLONE_NEWUSER) < 0)
		say_step("UNSHARE");
	bind_low(fd[1]);
	printf(" ");
	if (unshare(CLONE_NEWNET) < 0)
		say_step("UNSHARE");
	bind_low(fd[2]);
	printf(" ");
	bind_low(sock(AF_INET, SOCK_STREAM, 0));
}

/* Whose a socket out of socketcall is: "UID/GID". */
static void old_owner(int argc, char **argv)
{
	int fd = old_socket(AF_INET, SOCK_STREAM, 0);
	struct stat st;

	(void)argc;
	(void)argv;
	if (fd < 0 || fstat(fd, &st) < 0)
		say_step("SOCKET");
	else
		printf("%u/%u", st.st_uid, st.st_gid);
	close(fd);
}

/* Which kinds of sockets can be had, of every family, type and protocol that means something: "FAMILY/TYPE/PROTOCOL"
 * each. Unix and netlink are left out. */
static void sweep(int (*make)(int, int, int))
{
	static const int higher[] = { 33, 41, 47, 50, 51, 58, 94, 103, 108, 115, 132, 136, 137, 143, 255, 256, 262 };
	const int n_higher = sizeof(higher) / sizeof(higher[0]);
	const char *sep = "";

	for (int family = 0; family < 64; family++) {
		if (family == AF_UNIX || family == AF_NETLINK)
			continue;
		for (int type = 0; type < 16; type++) {
			for (int i = 0; i < 24 + n_higher; i++) {
				int protocol = i < 24 ? i : higher[i - 24], fd = make(family, type, protocol);

				if (fd < 0)
					continue;
				printf("%s%d/%d/%d", sep, family, type, protocol);
				sep = " ";
				close(fd);
			}
		}
	}
	if (!*sep)
		printf("NONE");
}

static int new_socket(int domain, int type, int protocol)
{
	return socket(domain, type, protocol);
}

static void sweep_sockets(int argc, char **argv)
{
	(void)argc;
	alarm(0);
	sweep(strcmp(argv[0], "sweep-old") == 0 ? old_socket : new_socket);
	alarm(20);
}

/* The same in a user and network namespace of its own, where this process has every capability. */
static void userns_sockets(int argc, char **argv)
{
	pid_t pid;

	(void)argc;
	(void)argv;
	fflush(stdout);
	pid = fork();
	if (pid > 0)
		waitpid(pid, NULL, 0);
	if (pid)
		return;
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		say_step("UNSHARE");
	for (int family = AF_PACKET; family; family = family == AF_PACKET ? AF_INET : 0) {
		int fd = socket(family, SOCK_RAW, family == AF_PACKET ? 0x0300 : IPPROTO_RAW);

		say_ret(fd);
		printf(family == AF_PACKET ? " " : "");
		if (fd >= 0)
			close(fd);
	}
	fflush(stdout);
	_exit(0);
}

/* --- a socket from outside ------------------------------------------------------------------------------------------ */

/* One that `probe give` passes, used by sendto, sendmsg, sendmmsg and connect: the four outcomes. */
static void take_all_ways(int argc, char **argv)
{
	struct iovec iov = { (void *)payload, sizeof(payload) };
	struct mmsghdr m = { .msg_hdr = { .msg_iov = &iov, .msg_iovlen = 1 } };
	int fd = take_socket(argv[1]);
	struct dest d;

	(void)argc;
	if (fd < 0) {
		say_step("TAKE");
		return;
	}
	dest_parse(&d, argv[2], argv[3]);
	m.msg_hdr.msg_name = &d.ss;
	m.msg_hdr.msg_namelen = d.len;
	say_ret(sendto(fd, payload, sizeof(payload), 0, &d.sa, d.len));
	printf(" ");
	say_ret(sendmsg(fd, &m.msg_hdr, 0));
	printf(" ");
	say_ret(sendmmsg(fd, &m, 1, 0));
	printf(" ");
	say_ret(connect(fd, &d.sa, d.len));
	close(fd);
}

/* --- options ---------------------------------------------------------------------------------------------------------- */

/* A flow label can carry a routing header, which every datagram with that label gets. "EPERM": it was not to be had. */
static void flow_label(int argc, char **argv)
{
	struct {
		struct in6_flowlabel_req r;
		struct cmsghdr h;
		uint8_t rt[24];
	} req = { .r = { .flr_action = IPV6_FL_A_GET, .flr_share = IPV6_FL_S_EXCL, .flr_flags = IPV6_FL_F_CREATE } };
	int on = 1, fd = sock(AF_INET6, SOCK_DGRAM, 0);
	struct dest d, hop;

	(void)argc;
	if (fd < 0)
		return;
	dest_parse(&d, argv[1], argv[2]);
	dest_parse(&hop, argv[3], "0");
	req.r.flr_label = htonl(0x12345);
	memcpy(&req.r.flr_dst, &((struct sockaddr_in6 *)&d.ss)->sin6_addr, 16);
	req.h = (struct cmsghdr){ .cmsg_len = CMSG_LEN(24), .cmsg_level = IPPROTO_IPV6, .cmsg_type = IPV6_RTHDR };
	req.rt[1] = 2; /* in units of 8 bytes */
	req.rt[2] = 2; /* type 2 */
	req.rt[3] = 1;
	memcpy(req.rt + 8, &((struct sockaddr_in6 *)&hop.ss)->sin6_addr, 16);
	setsockopt(fd, IPPROTO_IPV6, 33 /* IPV6_FLOWINFO_SEND */, &on, sizeof(on));
	((struct sockaddr_in6 *)&d.ss)->sin6_flowinfo = req.r.flr_label;
	if (setsockopt(fd, IPPROTO_IPV6, IPV6_FLOWLABEL_MGR, &req, sizeof(req)) < 0)
		say(errno);
	else
		say_ret(sendto(fd, payload, sizeof(payload), 0, &d.sa, d.len));
	close(fd);
}

/* Every option of the levels that route packets, each set to a source route or the number 1; which were taken. Then a
 * datagram to ADDR. What the options may do is seen outside. */
static void every_option(int argc, char **argv)
{
	uint8_t route[8] = { IPOPT_NOP, IPOPT_LSRR, 7, 4 };
	struct dest d, hop;
	int fd, n = 0;

	(void)argc;
	dest_parse(&hop, argv[3], "0");
	memcpy(route + 4, &((struct sockaddr_in *)&hop.ss)->sin_addr, 4);
	fd = dest_sock(&d, argv + 1, AF_INET, SOCK_DGRAM, 0);
	if (fd < 0)
		return;
	for (int name = 0; name < 128; name++) {
		n += setsockopt(fd, IPPROTO_IP, name, route, sizeof(route)) == 0;
		/* The multicast interface and the like would merely break the send. */
	}
	close(fd);
	fd = sock(AF_INET, SOCK_DGRAM, 0);
	if (setsockopt(fd, IPPROTO_IP, IP_OPTIONS, route, sizeof(route)) == 0)
		printf("SET ");
	say_ret(sendto(fd, payload, sizeof(payload), 0, &d.sa, d.len));
	close(fd);
}

/* Connected to ::ffff:ADDR, made an IPv4 socket, then one datagram and one connect to ADDR2. */
static void addrform(int argc, char **argv)
{
	int four = AF_INET, fd = sock(AF_INET6, SOCK_DGRAM, 0);
	char mapped[64];
	struct dest a, b;

	(void)argc;
	if (fd < 0)
		return;
	snprintf(mapped, sizeof(mapped), "::ffff:%s", argv[1]);
	dest_parse(&a, mapped, argv[2]);
	dest_parse(&b, argv[3], argv[4]);
	if (connect(fd, &a.sa, a.len) < 0 || setsockopt(fd, IPPROTO_IPV6, 1 /* IPV6_ADDRFORM */, &four, sizeof(four)) < 0) {
		say_step("FORM");
		close(fd);
		return;
	}
	say_ret(sendto(fd, payload, sizeof(payload), 0, &b.sa, b.len));
	printf(" ");
	say_ret(connect(fd, &b.sa, b.len));
	close(fd);
}

/* Bound to an IPv4-mapped address, :: means 127.0.0.1 to the kernel. */
static void mapped_any(int argc, char **argv)
{
	int type = strcmp(argv[0], "mapped-any-tcp") == 0 ? SOCK_STREAM : SOCK_DGRAM, fd = sock(AF_INET6, type, 0);
	struct dest me, any;

	(void)argc;
	if (fd < 0)
		return;
	dest_parse(&me, "::ffff:127.0.0.1", "0");
	dest_parse(&any, "::", argv[1]);
	if (bind(fd, &me.sa, me.len) < 0) {
		say_step("BIND");
	} else if (type == SOCK_STREAM) {
		say_ret(connect(fd, &any.sa, any.len));
	} else {
		say_ret(sendto(fd, payload, sizeof(payload), 0, &any.sa, any.len));
	}
	close(fd);
}

/* A broadcast or multicast destination. */
static void broadcast(int argc, char **argv)
{
	int on = 1, fd = sock(AF_INET, SOCK_DGRAM, 0);
	struct dest d;

	(void)argc;
	if (fd < 0)
		return;
	dest_parse(&d, argv[1], argv[2]);
	setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on));
	say_ret(sendto(fd, payload, sizeof(payload), 0, &d.sa, d.len));
	close(fd);
}

/* setsockopt(TCP_ULP, NAME) on a TCP socket that is connected to ADDR PORT. */
static void ulp(int argc, char **argv)
{
	int fd = sock(AF_INET, SOCK_STREAM, 0);
	struct dest d;

	(void)argc;
	if (fd < 0)
		return;
	dest_parse(&d, argv[2], argv[3]);
	if (connect(fd, &d.sa, d.len) < 0)
		printf("CONNECT-");
	else
		errno = 0;
	if (errno)
		say(errno);
	else
		say_ret(setsockopt(fd, IPPROTO_TCP, TCP_ULP, argv[1], (socklen_t)strlen(argv[1])));
	close(fd);
}

/* --- one socket, several destinations ------------------------------------------------------------------------------- */

/* A Fast Open connect that waits for its first byte to ADDR, whose first byte is then sent to ADDR2. */
static void deferred(int argc, char **argv)
{
	int on = 1, fd = sock(AF_INET, SOCK_STREAM, 0);
	struct dest a, b;

	(void)argc;
	if (fd < 0)
		return;
	dest_parse(&a, argv[1], argv[2]);
	dest_parse(&b, argv[3], argv[4]);
	signal(SIGPIPE, SIG_IGN);
	setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &on, sizeof(on));
	say_ret(connect(fd, &a.sa, a.len));
	printf(" ");
	say_ret(sendto(fd, payload, sizeof(payload), MSG_FASTOPEN, &b.sa, b.len));
	close(fd);
	/* And the other way round: the second connect replaces the first. */
	fd = sock(AF_INET, SOCK_STREAM, 0);
	setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &on, sizeof(on));
	connect(fd, &a.sa, a.len);
	connect(fd, &b.sa, b.len);
	printf(" ");
	say_ret(write(fd, payload, sizeof(payload)));
	close(fd);
}

/* Connected to ADDR, dissolved, connected to ADDR2; both TCP and UDP: the outcomes of the second. */
static void dissolve(int argc, char **argv)
{
	struct sockaddr none = { .sa_family = AF_UNSPEC };
	struct dest a, b;

	(void)argc;
	dest_parse(&a, argv[1], argv[2]);
	dest_parse(&b, argv[3], argv[4]);
	for (int i = 0; i < 2; i++) {
		int fd = sock(a.sa.sa_family, i ? SOCK_DGRAM : SOCK_STREAM, 0);

		if (fd < 0)
			return;
		connect(fd, &a.sa, a.len);
		connect(fd, &none, sizeof(none));
		say_ret(connect(fd, &b.sa, b.len));
		printf(i ? "" : " ");
		close(fd);
	}
}

/* A datagram kept back (MSG_MORE) for ADDR, of which the rest goes to ADDR2; the other way round; a listening socket that
 * connects. */
static void corked(int argc, char **argv)
{
	int fd = sock(AF_INET, SOCK_DGRAM, 0), on = 1;
	struct dest a, b;

	(void)argc;
	if (fd < 0)
		return;
	dest_parse(&a, argv[1], argv[2]);
	dest_parse(&b, argv[3], argv[4]);
	sendto(fd, payload, 2, MSG_MORE, &a.sa, a.len);
	say_ret(sendto(fd, payload, 2, 0, &b.sa, b.len));
	printf(" ");
	close(fd);
	fd = sock(AF_INET, SOCK_DGRAM, 0);
	setsockopt(fd, IPPROTO_UDP, 1 /* UDP_CORK */, &on, sizeof(on));
	say_ret(sendto(fd, payload, 2, 0, &b.sa, b.len));
	on = 0;
	setsockopt(fd, IPPROTO_UDP, 1, &on, sizeof(on));
	close(fd);
	fd = sock(AF_INET, SOCK_STREAM, 0);
	listen(fd, 1);
	printf(" ");
	say_ret(connect(fd, &b.sa, b.len));
	close(fd);
}

/* A connected UDP socket and control data that has nothing to do with the destination (a traffic class, a segment size):
 * what QUIC does. Must work. */
static void connected_cmsg(int argc, char **argv)
{
	union {
		struct cmsghdr h;
		char buf[CMSG_SPACE(sizeof(int))];
	} c = { 0 };
	struct iovec iov = { (void *)payload, sizeof(payload) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof(c) };
	int ecn = 2, fd;
	struct dest d;

	(void)argc;
	fd = dest_sock(&d, argv + 1, 0, SOCK_DGRAM, 0);
	if (fd < 0)
		return;
	c.h.cmsg_len = CMSG_LEN(sizeof(int));
	c.h.cmsg_level = d.sa.sa_family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
	c.h.cmsg_type = d.sa.sa_family == AF_INET ? IP_TOS : IPV6_TCLASS;
	memcpy(CMSG_DATA(&c.h), &ecn, sizeof(ecn));
	if (connect(fd, &d.sa, d.len) < 0) {
		say_step("CONNECT");
	} else {
		say_ret(sendmsg(fd, &m, 0));
	}
	close(fd);
}

/* --- rings, processes --------------------------------------------------------------------------------------------------- */

static void uring_calls(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	say_ret(syscall(425, 1, NULL));
	printf(" ");
	say_ret(syscall(426, -1, 0, 0, 0, NULL, 0));
	printf(" ");
	say_ret(syscall(427, -1, 0, NULL, 0));
}

/* A process that shares descriptors, but is no thread. */
static void clone_files(int argc, char **argv)
{
	long pid;

	(void)argc;
	(void)argv;
	pid = syscall(SYS_clone, CLONE_FILES | SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid == 0)
		_exit(0);
	say_ret(pid);
	if (pid > 0)
		waitpid((pid_t)pid, NULL, 0);
}

#ifdef __x86_64__
/* A tracer that, when the call enters the kernel, points its address at ADDR2; and one that makes sendto out of getpid. */
static void traced(int argc, char **argv)
{
	struct user_regs_struct regs;
	struct dest *d = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int fd = sock(AF_INET, SOCK_DGRAM, 0), status, entry = 0;
	pid_t pid;

	(void)argc;
	dest_parse(&d[0], argv[1], argv[2]);
	dest_parse(&d[1], argv[3], argv[4]);
	pid = fork();
	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		for (int i = 0; i < 20; i++)
			sendto(fd, payload, sizeof(payload), 0, &d[0].sa, d[0].len);
		for (int i = 0; i < 20; i++)
			syscall(SYS_getpid);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL);
	for (;;) {
		if (ptrace(PTRACE_SYSCALL, pid, NULL, NULL) < 0 || waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
			break;
		if (WSTOPSIG(status) != (SIGTRAP | 0x80))
			continue;
		entry = !entry;
		if (!entry || ptrace(PTRACE_GETREGS, pid, NULL, &regs) < 0)
			continue;
		if (regs.orig_rax == SYS_sendto) {
			regs.r8 = (uintptr_t)&d[1].sa;
		} else if (regs.orig_rax == SYS_getpid) {
			regs.orig_rax = SYS_sendto;
			regs.rdi = (unsigned int)fd;
			regs.rsi = (uintptr_t)payload;
			regs.rdx = sizeof(payload);
			regs.r10 = 0;
			regs.r8 = (uintptr_t)&d[1].sa;
			regs.r9 = d[1].len;
		}
		ptrace(PTRACE_SETREGS, pid, NULL, &regs);
	}
	printf("%s", WIFEXITED(status) ? "DONE" : "BROKEN");
}

/* The same with a filter of the workload's own that hands getpid to the tracer: the kernel looks at what it makes of it. */
static void traced_filter(int argc, char **argv)
{
	struct sock_filter f[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { .len = 4, .filter = f };
	int fd = sock(AF_INET, SOCK_DGRAM, 0), status, met = 0;
	struct user_regs_struct regs;
	struct dest d;
	pid_t pid;

	(void)argc;
	if (fd < 0)
		return;
	dest_parse(&d, argv[1], argv[2]);
	pid = fork();
	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog);
		for (int i = 0; i < 20; i++)
			syscall(SYS_getpid);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL);
	while (ptrace(PTRACE_CONT, pid, NULL, NULL) == 0 && waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
		if (status >> 8 != (SIGTRAP | PTRACE_EVENT_SECCOMP << 8) || ptrace(PTRACE_GETREGS, pid, NULL, &regs) < 0)
			continue;
		met++;
		regs.orig_rax = SYS_sendto;
		regs.rdi = (unsigned int)fd;
		regs.rsi = (uintptr_t)payload;
		regs.rdx = sizeof(payload);
		regs.r10 = 0;
		regs.r8 = (uintptr_t)&d.sa;
		regs.r9 = d.len;
		ptrace(PTRACE_SETREGS, pid, NULL, &regs);
	}
	printf("%s", met == 20 ? "DONE" : "BROKEN");
	close(fd);
}

/* A tracer cannot switch the filter off, nor can a process look into another's notification. */
static void suspend_seccomp(int argc, char **argv)
{
	pid_t pid = fork();

	(void)argc;
	(void)argv;
	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	say_ret(ptrace(PTRACE_SETOPTIONS, pid, NULL, 1 << 21 /* PTRACE_O_SUSPEND_SECCOMP */));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}
#endif

const struct verb attack_entry_verbs[] = {
	{ "old-udp", "ADDR PORT", 2, old_udp },
	{ "low-port", "", 0, low_port },
	{ "old-transparent", "", 0, old_transparent },
	{ "old-owner", "", 0, old_owner },
	{ "sweep", "", 0, sweep_sockets },
	{ "sweep-old", "", 0, sweep_sockets },
	{ "userns-sockets", "", 0, userns_sockets },
	{ "take-all-ways", "PATH ADDR PORT", 3, take_all_ways },
	{ "flow-label", "ADDR PORT HOP", 3, flow_label },
	{ "every-option", "ADDR PORT HOP", 3, every_option },
	{ "addrform", "ADDR PORT ADDR PORT", 4, addrform },
	{ "mapped-any", "PORT", 1, mapped_any },
	{ "mapped-any-tcp", "PORT", 1, mapped_any },
	{ "broadcast", "ADDR PORT", 2, broadcast },
	{ "ulp", "NAME ADDR PORT", 3, ulp },
	{ "deferred", "ADDR PORT ADDR PORT", 4, deferred },
	{ "dissolve", "ADDR PORT ADDR PORT", 4, dissolve },
	{ "corked", "ADDR PORT ADDR PORT", 4, corked },
	{ "connected-cmsg", "ADDR PORT", 2, connected_cmsg },
	{ "uring-calls", "", 0, uring_calls },
	{ "clone-files", "", 0, clone_files },
#ifdef __x86_64__
	{ "traced", "ADDR PORT ADDR PORT", 4, traced },
	{ "traced-filter", "ADDR PORT", 2, traced_filter },
	{ "suspend-seccomp", "", 0, suspend_seccomp },
#endif
	{ 0 },
};
