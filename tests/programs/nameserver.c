// SPDX-License-Identifier: Apache-2.0
/* nameserver.c - a name server for tests: nameserver ADDRESS RECORDS LOG
 *
 * RECORDS is read at each question: lines "NAME A|AAAA|CNAME VALUE TTL". A name that has no line is NXDOMAIN. LOG gets a line "NAME TYPE" for
 * each question that arrives, so that a test sees what left the container. UDP and TCP, port 53, until it is killed.
 */
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <fcntl.h>
#include <poll.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define DATAGRAM_MAX 1232 /* more is for TCP */

static const char *records, *log_file;

static size_t put(unsigned char *p, const unsigned char *owner, size_t owner_len, unsigned int type, unsigned int ttl, const void *data,
		  size_t len)
{
	unsigned char *at = p;

	memcpy(at, owner, owner_len);
	at += owner_len;
	NS_PUT16(type, at);
	NS_PUT16(ns_c_in, at);
	NS_PUT32(ttl, at);
	NS_PUT16(len, at);
	memcpy(at, data, len);
	return (size_t)(at - p) + len;
}

/* The records of @name, and those of what its CNAME says. Returns how many. */
static unsigned int answer(const char *name, unsigned int type, unsigned char **at, int *known)
{
	char line[512], owner[256], kind[16], value[256];
	unsigned char wire[256], data[256];
	unsigned int ttl, n = 0;
	FILE *f = fopen(records, "r");
	int owner_len = dn_comp(name, wire, sizeof(wire), NULL, NULL);

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%255s %15s %255s %u", owner, kind, value, &ttl) != 4 || strcasecmp(owner, name) != 0)
			continue;
		*known = 1;
		if (strcmp(kind, "CNAME") == 0) {
			int len = dn_comp(value, data, sizeof(data), NULL, NULL);

			*at += put(*at, wire, (size_t)owner_len, ns_t_cname, ttl, data, (size_t)len);
			n += 1 + answer(value, type, at, known);
		} else if (strcmp(kind, "A") == 0 && type == ns_t_a && inet_pton(AF_INET, value, data) == 1) {
			*at += put(*at, wire, (size_t)owner_len, type, ttl, data, 4);
			n++;
		} else if (strcmp(kind, "AAAA") == 0 && type == ns_t_aaaa && inet_pton(AF_INET6, value, data) == 1) {
			*at += put(*at, wire, (size_t)owner_len, type, ttl, data, 16);
			n++;
		}
	}
	if (f)
		fclose(f);
	return n;
}

static size_t serve(unsigned char *m, size_t len)
{
	char name[256];
	int skip = len > 12 ? dn_expand(m, m + len, m + 12, name, sizeof(name)) : -1, known = 0;
	unsigned char *at;
	unsigned int type, n;
	FILE *log;

	if (skip < 0 || len < 12 + (size_t)skip + 4)
		return 0;
	at = m + 12 + skip;
	NS_GET16(type, at);
	at += 2;
	log = fopen(log_file, "a");
	if (log) {
		fprintf(log, "%s %u\n", name, type);
		fclose(log);
	}
	m[2] = 0x81;
	memset(m + 6, 0, 6);
	n = answer(name, type, &at, &known);
	m[3] = known ? 0x80 : 0x83;
	m[7] = (unsigned char)n;
	return (size_t)(at - m);
}

/* The question alone, with the word that there is more. */
static size_t truncate_answer(unsigned char *m, size_t len)
{
	m[2] |= 2;
	m[7] = 0;
	return 12 + (size_t)dn_skipname(m + 12, m + len) + 4;
}

static void serve_connection(int t)
{
	unsigned char m[8192];
	int c = accept(t, NULL, NULL);

	while (recv(c, m, 2, MSG_WAITALL) == 2) {
		size_t len = (size_t)m[0] << 8 | m[1];

		if (len > 1024 || recv(c, m + 2, len, MSG_WAITALL) != (ssize_t)len)
			break;
		len = serve(m + 2, len);
		m[0] = (unsigned char)(len >> 8);
		m[1] = (unsigned char)len;
		if (send(c, m, len + 2, MSG_NOSIGNAL) < 0)
			break;
	}
	close(c);
}

int main(int argc, char **argv)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons(53) };
	int u = socket(AF_INET, SOCK_DGRAM, 0), t = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	if (argc != 4 || inet_pton(AF_INET, argv[1], &sa.sin_addr) != 1)
		return 2;
	records = argv[2];
	log_file = argv[3];
	setsockopt(t, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(u, (struct sockaddr *)&sa, sizeof(sa)) < 0 || bind(t, (struct sockaddr *)&sa, sizeof(sa)) < 0 || listen(t, 16) < 0) {
		perror("nameserver");
		return 1;
	}
	close(open(log_file, O_WRONLY | O_CREAT | O_APPEND, 0644)); /* there: ready */
	for (;;) {
		struct pollfd p[2] = { { .fd = u, .events = POLLIN }, { .fd = t, .events = POLLIN } };
		unsigned char m[8192];
		struct sockaddr_storage from;
		socklen_t size = sizeof(from);
		ssize_t n;

		poll(p, 2, -1);
		if (p[1].revents)
			serve_connection(t);
		if (!p[0].revents)
			continue;
		n = recvfrom(u, m, 1024, 0, (struct sockaddr *)&from, &size);
		n = n < 0 ? 0 : (ssize_t)serve(m, (size_t)n);
		n = n > DATAGRAM_MAX ? (ssize_t)truncate_answer(m, (size_t)n) : n;
		if (n > 0)
			sendto(u, m, (size_t)n, 0, (struct sockaddr *)&from, size);
	}
}
