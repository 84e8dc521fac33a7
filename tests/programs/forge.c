// SPDX-License-Identifier: Apache-2.0
/* forge.c - packets that a program puts together itself, one of each kind, sent by raw sockets with headers of their own
 *
 * Owns:     the kinds: what is in a packet, whose source it has, what stands between its headers.
 * Must not: tell what arrived: sniff does, on the far side.
 * Runs in:  the network namespace of a container, without the filter of one; with CAP_NET_RAW.
 *
 * usage: forge OWN OTHER TO      sends each kind from OWN (an address here), OTHER (one that is not) and nobody to TO
 *        forge OWN OTHER TO KIND one kind: prints the errno of each send
 *        forge kinds            their names
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef IPV6_HDRINCL
#define IPV6_HDRINCL 36
#endif

/* What follows the IP header: its protocol, then its bytes. Checksums are as they may: nobody has to answer. */
struct kind {
	const char *name;
	uint8_t proto, proto6; /* of IPv4 and IPv6; 0: not in this family */
	uint8_t hops;
	uint8_t len;
	uint8_t v[40];
};

#define TCP(flags) 20, { 0x90, 0, 0x1b, 0x58, 0, 0, 0, 1, 0, 0, 0, 1, 0x50, (flags), 0x10, 0 }
static const struct kind kinds[] = {
	{ "tcp-syn", 6, 6, 64, TCP(0x02) },
	{ "tcp-syn-ack", 6, 6, 64, TCP(0x12) },
	{ "tcp-ack", 6, 6, 64, TCP(0x10) },
	{ "tcp-rst", 6, 6, 64, TCP(0x04) },
	{ "tcp-fin", 6, 6, 64, TCP(0x11) },
	{ "tcp-none", 6, 6, 64, TCP(0x00) },
	{ "tcp-syn-fin", 6, 6, 64, TCP(0x03) },
	{ "udp", 17, 17, 64, 8, { 0x90, 0, 0, 53, 0, 8 } },
	{ "udp-short", 17, 17, 64, 2, { 0x90 } },
	{ "udplite", 136, 136, 64, 8, { 0x90, 0, 0, 53, 0, 8 } },
	{ "icmp-echo", 1, 58, 64, 8, { 8 } },
	{ "icmp6-echo", 0, 58, 64, 8, { 128 } },
	{ "icmp-reply", 1, 0, 64, 8, { 0 } },
	{ "icmp6-reply", 0, 58, 64, 8, { 129 } },
	{ "icmp-unreachable", 1, 58, 64, 36, { 3, 3 } },
	{ "icmp-exceeded", 1, 58, 64, 36, { 11 } },
	{ "icmp-redirect", 1, 0, 64, 36, { 5, 1 } },
	{ "icmp-timestamp", 1, 0, 64, 20, { 13 } },
	{ "icmp6-unreachable", 0, 58, 64, 36, { 1, 4 } },
	{ "icmp6-too-big", 0, 58, 64, 36, { 2 } },
	{ "icmp6-rs", 0, 58, 255, 8, { 133 } },
	{ "icmp6-ns", 0, 58, 255, 24, { 135 } },
	{ "icmp6-na", 0, 58, 255, 24, { 136 } },
	{ "icmp6-redirect", 0, 58, 255, 40, { 137 } },
	{ "icmp6-mld", 0, 58, 1, 24, { 131 } },
	{ "icmp6-mld2", 0, 58, 1, 28, { 143 } },
	{ "igmp", 2, 0, 1, 8, { 0x16 } },
	{ "sctp", 132, 132, 64, 16, { 0x90, 0, 0, 53 } },
	{ "dccp", 33, 33, 64, 16, { 0x90, 0, 0, 53 } },
	{ "gre", 47, 47, 64, 8, { 0, 0, 8 } },
	{ "ipip", 4, 4, 64, 20, { 0x45 } },
	{ "ip6ip", 41, 41, 64, 40, { 0x60 } },
	{ "esp", 50, 50, 64, 16, { 0 } },
	{ "ah", 51, 51, 64, 16, { 6, 4 } },
	{ "unknown", 253, 253, 64, 8, { 0 } },
	{ "nothing", 59, 59, 64, 4, { 0 } },
};

enum between { BARE, OPTIONS, ROUTED, LATER_FRAGMENT, FIRST_FRAGMENT, BETWEEN };
static const char *const betweens[BETWEEN] = { "", "+options", "+route", "+later-fragment", "+first-fragment" };

