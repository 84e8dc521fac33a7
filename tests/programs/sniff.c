// SPDX-License-Identifier: Apache-2.0
/* sniff.c - counts the packets that arrive here for an address, whatever is in them
 *
 * Owns:     the count file, of the form that serve.c writes: a line "ADDR@WHERE COUNT" for each address.
 * Must not: answer, or judge. Packets that leave by a device are not counted, nor are those that ask who has an address.
 * Runs in:  the network namespace on the far side; with CAP_NET_RAW. Ends with SIGTERM.
 *
 * usage: sniff COUNTFILE WHERE ADDR…
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define MAX_ADDRS 16

static struct watched {
	const char *text;
	int family;
	unsigned char addr[16];
	unsigned long count;
} watched[MAX_ADDRS];
static int n_watched;

static void fail(const char *what)
{
	fprintf(stderr, "sniff: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* Written beside and renamed: a reader never sees half of it. */
static void write_counts(const char *file, const char *where)
{
	char tmp[4096];
	FILE *f;

	snprintf(tmp, sizeof(tmp), "%s.new", file);
	f = fopen(tmp, "we");
	if (!f)
		fail(tmp);
	for (int i = 0; i < n_watched; i++)
		fprintf(f, "%s@%s %lu\n", watched[i].text, where, watched[i].count);
	if (fclose(f) != 0 || rename(tmp, file) < 0)
		fail(file);
}

static void watch(const char *text)
{
	struct watched *w = &watched[n_watched++];

	w->text = text;
	w->family = strchr(text, ':') ? AF_INET6 : AF_INET;
	if (inet_pton(w->family, text, w->addr) != 1)
		fail(text);
}

/* True if it is for one of them. */
static int count(const unsigned char *packet, size_t len)
{
	const unsigned char *to;
	size_t size;
	int family;

	if (len >= sizeof(struct ip) && packet[0] >> 4 == 4) {
		family = AF_INET, size = 4, to = packet + offsetof(struct ip, ip_dst);
	} else if (len >= sizeof(struct ip6_hdr) && packet[0] >> 4 == 6) {
		family = AF_INET6, size = 16, to = packet + offsetof(struct ip6_hdr, ip6_dst);
	} else {
		return 0;
	}
	for (int i = 0; i < n_watched; i++) {
		if (watched[i].family == family && memcmp(watched[i].addr, to, size) == 0) {
			watched[i].count++;
			return 1;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	int fd;

	if (argc < 4 || argc - 3 > MAX_ADDRS) {
		fprintf(stderr, "usage: sniff COUNTFILE WHERE ADDR…\n");
		return 2;
	}
	for (int i = 3; i < argc; i++)
		watch(argv[i]);
	fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_ALL));
	if (fd < 0)
		fail("make a packet socket");
	write_counts(argv[1], argv[2]); /* its appearance says "ready" */
	for (;;) {
		struct sockaddr_ll from = { 0 };
		socklen_t from_len = sizeof(from);
		unsigned char packet[128];
		ssize_t n = recvfrom(fd, packet, sizeof(packet), 0, (struct sockaddr *)&from, &from_len);

		if (n > 0 && from.sll_pkttype != PACKET_OUTGOING && count(packet, (size_t)n))
			write_counts(argv[1], argv[2]);
	}
}
