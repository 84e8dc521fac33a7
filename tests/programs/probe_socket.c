// SPDX-License-Identifier: Apache-2.0
/* probe_socket.c - what may be created and bound, io_uring, and unix sockets, which a policy must leave alone
 *
 * Owns:     socket, bind, listen, io_uring_setup, AF_UNIX and AF_NETLINK.
 */
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "probe.h"

struct word {
	const char *name;
	int value;
};

static const struct word domains[] = {
	{ "unix", AF_UNIX },   { "inet", AF_INET },   { "inet6", AF_INET6 }, { "netlink", AF_NETLINK },
	{ "packet", AF_PACKET }, { "vsock", AF_VSOCK }, { "xdp", AF_XDP },     { "alg", AF_ALG },
	{ "rds", AF_RDS },     { "tipc", AF_TIPC },   { "smc", AF_SMC },     { "can", AF_CAN },
	{ "bluetooth", AF_BLUETOOTH }, { "key", AF_KEY }, { "kcm", AF_KCM }, { 0 },
};

static const struct word types[] = {
	{ "stream", SOCK_STREAM }, { "dgram", SOCK_DGRAM }, { "raw", SOCK_RAW },
	{ "seqpacket", SOCK_SEQPACKET }, { "dccp", SOCK_DCCP }, { "packet", SOCK_PACKET }, { 0 },
};

static const struct word protocols[] = {
	{ "tcp", IPPROTO_TCP }, { "udp", IPPROTO_UDP }, { "icmp", IPPROTO_ICMP }, { "icmp6", IPPROTO_ICMPV6 },
	{ "sctp", IPPROTO_SCTP }, { "dccp", IPPROTO_DCCP }, { "udplite", IPPROTO_UDPLITE },
	{ "mptcp", 262 }, { "raw", IPPROTO_RAW }, { "all", 0x0300 /* htons(ETH_P_ALL) */ }, { 0 },
};

static int value(const struct word *w, const char *name)
{
	for (; w->name; w++)
		if (strcmp(w->name, name) == 0)
			return w->value;
	return atoi(name);
}

static void make_socket(int argc, char **argv)
{
	int fd = sock(value(domains, argv[1]), value(types, argv[2]), argc > 3 ? value(protocols, argv[3]) : 0);

	if (fd < 0)
		return;
	say(0);
	close(fd);
}

static void make_pair(int argc, char **argv)
{
	int sv[2];

	(void)argc;
	say_ret(socketpair(value(domains, argv[1]), value(types, argv[2]), 0, sv));
}

/* @argv[0]: bind (TCP), bind-udp, listen (bind and listen), listen-unbound (the kernel chooses the port). */
static void do_bind(int argc, char **argv)
{
	struct dest d;
	int one = 1, fd;

	(void)argc;
	fd = dest_sock(&d, argv + 1, 0, strcmp(argv[0], "bind-udp") == 0 ? SOCK_DGRAM : SOCK_STREAM, 0);
	if (fd < 0)
		return;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (strcmp(argv[0], "listen-unbound") != 0 && bind(fd, &d.sa, d.len) < 0)
		say(errno);
	else if (strncmp(argv[0], "listen", 6) == 0)
		say_ret(listen(fd, 1));
	else
		say(0);
	close(fd);
}

static void io_uring(int argc, char **argv)
{
	char params[256] = { 0 };
	long fd = syscall(SYS_io_uring_setup, 1, params);

	(void)argc;
	(void)argv;
	say_ret(fd);
	if (fd >= 0)
		close((int)fd);
}

static void fill(struct sockaddr_un *un, socklen_t *len, const char *path)
{
	memset(un, 0, sizeof(*un));
	un->sun_family = AF_UNIX;
	snprintf(un->sun_path, sizeof(un->sun_path), "%s", path);
	*len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(un->sun_path) + 1);
	if (path[0] == '@') { /* abstract */
		un->sun_path[0] = '\0';
		*len -= 1;
	}
}

static void unix_connect(int argc, char **argv)
{
	struct sockaddr_un un;
	socklen_t len;
	int fd = sock(AF_UNIX, argc > 2 ? value(types, argv[2]) : SOCK_STREAM, 0);

	if (fd < 0)
		return;
	fill(&un, &len, argv[1]);
	say_ret(connect(fd, (struct sockaddr *)&un, len));
	close(fd);
}

/* Sends one byte, a descriptor and our credentials to @to over @s. */
static int send_rich(int s, const struct sockaddr_un *to, socklen_t len, int fd)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
	} c = { 0 };
	struct ucred cred = { .pid = getpid(), .uid = getuid(), .gid = getgid() };
	struct iovec iov = { (void *)"x", 1 };
	struct msghdr m = { .msg_name = (void *)to, .msg_namelen = len, .msg_iov = &iov, .msg_iovlen = 1,
			    .msg_control = c.buf, .msg_controllen = sizeof(c.buf) };
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);

	*h = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
	memcpy(CMSG_DATA(h), &fd, sizeof(fd));
	h = CMSG_NXTHDR(&m, h);
	*h = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(cred)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_CREDENTIALS };
	memcpy(CMSG_DATA(h), &cred, sizeof(cred));
	return sendmsg(s, &m, 0) == 1 ? 0 : -1;
}

