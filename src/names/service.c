// SPDX-License-Identifier: Apache-2.0
/* service.c - the name service of one container: its clients, and the loop
 *
 * A question goes through these states:
 *
 *   read        from a datagram or a connection; refused here if no rule covers its name (NXDOMAIN for every type alike:
 *               musl takes another error for one of the two families as the failure of both)
 *   ASKING      until a real server has answered, or none has (SERVFAIL); from the cache: skipped
 *   LEARNING    until the supervisor has let the addresses in
 *   answered    the slot is free again
 *
 * Everything is in tables of fixed size. What has no room is dropped, and the client asks again, as of any busy server.
 *
 * Owns:     clients, slots, the rate at which a workload may ask.
 * Must not: open, allocate or resolve anything itself.
 * Runs in:  the name service, a process beside the supervisor, without a capability.
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "names/cache.h"
#include "names/names.h"
#include "names/upstream.h"

#define ASKS_MAX 128
#define CONNS_MAX 16
#define RATE_PER_SECOND 1000 /* questions that are looked at; what comes beyond is dropped */
#define RATE_BURST 2000
#define REPORTS_PER_SECOND 10 /* of refused names */
#define CONN_IDLE_MS 10000
#define CONN_BUF (2 + 1024) /* a question is at most 300 bytes long */

enum state { FREE, ASKING, LEARNING };

struct ask {
	enum state state;
	uint32_t seq; /* of the report; tells a late reply from the slot's next life */
	int conn; /* -1: a datagram */
	uint32_t conn_life;
	struct sockaddr_in from;
	struct message_query q;
	struct upstream_question up;
	unsigned char answer[MESSAGE_MAX];
	size_t answer_len;
	int64_t until; /* LEARNING: ms */
};

struct conn {
	int fd;
	uint32_t life;
	size_t have;
	int64_t until;
	unsigned char buf[CONN_BUF];
};

struct bucket {
	uint32_t tokens;
	int64_t at; /* ms */
};

struct service {
	const struct names_setup *setup;
	int ep;
	int64_t now; /* ms, once a round */
	struct upstream upstream;
	struct cache cache;
	struct ask asks[ASKS_MAX];
	struct conn conns[CONNS_MAX];
	struct bucket rate, reports;
	uint32_t suppressed, seq, life;
	unsigned char in[MESSAGE_MAX + 1], out[2 + MESSAGE_MAX];
};

enum tag { TAG_UDP, TAG_TCP, TAG_CONN, TAG_UP_UDP, TAG_UP_TCP, TAG_SUPERVISOR };
#define LEARN_WAIT_MS 2000

static int64_t read_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool take_token(struct bucket *b, int64_t now, uint32_t per_second, uint32_t burst)
{
	int64_t more = (now - b->at) * per_second / 1000;

	if (more > 0) {
		b->tokens = b->tokens + (uint64_t)more > burst ? burst : b->tokens + (uint32_t)more;
		b->at = now;
	}
	if (b->tokens == 0)
		return false;
	b->tokens--;
	return true;
}

static int watch(struct service *s, int fd, uint32_t events, enum tag tag, unsigned int index)
{
	struct epoll_event ev = { .events = events, .data.u64 = (uint64_t)tag << 32 | index };

	return epoll_ctl(s->ep, EPOLL_CTL_ADD, fd, &ev);
}

/* --- which names -------------------------------------------------------------------------------------------------- */

static bool is_covered_by(const struct names_pattern *p, const char *name, size_t len)
{
	size_t tail = strlen(p->name), head;

	if (p->depth == NAMES_EXACT)
		return len == tail && memcmp(name, p->name, len) == 0;
	if (len < tail + 2 || name[len - tail - 1] != '.' || memcmp(name + len - tail, p->name, tail) != 0)
		return false;
	head = len - tail - 1;
	return p->depth == NAMES_ANY_DEPTH || !memchr(name, '.', head);
}

