// SPDX-License-Identifier: Apache-2.0
/* lookup.c - one name's addresses, asked once of a container's own name servers
 *
 * Runs in:  a child of create, in the container's network namespace, without privileges.
 *
 * Both families are asked for at once, of one server after the other. The letters of the name stay as they are: some small
 * servers know names in lower case only, and a forger, who would have to be in the container's network before there is a
 * container, has to guess the port and the id.
 */
#include "names/lookup.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "names/message.h"

#define WAIT_MS 1500 /* for one server */
#define ROUNDS 2

struct question {
	struct message_query q;
	unsigned char sent[MESSAGE_QUESTION_MAX];
	uint16_t sent_len, id;
	bool done;
	struct message_answer a;
};

enum outcome { OUT_NO_ANSWER, OUT_FAILED, OUT_ANSWERED };

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The question of a message: labels, type, class. False: no name that could be asked for. */
static bool make_question(struct question *x, const char *name, uint16_t type)
{
	unsigned char *at = x->q.question;

	memset(x, 0, sizeof(*x));
	if (snprintf(x->q.name, sizeof(x->q.name), "%s", name) >= (int)sizeof(x->q.name))
		return false;
	for (const char *s = name; *s;) {
		size_t n = strcspn(s, ".");

		if (!n || n > 63 || (size_t)(at - x->q.question) + n + 2 > NS_MAXCDNAME)
			return false;
		*at++ = (unsigned char)n;
		memcpy(at, s, n);
		at += n;
		s += n + (s[n] == '.');
	}
	*at++ = 0;
	*at++ = (unsigned char)(type >> 8);
	*at++ = (unsigned char)type;
	*at++ = 0;
	*at++ = ns_c_in;
	x->q.type = type;
	x->q.question_len = (uint16_t)(at - x->q.question);
	return true;
}

static int connect_to(const struct in6_addr *server, uint16_t port, int type)
{
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = *server };
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(port) };
	bool v4 = IN6_IS_ADDR_V4MAPPED(server);
	const struct sockaddr *sa = v4 ? (const struct sockaddr *)&sin : (const struct sockaddr *)&sin6;
	autofd fd = socket(v4 ? AF_INET : AF_INET6, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	memcpy(&sin.sin_addr, &server->s6_addr[12], 4);
	if (fd < 0 || (connect(fd, sa, v4 ? sizeof(sin) : sizeof(sin6)) < 0 && errno != EINPROGRESS))
		return -1;
	return fd_steal(&fd);
}

static int write_question(struct question *x, unsigned char msg[MESSAGE_MAX])
{
	if (getrandom(&x->id, sizeof(x->id), 0) != (ssize_t)sizeof(x->id))
		return -1;
	return message_write_query(&x->q, x->id, (const unsigned char *)"", 0, msg, x->sent, &x->sent_len);
}

static bool is_answer(struct question *x, const unsigned char *msg, size_t len)
{
	unsigned char ignored[MESSAGE_MAX];
	size_t n;

	x->done = message_read_answer(msg, len, x->id, x->sent, x->sent_len, &x->q, &x->a, ignored, &n) == 0;
	return x->done;
}

/* Waits for @fd. False: it is too late. */
static bool wait_for(int fd, short events, int64_t until)
{
	struct pollfd p = { .fd = fd, .events = events };
	int64_t left = until - now_ms();

	return left > 0 && poll(&p, 1, (int)left) == 1;
}

/* All of @len bytes, in or out. */
static bool transfer(int fd, bool out, unsigned char *buf, size_t len, int64_t until)
{
	for (size_t done = 0; done < len;) {
		ssize_t n;

		if (!wait_for(fd, out ? POLLOUT : POLLIN, until))
			return false;
		n = out ? send(fd, buf + done, len - done, MSG_NOSIGNAL) : recv(fd, buf + done, len - done, 0);
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			return false;
		done += n > 0 ? (size_t)n : 0;
	}
	return true;
}

/* What did not fit a datagram. */
static bool ask_tcp(struct question *x, const struct in6_addr *server, uint16_t port, int64_t until)
{
	unsigned char msg[2 + MESSAGE_MAX];
	autofd fd = connect_to(server, port, SOCK_STREAM);
	int len = write_question(x, msg + 2);
	size_t n;

	if (fd < 0 || len < 0)
		return false;
	msg[0] = (unsigned char)(len >> 8);
	msg[1] = (unsigned char)len;
	if (!transfer(fd, true, msg, (size_t)len + 2, until) || !transfer(fd, false, msg, 2, until))
		return false;
	n = (size_t)msg[0] << 8 | msg[1];
	return n <= MESSAGE_MAX && transfer(fd, false, msg, n, until) && is_answer(x, msg, n);
}

