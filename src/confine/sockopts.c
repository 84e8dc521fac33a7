// SPDX-License-Identifier: Apache-2.0
/* sockopts.c - the table of socket options and control messages, and looking at what a socket carries
 *
 * Runs in:  create and exec (building the filter, judging descriptors), the supervisor. No heap.
 *
 * Levels. An option may be reached by more than one: IPV6_HDRINCL by SOL_IPV6 and by SOL_RAW, each with a line here. Options of IPv4 are
 * set on IPv6 sockets, too (for what they send to mapped addresses; IP_FREEBIND and IP_TRANSPARENT hold for both families).
 *
 * Not here: options that need CAP_NET_ADMIN over the network (IP_XFRM_POLICY, TCP_REPAIR, MRT_INIT, IPV6_JOIN_ANYCAST …), for a container with that capability is not held to addresses at all (docs/security.md, limits).
 */
#include "confine/sockopts.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include "base/str.h"

#ifndef SOL_RAW
#define SOL_RAW 255
#endif
#ifndef IP_LOCAL_PORT_RANGE
#define IP_LOCAL_PORT_RANGE 51 /* Linux 6.3 */
#endif
#ifndef IPV6_FLOWINFO
#define IPV6_FLOWINFO 11
#endif
#ifndef IPV6_FLOWLABEL_MGR
#define IPV6_FLOWLABEL_MGR 32
#endif
#ifndef IPV6_HDRINCL
#define IPV6_HDRINCL 36
#endif
#ifndef IPV6_TRANSPARENT
#define IPV6_TRANSPARENT 75
#endif
#ifndef IPV6_FREEBIND
#define IPV6_FREEBIND 78
#endif
#ifndef SO_TIMESTAMPING_NEW
#define SO_TIMESTAMPING_NEW 65
#endif
#ifndef SCM_TXTIME
#define SCM_TXTIME 61 /* Linux 4.19 */
#endif
#ifndef SCM_TS_OPT_ID
#define SCM_TS_OPT_ID 81 /* Linux 6.13 */
#endif

const struct sockopt sockopts[] = {
	{ IPPROTO_IP, IP_OPTIONS, SOCKOPT_ROUTE, READBACK_BYTES },
	{ IPPROTO_IP, IP_HDRINCL, SOCKOPT_HEADER, READBACK_INT },
	{ IPPROTO_IP, IP_FREEBIND, SOCKOPT_SOURCE, READBACK_NONE }, /* IPv4 itself sends nothing from such an address */
	{ IPPROTO_IP, IP_TRANSPARENT, SOCKOPT_SOURCE, READBACK_INT },
	{ IPPROTO_IP, IP_LOCAL_PORT_RANGE, SOCKOPT_PORTS, READBACK_NONE },
	{ IPPROTO_IP, IP_ADD_MEMBERSHIP, SOCKOPT_GROUP, READBACK_NONE },
	{ IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, SOCKOPT_GROUP, READBACK_NONE },
	{ IPPROTO_IP, MCAST_JOIN_GROUP, SOCKOPT_GROUP, READBACK_NONE },
	{ IPPROTO_IP, MCAST_JOIN_SOURCE_GROUP, SOCKOPT_GROUP, READBACK_NONE },
	{ IPPROTO_IPV6, IPV6_RTHDR, SOCKOPT_ROUTE, READBACK_BYTES },
	{ IPPROTO_IPV6, IPV6_2292RTHDR, SOCKOPT_ROUTE, READBACK_NONE },
	{ IPPROTO_IPV6, IPV6_2292PKTOPTIONS, SOCKOPT_ROUTE, READBACK_NONE }, /* a bundle that may contain one */
	{ IPPROTO_IPV6, IPV6_RTHDRDSTOPTS, SOCKOPT_ROUTE, READBACK_NONE },
	{ IPPROTO_IPV6, IPV6_FLOWLABEL_MGR, SOCKOPT_ROUTE, READBACK_NONE }, /* a label may carry a routing header */
	{ IPPROTO_IPV6, IPV6_HDRINCL, SOCKOPT_HEADER, READBACK_INT },
	{ SOL_RAW, IPV6_HDRINCL, SOCKOPT_HEADER, READBACK_NONE },
	{ IPPROTO_IPV6, IPV6_FREEBIND, SOCKOPT_SOURCE, READBACK_INT },
	{ IPPROTO_IPV6, IPV6_TRANSPARENT, SOCKOPT_SOURCE, READBACK_INT },
	{ IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, SOCKOPT_GROUP, READBACK_NONE },
	{ IPPROTO_IPV6, MCAST_JOIN_GROUP, SOCKOPT_GROUP, READBACK_NONE },
	{ IPPROTO_IPV6, MCAST_JOIN_SOURCE_GROUP, SOCKOPT_GROUP, READBACK_NONE },
	{ IPPROTO_TCP, TCP_ULP, SOCKOPT_ULP, READBACK_NONE },
	{ IPPROTO_SCTP, SOCKOPT_ANY, SOCKOPT_CONNECT, READBACK_NONE }, /* sctp_connectx(3) */
	{ SOL_SOCKET, SO_MARK, SOCKOPT_MARK, READBACK_NONE },
	{ SOL_SOCKET, SO_BINDTODEVICE, SOCKOPT_DEVICE, READBACK_NONE },
	{ SOL_SOCKET, SO_BINDTOIFINDEX, SOCKOPT_DEVICE, READBACK_NONE },
	{ IPPROTO_IP, IP_UNICAST_IF, SOCKOPT_DEVICE, READBACK_NONE },
	{ IPPROTO_IPV6, IPV6_UNICAST_IF, SOCKOPT_DEVICE, READBACK_NONE },
	{ SOL_SOCKET, SO_ZEROCOPY, SOCKOPT_PINNED, READBACK_NONE },
};
const size_t sockopts_count = ARRAY_SIZE(sockopts);