bool names_covered(const struct names_pattern *patterns, size_t n, const char *name)
{
	size_t len = strlen(name);

	/* An escaped octet: no rule has such a name. */
	if (strchr(name, '\\'))
		return false;
	for (size_t i = 0; i < n; i++)
		if (is_covered_by(&patterns[i], name, len))
			return true;
	return false;
}

/* --- answers ------------------------------------------------------------------------------------------------------ */

static void close_conn(struct conn *c)
{
	fd_close(&c->fd);
	c->have = 0;
}

/* To the client of @a; @msg begins at s->out + 2. */
static void send_out(struct service *s, const struct ask *a, size_t len)
{
	struct conn *c = a->conn < 0 ? NULL : &s->conns[a->conn];

	if (!c) {
		sendto(s->setup->sockets.udp, s->out + 2, len, MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)&a->from,
		       sizeof(a->from));
		return;
	}
	if (c->fd < 0 || c->life != a->conn_life)
		return; /* it has hung up */
	s->out[0] = (unsigned char)(len >> 8);
	s->out[1] = (unsigned char)len;
	/* A client that does not read: its buffer is full, and no part of a message may go. */
	if (send(c->fd, s->out, len + 2, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)len + 2)
		close_conn(c);
}

static void answer_refused(struct service *s, const struct ask *a, int rcode)
{
	send_out(s, a, message_refuse(&a->q, rcode, s->out + 2));
}

static void answer_client(struct service *s, struct ask *a)
{
	size_t limit = a->conn < 0 ? a->q.size : MESSAGE_MAX;

	send_out(s, a, message_for_client(a->answer, a->answer_len, &a->q, limit, s->out + 2));
	a->state = FREE;
}

static void fail_ask(struct service *s, struct ask *a)
{
	answer_refused(s, a, ns_r_servfail);
	a->state = FREE;
}

/* --- the supervisor ------------------------------------------------------------------------------------------------- */

static bool send_report(const struct service *s, const struct names_report *r)
{
	size_t len = NAMES_REPORT_SIZE(r->n);

	return send(s->setup->supervisor, r, len, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)len;
}

/* The answer is ready: addresses are let in first. */
static void learn(struct service *s, struct ask *a, const struct message_answer *got)
{
	struct names_report r = { .what = NAMES_LEARNED, .ttl = got->ttl, .n = got->n };

	if (got->n == 0) {
		answer_client(s, a);
		return;
	}
	r.seq = a->seq = ++s->seq;
	memcpy(r.name, a->q.name, sizeof(r.name));
	memcpy(r.addrs, got->addrs, got->n * sizeof(r.addrs[0]));
	if (!send_report(s, &r)) {
		fail_ask(s, a);
		return;
	}
	a->state = LEARNING;
	a->until = s->now + LEARN_WAIT_MS;
}

static bool report_ports(const struct service *s)
{
	const struct names_sockets *k = &s->setup->sockets;
	struct names_report r = { .what = NAMES_PORTS, .n = (uint32_t)k->n_servers };

	memcpy(r.udp_ports, k->udp_ports, sizeof(r.udp_ports));
	memcpy(r.tcp_ports, k->tcp_ports, sizeof(r.tcp_ports));
	for (size_t i = 0; i < k->n_servers; i++)
		r.addrs[i] = upstream_address(&k->servers[i]);
	return send_report(s, &r);
}

static void report_refused(struct service *s, const struct message_query *q)
{
	struct names_report r = { .what = NAMES_REFUSED, .type = q->type, .suppressed = s->suppressed };

	if (!take_token(&s->reports, s->now, REPORTS_PER_SECOND, REPORTS_PER_SECOND)) {
		s->suppressed++;
		return;
	}
	memcpy(r.name, q->name, sizeof(r.name));
	if (send_report(s, &r))
		s->suppressed = 0;
}

