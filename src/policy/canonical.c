// SPDX-License-Identifier: Apache-2.0
/* canonical.c - addresses: masks, IPv4 inside IPv6, and the forms by which a destination is judged
 *
 * Owns:     the one address space of the policy: IPv6, with IPv4 at ::ffff:a.b.c.d.
 * Must not: know rules. No I/O, no heap.
 * Runs in:  create (rules) and the supervisor (destinations).
 *
 * What the kernel makes of a destination, and hence what we judge:
 *
 *   a.b.c.d, ::ffff:a.b.c.d   IPv4. An IPv6 socket that sends to the second form sends an IPv4 packet.
 *   0.0.0.0                   127.0.0.1 (ip_route_output)
 *   ::                        ::1, but 127.0.0.1 on an IPv6 socket that is bound to ::ffff:…, which only the socket
 *                             knows and its owner may change. So both must be allowed.
 *   64:ff9b::a.b.c.d          an IPv6 packet that a NAT64 gateway, if there is one, turns into an IPv4 packet to
 *                             a.b.c.d. Whether there is one we cannot see, so both must be allowed: a rule for ::/0
 *                             must not open 169.254.169.254 behind a gateway, and a rule for 1.2.3.4 must not open
 *                             an IPv6 host that somebody numbered 64:ff9b::1.2.3.4.
 *
 * Other addresses that carry an IPv4 address (::a.b.c.d, 6to4, Teredo, a network's own NAT64 prefix) are IPv6
 * addresses like any other: the kernel sends them as such.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "policy/internal.h"

static const struct in6_addr canonical_v4_prefix = { .s6_addr = { [10] = 0xff, [11] = 0xff } };
static const struct in6_addr canonical_nat64_prefix = { .s6_addr = { 0x00, 0x64, 0xff, 0x9b } };

struct in6_addr canonical_v4(uint32_t host_order)
{
	struct in6_addr a = canonical_v4_prefix;
	uint32_t net = htonl(host_order);

	memcpy(&a.s6_addr[12], &net, 4);
	return a;
}

bool canonical_is_v4(const struct in6_addr *a)
{
	return memcmp(a, &canonical_v4_prefix, 12) == 0;
}

bool canonical_nat64(const struct in6_addr *a, struct in6_addr *v4)
{
	if (memcmp(a, &canonical_nat64_prefix, 12) != 0)
		return false;
	*v4 = canonical_v4_prefix;
	memcpy(&v4->s6_addr[12], &a->s6_addr[12], 4);
	return true;
}

void canonical_mask(struct canonical_net *n)
{
	for (unsigned int i = 0; i < 16; i++) {
		unsigned int bits = n->len > i * 8 ? n->len - i * 8 : 0;

		if (bits < 8)
			n->addr.s6_addr[i] &= (uint8_t)(0xff00u >> bits);
	}
}

/* RFC 5952, which libc leaves for ::/96: it writes ::2 as ::0.0.0.2, which reads like IPv4 and is not. */
static void canonical_text_v6(const struct in6_addr *a, char *buf, size_t size)
{
	unsigned int hi = a->s6_addr[12] * 256u + a->s6_addr[13], lo = a->s6_addr[14] * 256u + a->s6_addr[15];
	static const uint8_t zero[12];

	if (memcmp(a, zero, sizeof(zero)) != 0)
		inet_ntop(AF_INET6, a, buf, (socklen_t)size);
	else if (hi)
		snprintf(buf, size, "::%x:%x", hi, lo);
	else if (lo)
		snprintf(buf, size, "::%x", lo);
	else
		snprintf(buf, size, "::");
}

void canonical_text(const struct canonical_net *n, char *buf, size_t size)
{
	bool v4 = n->len >= 96 && canonical_is_v4(&n->addr);
	char addr[INET6_ADDRSTRLEN] = "";

	if (v4)
		inet_ntop(AF_INET, &n->addr.s6_addr[12], addr, sizeof(addr));
	else
		canonical_text_v6(&n->addr, addr, sizeof(addr));
	if (n->len == 128)
		snprintf(buf, size, "%s", addr);
	else
		snprintf(buf, size, "%s/%u", addr, n->len - (v4 ? 96u : 0u));
}

/* Puts 127.0.0.1 in place of 0.0.0.0. True if it did. */
static bool canonical_zero_to_loopback(struct in6_addr *v4)
{
	static const uint8_t zero[4];

	if (memcmp(&v4->s6_addr[12], zero, 4) != 0)
		return false;
	*v4 = canonical_v4(INADDR_LOOPBACK);
	return true;
}

void canonical_forms(const struct in6_addr *a, struct canonical_forms *out)
{
	struct in6_addr v4;

	*out = (struct canonical_forms){ .v = { *a }, .n_must = 1, .n = 1 };
	if (canonical_is_v4(a)) {
		/* The literal form stays behind the others for deny mode alone: a rule 0.0.0.0/8 that somebody wrote
		 * to block it must not be void. */
		if (canonical_zero_to_loopback(&out->v[0]))
			out->v[out->n++] = *a;
	} else if (IN6_IS_ADDR_UNSPECIFIED(a)) {
		out->v[0] = in6addr_loopback;
		out->v[1] = canonical_v4(INADDR_LOOPBACK);
		out->v[2] = *a;
		out->n_must = 2;
		out->n = 3;
	} else if (canonical_nat64(a, &v4)) {
		out->v[1] = v4;
		out->n_must = out->n = 2;
		if (canonical_zero_to_loopback(&out->v[1]))
			out->v[out->n++] = v4;
	}
}
