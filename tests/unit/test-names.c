// SPDX-License-Identifier: Apache-2.0
/* test-names.c - the name service of a container: what it asks, what it answers, and what never leaves
 *
 * All in a network namespace of the test's own. A child is the "real" name server (127.0.0.2), another the service
 * (127.0.53.53); the test is the client and the supervisor.
 */
#include "child.h"
#include "limit.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "base/str.h"
#include "names/message.h"
#include "names/names.h"

#define SERVICE "127.0.53.53"
#define SERVER "127.0.0.2"

struct seen {
	_Atomic int udp, tcp, other; /* questions that arrived at the server; other: for names that no rule covers */
	_Atomic int lower; /* questions without one capital letter */
};

static struct seen *seen;

/* --- the server ---------------------------------------------------------------------------------------------------- */

static size_t put_record(unsigned char *p, uint16_t type, uint32_t ttl, const void *rdata, size_t len)
{
	const unsigned char head[12] = { 0xc0, 12, (unsigned char)(type >> 8), (unsigned char)type, 0, 1, (unsigned char)(ttl >> 24),
					 (unsigned char)(ttl >> 16), (unsigned char)(ttl >> 8), (unsigned char)ttl,
					 (unsigned char)(len >> 8), (unsigned char)len };

	memcpy(p, head, sizeof(head));
	memcpy(p + sizeof(head), rdata, len);
	return sizeof(head) + len;
}

/* priority 1, target ".", alpn=h2, ech=…, ipv4hint=192.0.2.9 */
static const unsigned char https[] = { 0, 1, 0, 0, 1, 0, 3, 2, 'h', '2', 0, 4, 0, 4, 192, 0, 2, 9, 0, 5, 0, 2, 0xaa, 0xbb };

static bool is_name(const struct message_query *q, const char *name)
{
	return strcmp(q->name, name) == 0;
}

/* The records of @q's answer, behind the question. *n: how many. */
static size_t compose(const struct message_query *q, unsigned char *p, uint16_t *n)
{
	unsigned char addr[4] = { 192, 0, 2, 1 };
	size_t len = 0;

	*n = 0;
	if (is_name(q, "a.test") && q->type == ns_t_a) {
		*n = 1;
		return put_record(p, ns_t_a, 1, addr, 4);
	}
	if (is_name(q, "c.test") && q->type == ns_t_a) {
		/* c.test CNAME x.other, then x.other A; the owner of the second is written out */
		static const unsigned char target[] = "\1x\5other"; /* with the root, its NUL */
		unsigned char rec[32];

		len = put_record(p, ns_t_cname, 30, target, sizeof(target));
		put_record(rec, ns_t_a, 60, addr, 4);
		memcpy(p + len, target, sizeof(target));
		memcpy(p + len + sizeof(target), rec + 2, 14);
		len += sizeof(target) + 14;
		/* and one of a stranger, which must not come over */
		memcpy(p + len, "\4evil", 6);
		memcpy(p + len + 6, rec + 2, 14);
		*n = 3;
		return len + 20;
	}
	if (is_name(q, "big.test") && q->type == ns_t_a)
		for (; *n < 100; ++*n) {
			addr[3] = (unsigned char)*n;
			len += put_record(p + len, ns_t_a, 60, addr, 4);
		}
	if (is_name(q, "h.test") && q->type == MESSAGE_T_HTTPS) {
		*n = 1;
		len = put_record(p, MESSAGE_T_HTTPS, 60, https, sizeof(https));
	}
	return len;
}

static size_t serve_one(unsigned char *m, size_t len, bool tcp)
{
	struct message_query q;
	uint16_t n = 0;
	size_t out;

	if (message_read_query(m, len, &q) != 0)
		return 0;
	(*(tcp ? &seen->tcp : &seen->udp))++;
	if (!strstr(q.name, ".test"))
		seen->other++;
	if (is_name(&q, "slow.test"))
		return 0;
	out = 12u + q.question_len;
	m[2] = 0x81;
	m[3] = is_name(&q, "none.test") ? 0x83 : 0x80;
	memset(m + 6, 0, 6);
	if (is_name(&q, "big.test") && !tcp)
		m[2] |= 2;
	else
		out += compose(&q, m + out, &n);
	m[6] = (unsigned char)(n >> 8);
	m[7] = (unsigned char)n;
	return out;
}

static struct sockaddr_in at(const char *addr, int port)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };

	inet_pton(AF_INET, addr, &sa.sin_addr);
	return sa;
}