/* False: the supervisor is gone. */
static bool take_reply(struct service *s)
{
	struct names_reply reply;
	ssize_t n = recv(s->setup->supervisor, &reply, sizeof(reply), MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n != (ssize_t)sizeof(reply))
		return false;
	for (int i = 0; i < ASKS_MAX; i++) {
		struct ask *a = &s->asks[i];

		if (a->state != LEARNING || a->seq != reply.seq)
			continue;
		if (reply.error)
			fail_ask(s, a);
		else
			answer_client(s, a);
	}
	return true;
}

/* --- questions ------------------------------------------------------------------------------------------------------- */

static void end_tcp(struct service *s, struct ask *a)
{
	if (a->up.tcp < 0)
		return;
	epoll_ctl(s->ep, EPOLL_CTL_DEL, upstream_tcp_fd(&s->upstream, a->up.tcp), NULL);
	upstream_end_tcp(&s->upstream, a->up.tcp);
	a->up.tcp = -1;
}

static void ask_again(struct service *s, struct ask *a)
{
	end_tcp(s, a);
	if (upstream_ask(&s->upstream, &a->up, &a->q, s->now) < 0)
		fail_ask(s, a);
}

static void ask_by_tcp(struct service *s, struct ask *a)
{
	if (upstream_ask_tcp(&s->upstream, &a->up, &a->q, s->now) < 0 ||
	    watch(s, upstream_tcp_fd(&s->upstream, a->up.tcp), EPOLLIN | EPOLLOUT | EPOLLET, TAG_UP_TCP, (unsigned int)a->up.tcp) < 0)
		ask_again(s, a);
}

/* What a server said. @by_tcp: then "truncated" has no cure. */
static void take_answer(struct service *s, struct ask *a, const unsigned char *msg, size_t len)
{
	static struct message_answer got;
	bool by_tcp = a->up.tcp >= 0;

	if (message_read_answer(msg, len, a->up.id, a->up.question, a->up.question_len, &a->q, &got, a->answer, &a->answer_len) < 0) {
		if (by_tcp)
			ask_again(s, a);
		return; /* of a datagram: another may come, its wait goes on */
	}
	end_tcp(s, a);
	if (got.truncated && !by_tcp) {
		ask_by_tcp(s, a);
		return;
	}
	if (got.truncated || (got.rcode != ns_r_noerror && got.rcode != ns_r_nxdomain)) {
		ask_again(s, a); /* another server may know better */
		return;
	}
	cache_put(&s->cache, &a->q, a->answer, a->answer_len, got.n || got.ttl ? got.ttl : CACHE_TTL_NONE, s->now);
	learn(s, a, &got);
}

static bool answer_from_cache(struct service *s, struct ask *a)
{
	static struct message_answer got;
	const struct cache_entry *e = cache_get(&s->cache, &a->q, s->now);
	const unsigned char *q;

	if (!e)
		return false;
	/* Its addresses are read out of it again: they are let in anew, as their time begins anew. */
	q = e->answer + NS_HFIXEDSZ;
	if (message_read_answer(e->answer, e->len, (uint16_t)(e->answer[0] << 8 | e->answer[1]), q, a->q.question_len, &a->q, &got,
				a->answer, &a->answer_len) < 0)
		return false;
	learn(s, a, &got);
	return true;
}

static struct ask *find_free(struct service *s)
{
	for (int i = 0; i < ASKS_MAX; i++)
		if (s->asks[i].state == FREE)
			return &s->asks[i];
	return NULL;
}

static void take_query(struct service *s, const unsigned char *msg, size_t len, const struct sockaddr_in *from, int conn)
{
	struct ask *a = find_free(s);
	int rcode;

	if (!a || !take_token(&s->rate, s->now, RATE_PER_SECOND, RATE_BURST))
		return;
	a->conn = conn;
	a->conn_life = conn < 0 ? 0 : s->conns[conn].life;
	if (from)
		a->from = *from;
	rcode = message_read_query(msg, len, &a->q);
	if (rcode < 0)
		return;
	if (rcode > 0) {
		answer_refused(s, a, rcode);
		return;
	}
	if (!names_covered(s->setup->patterns, s->setup->n_patterns, a->q.name)) {
		report_refused(s, &a->q);
		answer_refused(s, a, ns_r_nxdomain);
		return;
	}
	a->state = ASKING;
	a->up.tries = 0;
	a->up.tcp = -1;
	if (!answer_from_cache(s, a))
		ask_again(s, a);
}

