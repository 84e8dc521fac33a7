// SPDX-License-Identifier: Apache-2.0
/* passfd.c - sockets that were made outside of a container, on their way into it and in use there
 *
 * Owns:     both ends. Outside: "give" hands a socket of a kind to whoever connects to a unix socket; "with" runs a program that
 *           inherits one as descriptor 3 (made in the network namespace $PASSFD_NETNS). Inside: "take" and "use" try every way to
 *           send through it and print "CALL: OK" or the errno; "redo" does so after dissolving, listening and the like; "race" flips the
 *           descriptor under sendmsg between it and a unix socket, "slow-flip" under connect, in the moment in which the address is read.
 *
 * usage: passfd give PATH KIND | with KIND -- PROGRAM… | take PATH ADDR PORT | use FD ADDR PORT | redo FD ADDR PORT |
 *               slow-flip FD ADDR PORT | race PATH ADDR PORT ROUNDS
 *        KIND: udp, udp6, icmp, raw, udplite, mptcp, tcp, route (UDP with a source route), tcproute, label (UDP with a flow label that has
 *        one, by way of $PASSFD_HOP), unix (a socket of a pair), ring.
 *        "with" takes these, too: pidfd (of its parent), event, and a path (a directory, or a descriptor of the place only).
 *        A PATH that begins with "@" is an abstract one.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/in6.h>
#include <linux/userfaultfd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

static void __attribute__((noreturn)) fail(const char *what)
{
	perror(what);
	exit(1);
}

/* --- making ---------------------------------------------------------------------------------------------------- */

/* A UDP socket with a flow label, LABEL, that carries a routing header (of type 2: no other is taken there) to $PASSFD_HOP. -1 where
 * the kernel has no Mobile IPv6. */
#define LABEL 0x12345
static int make_label(void)
{
	struct {
		struct in6_flowlabel_req r;
		struct cmsghdr h;
		uint8_t rt[24];
	} q = { .r = { .flr_label = htonl(LABEL), .flr_action = IPV6_FL_A_GET, .flr_share = IPV6_FL_S_ANY, .flr_flags = IPV6_FL_F_CREATE },
		.h = { .cmsg_len = CMSG_LEN(24), .cmsg_level = IPPROTO_IPV6, .cmsg_type = 57 /* IPV6_RTHDR */ }, .rt = { 0, 2, 2, 1 } };
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);

	inet_pton(AF_INET6, getenv("PASSFD_HOP"), q.rt + 8);
	q.r.flr_dst = in6addr_loopback;
	return setsockopt(fd, IPPROTO_IPV6, 32 /* IPV6_FLOWLABEL_MGR */, &q, sizeof(q)) < 0 ? -1 : fd;
}

static int make(const char *kind)
{
	static const struct {
		const char *name;
		int domain, type, protocol;
	} kinds[] = {
		{ "udp", AF_INET, SOCK_DGRAM, 0 },	  { "udp6", AF_INET6, SOCK_DGRAM, 0 },
		{ "icmp", AF_INET, SOCK_DGRAM, IPPROTO_ICMP }, { "raw", AF_INET, SOCK_RAW, IPPROTO_UDP },
		{ "udplite", AF_INET, SOCK_DGRAM, 136 },	  { "mptcp", AF_INET, SOCK_STREAM, 262 },
		{ "tcp", AF_INET, SOCK_STREAM, 0 },	  { "route", AF_INET, SOCK_DGRAM, 0 },
		{ "tcproute", AF_INET, SOCK_STREAM, 0 },
	};
	/* LSRR by 127.0.0.1 */
	static const unsigned char lsrr[8] = { 131, 7, 4, 127, 0, 0, 1, 0 };
	unsigned char params[256] = { 0 };
	int pair[2], fd = -1;

	if (strcmp(kind, "unix") == 0)
		return socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0 ? -1 : pair[0];
	if (strcmp(kind, "ring") == 0)
		return (int)syscall(SYS_io_uring_setup, 1, params);
	if (strcmp(kind, "pidfd") == 0)
		return (int)syscall(SYS_pidfd_open, getppid(), 0);
	if (strcmp(kind, "label") == 0)
		return make_label();
	if (strcmp(kind, "event") == 0)
		return (int)syscall(SYS_eventfd2, 0, 0);
	if (kind[0] == '/')
		return open(kind, O_PATH);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].name, kind) == 0)
			fd = socket(kinds[i].domain, kinds[i].type, kinds[i].protocol);
	if (fd >= 0 && strstr(kind, "route") && setsockopt(fd, IPPROTO_IP, IP_OPTIONS, lsrr, sizeof(lsrr)) < 0)
		return -1;
	return fd;
}

static socklen_t name(struct sockaddr_un *un, const char *path)
{
	memset(un, 0, sizeof(*un));
	un->sun_family = AF_UNIX;
	snprintf(un->sun_path, sizeof(un->sun_path), "%s", path);
	if (path[0] != '@')
		return sizeof(*un);
	un->sun_path[0] = '\0';
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
}