/* Control messages that go with a send. */
static const struct {
	int level, type;
	enum sockopt_cmsg fate;
} cmsgs[] = {
	{ IPPROTO_IP, IP_RETOPTS, CMSG_REFUSE },
	{ IPPROTO_IP, IP_PKTINFO, CMSG_SOURCE },
	{ IPPROTO_IP, IP_TOS, CMSG_PASS },
	{ IPPROTO_IP, IP_TTL, CMSG_PASS },
	{ IPPROTO_IPV6, IPV6_RTHDR, CMSG_REFUSE },
	{ IPPROTO_IPV6, IPV6_2292RTHDR, CMSG_REFUSE },
	{ IPPROTO_IPV6, IPV6_RTHDRDSTOPTS, CMSG_REFUSE },
	{ IPPROTO_IPV6, IPV6_FLOWINFO, CMSG_PASS }, /* but not a label: message.c */
	{ IPPROTO_IPV6, IPV6_PKTINFO, CMSG_SOURCE },
	{ IPPROTO_IPV6, IPV6_2292PKTINFO, CMSG_SOURCE },
	{ IPPROTO_IPV6, IPV6_HOPOPTS, CMSG_REFUSE },
	{ IPPROTO_IPV6, IPV6_DSTOPTS, CMSG_REFUSE },
	{ IPPROTO_IPV6, IPV6_2292HOPOPTS, CMSG_REFUSE },
	{ IPPROTO_IPV6, IPV6_2292DSTOPTS, CMSG_REFUSE },
	{ IPPROTO_IPV6, IPV6_2292HOPLIMIT, CMSG_PASS },
	{ IPPROTO_IPV6, IPV6_HOPLIMIT, CMSG_PASS },
	{ IPPROTO_IPV6, IPV6_DONTFRAG, CMSG_PASS },
	{ IPPROTO_IPV6, IPV6_TCLASS, CMSG_PASS },
	{ IPPROTO_UDP, UDP_SEGMENT, CMSG_PASS },
	{ SOL_SOCKET, SO_MARK, CMSG_REFUSE },
	{ SOL_SOCKET, SO_PRIORITY, CMSG_PASS },
	{ SOL_SOCKET, SO_TIMESTAMPING, CMSG_PASS },
	{ SOL_SOCKET, SO_TIMESTAMPING_NEW, CMSG_PASS },
	{ SOL_SOCKET, SCM_TXTIME, CMSG_PASS },
	{ SOL_SOCKET, SCM_TS_OPT_ID, CMSG_PASS },
	{ SOL_SOCKET, SCM_RIGHTS, CMSG_IGNORE },
	{ SOL_SOCKET, SCM_CREDENTIALS, CMSG_IGNORE },
};

const struct sockopt *sockopts_find(int level, int name)
{
	for (size_t i = 0; i < sockopts_count; i++)
		if (sockopts[i].level == level && (sockopts[i].name == name || sockopts[i].name == SOCKOPT_ANY))
			return &sockopts[i];
	return NULL;
}

enum sockopt_cmsg sockopts_cmsg(int level, int type)
{
	for (size_t i = 0; i < ARRAY_SIZE(cmsgs); i++)
		if (cmsgs[i].level == level && cmsgs[i].type == type)
			return cmsgs[i].fate;
	/* Levels that nobody looks at. */
	return level == SOL_SOCKET || level == IPPROTO_IP || level == IPPROTO_IPV6 || level == IPPROTO_UDP ? CMSG_UNKNOWN : CMSG_IGNORE;
}

const char *sockopts_why(enum sockopt_effect effect)
{
	switch (effect) {
	case SOCKOPT_ROUTE:
		return "an option that redirects packets";
	case SOCKOPT_HEADER:
		return "packets with headers of their own";
	case SOCKOPT_SOURCE:
		return "packets from an address that is not the container's";
	case SOCKOPT_MARK:
		return "a mark, by which the network chooses another way";
	case SOCKOPT_DEVICE:
		return "a device instead of the way to the address";
	case SOCKOPT_CONNECT:
		return "an option that connects by itself";
	case SOCKOPT_ULP:
		return "TCP_ULP other than tls";
	default:
		return "a socket option";
	}
}

static bool is_set(int sock, const struct sockopt *o)
{
	char buf[256];
	int v = 0;
	socklen_t len = o->readback == READBACK_INT ? sizeof(v) : sizeof(buf);

	if (o->readback == READBACK_NONE || getsockopt(sock, o->level, o->name, o->readback == READBACK_INT ? (void *)&v : buf, &len) < 0)
		return false;
	return o->readback == READBACK_INT ? v != 0 : len > 0;
}

enum sockopt_effect sockopts_look(int sock)
{
	/* All of them on every socket: an IPv6 socket sends to IPv4 addresses, too, with IPv4's options. */
	for (size_t i = 0; i < sockopts_count; i++)
		if (is_set(sock, &sockopts[i]))
			return sockopts[i].set;
	return SOCKOPT_NONE;
}
