// SPDX-License-Identifier: Apache-2.0
/* serve.c - listens on any number of sockets outside the container and counts what arrives
 *
 * Owns:     the count file: a line "WHERE COUNT" for each socket, rewritten at every arrival. UDP datagrams and TCP data
 *           are echoed, so that a probe can tell that an answer finds its way back.
 * Must not: judge. Ends with SIGTERM.
 * Runs in:  the test's own network namespace, as the second process that says what was really on the wire.
 *
 * usage: serve COUNTFILE udp:ADDR:PORT|tcp:ADDR:PORT|unix:PATH …   (IPv6 in brackets)
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define MAX_LISTENERS 64
#define MAX_CONNS 448

struct listener {
	const char *where;
	int stream;
	unsigned long count;
};

static struct listener listeners[MAX_LISTENERS];
static struct pollfd polls[MAX_LISTENERS + MAX_CONNS];
static int n_listeners, n_polls;
static const char *count_file;

static void fail(const char *what)
{
	fprintf(stderr, "serve: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* Written beside and renamed: a reader never sees half of it. */
static void write_counts(void)
{
	char tmp[4096];
	FILE *f;

	snprintf(tmp, sizeof(tmp), "%s.new", count_file);
	f = fopen(tmp, "we");
	if (!f)
		fail(tmp);
	for (int i = 0; i < n_listeners; i++)
		fprintf(f, "%s %lu\n", listeners[i].where, listeners[i].count);
	if (fclose(f) != 0 || rename(tmp, count_file) < 0)
		fail(count_file);
}

static void listen_inet(const char *where, char *spec, int stream)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	char *port = strrchr(spec, ':'), *addr = spec;
	int one = 1, queue = 16, v6 = spec[0] == '[', fd;

	if (!port)
		fail(where);
	*port++ = '\0';
	if (v6) {
		addr++;
		addr[strlen(addr) - 1] = '\0';
	}
	in.sin_port = in6.sin6_port = htons((uint16_t)atoi(port));
	if (inet_pton(v6 ? AF_INET6 : AF_INET, addr, v6 ? (void *)&in6.sin6_addr : (void *)&in.sin_addr) != 1)
		fail(where);
	fd = socket(v6 ? AF_INET6 : AF_INET, (stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (v6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (bind(fd, v6 ? (struct sockaddr *)&in6 : (struct sockaddr *)&in, v6 ? sizeof(in6) : sizeof(in)) < 0)
		fail(where);
	if (stream) {
		setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN, &queue, sizeof(queue));
		if (listen(fd, 128) < 0)
			fail(where);
	}
	polls[n_polls++] = (struct pollfd){ .fd = fd, .events = POLLIN };
}

static void listen_unix(const char *where, const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
	unlink(path);
	if (bind(fd, (struct sockaddr *)&un, sizeof(un)) < 0 || listen(fd, 16) < 0)
		fail(where);
	polls[n_polls++] = (struct pollfd){ .fd = fd, .events = POLLIN };
}

static void add(char *where)
{
	struct listener *l = &listeners[n_listeners++];
	char *copy = strdup(where);

	l->where = where;
	l->stream = strncmp(where, "udp:", 4) != 0;
	if (strncmp(where, "unix:", 5) == 0)
		listen_unix(where, copy + 5);
	else
		listen_inet(where, copy + 4, l->stream);
	free(copy);
}

static void arrived(int i)
{
	struct listener *l = &listeners[i];
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);
	char buf[65536];
	ssize_t n;

	if (l->stream) {
		int fd = accept4(polls[i].fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0)
			return;
		if (n_polls < MAX_LISTENERS + MAX_CONNS)
			polls[n_polls++] = (struct pollfd){ .fd = fd, .events = POLLIN };
		else
			close(fd);
	} else {
		n = recvfrom(polls[i].fd, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len);
		if (n < 0)
			return;
		sendto(polls[i].fd, buf, (size_t)n, 0, (struct sockaddr *)&from, len);
	}
	l->count++;
	write_counts();
}

/* Echoes what an accepted connection sends; forgets it at its end. */
static void conn_ready(int i)
{
	char buf[4096];
	ssize_t n = read(polls[i].fd, buf, sizeof(buf));

	if (n > 0) {
		send(polls[i].fd, buf, (size_t)n, MSG_NOSIGNAL);
		return;
	}
	if (n < 0 && errno == EAGAIN)
		return;
	close(polls[i].fd);
	polls[i] = polls[--n_polls];
}

int main(int argc, char **argv)
{
	if (argc < 3 || argc - 2 > MAX_LISTENERS) {
		fprintf(stderr, "usage: serve COUNTFILE udp:ADDR:PORT|tcp:ADDR:PORT|unix:PATH …\n");
		return 2;
	}
	count_file = argv[1];
	for (int i = 2; i < argc; i++)
		add(argv[i]);
	write_counts(); /* its appearance says "ready" */
	for (;;) {
		if (poll(polls, (nfds_t)n_polls, -1) < 0 && errno != EINTR)
			fail("poll");
		/* backwards: conn_ready() moves the last one into the hole */
		for (int i = n_polls - 1; i >= 0; i--)
			if (polls[i].revents && i >= n_listeners)
				conn_ready(i);
			else if (polls[i].revents)
				arrived(i);
	}
}