static void __attribute__((noreturn)) give(const char *path, const char *kind)
{
	struct sockaddr_un un;
	socklen_t len = name(&un, path);
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	unlink(path);
	if (bind(s, (struct sockaddr *)&un, len) < 0 || listen(s, 8) < 0)
		fail(path);
	for (;;) {
		union {
			struct cmsghdr align;
			char buf[CMSG_SPACE(sizeof(int))];
		} control = { 0 };
		char byte = 'x';
		struct iovec iov = { &byte, 1 };
		struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.buf, .msg_controllen = sizeof(control.buf) };
		struct cmsghdr *c = CMSG_FIRSTHDR(&m);
		int conn = accept(s, NULL, NULL), fd = make(kind);

		if (fd < 0)
			fail(kind);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
		if (sendmsg(conn, &m, MSG_NOSIGNAL) < 0)
			perror("give");
		close(fd);
		close(conn);
	}
}

/* A socket belongs to the network namespace it was made in: $PASSFD_NETNS, a path, or the one we are in. */
static int make_there(const char *kind)
{
	const char *path = getenv("PASSFD_NETNS");
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), there = path ? open(path, O_RDONLY | O_CLOEXEC) : home, fd;

	if (setns(there, CLONE_NEWNET) < 0)
		fail(path);
	fd = make(kind);
	if (setns(home, CLONE_NEWNET) < 0)
		fail("setns");
	return fd;
}

static void __attribute__((noreturn)) with(const char *kind, char **argv)
{
	int fd = make_there(kind);

	if (fd < 0)
		fail(kind);
	if (fd != 3 && (dup2(fd, 3) < 0 || close(fd) < 0))
		fail("dup2");
	fcntl(3, F_SETFD, 0);
	execvp(argv[0], argv);
	fail(argv[0]);
}

/* --- using -------------------------------------------------------------------------------------------------------- */

static union {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
} to;
static socklen_t to_len;

static void set_to(int fd, const char *addr, const char *port)
{
	int domain = AF_INET, on = 1;
	socklen_t len = sizeof(domain);
	char mapped[64];

	getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len);
	memset(&to, 0, sizeof(to));
	if (domain == AF_INET6) {
		snprintf(mapped, sizeof(mapped), "%s%s", strchr(addr, ':') ? "" : "::ffff:", addr);
		to.in6.sin6_family = AF_INET6;
		to.in6.sin6_port = htons((uint16_t)atoi(port));
		inet_pton(AF_INET6, mapped, &to.in6.sin6_addr);
		/* Of no meaning but to a socket that has this label */
		to.in6.sin6_flowinfo = htonl(LABEL);
		setsockopt(fd, IPPROTO_IPV6, 33 /* IPV6_FLOWINFO_SEND */, &on, sizeof(on));
		to_len = sizeof(to.in6);
	} else {
		to.in.sin_family = AF_INET;
		to.in.sin_port = htons((uint16_t)atoi(port));
		inet_pton(AF_INET, addr, &to.in.sin_addr);
		to_len = sizeof(to.in);
	}
}

static int receive(const char *path)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} control;
	struct sockaddr_un un;
	socklen_t len = name(&un, path);
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.buf, .msg_controllen = sizeof(control.buf) };
	int s = socket(AF_UNIX, SOCK_STREAM, 0), fd;

	if (connect(s, (struct sockaddr *)&un, len) < 0)
		fail(path);
	if (recvmsg(s, &m, 0) < 1 || !CMSG_FIRSTHDR(&m))
		fail("receive");
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(fd));
	close(s);
	return fd;
}

static void say(const char *call, long r)
{
	printf("%s: %s\n", call, r >= 0 ? "OK" : strerrorname_np(errno));
}

/* An ICMP echo request that a UDP listener does not mind. */
static const unsigned char payload[8] = { 8, 0, 0xf7, 0xff, 0, 0, 0, 0 };

static int use(int fd)
{
	struct iovec iov = { (void *)(uintptr_t)payload, sizeof(payload) };
	struct mmsghdr mm = { .msg_hdr = { .msg_name = &to, .msg_namelen = to_len, .msg_iov = &iov, .msg_iovlen = 1 } };

	say("sendto", sendto(fd, payload, sizeof(payload), MSG_NOSIGNAL, &to.sa, to_len));
	say("sendmsg", sendmsg(fd, &mm.msg_hdr, MSG_NOSIGNAL));
	say("sendmmsg", sendmmsg(fd, &mm, 1, MSG_NOSIGNAL));
	if (to.sa.sa_family == AF_INET6) {
		union {
			struct cmsghdr h;
			char buf[CMSG_SPACE(sizeof(uint32_t))];
		} c = { .h = { .cmsg_len = CMSG_LEN(sizeof(uint32_t)), .cmsg_level = IPPROTO_IPV6, .cmsg_type = 11 /* IPV6_FLOWINFO */ } };
		struct msghdr m = mm.msg_hdr;

		memcpy(CMSG_DATA(&c.h), &to.in6.sin6_flowinfo, sizeof(uint32_t));
		m.msg_control = &c;
		m.msg_controllen = sizeof(c);
		say("flowinfo", sendmsg(fd, &m, MSG_NOSIGNAL));
	}
	say("fastopen", sendto(fd, payload, sizeof(payload), 0x20000000 | MSG_NOSIGNAL, &to.sa, to_len));
	say("connect", connect(fd, &to.sa, to_len));
	say("send", send(fd, payload, sizeof(payload), MSG_NOSIGNAL));
	return 0;
}

