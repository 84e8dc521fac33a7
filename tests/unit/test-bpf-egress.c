// SPDX-License-Identifier: Apache-2.0
/* test-bpf-egress.c - the cgroup program and policy_check() say the same of the same destinations
 *
 * UDP and TCP connects in the cgroup: the program runs before the kernel looks for a route, so nothing needs to be there.
 */
#include "sup-util.h"

static unsigned int seed = 1;

static unsigned int rnd(unsigned int n)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 8) % n;
}

/* Few bits, so that prefixes nest and destinations hit them. */
static void random_address(char *out, size_t size, bool v6)
{
	static const char *const six[] = { "2001:db8::%x", "2001:db8:%x::1", "64:ff9b::a00:%x", "fe80::%x", "::%x", "::ffff:10.0.0.%u" };

	if (v6)
		snprintf(out, size, six[rnd(6)], rnd(8));
	else
		snprintf(out, size, "%u.%u.%u.%u", rnd(4) ? 10 : 0, rnd(2), rnd(4) ? 0 : 128, rnd(6));
}

static void random_rules(char *out, size_t size)
{
	static const char *const schemes[] = { "", "tcp://", "udp://" };
	static const char *const sets[] = { "private", "metadata", "loopback", "multicast" };
	unsigned int n = 1 + rnd(12);

	out[0] = '\0';
	for (unsigned int i = 0; i < n; i++) {
		char rule[160], addr[64], ports[64] = "";
		bool v6 = rnd(3) == 0;

		random_address(addr, sizeof(addr), v6);
		if (rnd(2))
			snprintf(ports, sizeof(ports), rnd(2) ? ":%u" : ":%u-9000", 50 + rnd(6));
		if (rnd(9) == 0)
			strcat(out, "!");
		if (rnd(10) == 0)
			snprintf(rule, sizeof(rule), "%s%s%s", schemes[rnd(3)], sets[rnd(4)], ports);
		else if (v6)
			snprintf(rule, sizeof(rule), "%s[%s/%u]%s", schemes[rnd(3)], addr, rnd(3) ? 128 - rnd(8) : rnd(129), ports);
		else
			snprintf(rule, sizeof(rule), "%s%s/%u%s", schemes[rnd(3)], addr, rnd(3) ? 32 - rnd(8) : rnd(33), ports);
		strcat(out, rule);
		strcat(out, ",");
		if (strlen(out) + sizeof(rule) > size)
			break;
	}
}

/* Of a list or both, with name servers and (now and then) a loopback of its own. NULL: an exception takes nothing away. */
static struct policy *random_policy(char *allow, char *deny, size_t size)
{
	struct policy_facts facts = { .own_network = rnd(2), .n_resolvers = 2 };
	unsigned int what = rnd(3);
	struct oci_pair pairs[] = {
		{ (char *)(uintptr_t) "io.sandlock.net-deny", deny },
		{ (char *)(uintptr_t) "io.sandlock.net-allow", allow },
		{ (char *)(uintptr_t) "io.sandlock.allow-udp", (char *)(uintptr_t) "true" },
	};
	struct oci_map map = { what == 0 ? pairs + 1 : pairs, what == 0 ? 2 : what == 1 ? 1 : 3 };
	struct policy *p = NULL;
	struct err e = { 0 };

	inet_pton(AF_INET6, "::ffff:10.0.0.1", &facts.resolvers[0]);
	inet_pton(AF_INET6, "fe80::3", &facts.resolvers[1]);
	random_rules(allow, size);
	random_rules(deny, size);
	if (policy_parse(&map, &facts, &p, &e) < 0 && !strstr(e.msg, "takes nothing away"))
		fail_msg("%s", e.msg);
	return p;
}

static int compare_one(const struct policy *p, int proto, bool v6, uint16_t port)
{
	struct policy_dest d = { .proto = proto == IPPROTO_TCP ? POLICY_TCP : POLICY_UDP, .port = port };
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(port) };
	char text[64];
	bool refused;
	int s, r;

	random_address(text, sizeof(text), v6);
	if (v6) {
		if (inet_pton(AF_INET6, text, &sin6.sin6_addr) != 1)
			return 0;
		d.addr = sin6.sin6_addr;
	} else {
		inet_pton(AF_INET, text, &sin.sin_addr);
		d.addr.s6_addr[10] = d.addr.s6_addr[11] = 0xff;
		memcpy(&d.addr.s6_addr[12], &sin.sin_addr, 4);
	}
	s = socket(v6 ? AF_INET6 : AF_INET, (proto == IPPROTO_TCP ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK, 0);
	CHECK(s >= 0);
	errno = 0;
	r = v6 ? connect(s, SA(sin6)) : connect(s, SA(sin));
	refused = r < 0 && errno == ECONNREFUSED;
	close(s);
	if (refused == policy_check(p, &d).allowed) {
		fprintf(stderr, "%s %s port %u: program says %s (%s)\n", proto == IPPROTO_TCP ? "tcp" : "udp", text, port,
			refused ? "no" : "yes", strerrorname_np(errno));
		return __LINE__;
	}
	return 0;
}

static int compare_body(const struct policy *p, const char *cgroup)
{
	util_join_cgroup(cgroup);
	for (int i = 0; i < 1500; i++) {
		int line = compare_one(p, rnd(4) ? IPPROTO_UDP : IPPROTO_TCP, rnd(2), (uint16_t)(48 + rnd(10)));

		if (line)
			return line;
	}
	return 0;
}

static void test_same_verdicts(void **state)
{
	unsigned int ran = 0;

	(void)state;
	for (int i = 0; i < 400; i++) {
		char allow[2400], deny[2400], cgroup[128];
		bool active;
		struct policy *p = random_policy(allow, deny, sizeof(deny));
		struct err e;
		int fd, log, status;
		pid_t pid;

		if (!p)
			continue;
		fd = util_cgroup(cgroup, sizeof(cgroup));
		assert_int_equal(confine_bpf_attach(p, fd, &active, &log, &e), 0);
		fd_close(&fd);
		if (active) {
			ran++;
			pid = fork();
			if (pid == 0)
				_exit(compare_body(p, cgroup) != 0);
			seed += 77777;
			waitpid(pid, &status, 0);
			if (status)
				fprintf(stderr, "allow %s\ndeny %s\n", allow, deny);
			assert_int_equal(status, 0);
			close(log);
		}
		rmdir(cgroup);
		policy_free(p);
	}
	if (!ran)
		skip();
	assert_true(ran > 100);
}

static void test_many_rules(void **state)
{
	size_t size = 400000, n = 0;
	char *rules = calloc(1, size), cgroup[128];
	const char *kv[] = { "net-deny", rules, NULL };
	struct policy *p;
	struct err e;
	bool active;
	int fd, log;
	int64_t t;

	(void)state;
	for (unsigned int i = 0; i < 10000; i++)
		n += (size_t)snprintf(rules + n, size - n, "10.%u.%u.0/24:%u ", i / 256, i % 256, 1 + i);
	p = util_policy(kv);
	fd = util_cgroup(cgroup, sizeof(cgroup));
	t = util_now_us();
	assert_int_equal(confine_bpf_attach(p, fd, &active, &log, &e), 0);
	fprintf(stderr, "  10000 rules: %s in %lld us\n", active ? "attached" : "not attached", (long long)(util_now_us() - t));
	fd_close(&fd);
	fd_close(&log);
	rmdir(cgroup);
	policy_free(p);
	free(rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_verdicts),
		cmocka_unit_test(test_many_rules),
	};

	return cmocka_run_group_tests_name("cgroup program", tests, util_network, NULL);
}