/* --- events ------------------------------------------------------------------------------------------------------------ */

static void on_datagrams(struct service *s)
{
	for (int i = 0; i < 64; i++) {
		struct sockaddr_in from;
		socklen_t size = sizeof(from);
		ssize_t n = recvfrom(s->setup->sockets.udp, s->in, sizeof(s->in), MSG_DONTWAIT, (struct sockaddr *)&from, &size);

		if (n < 0)
			return;
		take_query(s, s->in, (size_t)n, &from, -1);
	}
}

/* A free place, or that of who has been silent longest. */
static unsigned int choose_conn(struct service *s)
{
	unsigned int oldest = 0;

	for (unsigned int i = 0; i < CONNS_MAX; i++) {
		if (s->conns[i].fd < 0)
			return i;
		if (s->conns[i].until < s->conns[oldest].until)
			oldest = i;
	}
	close_conn(&s->conns[oldest]);
	return oldest;
}

static void on_connection(struct service *s)
{
	int fd = accept4(s->setup->sockets.tcp, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct conn *c;
	unsigned int i;

	if (fd < 0)
		return;
	i = choose_conn(s);
	c = &s->conns[i];
	c->fd = fd;
	c->life = ++s->life;
	c->have = 0;
	c->until = s->now + CONN_IDLE_MS;
	if (watch(s, fd, EPOLLIN, TAG_CONN, i) < 0)
		close_conn(c);
}

/* Whole messages out of the connection's buffer; what is left moves to its front. */
static void take_messages(struct service *s, unsigned int index)
{
	struct conn *c = &s->conns[index];
	size_t at = 0;

	while (c->fd >= 0 && c->have - at >= 2) {
		size_t len = (size_t)c->buf[at] << 8 | c->buf[at + 1];

		if (len > CONN_BUF - 2) {
			close_conn(c);
			return;
		}
		if (c->have - at < len + 2)
			break;
		take_query(s, c->buf + at + 2, len, NULL, (int)index);
		at += len + 2;
	}
	if (c->fd < 0)
		return;
	c->have -= at;
	memmove(c->buf, c->buf + at, c->have);
}

static void on_conn(struct service *s, unsigned int index)
{
	struct conn *c = &s->conns[index];
	ssize_t n = c->fd < 0 ? -1 : recv(c->fd, c->buf + c->have, sizeof(c->buf) - c->have, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || c->fd < 0))
		return;
	if (n <= 0) {
		close_conn(c);
		return;
	}
	c->have += (size_t)n;
	c->until = s->now + CONN_IDLE_MS;
	take_messages(s, index);
}

static void on_answers(struct service *s, int family, int socket)
{
	for (int i = 0; i < 64; i++) {
		struct sockaddr_storage from = { 0 };
		socklen_t size = sizeof(from);
		ssize_t n = recvfrom(s->setup->sockets.ask_udp[family][socket], s->in, sizeof(s->in), MSG_DONTWAIT,
				     (struct sockaddr *)&from, &size);

		if (n < 0)
			return;
		for (int k = 0; k < ASKS_MAX; k++)
			if (s->asks[k].state == ASKING && upstream_is_from(&s->upstream, &s->asks[k].up, family, socket, &from))
				take_answer(s, &s->asks[k], s->in, (size_t)n);
	}
}

static void on_tcp(struct service *s, unsigned int slot)
{
	struct upstream_tcp *t = &s->upstream.tcp[slot];
	int r;

	for (int k = 0; k < ASKS_MAX; k++) {
		struct ask *a = &s->asks[k];

		if (a->state != ASKING || a->up.tcp != (int)slot)
			continue;
		r = upstream_continue_tcp(&s->upstream, (int)slot);
		if (r > 0)
			take_answer(s, a, t->buf + 2, t->have - 2);
		else if (r < 0)
			ask_again(s, a);
		return;
	}
}

