// SPDX-License-Identifier: Apache-2.0
/* probe_entry.c - the odd ways to reach a destination: other system call tables, bad pointers, slow pages, options
 *
 * Owns:     what section 4 of the policy contract calls known ways in, one verb each.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/userfaultfd.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "probe.h"

#define X32_BIT 0x40000000

/* connect with a length that no address has, then with a pointer that is none: "EINVAL EFAULT". */
static void bad_address(int argc, char **argv)
{
	struct dest d;
	int fd;

	(void)argc;
	fd = dest_sock(&d, argv + 1, 0, SOCK_STREAM, 0);
	if (fd < 0)
		return;
	say_ret(syscall(SYS_connect, fd, &d.sa, 0xffffffffu));
	printf(" ");
	say_ret(syscall(SYS_connect, fd, (void *)8, d.len));
	close(fd);
}

/* A UDP send whose address says AF_UNSPEC: the kernel takes it as IPv4. */
static void udp_unspec(int argc, char **argv)
{
	struct dest d;
	int fd;

	(void)argc;
	fd = dest_sock(&d, argv + 1, AF_INET, SOCK_DGRAM, 0);
	if (fd < 0)
		return;
	d.ss.ss_family = AF_UNSPEC;
	say_ret(sendto(fd, payload, sizeof(payload), 0, &d.sa, d.len));
	close(fd);
}

/* An IPv4 address on an IPv6 UDP socket. */
static void udp_v4_on_v6(int argc, char **argv)
{
	struct dest d;
	int fd;

	(void)argc;
	fd = dest_sock(&d, argv + 1, AF_INET6, SOCK_DGRAM, 0);
	if (fd < 0)
		return;
	say_ret(sendto(fd, payload, sizeof(payload), 0, &d.sa, d.len));
	close(fd);
}

/* connect with AF_UNSPEC on a connected socket is a disconnect: always permitted. */
static void disconnect(int argc, char **argv)
{
	struct sockaddr none = { .sa_family = AF_UNSPEC };
	struct dest d;
	int fd;

	(void)argc;
	fd = dest_sock(&d, argv + 1, 0, SOCK_DGRAM, 0);
	if (fd < 0)
		return;
	if (connect(fd, &d.sa, d.len) < 0) {
		say_step("FIRST");
	} else {
		say_ret(connect(fd, &none, sizeof(none)));
	}
	close(fd);
}

/* Loose source route through ADDR to ADDR2: an option on the socket, "SET-…" if that is refused. */
static void source_route(int argc, char **argv)
{
	unsigned char opt[12] = { IPOPT_NOP, IPOPT_LSRR, 7, 4 };
	struct dest hop, d;
	int fd;

	(void)argc;
	dest_parse(&hop, argv[3], "0");
	memcpy(opt + 4, &((struct sockaddr_in *)&hop.ss)->sin_addr, 4);
	fd = dest_sock(&d, argv + 1, AF_INET, SOCK_DGRAM, 0);
	if (fd < 0)
		return;
	if (setsockopt(fd, IPPROTO_IP, IP_OPTIONS, opt, 8) < 0) {
		say_step("SET");
	} else {
		say_ret(sendto(fd, payload, sizeof(payload), 0, &d.sa, d.len));
	}
	close(fd);
}

/* The same as control data of one datagram. */
static void source_route_cmsg(int argc, char **argv)
{
	union {
		struct cmsghdr h;
		char buf[CMSG_SPACE(8)];
	} c = { 0 };
	struct iovec iov = { (void *)payload, sizeof(payload) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof(c) };
	unsigned char opt[8] = { IPOPT_NOP, IPOPT_LSRR, 7, 4 };
	struct dest hop, d;
	int fd;

	(void)argc;
	dest_parse(&d, argv[1], argv[2]);
	dest_parse(&hop, argv[3], "0");
	memcpy(opt + 4, &((struct sockaddr_in *)&hop.ss)->sin_addr, 4);
	c.h.cmsg_level = IPPROTO_IP;
	c.h.cmsg_type = IP_RETOPTS;
	c.h.cmsg_len = CMSG_LEN(sizeof(opt));
	memcpy(CMSG_DATA(&c.h), opt, sizeof(opt));
	m.msg_name = &d.ss;
	m.msg_namelen = d.len;
	fd = sock(AF_INET, SOCK_DGRAM, 0);
	if (fd < 0)
		return;
	say_ret(sendmsg(fd, &m, 0));
	close(fd);
}

