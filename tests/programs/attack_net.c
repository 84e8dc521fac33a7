// SPDX-License-Identifier: Apache-2.0
/* attack_net.c - the network's own means: groups, tunnels, policies of the kernel, options, sources that are not ours
 *
 * Owns:     one verb each. Whether a packet reached the denied destination is counted by serve, outside.
 * Runs in:  the container.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <linux/xfrm.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"

/* --- groups ------------------------------------------------------------------------------------------------------------ */

/* Becomes a member of GROUP by each of the options that do it, on a TCP socket (which every policy allows): the outcomes. The
 * kernel refuses the first one there, of the four or three: EPROTO. */
static void join(int argc, char **argv)
{
	struct group_source_req gsr = { 0 };
	struct group_req gr = { 0 };
	struct dest d, source;
	int fd;

	(void)argc;
	dest_parse(&d, argv[1], "0");
	dest_parse(&source, d.sa.sa_family == AF_INET ? "203.0.113.9" : "2001:db8::9", "0");
	fd = sock(d.sa.sa_family, SOCK_STREAM, 0);
	if (fd < 0)
		return;
	memcpy(&gr.gr_group, &d.ss, sizeof(gr.gr_group));
	memcpy(&gsr.gsr_group, &d.ss, sizeof(gsr.gsr_group));
	memcpy(&gsr.gsr_source, &source.ss, sizeof(gsr.gsr_source));
	/* Loopback is always there, and has no route of its own for groups. */
	gr.gr_interface = gsr.gsr_interface = if_nametoindex("lo");
	if (d.sa.sa_family == AF_INET) {
		struct in_addr group = ((struct sockaddr_in *)&d.ss)->sin_addr, lo = { .s_addr = htonl(INADDR_LOOPBACK) };
		struct ip_mreqn m = { .imr_multiaddr = group, .imr_ifindex = (int)gr.gr_interface };
		struct in_addr from = ((struct sockaddr_in *)&source.ss)->sin_addr;
		struct ip_mreq_source ms = { .imr_multiaddr = group, .imr_interface = lo, .imr_sourceaddr = from };

		say_ret(setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &m, sizeof(m)));
		setsockopt(fd, IPPROTO_IP, IP_DROP_MEMBERSHIP, &m, sizeof(m));
		printf(" ");
		say_ret(setsockopt(fd, IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, &ms, sizeof(ms)));
		setsockopt(fd, IPPROTO_IP, IP_DROP_SOURCE_MEMBERSHIP, &ms, sizeof(ms));
	} else {
		struct ipv6_mreq {
			struct in6_addr group;
			int index;
		} m = { ((struct sockaddr_in6 *)&d.ss)->sin6_addr, (int)gr.gr_interface };

		say_ret(setsockopt(fd, IPPROTO_IPV6, 20 /* IPV6_ADD_MEMBERSHIP */, &m, sizeof(m)));
		setsockopt(fd, IPPROTO_IPV6, 21 /* IPV6_DROP_MEMBERSHIP */, &m, sizeof(m));
	}
	printf(" ");
	say_ret(setsockopt(fd, d.sa.sa_family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6, MCAST_JOIN_GROUP, &gr, sizeof(gr)));
	setsockopt(fd, d.sa.sa_family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6, MCAST_LEAVE_GROUP, &gr, sizeof(gr));
	printf(" ");
	say_ret(setsockopt(fd, d.sa.sa_family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6, MCAST_JOIN_SOURCE_GROUP, &gsr, sizeof(gsr)));
	close(fd);
}

/* --- helpers of the kernel --------------------------------------------------------------------------------------------- */

/* A key that the kernel has the host's /sbin/request-key look for; with "dns" by asking a name server. */
static void request_key(int argc, char **argv)
{
	const char *type = argc > 1 ? argv[1] : "user";

	say_ret(syscall(SYS_request_key, type, "sandrun-probe.invalid", argc > 2 ? NULL : "x", 0));
}

/* An option of a protocol that connects by options, also by asking for them, on a TCP socket. */
static void sctp_option(int argc, char **argv)
{
	uint8_t value[16] = { 2 };
	socklen_t len = sizeof(value);
	int fd = sock(AF_INET, SOCK_STREAM, 0);

	if (fd < 0)
		return;
	if (argc > 1 && strcmp(argv[1], "get") == 0)
		say_ret(getsockopt(fd, 132 /* SOL_SCTP */, 111 /* SCTP_SOCKOPT_CONNECTX3 */, value, &len));
	else
		say_ret(setsockopt(fd, 132, 110 /* SCTP_SOCKOPT_CONNECTX */, value, sizeof(value)));
	close(fd);
}

/* --- sources that are not ours, devices, repair ------------------------------------------------------------------------- */

/* A datagram to ADDR from an address that is nobody's, over each option that lets one bind it; and out of a device. */
static void foreign_source(int argc, char **argv)
{
	static const struct {
		int level, name;
	} options[] = { { IPPROTO_IP, 15 /* IP_FREEBIND */ }, { IPPROTO_IP, 19 /* IP_TRANSPARENT */ } };
	const char *sep = "";
	struct dest d, from;
	int on = 1;

	(void)argc;
	dest_parse(&from, "192.0.2.77", "0");
	for (size_t i = 0; i < 3; i++) {
		int fd = dest_sock(&d, argv + 1, AF_INET, SOCK_DGRAM, 0);

		printf("%s", sep);
		sep = " ";
		if (i == 2)
			setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, argc > 3 ? argv[3] : "lo", 3);
		else if (setsockopt(fd, options[i].level, options[i].name, &on, sizeof(on)) < 0 || bind(fd, &from.sa, from.len) < 0)
			errno = 0; /* without the capability: as an ordinary socket */
		say_ret(sendto(fd, payload, sizeof(payload), 0, &d.sa, d.len));
		close(fd);
	}
}