static size_t put4(uint8_t *p, const struct kind *k, const char *from, const char *to, enum between b)
{
	size_t head = b == OPTIONS ? 24 : b == ROUTED ? 28 : 20, len = head + k->len;

	memset(p, 0, head);
	p[0] = (uint8_t)(0x40 | head / 4);
	p[2] = (uint8_t)(len >> 8);
	p[3] = (uint8_t)len;
	p[5] = 7;
	if (b == LATER_FRAGMENT)
		p[7] = 4;
	if (b == FIRST_FRAGMENT)
		p[6] = 0x20;
	p[8] = k->hops;
	p[9] = k->proto;
	inet_pton(AF_INET, from, p + 12);
	inet_pton(AF_INET, to, p + 16);
	if (b == OPTIONS)
		memcpy(p + 20, "\x94\x04\0\0", 4); /* a router alert */
	if (b == ROUTED) {
		memcpy(p + 20, "\x83\x07\x04", 3); /* a loose source route to its own destination */
		memcpy(p + 23, p + 16, 4);
	}
	memcpy(p + head, k->v, k->len);
	return len;
}

static size_t put6(uint8_t *p, const struct kind *k, const char *from, const char *to, enum between b)
{
	size_t ext = b == ROUTED ? 24 : b == BARE ? 0 : 8, len = ext + k->len;

	memset(p, 0, 40 + ext);
	p[0] = 0x60;
	p[4] = (uint8_t)(len >> 8);
	p[5] = (uint8_t)len;
	p[6] = k->proto6;
	p[7] = k->hops;
	inet_pton(AF_INET6, from, p + 8);
	inet_pton(AF_INET6, to, p + 24);
	if (ext) {
		p[40] = p[6];
		p[6] = b == OPTIONS ? 60 : b == ROUTED ? 43 : 44;
		p[41] = (uint8_t)(b == ROUTED ? 2 : 0);
		if (b == ROUTED) {
			p[42] = 2; /* as Mobile IPv6's, with one more hop */
			p[43] = 1;
			memcpy(p + 48, p + 24, 16);
		}
		if (b == LATER_FRAGMENT)
			p[43] = 8;
		if (b == FIRST_FRAGMENT)
			p[43] = 1;
	}
	memcpy(p + 40 + ext, k->v, k->len);
	return 40 + len;
}

static void forge(int family, const struct kind *k, const char *from, const char *to, enum between b, int tell)
{
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in sin = { .sin_family = AF_INET };
	int fd = socket(family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW), one = 1;
	uint8_t p[256];
	ssize_t n;

	inet_pton(AF_INET, to, &sin.sin_addr);
	inet_pton(AF_INET6, to, &sin6.sin6_addr);
	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_HDRINCL, &one, sizeof(one));
	if (family == AF_INET)
		n = sendto(fd, p, put4(p, k, from, to, b), 0, (struct sockaddr *)&sin, sizeof(sin));
	else
		n = sendto(fd, p, put6(p, k, from, to, b), 0, (struct sockaddr *)&sin6, sizeof(sin6));
	if (tell)
		printf("%s%s from %s: %s\n", k->name, betweens[b], from, n < 0 ? strerrorname_np(errno) : "OK");
	close(fd);
}

int main(int argc, char **argv)
{
	int family;

	if (argc == 2 && strcmp(argv[1], "kinds") == 0) {
		for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
			puts(kinds[i].name);
		return 0;
	}
	if (argc < 4) {
		fprintf(stderr, "usage: forge OWN OTHER TO [KIND]\n");
		return 2;
	}
	family = strchr(argv[3], ':') ? AF_INET6 : AF_INET;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const char *sources[] = { argv[1], argv[2], family == AF_INET ? "127.0.0.1" : "::1", family == AF_INET ? "240.0.0.1" : "::" };

		if ((argc > 4 && strcmp(argv[4], kinds[i].name) != 0) || !(family == AF_INET ? kinds[i].proto : kinds[i].proto6))
			continue;
		for (int b = 0; b < BETWEEN; b++)
			for (size_t s = 0; s < sizeof(sources) / sizeof(sources[0]); s++)
				forge(family, &kinds[i], sources[s], argv[3], (enum between)b, argc > 4);
	}
	return 0;
}