/* An IPv6 datagram to ADDR with a routing header (type 2) that names ADDR2. */
static void routing_header(int argc, char **argv)
{
	struct {
		uint8_t next, len, type, left;
		uint32_t reserved;
		struct in6_addr addr;
	} rt = { .len = 2, .type = 2, .left = 1 };
	struct dest hop, d;
	int fd;

	(void)argc;
	dest_parse(&d, argv[1], argv[2]);
	dest_parse(&hop, argv[3], "0");
	rt.addr = ((struct sockaddr_in6 *)&hop.ss)->sin6_addr;
	fd = sock(AF_INET6, SOCK_DGRAM, 0);
	if (fd < 0)
		return;
	if (setsockopt(fd, IPPROTO_IPV6, IPV6_RTHDR, &rt, sizeof(rt)) < 0) {
		say_step("SET");
	} else {
		say_ret(sendto(fd, payload, sizeof(payload), 0, &d.sa, d.len));
	}
	close(fd);
}

#ifdef __x86_64__
/* The i386 table from a 64-bit program: connect has a number of its own (362), or is socketcall (102). */
static void old_table(int argc, char **argv)
{
	struct low {
		struct dest d;
		uint32_t args[3];
	} *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	int fd;

	(void)argc;
	if (low == MAP_FAILED) {
		say(errno);
		return;
	}
	dest_parse(&low->d, argv[1], argv[2]);
	fd = sock(low->d.sa.sa_family, SOCK_STREAM, 0);
	if (fd < 0)
		return;
	low->args[0] = (uint32_t)fd;
	low->args[1] = (uint32_t)(uintptr_t)&low->d.sa;
	low->args[2] = low->d.len;
	if (strcmp(argv[0], "int80") == 0)
		say_ret(int80(362, fd, (long)(uintptr_t)&low->d.sa, (long)low->d.len));
	else
		say_ret(int80(102, 3 /* SYS_CONNECT */, (long)(uintptr_t)low->args, 0));
	close(fd);
}

static void x32(int argc, char **argv)
{
	struct dest d;
	int fd;

	(void)argc;
	fd = dest_sock(&d, argv + 1, 0, SOCK_STREAM, 0);
	if (fd < 0)
		return;
	say_ret(syscall(X32_BIT | SYS_connect, fd, &d.sa, d.len));
	close(fd);
}
#endif

static void on_signal(int sig)
{
	(void)sig;
}

/* A blocking connect that nobody answers must end with EINTR when a signal arrives. */
static void interrupt(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = on_signal }; /* no SA_RESTART */
	struct itimerval t = { .it_value = { .tv_usec = 300000 } };
	struct dest d;
	int fd;

	(void)argc;
	fd = dest_sock(&d, argv + 1, 0, SOCK_STREAM, 0);
	if (fd < 0)
		return;
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &t, NULL);
	say_ret(connect(fd, &d.sa, d.len));
	signal(SIGALRM, SIG_DFL);
	alarm(20);
	close(fd);
}

static struct dest first;

static void *blocked_connect(void *p)
{
	int fd = socket(first.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)p;
	connect(fd, &first.sa, first.len);
	return NULL;
}

/* While one thread's connect to ADDR PORT is blocked, another thread's to ADDR2 PORT2 is answered at once: the answer is
 * the outcome and the milliseconds it took, "OK FAST" below 1000. */
static void beside(int argc, char **argv)
{
	struct timeval a, b;
	struct dest d;
	pthread_t t;
	long ms;
	int fd, err;

	(void)argc;
	dest_parse(&d, argv[3], argv[4]);
	fd = dest_sock(&first, argv + 1, d.sa.sa_family, SOCK_STREAM, 0);
	if (fd < 0)
		return;
	for (int i = 0; i < 4; i++)
		pthread_create(&t, NULL, blocked_connect, NULL);
	usleep(100000); /* no condition to wait for: nothing tells that a connect has begun to block */
	gettimeofday(&a, NULL);
	err = connect(fd, &d.sa, d.len) < 0 ? errno : 0;
	gettimeofday(&b, NULL);
	ms = (b.tv_sec - a.tv_sec) * 1000 + (b.tv_usec - a.tv_usec) / 1000;
	say(err);
	printf(" %s", ms < 1000 ? "FAST" : "SLOW");
	close(fd);
}

static void *slow_page; /* never answered: a reader of it waits */

static void *slow_connect(void *p)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)p;
	connect(fd, slow_page, sizeof(struct sockaddr_in));
	return NULL;
}

