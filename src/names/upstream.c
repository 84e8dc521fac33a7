// SPDX-License-Identifier: Apache-2.0
/* upstream.c - one question to the container's real name servers
 *
 * Runs in:  the name service.
 */
#include "names/upstream.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

/* A forger off the path has to guess the id (16 bits), the socket (4) and the case of the name's letters. */
struct noise {
	uint16_t id;
	uint8_t socket;
	unsigned char letters[32];
};

struct in6_addr upstream_address(const struct sockaddr_storage *server)
{
	const struct sockaddr_in *v4 = (const void *)server;
	struct in6_addr a = { .s6_addr = { [10] = 0xff, 0xff } };

	if (server->ss_family == AF_INET6)
		return ((const struct sockaddr_in6 *)(const void *)server)->sin6_addr;
	memcpy(&a.s6_addr[12], &v4->sin_addr, 4);
	return a;
}

void upstream_init(struct upstream *u, const struct names_sockets *s)
{
	u->sockets = s;
	for (int i = 0; i < 2 * NAMES_TCP_SOCKETS; i++) {
		u->tcp[i].family = (uint8_t)(i / NAMES_TCP_SOCKETS);
		u->tcp[i].socket = (uint8_t)(i % NAMES_TCP_SOCKETS);
	}
}

static const struct sockaddr_storage *server_of(const struct upstream *u, const struct upstream_question *uq)
{
	return &u->sockets->servers[uq->server];
}

static socklen_t size_of(const struct sockaddr_storage *sa)
{
	return sa->ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

/* The message, new each time. -1: no randomness, and without it there shall be no question. */
static int compose_question(struct upstream_question *uq, const struct message_query *q, bool mixed, unsigned char *out)
{
	struct noise noise;

	if (getrandom(&noise, sizeof(noise), 0) != (ssize_t)sizeof(noise))
		return -1;
	uq->id = noise.id;
	uq->socket = noise.socket % NAMES_UDP_SOCKETS;
	return message_write_query(q, uq->id, noise.letters, mixed ? sizeof(noise.letters) : 0, out, uq->question, &uq->question_len);
}

int upstream_ask(struct upstream *u, struct upstream_question *uq, const struct message_query *q, int64_t now)
{
	unsigned char msg[MESSAGE_MAX];
	const struct sockaddr_storage *to;
	int len;

	if (uq->tries >= UPSTREAM_TRIES)
		return -1;
	uq->server = (uint8_t)(uq->tries % u->sockets->n_servers);
	/* A few servers answer in lower case whatever they were asked: the last try is for them. */
	uq->tries++;
	len = compose_question(uq, q, uq->tries < UPSTREAM_TRIES, msg);
	if (len < 0)
		return -1;
	to = server_of(u, uq);
	uq->family = to->ss_family == AF_INET6;
	uq->until = now + UPSTREAM_WAIT_MS;
	(void)!sendto(u->sockets->ask_udp[uq->family][uq->socket], msg, (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL,
		      (const struct sockaddr *)to, size_of(to));
	return 0;
}

static bool same_server(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	const struct sockaddr_in *a4 = (const void *)a, *b4 = (const void *)b;
	const struct sockaddr_in6 *a6 = (const void *)a, *b6 = (const void *)b;

	if (a->ss_family != b->ss_family)
		return false;
	if (a->ss_family == AF_INET)
		return a4->sin_port == b4->sin_port && a4->sin_addr.s_addr == b4->sin_addr.s_addr;
	return a6->sin6_port == b6->sin6_port && IN6_ARE_ADDR_EQUAL(&a6->sin6_addr, &b6->sin6_addr);
}

bool upstream_is_from(const struct upstream *u, const struct upstream_question *uq, int family, int socket,
		      const struct sockaddr_storage *from)
{
	return uq->tcp < 0 && uq->family == family && uq->socket == socket && same_server(from, server_of(u, uq));
}

/* --- TCP, for what did not fit into a datagram -------------------------------------------------------------------- */

int upstream_tcp_fd(const struct upstream *u, int i)
{
	return u->sockets->ask_tcp[u->tcp[i].family][u->tcp[i].socket];
}

static int find_free_tcp(const struct upstream *u, int family)
{
	for (int i = 0; i < 2 * NAMES_TCP_SOCKETS; i++)
		if (!u->tcp[i].busy && u->tcp[i].family == family)
			return i;
	return -1;
}

int upstream_ask_tcp(struct upstream *u, struct upstream_question *uq, const struct message_query *q, int64_t now)
{
	const struct sockaddr_storage *to = server_of(u, uq);
	int i = find_free_tcp(u, to->ss_family == AF_INET6), len;
	struct upstream_tcp *t;

	if (i < 0)
		return -1;
	t = &u->tcp[i];
	len = compose_question(uq, q, true, t->buf + 2);
	if (len < 0 || (connect(upstream_tcp_fd(u, i), (const struct sockaddr *)to, size_of(to)) < 0 && errno != EINPROGRESS))
		return -1;
	t->buf[0] = (unsigned char)(len >> 8);
	t->buf[1] = (unsigned char)len;
	t->want = (size_t)len + 2;
	t->have = 0;
	t->sent = false;
	t->busy = true;
	uq->tcp = (int8_t)i;
	uq->until = now + UPSTREAM_WAIT_MS;
	return 0;
}

static int send_tcp(struct upstream_tcp *t, int fd)
{
	ssize_t n = send(fd, t->buf + t->have, t->want - t->have, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0)
		return errno == EAGAIN || errno == EINPROGRESS ? 0 : -1;
	t->have += (size_t)n;
	if (t->have == t->want) {
		t->sent = true;
		t->have = 0;
		t->want = 2;
	}
	return 0;
}

static int receive_tcp(struct upstream_tcp *t, int fd)
{
	for (;;) {
		ssize_t n = recv(fd, t->buf + t->have, t->want - t->have, MSG_DONTWAIT);

		if (n < 0 && errno == EAGAIN)
			return 0;
		if (n <= 0)
			return -1;
		t->have += (size_t)n;
		if (t->have < t->want)
			continue;
		if (t->want > 2)
			return 1;
		t->want = 2 + ((size_t)t->buf[0] << 8 | t->buf[1]);
		if (t->want == 2 || t->want > sizeof(t->buf))
			return -1;
	}
}

int upstream_continue_tcp(struct upstream *u, int i)
{
	struct upstream_tcp *t = &u->tcp[i];
	int fd = upstream_tcp_fd(u, i);

	if (!t->sent && send_tcp(t, fd) < 0)
		return -1;
	return t->sent ? receive_tcp(t, fd) : 0;
}

void upstream_end_tcp(struct upstream *u, int i)
{
	const struct sockaddr nobody = { .sa_family = AF_UNSPEC };

	/* Back to a socket that is connected to nobody, bound as before. */
	(void)!connect(upstream_tcp_fd(u, i), &nobody, sizeof(nobody));
	u->tcp[i].busy = false;
}
