// SPDX-License-Identifier: Apache-2.0
/* sockets.c - which sockets may be created
 *
 * Owns:     the answer to socket(domain, type, protocol). A list of what may be; all else may not.
 * Must not: allocate, do I/O.
 * Runs in:  the supervisor; and in create, where the notify filter is built from its answers.
 *
 * The verdict can speak of TCP, UDP and ICMP. Each further protocol is a way out that no rule sees, also those that
 * need a module which is not loaded yet. So the rule is by name, not by danger: AF_INET and AF_INET6 with the protocols
 * below, AF_UNIX and AF_NETLINK as without a policy (they reach no destination; what netlink can configure wants
 * CAP_NET_ADMIN over the network namespace, which engines do not give), and EACCES for the rest.
 */
#include <netinet/in.h>
#include <sys/socket.h>

#include "policy/internal.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262 /* Linux 5.6 */
#endif
#define PROTO_SMC 256 /* IPPROTO_SMC, Linux 6.11 */
#ifndef AF_SMC
#define AF_SMC 43 /* Linux 4.11 */
#endif

/* Type and flags share the argument (SOCK_CLOEXEC, SOCK_NONBLOCK); the kernel's SOCK_TYPE_MASK. */
#define TYPE_MASK 0xf

/* TCP listens and accepts, which is no egress: it may not be created only where a bind policy, too, forbids every use
 * of it. ("net-allow=" beside "net-allow-bind=8080" is a server that calls nobody.) */
static bool socket_tcp_useless(const struct policy *p)
{
	return policy_has_egress(p) && !p->traits.tcp_possible && p->bind[LIST_ALLOW].there &&
	       p->bind[LIST_ALLOW].n == 0;
}

static int socket_stream(const struct policy *p, int protocol)
{
	switch (protocol) {
	case 0:
	case IPPROTO_TCP:
		return socket_tcp_useless(p) ? EACCES : 0;
	case IPPROTO_MPTCP:
		/* Programs that ask for it (Go's listeners, systemd, curl) fall back to TCP on this errno. Landlock's
		 * TCP rules do not see it, so a bind policy alone refuses it, too. */
		return EPROTONOSUPPORT;
	default:
		return EACCES;
	}
}

/* A UDP socket that sends nothing is no egress: Java lists the network interfaces with one, C libraries and Go ask it by which
 * way an address would be reached. What it sends is judged. */
static int socket_dgram(const struct policy *p, int protocol, int icmp)
{
	if (protocol == 0 || protocol == IPPROTO_UDP)
		return 0;
	if (protocol == icmp)
		return p->traits.icmp_possible ? 0 : EACCES;
	return EACCES;
}

/* Of raw sockets only those that can carry nothing but ICMP (IP_HDRINCL is refused elsewhere), and only where the user
 * asked for them. Without an allow list he cannot. */
static int socket_raw(const struct policy *p, int protocol, int icmp)
{
	return protocol == icmp && p->has[LIST_ALLOW] && p->allow_icmp ? 0 : EACCES;
}

/* A bind policy says nothing of egress. But these two make TCP listeners that no bind(2) of TCP shows. */
static int socket_bind_only(const struct policy *p, int domain, int type, int protocol)
{
	bool inet = domain == AF_INET || domain == AF_INET6;

	if (!p->traits.bind)
		return 0;
	if (domain == AF_SMC || (inet && type == SOCK_STREAM && protocol == PROTO_SMC))
		return EACCES;
	if (inet && type == SOCK_STREAM && protocol == IPPROTO_MPTCP)
		return EPROTONOSUPPORT;
	return 0;
}

int policy_check_socket(const struct policy *p, int domain, int type, int protocol)
{
	int icmp = domain == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6;

	type &= TYPE_MASK;
	if (!policy_has_egress(p))
		return socket_bind_only(p, domain, type, protocol);
	if (domain == AF_UNIX || domain == AF_NETLINK)
		return 0;
	if (domain != AF_INET && domain != AF_INET6)
		return EACCES;
	switch (type) {
	case SOCK_STREAM:
		return socket_stream(p, protocol);
	case SOCK_DGRAM:
		return socket_dgram(p, protocol, icmp);
	case SOCK_RAW:
		return socket_raw(p, protocol, icmp);
	default:
		/* SOCK_SEQPACKET and SOCK_DCCP; and SOCK_PACKET, which the kernel turns into AF_PACKET. */
		return EACCES;
	}
}