/* The address of one connect lies in a page that userfaultfd holds back; meanwhile another connect to ADDR PORT is
 * answered. */
static void slow_pages(int argc, char **argv)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	int uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	struct dest d;
	pthread_t t;
	int fd;

	(void)argc;
	slow_page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	reg.range.start = (uintptr_t)slow_page;
	reg.range.len = 4096;
	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api) < 0 || ioctl(uffd, UFFDIO_REGISTER, &reg) < 0) {
		say_step("UFFD");
		return;
	}
	fd = dest_sock(&d, argv + 1, 0, SOCK_STREAM, 0);
	if (fd < 0)
		return;
	for (int i = 0; i < 4; i++)
		pthread_create(&t, NULL, slow_connect, NULL);
	usleep(100000);
	say_ret(connect(fd, &d.sa, d.len));
	close(fd);
}

/* A seccomp filter of its own, with a listener: would let the workload answer its own notifications. */
static void own_listener(int argc, char **argv)
{
	struct sock_filter f[] = { BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
	struct sock_fprog prog = { .len = 1, .filter = f };

	(void)argc;
	(void)argv;
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	say_ret(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &prog));
}

/* Outside: gives a UDP socket, made where no policy is, to everyone who connects to the unix socket PATH. */
static void give(int argc, char **argv)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	union {
		struct cmsghdr h;
		char buf[CMSG_SPACE(sizeof(int))];
	} c;
	struct iovec iov = { (void *)payload, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof(c) };
	int l = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	alarm(0);
	snprintf(un.sun_path, sizeof(un.sun_path), "%s", argv[1]);
	if (bind(l, (struct sockaddr *)&un, sizeof(un)) < 0 || listen(l, 4) < 0) {
		say(errno);
		return;
	}
	for (;;) {
		int conn = accept(l, NULL, NULL);
		int type = argc > 2 && strcmp(argv[2], "tcp") == 0 ? SOCK_STREAM : SOCK_DGRAM;
		int u = socket(AF_INET, type | SOCK_CLOEXEC, 0);

		c.h.cmsg_level = SOL_SOCKET;
		c.h.cmsg_type = SCM_RIGHTS;
		c.h.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&c.h), &u, sizeof(u));
		sendmsg(conn, &m, 0);
		close(u);
		close(conn);
	}
}

/* Sends on descriptor @fd, whatever it is, to the destination. */
static void use_socket(int fd, char **argv)
{
	int type = 0;
	socklen_t len = sizeof(type);
	struct dest d;

	dest_parse(&d, argv[0], argv[1]);
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) < 0)
		say(errno);
	else if (type == SOCK_STREAM)
		say_ret(connect(fd, &d.sa, d.len));
	else
		say_ret(sendto(fd, payload, sizeof(payload), 0, &d.sa, d.len));
}

/* Inside: receives a socket through the unix socket PATH and uses it. */
static void take(int argc, char **argv)
{
	int fd = take_socket(argv[1]);

	(void)argc;
	if (fd < 0)
		say_step("TAKE");
	else
		use_socket(fd, argv + 2);
}

static void use_fd(int argc, char **argv)
{
	(void)argc;
	use_socket(atoi(argv[1]), argv + 2);
}

const struct verb probe_entry_verbs[] = {
	{ "bad-address", "ADDR PORT", 2, bad_address },
	{ "udp-unspec", "ADDR PORT", 2, udp_unspec },
	{ "udp-v4-on-v6", "ADDR PORT", 2, udp_v4_on_v6 },
	{ "disconnect", "ADDR PORT", 2, disconnect },
	{ "source-route", "ADDR PORT HOP", 3, source_route },
	{ "source-route-cmsg", "ADDR PORT HOP", 3, source_route_cmsg },
	{ "routing-header", "ADDR PORT HOP", 3, routing_header },
#ifdef __x86_64__
	{ "int80", "ADDR PORT", 2, old_table },
	{ "int80-socketcall", "ADDR PORT", 2, old_table },
	{ "x32", "ADDR PORT", 2, x32 },
#endif
	{ "interrupt", "ADDR PORT", 2, interrupt },
	{ "beside", "BLOCKED-ADDR PORT ADDR PORT", 4, beside },
	{ "slow-pages", "ADDR PORT", 2, slow_pages },
	{ "own-listener", "", 0, own_listener },
	{ "give", "PATH [tcp]", 1, give },
	{ "take", "PATH ADDR PORT", 3, take },
	{ "use-fd", "FD ADDR PORT", 3, use_fd },
	{ 0 },
};
