// SPDX-License-Identifier: Apache-2.0
/* socket_words.c - a kind of socket in words, and why it was refused
 *
 * Owns:     the words. What may be created is the business of sockets.c.
 * Must not: allocate: the supervisor's record is written with them.
 * Runs in:  the supervisor, and the commands that explain.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

#include "base/str.h"
#include "policy/internal.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#define PROTO_SMC 256
#ifndef AF_SMC
#define AF_SMC 43
#endif
#ifndef AF_XDP
#define AF_XDP 44
#endif
#ifndef AF_QIPCRTR
#define AF_QIPCRTR 42
#endif
#define ANY (-1)

static const struct {
	int domain, type, protocol;
	const char *words;
} kinds[] = {
	{ AF_INET, SOCK_STREAM, 0, "TCP socket" },
	{ AF_INET, SOCK_STREAM, IPPROTO_TCP, "TCP socket" },
	{ AF_INET, SOCK_STREAM, IPPROTO_MPTCP, "MPTCP socket" },
	{ AF_INET, SOCK_STREAM, PROTO_SMC, "SMC socket" },
	{ AF_INET, SOCK_DGRAM, 0, "UDP socket" },
	{ AF_INET, SOCK_DGRAM, IPPROTO_UDP, "UDP socket" },
	{ AF_INET, SOCK_DGRAM, IPPROTO_ICMP, "ICMP echo socket" },
	{ AF_INET, SOCK_DGRAM, IPPROTO_ICMPV6, "ICMP echo socket" },
	{ AF_INET, SOCK_RAW, IPPROTO_ICMP, "raw ICMP socket" },
	{ AF_INET, SOCK_RAW, IPPROTO_ICMPV6, "raw ICMP socket" },
	{ AF_INET, SOCK_RAW, ANY, "raw IP socket" },
	{ AF_INET, ANY, IPPROTO_SCTP, "SCTP socket" },
	{ AF_INET, ANY, IPPROTO_DCCP, "DCCP socket" },
	{ AF_INET, ANY, IPPROTO_UDPLITE, "UDP-Lite socket" },
	{ AF_INET, SOCK_DGRAM, 115, "L2TP socket" },
	{ AF_INET, SOCK_PACKET, ANY, "packet socket" },
	{ AF_PACKET, ANY, ANY, "packet socket" },
	{ AF_VSOCK, ANY, ANY, "vsock socket" },
	{ AF_XDP, ANY, ANY, "XDP socket" },
	{ AF_SMC, ANY, ANY, "SMC socket" },
	{ AF_TIPC, ANY, ANY, "TIPC socket" },
	{ AF_RDS, ANY, ANY, "RDS socket" },
	{ AF_BLUETOOTH, ANY, ANY, "Bluetooth socket" },
	{ AF_ALG, ANY, ANY, "AF_ALG (kernel crypto) socket" },
	{ AF_CAN, ANY, ANY, "CAN socket" },
	{ AF_KEY, ANY, ANY, "IPsec key socket" },
	{ AF_KCM, ANY, ANY, "KCM socket" },
	{ AF_QIPCRTR, ANY, ANY, "QRTR socket" },
	{ AF_NETLINK, ANY, ANY, "netlink socket" },
	{ AF_UNIX, ANY, ANY, "unix socket" },
};

static int fold_domain(int domain)
{
	return domain == AF_INET6 ? AF_INET : domain;
}

void policy_socket_words(int domain, int type, int protocol, char *buf, size_t size)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (kinds[i].domain != fold_domain(domain) || (kinds[i].type != ANY && kinds[i].type != type) ||
		    (kinds[i].protocol != ANY && kinds[i].protocol != protocol))
			continue;
		snprintf(buf, size, "%s%s", kinds[i].words, domain == AF_INET6 ? " (IPv6)" : "");
		return;
	}
	snprintf(buf, size, "socket of family %d, type %d, protocol %d", domain, type, protocol);
}

const char *policy_socket_why(const struct policy *p, int domain, int type, int protocol)
{
	bool icmp = protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6;

	if (fold_domain(domain) != AF_INET)
		return "a kind of socket that no rule can allow";
	if (type == SOCK_STREAM && protocol == IPPROTO_MPTCP)
		return "MPTCP, in place of which programs use TCP";
	if (!policy_has_egress(p))
		return "a kind of socket that no rule can allow";
	if (type == SOCK_STREAM && (!protocol || protocol == IPPROTO_TCP))
		return "no TCP rule, and no port that may be bound";
	if (type == SOCK_DGRAM && icmp)
		return "no icmp:// rule and no allow-icmp";
	if (type == SOCK_RAW && icmp)
		return p->has[LIST_ALLOW] ? "no allow-icmp"
					  : "net-deny never allows raw ICMP sockets; ping can use an echo socket";
	return "a kind of socket that no rule can allow";
}