/* A TCP socket in repair mode connects without a packet; out of it, it sends. "CONNECT …" is what connect said. */
static void repair(int argc, char **argv)
{
	int on = 1, off = 0, fd;
	struct dest d;

	(void)argc;
	fd = dest_sock(&d, argv + 1, 0, SOCK_STREAM, 0);
	if (fd < 0)
		return;
	if (setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &on, sizeof(on)) < 0)
		say_step("REPAIR");
	else
		say_ret(connect(fd, &d.sa, d.len));
	setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &off, sizeof(off));
	printf(" ");
	say_ret(send(fd, payload, sizeof(payload), MSG_NOSIGNAL));
	close(fd);
}

/* A datagram to ADDR behind hop-by-hop options, with a routing header to HOP behind these; as control data. */
static void hop_by_hop(int argc, char **argv)
{
	union {
		struct cmsghdr h;
		char buf[CMSG_SPACE(8) + CMSG_SPACE(24)];
	} c = { 0 };
	struct iovec iov = { (void *)(uintptr_t)payload, sizeof(payload) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof(c) };
	struct cmsghdr *rt = (struct cmsghdr *)(void *)(c.buf + CMSG_SPACE(8));
	/* Type 2, which a kernel without Mobile IPv6 does not take (EINVAL); control data has no other. */
	uint8_t padding[8] = { 0, 0, 1, 4 }, route[24] = { 0, 2, 2, 1 };
	struct dest d, hop;
	int fd = dest_sock(&d, argv + 1, AF_INET6, SOCK_DGRAM, 0);

	(void)argc;
	if (fd < 0)
		return;
	dest_parse(&hop, argv[3], "0");
	memcpy(route + 8, &((struct sockaddr_in6 *)&hop.ss)->sin6_addr, 16);
	c.h = (struct cmsghdr){ .cmsg_len = CMSG_LEN(8), .cmsg_level = IPPROTO_IPV6, .cmsg_type = 54 /* IPV6_HOPOPTS */ };
	memcpy(CMSG_DATA(&c.h), padding, sizeof(padding));
	*rt = (struct cmsghdr){ .cmsg_len = CMSG_LEN(24), .cmsg_level = IPPROTO_IPV6, .cmsg_type = 57 /* IPV6_RTHDR */ };
	memcpy(CMSG_DATA(rt), route, sizeof(route));
	m.msg_name = &d.ss;
	m.msg_namelen = d.len;
	say_ret(sendmsg(fd, &m, 0));
	close(fd);
}

/* A policy of the socket's own that puts its packets into a tunnel to HOP (IP_XFRM_POLICY), and of the namespace. */
static void xfrm(int argc, char **argv)
{
	struct {
		struct xfrm_userpolicy_info p;
		struct xfrm_user_tmpl t;
	} v = { .p = { .sel = { .family = AF_INET }, .dir = XFRM_POLICY_OUT, .action = XFRM_POLICY_ALLOW },
		.t = { .family = AF_INET, .mode = XFRM_MODE_TUNNEL, .id = { .proto = IPPROTO_ESP }, .optional = 1 } };
	struct {
		struct nlmsghdr h;
		struct xfrm_userpolicy_info p;
	} q = { .h = { .nlmsg_len = sizeof(q), .nlmsg_type = XFRM_MSG_NEWPOLICY, .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK } };
	struct dest hop;
	int fd = sock(AF_INET, SOCK_STREAM, 0);

	(void)argc;
	dest_parse(&hop, argv[1], "0");
	memcpy(&v.t.id.daddr.a4, &((struct sockaddr_in *)&hop.ss)->sin_addr, 4);
	say_ret(setsockopt(fd, IPPROTO_IP, 17 /* IP_XFRM_POLICY */, &v, sizeof(v)));
	close(fd);
	printf(" ");
	q.p = v.p;
	fd = sock(AF_NETLINK, SOCK_RAW, NETLINK_XFRM);
	if (fd >= 0 && send(fd, &q, sizeof(q), 0) > 0) {
		struct {
			struct nlmsghdr h;
			struct nlmsgerr e;
		} answer = { 0 };

		say(recv(fd, &answer, sizeof(answer), MSG_TRUNC) < 0 ? errno : -answer.e.error);
	}
	close(fd);
}

const struct verb attack_net_verbs[] = {
	{ "foreign-source", "ADDR PORT [DEVICE]", 2, foreign_source },
	{ "repair", "ADDR PORT", 2, repair },
	{ "hop-by-hop", "ADDR PORT HOP", 3, hop_by_hop },
	{ "xfrm", "HOP", 1, xfrm },
	{ "join", "GROUP", 1, join },
	{ "request-key", "[TYPE [quiet]]", 0, request_key },
	{ "sctp-option", "[get]", 0, sctp_option },
	{ 0 },
};