static enum outcome rate(const struct question x[2])
{
	bool failed = false;

	for (int i = 0; i < 2; i++) {
		if (!x[i].done)
			return OUT_NO_ANSWER;
		failed = failed || (x[i].a.rcode != ns_r_noerror && x[i].a.rcode != ns_r_nxdomain);
	}
	/* One family may be beyond a server; what the other has counts all the same. */
	return failed && !x[0].a.n && !x[1].a.n ? OUT_FAILED : OUT_ANSWERED;
}

static enum outcome ask_server(struct question x[2], const struct in6_addr *server, uint16_t port)
{
	unsigned char msg[MESSAGE_MAX];
	int64_t until = now_ms() + WAIT_MS;
	autofd fd = connect_to(server, port, SOCK_DGRAM);

	for (int i = 0; i < 2; i++) {
		int len = write_question(&x[i], msg);

		x[i].done = false;
		if (fd < 0 || len < 0 || send(fd, msg, (size_t)len, MSG_NOSIGNAL) != len)
			return OUT_NO_ANSWER;
	}
	while (!x[0].done || !x[1].done) {
		ssize_t n;

		if (!wait_for(fd, POLLIN, until))
			return OUT_NO_ANSWER;
		n = recv(fd, msg, sizeof(msg), 0);
		/* Nobody is there. */
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return OUT_NO_ANSWER;
		for (int i = 0; i < 2 && n > 0; i++)
			if (!x[i].done && is_answer(&x[i], msg, (size_t)n))
				break;
	}
	for (int i = 0; i < 2; i++)
		if (x[i].a.truncated && !ask_tcp(&x[i], server, port, until + WAIT_MS))
			return OUT_NO_ANSWER;
	return rate(x);
}

/* The addresses of exactly this name; 0: there are none; -1: nobody knows. */
static int ask(const struct names_lookup *l, const char *name, struct in6_addr *addrs, size_t room)
{
	size_t n_servers = l->n_servers < NAMES_SERVERS_MAX ? l->n_servers : NAMES_SERVERS_MAX, n = 0;
	struct question *x = xcalloc(2, sizeof(*x));
	enum outcome best = OUT_NO_ANSWER;

	if (!make_question(&x[0], name, ns_t_aaaa) || !make_question(&x[1], name, ns_t_a)) {
		free(x);
		return 0;
	}
	for (size_t i = 0; i < n_servers * ROUNDS && best != OUT_ANSWERED; i++) {
		enum outcome o = ask_server(x, &l->servers[i % n_servers], l->port ? l->port : 53);

		best = o > best ? o : best;
		/* Who has answered so once does so again. */
		/* cppcheck-suppress knownConditionTrueFalse ; it takes the number of servers for 1 */
		if (i + 1 >= n_servers && best == OUT_FAILED)
			break;
	}
	for (int i = 0; i < 2 && best == OUT_ANSWERED; i++)
		for (size_t k = 0; k < x[i].a.n && n < room; k++)
			addrs[n++] = x[i].a.addrs[k];
	free(x);
	return best == OUT_ANSWERED ? (int)n : -1;
}

static int ask_in(const struct names_lookup *l, const char *name, size_t domain, struct in6_addr *addrs, size_t room)
{
	char full[2 * NAMES_NAME_MAX];

	snprintf(full, sizeof(full), "%s.%s", name, l->search[domain]);
	return strlen(full) < NAMES_NAME_MAX ? ask(l, full, addrs, room) : 0;
}

int names_lookup(const struct names_lookup *l, const char *name, struct in6_addr *addrs, size_t room)
{
	unsigned int dots = 0;
	bool first;
	int n = 0;

	for (const char *s = name; *s; s++)
		dots += *s == '.';
	first = dots >= l->ndots;
	if (first)
		n = ask(l, name, addrs, room);
	/* Servers that are not there are not there for another name either. */
	for (size_t i = 0; i < l->n_search && n == 0; i++)
		n = ask_in(l, name, i, addrs, room);
	if (!first && n == 0)
		n = ask(l, name, addrs, room);
	return n;
}