static void end_waits(struct service *s)
{
	for (int i = 0; i < ASKS_MAX; i++) {
		struct ask *a = &s->asks[i];

		if (a->state == ASKING && a->up.until <= s->now)
			ask_again(s, a);
		else if (a->state == LEARNING && a->until <= s->now)
			fail_ask(s, a);
	}
	for (int i = 0; i < CONNS_MAX; i++)
		if (s->conns[i].fd >= 0 && s->conns[i].until <= s->now)
			close_conn(&s->conns[i]);
}

/* Until the next wait ends; for ever where nobody waits. */
static int next_wait(const struct service *s)
{
	int64_t first = INT64_MAX;

	for (int i = 0; i < ASKS_MAX; i++) {
		const struct ask *a = &s->asks[i];
		int64_t until = a->state == ASKING ? a->up.until : a->state == LEARNING ? a->until : INT64_MAX;

		first = until < first ? until : first;
	}
	for (int i = 0; i < CONNS_MAX; i++)
		if (s->conns[i].fd >= 0 && s->conns[i].until < first)
			first = s->conns[i].until;
	if (first == INT64_MAX)
		return -1;
	return first > s->now ? (int)(first - s->now) : 0;
}

/* --- the loop ---------------------------------------------------------------------------------------------------------- */

static int watch_all(struct service *s)
{
	const struct names_sockets *k = &s->setup->sockets;

	for (unsigned int f = 0; f < 2; f++)
		for (unsigned int i = 0; i < NAMES_UDP_SOCKETS; i++)
			if (k->ask_udp[f][i] >= 0 && watch(s, k->ask_udp[f][i], EPOLLIN, TAG_UP_UDP, f << 8 | i) < 0)
				return -1;
	if (watch(s, k->udp, EPOLLIN, TAG_UDP, 0) < 0 || watch(s, k->tcp, EPOLLIN, TAG_TCP, 0) < 0)
		return -1;
	return watch(s, s->setup->supervisor, EPOLLIN, TAG_SUPERVISOR, 0);
}

/* False: the end. */
static bool on_event(struct service *s, const struct epoll_event *ev)
{
	unsigned int index = (uint32_t)ev->data.u64;

	switch ((enum tag)(ev->data.u64 >> 32)) {
	case TAG_UDP:
		on_datagrams(s);
		break;
	case TAG_TCP:
		on_connection(s);
		break;
	case TAG_CONN:
		on_conn(s, index);
		break;
	case TAG_UP_UDP:
		on_answers(s, (int)(index >> 8), (int)(index & 0xff));
		break;
	case TAG_UP_TCP:
		on_tcp(s, index);
		break;
	case TAG_SUPERVISOR:
		return take_reply(s);
	}
	return true;
}

int names_serve(const struct names_setup *setup, int (*confine)(struct err *e), struct err *e)
{
	static struct service s;

	s.setup = setup;
	s.now = read_clock();
	s.rate = (struct bucket){ RATE_BURST, s.now };
	s.reports = (struct bucket){ REPORTS_PER_SECOND, s.now };
	for (int i = 0; i < CONNS_MAX; i++)
		s.conns[i].fd = -1;
	upstream_init(&s.upstream, &setup->sockets);
	s.ep = epoll_create1(EPOLL_CLOEXEC);
	if (s.ep < 0 || watch_all(&s) < 0 || !report_ports(&s))
		return err_sys(e, "make the name service's event loop");
	if (confine && confine(e) < 0)
		return -1;
	for (;;) {
		struct epoll_event ev[16];
		int n = epoll_wait(s.ep, ev, 16, next_wait(&s));

		s.now = read_clock();
		for (int i = 0; i < n; i++)
			if (!on_event(&s, &ev[i]))
				return 0;
		end_waits(&s);
	}
}