static void serve_stream(int t)
{
	unsigned char m[8192];
	int c = accept(t, NULL, NULL);

	while (recv(c, m, 2, MSG_WAITALL) == 2) {
		size_t len = (size_t)m[0] << 8 | m[1];

		if (len > 512 || recv(c, m + 2, len, MSG_WAITALL) != (ssize_t)len)
			break;
		len = serve_one(m + 2, len, true);
		m[0] = (unsigned char)(len >> 8);
		m[1] = (unsigned char)len;
		if (len == 0 || send(c, m, len + 2, MSG_NOSIGNAL) < 0)
			break;
	}
	close(c);
}

/* A wrong id, then a wrong letter's case, before the true answer. */
static void forge(int u, const unsigned char *m, size_t len, const struct sockaddr_in *to)
{
	unsigned char f[8192];

	memcpy(f, m, len);
	f[0] ^= 1;
	f[len - 1] = 66;
	sendto(u, f, len, 0, (const struct sockaddr *)to, sizeof(*to));
	f[0] ^= 1;
	f[13] ^= 0x20;
	sendto(u, f, len, 0, (const struct sockaddr *)to, sizeof(*to));
}

__attribute__((noreturn)) static void be_server(int u, int t)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		struct pollfd p[2] = { { .fd = u, .events = POLLIN }, { .fd = t, .events = POLLIN } };
		unsigned char m[8192];
		struct sockaddr_in from;
		socklen_t size = sizeof(from);

		poll(p, 2, -1);
		if (p[0].revents) {
			size_t len = (size_t)recvfrom(u, m, 512, 0, (struct sockaddr *)&from, &size);

			len = serve_one(m, len, false);
			if (len)
				forge(u, m, len, &from);
			if (len)
				sendto(u, m, len, 0, (struct sockaddr *)&from, size);
		}
		if (p[1].revents)
			serve_stream(t);
	}
}

/* --- the world --------------------------------------------------------------------------------------------------------- */

struct world {
	int supervisor; /* our end */
	int client;	/* a connected UDP socket */
	pid_t service;
};

static const struct names_pattern patterns[] = {
	{ "a.test", NAMES_EXACT },   { "c.test", NAMES_EXACT }, { "big.test", NAMES_EXACT },  { "h.test", NAMES_EXACT },
	{ "slow.test", NAMES_EXACT }, { "none.test", NAMES_EXACT }, { "one.test", NAMES_ONE_LABEL }, { "any.test", NAMES_ANY_DEPTH },
};

static void make_world(struct report *r, struct world *w)
{
	struct sockaddr_in sa = at(SERVER, 53), service = at(SERVICE, 53);
	struct in6_addr server = { 0 };
	struct names_setup setup = { .patterns = patterns, .n_patterns = ARRAY_SIZE(patterns) };
	static struct names_report first;
	int u, t, pair[2];

	if (geteuid() != 0)
		child_skip(r, "needs root");
	expect(r, unshare(CLONE_NEWNET) == 0 && system("ip link set lo up") == 0);
	seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	u = socket(AF_INET, SOCK_DGRAM, 0);
	t = socket(AF_INET, SOCK_STREAM, 0);
	expect(r, bind(u, (struct sockaddr *)&sa, sizeof(sa)) == 0 && bind(t, (struct sockaddr *)&sa, sizeof(sa)) == 0 && listen(t, 8) == 0);
	if (fork() == 0)
		be_server(u, t);
	close(u);
	close(t);
	inet_pton(AF_INET6, "::ffff:" SERVER, &server);
	expect(r, names_open(&setup.sockets, &service.sin_addr, &server, 1, &r->err) == 0);
	expect(r, socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
	w->service = fork();
	if (w->service == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(pair[0]);
		setup.supervisor = pair[1];
		_exit(names_serve(&setup, NULL, &r->err) == 0 ? 0 : 1);
	}
	close(pair[1]);
	w->supervisor = pair[0];
	expect(r, recv(w->supervisor, &first, sizeof(first), 0) == (ssize_t)NAMES_REPORT_SIZE(1) && first.what == NAMES_PORTS);
	expect(r, first.udp_ports[0][0] == setup.sockets.udp_ports[0][0] && first.udp_ports[0][0] != 0 && first.udp_ports[1][0] == 0);
	expect(r, first.tcp_ports[0][0] == setup.sockets.tcp_ports[0][0] && first.tcp_ports[0][0] != 0);
	expect(r, IN6_ARE_ADDR_EQUAL(&first.addrs[0], &server));
	names_close(&setup.sockets);
	w->client = socket(AF_INET, SOCK_DGRAM, 0);
	expect(r, connect(w->client, (struct sockaddr *)&service, sizeof(service)) == 0);
}

static size_t question(unsigned char *m, const char *name, uint16_t type, uint16_t id)
{
	unsigned char *p = m + 12;

	memset(m, 0, 12);
	m[0] = (unsigned char)(id >> 8);
	m[1] = (unsigned char)id;
	m[2] = 1;
	m[5] = 1;
	while (*name) {
		size_t n = strcspn(name, ".");

		*p++ = (unsigned char)n;
		memcpy(p, name, n);
		p += n;
		name += n + (name[n] == '.');
	}
	*p++ = 0;
	*p++ = (unsigned char)(type >> 8);
	*p++ = (unsigned char)type;
	*p++ = 0;
	*p++ = 1;
	return (size_t)(p - m);
}

static bool comes(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, ms) > 0;
}

