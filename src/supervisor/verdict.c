// SPDX-License-Identifier: Apache-2.0
/* verdict.c - what the kernel would make of an address on a socket
 *
 * Owns:     the way from our copy of a sockaddr to a destination that the policy can judge.
 * Must not: do I/O. Leave anything to interpretation: where the kernel would choose (an any-address, a missing family),
 *           the copy is rewritten, so that what is judged is what is used.
 * Runs in:  a worker thread. Pure.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

#include "supervisor/internal.h"

#define FLOW_LABEL 0xfffff

/* The kernel's SIN6_LEN_RFC2133: sockaddr_in6 without the scope. */
#define SIN6_LEN_MIN 24

bool verdict_is_inet(const struct sockinfo *si)
{
	return si->domain == AF_INET || si->domain == AF_INET6;
}

static bool protocol_of(const struct sockinfo *si, enum policy_proto *out)
{
	bool echo = si->type == SOCK_DGRAM || si->type == SOCK_RAW;

	if (si->type == SOCK_STREAM && si->protocol == IPPROTO_TCP)
		*out = POLICY_TCP;
	else if (si->type == SOCK_DGRAM && si->protocol == IPPROTO_UDP)
		*out = POLICY_UDP;
	else if (echo && si->protocol == (si->domain == AF_INET6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP))
		*out = POLICY_ICMP;
	else
		return false;
	return true;
}

static void set_v4(struct in6_addr *out, struct in_addr a)
{
	memset(out, 0, sizeof(*out));
	out->s6_addr[10] = out->s6_addr[11] = 0xff;
	memcpy(&out->s6_addr[12], &a, 4);
}

static enum destination take_v4(struct sockaddr_in *sin, struct policy_dest *out)
{
	/* Judged as written: a rule may speak of 0.0.0.0 itself. */
	set_v4(&out->addr, sin->sin_addr);
	/* The kernel takes 0.0.0.0 for the socket's own address or 127.0.0.1; we take it for the latter, and say so. */
	if (sin->sin_addr.s_addr == htonl(INADDR_ANY))
		sin->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	out->port = ntohs(sin->sin_port);
	return DEST_JUDGE;
}

static enum destination take_v6(struct sockaddr_in6 *sin6, struct policy_dest *out)
{
	static const struct in6_addr mapped_any = { .s6_addr = { [10] = 0xff, [11] = 0xff } };
	static const struct in_addr loopback = { .s_addr = 0 };
	struct in_addr lo = loopback;

	lo.s_addr = htonl(INADDR_LOOPBACK);
	out->addr = sin6->sin6_addr;
	if (IN6_IS_ADDR_UNSPECIFIED(&sin6->sin6_addr))
		sin6->sin6_addr = in6addr_loopback;
	else if (memcmp(&sin6->sin6_addr, &mapped_any, sizeof(mapped_any)) == 0)
		set_v4(&sin6->sin6_addr, lo);
	/* A flow label may stand for a routing header that a socket from outside has; the container's own have no labels. */
	sin6->sin6_flowinfo &= htonl(~(uint32_t)FLOW_LABEL);
	out->port = ntohs(sin6->sin6_port);
	return DEST_JUDGE;
}

enum destination verdict_destination(const struct sockinfo *si, bool send, struct sockaddr_storage *ss, socklen_t *len,
				     struct policy_dest *out)
{
	enum destination d = DEST_NONE;

	memset(out, 0, sizeof(*out));
	if (!verdict_is_inet(si) || !protocol_of(si, &out->proto))
		return DEST_REFUSED;
	if (*len < sizeof(ss->ss_family))
		return DEST_NONE;
	if (ss->ss_family == AF_UNSPEC) {
		/* connect: a disconnect. A send: UDP and raw IPv4 take it for AF_INET, raw IPv6 for AF_INET6, and UDP over
		 * IPv6 for "no address at all". Said explicitly, none of them has a choice. */
		if (!send)
			return DEST_NONE;
		if (si->domain == AF_INET6 && out->proto == POLICY_UDP) {
			*len = 0;
			return DEST_NONE;
		}
		/* ping sockets and Fast Open are the exceptions that refuse it. */
		if (si->type == SOCK_STREAM || (out->proto == POLICY_ICMP && si->type == SOCK_DGRAM))
			return DEST_NONE;
		ss->ss_family = (sa_family_t)si->domain;
	}
	if (ss->ss_family == AF_INET && *len >= sizeof(struct sockaddr_in))
		d = take_v4((struct sockaddr_in *)ss, out);
	else if (ss->ss_family == AF_INET6 && *len >= SIN6_LEN_MIN)
		d = take_v6((struct sockaddr_in6 *)ss, out);
	if (out->proto == POLICY_ICMP)
		out->port = 0;
	/* Too short, or a family that no internet protocol takes: the kernel refuses it, with the native errno. */
	return d;
}
