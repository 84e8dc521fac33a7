// SPDX-License-Identifier: Apache-2.0
/* sockets.c - the name service's sockets in the container's network namespace
 *
 * Owns:     what is opened there before the workload runs; the service itself opens nothing any more.
 * Runs in:  a process of create's (or the watcher's) that has entered the network namespace.
 *
 * All that is asked with is bound at once and kept: nobody else in the namespace can then send from these ports, and a wall
 * can let them through to the name servers while it refuses everybody else. None of them shares its port (SO_REUSEADDR,
 * SO_REUSEPORT); an IPv6 socket that may be beside an IPv4 one (IPV6_V6ONLY, or an address of its own) cannot send to IPv4. A TCP socket
 * that was bound to a port by its number keeps it when its connection is dissolved, and whoever connects without one is not given it.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "names/names.h"

#define DNS_PORT 53
#define BACKLOG 16
#define BIND_TRIES 32

static void forget_all(struct names_sockets *s)
{
	s->udp = s->tcp = -1;
	for (int f = 0; f < 2; f++) {
		for (int i = 0; i < NAMES_UDP_SOCKETS; i++)
			s->ask_udp[f][i] = -1;
		for (int i = 0; i < NAMES_TCP_SOCKETS; i++)
			s->ask_tcp[f][i] = -1;
	}
	memset(s->udp_ports, 0, sizeof(s->udp_ports));
	memset(s->tcp_ports, 0, sizeof(s->tcp_ports));
	s->n_servers = 0;
}

void names_close(struct names_sockets *s)
{
	fd_close(&s->udp);
	fd_close(&s->tcp);
	for (int f = 0; f < 2; f++) {
		for (int i = 0; i < NAMES_UDP_SOCKETS; i++)
			fd_close(&s->ask_udp[f][i]);
		for (int i = 0; i < NAMES_TCP_SOCKETS; i++)
			fd_close(&s->ask_tcp[f][i]);
	}
}

static int open_socket(int family, int type, struct err *e)
{
	int fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	return fd < 0 ? err_sys(e, "open a socket for the container's name service") : fd;
}

static int open_listener(const struct in_addr *listen_on, int type, struct err *e)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons(DNS_PORT), .sin_addr = *listen_on };
	autofd fd = open_socket(AF_INET, type, e);
	const int one = 1;

	if (fd < 0)
		return -1;
	if (type == SOCK_STREAM)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 || (type == SOCK_STREAM && listen(fd, BACKLOG) < 0))
		return err_sys(e, "listen on port %d in the container's network, for its names", DNS_PORT);
	return fd_steal(&fd);
}

/* At the same place in both families. */
static uint16_t *port_in(struct sockaddr_storage *sa)
{
	return (uint16_t *)(void *)((char *)sa + offsetof(struct sockaddr_in, sin_port));
}

/* A socket bound to any address at *@port (host order; 0: of the kernel's choice, which it becomes). -1 with errno. */
static int bind_socket(int family, int type, uint16_t *port)
{
	struct sockaddr_storage sa = { .ss_family = (sa_family_t)family };
	socklen_t len = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
	autofd fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	const int one = 1;

	*port_in(&sa) = htons(*port);
	if (fd < 0 || (family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)) < 0) ||
	    bind(fd, (struct sockaddr *)&sa, len) < 0 || getsockname(fd, (struct sockaddr *)&sa, &len) < 0)
		return -1;
	*port = ntohs(*port_in(&sa));
	return fd_steal(&fd);
}

/* One of 28,000 ports, at random: the kernel's choice, then by its number. */
static int try_asking(int family, int type, uint16_t *port)
{
	autofd chosen = bind_socket(family, type, port);

	if (chosen < 0)
		return -1;
	fd_close(&chosen);
	return bind_socket(family, type, port);
}

static int open_asking(int family, int type, uint16_t *port, struct err *e)
{
	for (int i = 0; i < BIND_TRIES; i++) {
		int fd;

		*port = 0;
		fd = try_asking(family, type, port);
		if (fd >= 0)
			return fd;
		if (errno != EADDRINUSE)
			break;
	}
	return err_sys(e, "bind a socket for the container's name service");
}

static int open_family(struct names_sockets *s, int f, struct err *e)
{
	int family = f ? AF_INET6 : AF_INET;

	for (int i = 0; i < NAMES_UDP_SOCKETS; i++)
		if ((s->ask_udp[f][i] = open_asking(family, SOCK_DGRAM, &s->udp_ports[f][i], e)) < 0)
			return -1;
	for (int i = 0; i < NAMES_TCP_SOCKETS; i++)
		if ((s->ask_tcp[f][i] = open_asking(family, SOCK_STREAM, &s->tcp_ports[f][i], e)) < 0)
			return -1;
	return 0;
}

static void set_server(struct sockaddr_storage *to, const struct in6_addr *addr)
{
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)to;
	struct sockaddr_in *v4 = (struct sockaddr_in *)to;

	memset(to, 0, sizeof(*to));
	if (IN6_IS_ADDR_V4MAPPED(addr)) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(DNS_PORT);
		memcpy(&v4->sin_addr, &addr->s6_addr[12], 4);
	} else {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(DNS_PORT);
		v6->sin6_addr = *addr;
	}
}

static int open_all(struct names_sockets *s, const struct in_addr *listen_on, struct err *e)
{
	bool wanted[2] = { false, false };

	s->udp = open_listener(listen_on, SOCK_DGRAM, e);
	s->tcp = s->udp < 0 ? -1 : open_listener(listen_on, SOCK_STREAM, e);
	if (s->tcp < 0)
		return -1;
	for (size_t i = 0; i < s->n_servers; i++)
		wanted[s->servers[i].ss_family == AF_INET6] = true;
	for (int f = 0; f < 2; f++)
		if (wanted[f] && open_family(s, f, e) < 0)
			return -1;
	return 0;
}

int names_open(struct names_sockets *s, const struct in_addr *listen_on, const struct in6_addr *servers, size_t n_servers,
	       struct err *e)
{
	forget_all(s);
	if (n_servers == 0)
		return err_msg(e, "the container's resolv.conf has no name server that its name service could ask");
	for (; s->n_servers < n_servers && s->n_servers < NAMES_SERVERS_MAX; s->n_servers++)
		set_server(&s->servers[s->n_servers], &servers[s->n_servers]);
	if (open_all(s, listen_on, e) == 0)
		return 0;
	names_close(s);
	return -1;
}