struct reply {
	unsigned char m[8192];
	ssize_t len;
	int rcode, answers;
	bool truncated;
};

static void take(int client, struct reply *a)
{
	a->len = comes(client, 10000) ? recv(client, a->m, sizeof(a->m), 0) : -1;
	a->rcode = a->len < 12 ? -1 : a->m[3] & 15;
	a->answers = a->len < 12 ? -1 : a->m[6] << 8 | a->m[7];
	a->truncated = a->len >= 12 && a->m[2] & 2;
}

/* Asks; if the service wants addresses let in, lets them in. */
static void ask(const struct world *w, const char *name, uint16_t type, struct names_report *rep, struct reply *a)
{
	unsigned char m[512];
	size_t len = question(m, name, type, 0x1234);

	memset(rep, 0, sizeof(*rep));
	send(w->client, m, len, 0);
	for (;;) {
		struct pollfd p[2] = { { .fd = w->client, .events = POLLIN }, { .fd = w->supervisor, .events = POLLIN } };

		if (poll(p, 2, limit_ms()) <= 0)
			break;
		if (p[1].revents) {
			struct names_reply ok = { 0 };

			recv(w->supervisor, rep, sizeof(*rep), 0);
			ok.seq = rep->seq;
			if (rep->what == NAMES_LEARNED)
				send(w->supervisor, &ok, sizeof(ok), 0);
			continue;
		}
		break;
	}
	take(w->client, a);
}

/* --- tests ------------------------------------------------------------------------------------------------------------- */

static void names_are_learned_first(struct report *r, const void *arg)
{
	static struct names_report rep;
	static struct reply a;
	struct world w;
	unsigned char m[512];
	char text[64];

	(void)arg;
	make_world(r, &w);
	/* not answered before the supervisor has said so */
	send(w.client, m, question(m, "A.Test", ns_t_a, 77), 0);
	expect(r, comes(w.supervisor, 10000) && recv(w.supervisor, &rep, sizeof(rep), 0) == (ssize_t)NAMES_REPORT_SIZE(1));
	expect(r, !comes(w.client, 50));
	expect(r, strcmp(rep.name, "a.test") == 0 && rep.ttl == 1 && rep.n == 1);
	inet_ntop(AF_INET6, &rep.addrs[0], text, sizeof(text));
	expect(r, strcmp(text, "::ffff:192.0.2.1") == 0);
	expect(r, send(w.supervisor, &(struct names_reply){ .seq = rep.seq }, sizeof(struct names_reply), 0) > 0);
	take(w.client, &a);
	expect(r, a.rcode == 0 && a.answers == 1 && a.m[0] == 0 && a.m[1] == 77 && memcmp(a.m + 13, "A\4Test", 6) == 0);
	/* refused by the supervisor: no answer */
	send(w.client, m, question(m, "c.test", ns_t_a, 78), 0);
	expect(r, comes(w.supervisor, 10000) && recv(w.supervisor, &rep, sizeof(rep), 0) > 0);
	expect(r, send(w.supervisor, &(struct names_reply){ .seq = rep.seq, .error = ENOSPC }, sizeof(struct names_reply), 0) > 0);
	take(w.client, &a);
	expect(r, a.rcode == ns_r_servfail && a.answers == 0);
}

static void answers_are_made_anew(struct report *r, const void *arg)
{
	static struct names_report rep;
	static struct reply a;
	struct world w;

	(void)arg;
	make_world(r, &w);
	ask(&w, "c.test", ns_t_a, &rep, &a);
	expect(r, a.rcode == 0 && a.answers == 2 && rep.n == 1 && rep.ttl == 30 && strcmp(rep.name, "c.test") == 0);
	ask(&w, "a.test", ns_t_aaaa, &rep, &a);
	expect(r, a.rcode == 0 && a.answers == 0 && rep.n == 0);
	ask(&w, "none.test", ns_t_a, &rep, &a);
	expect(r, a.rcode == ns_r_nxdomain);
	ask(&w, "h.test", MESSAGE_T_HTTPS, &rep, &a);
	expect(r, a.rcode == 0 && a.answers == 1 && a.len == 12 + 12 + 12 + 10);
	/* truncated upstream, so by TCP; the client without EDNS gets a truncated one */
	ask(&w, "big.test", ns_t_a, &rep, &a);
	expect(r, a.rcode == 0 && a.truncated && a.answers == 0 && rep.n == 100);
	expect(r, seen->tcp == 1);
	/* nobody answers: SERVFAIL, not silence */
	ask(&w, "slow.test", ns_t_a, &rep, &a);
	expect(r, a.rcode == ns_r_servfail);
}