/* The same again after each call that makes a socket forget what it was. */
static int redo(int fd)
{
	const struct sockaddr none = { .sa_family = AF_UNSPEC };
	int on = 1;

	use(fd);
	connect(fd, &none, sizeof(none));
	use(fd);
	connect(fd, &none, sizeof(none));
	listen(fd, 1);
	use(fd);
	connect(fd, &none, sizeof(none));
	shutdown(fd, SHUT_RDWR);
	setsockopt(fd, IPPROTO_TCP, 30 /* TCP_FASTOPEN_CONNECT */, &on, sizeof(on));
	use(fd);
	return 0;
}

/* --- racing ---------------------------------------------------------------------------------------------------------- */

static int flip_fd, pair_fd, sock_fd;
static volatile int done;

static void *flip(void *arg)
{
	while (!done) {
		dup2(pair_fd, flip_fd);
		dup2(sock_fd, flip_fd);
	}
	return arg;
}

static int race(int fd, int rounds)
{
	struct iovec iov = { (void *)(uintptr_t)payload, sizeof(payload) };
	struct msghdr m = { .msg_name = &to, .msg_namelen = to_len, .msg_iov = &iov, .msg_iovlen = 1 };
	pthread_t t;
	int pair[2], ok = 0;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		fail("socketpair");
	sock_fd = fd;
	pair_fd = pair[0];
	flip_fd = dup(pair[0]);
	fcntl(pair[1], F_SETFL, O_NONBLOCK);
	if (pthread_create(&t, NULL, flip, NULL) != 0)
		fail("thread");
	for (int i = 0; i < rounds; i++) {
		char drain[64];

		ok += sendmsg(flip_fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
		while (read(pair[1], drain, sizeof(drain)) > 0)
			;
	}
	done = 1;
	pthread_join(t, NULL);
	printf("raced %d\n", rounds);
	return ok < 0;
}

/* --- flipping in the one moment ------------------------------------------------------------------------------------- */

static int uffd;

/* Whoever reads the address has looked at the descriptor already: now it becomes another, and the page may come. */
static void *flip_once(void *page)
{
	struct uffdio_copy copy = { .dst = (uintptr_t)page, .len = 4096 };
	struct uffd_msg msg;
	static union {
		struct sockaddr_in6 to;
		char page[4096];
	} from;

	if (read(uffd, &msg, sizeof(msg)) < 0)
		fail("userfaultfd");
	dup2(sock_fd, flip_fd);
	memcpy(&from, &to, sizeof(to));
	copy.src = (uintptr_t)&from;
	if (ioctl(uffd, UFFDIO_COPY, &copy) < 0)
		fail("UFFDIO_COPY");
	return NULL;
}

/* connect(2) on a unix socket that has become @fd when the address is there. */
static int slow_flip(int fd)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct uffdio_register reg = { .range = { (uintptr_t)page, 4096 }, .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffdio_api api = { .api = UFFD_API };
	pthread_t t;

	uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	sock_fd = fd;
	flip_fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api) < 0 || ioctl(uffd, UFFDIO_REGISTER, &reg) < 0 ||
	    pthread_create(&t, NULL, flip_once, page) != 0)
		fail("userfaultfd");
	say("connect", connect(flip_fd, page, to_len));
	return 0;
}

int main(int argc, char **argv)
{
	int fd;

	if (argc == 4 && strcmp(argv[1], "give") == 0)
		give(argv[2], argv[3]);
	if (argc > 4 && strcmp(argv[1], "with") == 0)
		with(argv[2], argv + 4);
	if (argc < 5) {
		fprintf(stderr, "usage: passfd give PATH KIND | with KIND -- PROGRAM... | take PATH ADDR PORT | use FD ADDR PORT | "
				"redo FD ADDR PORT | slow-flip FD ADDR PORT | race PATH ADDR PORT ROUNDS\n");
		return 2;
	}
	fd = strcmp(argv[1], "take") == 0 || strcmp(argv[1], "race") == 0 ? receive(argv[2]) : atoi(argv[2]);
	set_to(fd, argv[3], argv[4]);
	if (strcmp(argv[1], "slow-flip") == 0)
		return slow_flip(fd);
	if (strcmp(argv[1], "redo") == 0)
		return redo(fd);
	return argc > 5 ? race(fd, atoi(argv[5])) : use(fd);
}
