// SPDX-License-Identifier: Apache-2.0
/* attack_net.c - the network's own means: groups, tunnels, policies of the kernel, options, sources that are not ours
 *
 * Owns:     one verb each. Whether a packet reached the denied destination is counted by serve, outside.
 * Runs in:  the container.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
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

/* An option of a protocol that connects by options, on a TCP socket. */
static void sctp_option(int argc, char **argv)
{
	uint8_t value[16] = { 2 };
	int fd = sock(AF_INET, SOCK_STREAM, 0);

	(void)argc;
	(void)argv;
	if (fd < 0)
		return;
	say_ret(setsockopt(fd, 132 /* SOL_SCTP */, 110 /* SCTP_SOCKOPT_CONNECTX */, value, sizeof(value)));
	close(fd);
}

const struct verb attack_net_verbs[] = {
	{ "join", "GROUP", 1, join },
	{ "request-key", "[TYPE [quiet]]", 0, request_key },
	{ "sctp-option", "", 0, sctp_option },
	{ 0 },
};