static void other_names_do_not_leave(struct report *r, const void *arg)
{
	static const char *const no[] = { "secret.example", "x.a.test.evil", "one.test", "x.y.one.test", "any.test", "atest", "xa.test" };
	static const char *const yes[] = { "x.one.test", "x.any.test", "x.y.any.test" };
	static struct names_report rep;
	static struct reply a;
	struct world w;
	int before;

	(void)arg;
	make_world(r, &w);
	for (size_t i = 0; i < ARRAY_SIZE(no); i++) {
		ask(&w, no[i], i % 2 ? ns_t_aaaa : ns_t_txt, &rep, &a);
		expect(r, a.rcode == ns_r_nxdomain && rep.what == NAMES_REFUSED && strcmp(rep.name, no[i]) == 0);
	}
	expect(r, seen->udp == 0 && seen->tcp == 0);
	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		ask(&w, yes[i], ns_t_a, &rep, &a);
		expect(r, a.rcode == 0);
	}
	before = seen->udp;
	expect(r, before >= 3 && seen->other == 0);
	/* a flood of names that no rule covers: nothing leaves, and the service still answers */
	for (int i = 0; i < 20000; i++) {
		unsigned char m[512];
		char name[64];

		snprintf(name, sizeof(name), "data%d.tunnel.example", i);
		send(w.client, m, question(m, name, ns_t_txt, 9), MSG_DONTWAIT);
	}
	while (comes(w.client, 200))
		(void)!recv(w.client, a.m, sizeof(a.m), 0);
	while (comes(w.supervisor, 0))
		(void)!recv(w.supervisor, &rep, sizeof(rep), 0);
	ask(&w, "a.test", ns_t_a, &rep, &a);
	expect(r, a.rcode == 0 && a.answers == 1 && seen->other == 0);
}

/* glibc: both questions on one connection; and what is no question at all. */
static void connections_serve_several(struct report *r, const void *arg)
{
	struct sockaddr_in service = at(SERVICE, 53);
	static struct names_report rep;
	unsigned char m[1024], in[2];
	struct world w;
	size_t n1, n2;
	int c;

	(void)arg;
	make_world(r, &w);
	c = socket(AF_INET, SOCK_STREAM, 0);
	expect(r, connect(c, (struct sockaddr *)&service, sizeof(service)) == 0);
	n1 = question(m + 2, "a.test", ns_t_a, 1);
	m[0] = 0;
	m[1] = (unsigned char)n1;
	n2 = question(m + n1 + 4, "a.test", ns_t_aaaa, 2);
	m[n1 + 2] = 0;
	m[n1 + 3] = (unsigned char)n2;
	expect(r, send(c, m, 5, 0) == 5 && send(c, m + 5, n1 + n2 - 1, 0) > 0);
	expect(r, recv(w.supervisor, &rep, sizeof(rep), 0) > 0);
	expect(r, send(w.supervisor, &(struct names_reply){ .seq = rep.seq }, sizeof(struct names_reply), 0) > 0);
	for (int i = 0; i < 2; i++) {
		size_t len;

		expect(r, recv(c, in, 2, MSG_WAITALL) == 2);
		len = (size_t)in[0] << 8 | in[1];
		expect(r, recv(c, m, len, MSG_WAITALL) == (ssize_t)len);
	}
	/* a length that no question has ends the connection; rubbish by datagram is not answered */
	expect(r, send(c, "\377\377xx", 4, 0) == 4 && recv(c, in, 1, 0) <= 0);
	expect(r, send(w.client, "rubbish", 7, 0) == 7 && !comes(w.client, 100));
	/* the supervisor's end is the service's */
	close(w.supervisor);
	expect(r, waitpid(w.service, &(int){ 0 }, 0) == w.service);
}

static void check(void (*body)(struct report *, const void *))
{
	child_ok(body, NULL);
}

static void test_learned(void **state)
{
	(void)state;
	check(names_are_learned_first);
}

static void test_anew(void **state)
{
	(void)state;
	check(answers_are_made_anew);
}

static void test_others(void **state)
{
	(void)state;
	check(other_names_do_not_leave);
}

static void test_connections(void **state)
{
	(void)state;
	check(connections_serve_several);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_learned),
		cmocka_unit_test(test_anew),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_connections),
	};

	return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