/* Returns NULL if the message on @s carries our credentials and a descriptor, else what is wrong. */
static const char *recv_rich(int s)
{
	char byte, buf[256];
	struct iovec iov = { &byte, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = buf, .msg_controllen = sizeof(buf) };
	int got_fd = 0, got_cred = 0;

	if (recvmsg(s, &m, 0) != 1)
		return "NO-MESSAGE";
	for (struct cmsghdr *h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h)) {
		struct ucred u;

		if (h->cmsg_type == SCM_RIGHTS)
			got_fd = 1;
		if (h->cmsg_type == SCM_CREDENTIALS) {
			memcpy(&u, CMSG_DATA(h), sizeof(u));
			got_cred = u.pid == getpid() && u.uid == getuid() && u.gid == getgid();
		}
	}
	return !got_fd ? "NO-DESCRIPTOR" : !got_cred ? "WRONG-CREDENTIALS" : NULL;
}

/* A unix socket and a message over it, both ends ours: SO_PEERCRED, SCM_RIGHTS and SCM_CREDENTIALS must name this
 * process, as without a policy. */
static const char *unix_round(const char *path, int type)
{
	int l = socket(AF_UNIX, type, 0), c = socket(AF_UNIX, type, 0), s, one = 1;
	struct sockaddr_un un;
	struct ucred u;
	socklen_t len, ulen = sizeof(u);

	fill(&un, &len, path);
	if (path[0] != '@')
		unlink(path);
	setsockopt(l, SOL_SOCKET, SO_PASSCRED, &one, sizeof(one));
	if (bind(l, (struct sockaddr *)&un, len) < 0)
		return "BIND";
	if (type == SOCK_DGRAM)
		return send_rich(c, &un, len, l) < 0 ? "SENDMSG" : recv_rich(l);
	if (listen(l, 1) < 0 || connect(c, (struct sockaddr *)&un, len) < 0)
		return "CONNECT";
	s = accept(l, NULL, NULL);
	if (getsockopt(s, SOL_SOCKET, SO_PEERCRED, &u, &ulen) < 0 || u.pid != getpid() || u.uid != getuid())
		return "PEERCRED";
	if (getsockopt(c, SOL_SOCKET, SO_PEERCRED, &u, &ulen) < 0 || u.pid != getpid())
		return "PEERCRED-CLIENT";
	setsockopt(s, SOL_SOCKET, SO_PASSCRED, &one, sizeof(one));
	return send_rich(c, NULL, 0, l) < 0 ? "SENDMSG" : recv_rich(s);
}

static void *pausing(void *arg)
{
	for (;;)
		pause();
	return arg;
}

/* @argv[0] "unix-threads": with another thread about. */
static void unix_self(int argc, char **argv)
{
	static const int kinds[] = { SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM };
	char abstract[64];

	pthread_t t;

	(void)argc;
	if (strcmp(argv[0], "unix-threads") == 0)
		pthread_create(&t, NULL, pausing, NULL);
	for (int i = 0; i < 3; i++) {
		const char *wrong = unix_round("/tmp/probe.sock", kinds[i]);

		snprintf(abstract, sizeof(abstract), "@probe-%d-%d", getpid(), i);
		if (!wrong)
			wrong = unix_round(abstract, kinds[i]);
		if (wrong) {
			printf("%s", wrong);
			return;
		}
	}
	say(0);
}

/* A datagram to a unix socket, without a path to $NOTIFY_SOCKET, as sd_notify(3) sends it. */
static void notify(int argc, char **argv)
{
	const char *path = argc > 2 ? argv[1] : getenv("NOTIFY_SOCKET");
	const char *text = argv[argc > 2 ? 2 : 1];
	struct sockaddr_un un;
	socklen_t len;
	int fd = sock(AF_UNIX, SOCK_DGRAM, 0);

	if (fd < 0)
		return;
	fill(&un, &len, path ? path : "");
	say_ret(sendto(fd, text, strlen(text), 0, (struct sockaddr *)&un, len));
	close(fd);
}

/* Asks route netlink for the links, as `ip link` does. */
static void netlink(int argc, char **argv)
{
	struct {
		struct nlmsghdr h;
		struct ifinfomsg i;
	} req = { .h = { .nlmsg_len = sizeof(req), .nlmsg_type = RTM_GETLINK, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP } };
	struct sockaddr_nl nl = { .nl_family = AF_NETLINK };
	char buf[8192];
	int fd = sock(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);

	(void)argc;
	(void)argv;
	if (fd < 0)
		return;
	if (sendto(fd, &req, sizeof(req), 0, (struct sockaddr *)&nl, sizeof(nl)) < 0)
		say(errno);
	else
		say_ret(recv(fd, buf, sizeof(buf), 0));
	close(fd);
}

const struct verb probe_socket_verbs[] = {
	{ "socket", "DOMAIN TYPE [PROTOCOL]", 2, make_socket },
	{ "socketpair", "DOMAIN TYPE", 2, make_pair },
	{ "bind", "ADDR PORT", 2, do_bind },
	{ "bind-udp", "ADDR PORT", 2, do_bind },
	{ "listen", "ADDR PORT", 2, do_bind },
	{ "listen-unbound", "ADDR PORT", 2, do_bind },
	{ "io_uring", "", 0, io_uring },
	{ "unix", "PATH|@NAME [TYPE]", 1, unix_connect },
	{ "unix-self", "", 0, unix_self },
	{ "notify", "[PATH|@NAME] TEXT", 1, notify },
	{ "unix-threads", "", 0, unix_self },
	{ "netlink", "", 0, netlink },
	{ 0 },
};
