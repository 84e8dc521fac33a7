// SPDX-License-Identifier: Apache-2.0
/* test-policy-addrset.c - the sorted sets say what a walk over all rules says, and do not feel 10,000 of them */
#include <time.h>

#include "policy-naive.h"
#include "policy-util.h"

/* The plain truth: the first entry that contains the address and the port. */
static int naive_find(const struct addrset_entry *e, size_t n, const struct in6_addr *a, uint16_t port)
{
	for (size_t i = 0; i < n; i++)
		if (e[i].lo <= port && port <= e[i].hi && naive_contains(&e[i].net, a))
			return (int)e[i].rule;
	return -1;
}

/* Addresses from a small world, so that prefixes nest, meet and repeat: a few bits differ, in places that matter. */
static struct in6_addr small_world(uint64_t *s)
{
	static const char *const base[] = { "10.0.0.0", "10.0.0.0", "0.0.0.0", "255.255.255.255", "2001:db8::",
					    "2001:db8::", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
					    "64:ff9b::10.0.0.0", "::fffe:0:0", "0:0:0:1::" };
	struct in6_addr a = util_addr(base[util_random(s) % ARRAY_SIZE(base)]);

	for (unsigned int flips = util_random(s) % 4; flips; flips--) {
		unsigned int bit = canonical_is_v4(&a) ? 96 + util_random(s) % 32 : util_random(s) % 128;

		a.s6_addr[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
	}
	return a;
}

static struct addrset_entry random_entry(uint64_t *s, uint32_t rule)
{
	static const uint16_t ports[] = { 0, 1, 79, 80, 81, 443, 1024, 65534, 65535 };
	struct addrset_entry e = { .net.addr = small_world(s), .rule = rule };
	uint16_t a = ports[util_random(s) % ARRAY_SIZE(ports)], b = ports[util_random(s) % ARRAY_SIZE(ports)];
	unsigned int bits = canonical_is_v4(&e.net.addr) ? 32 : 128;

	e.net.len = (uint8_t)(128 - util_random(s) % (bits + 1));
	canonical_mask(&e.net);
	e.lo = a < b ? a : b;
	e.hi = a < b ? b : a;
	if (util_random(s) % 4 == 0) {
		e.lo = 0;
		e.hi = 65535;
	}
	return e;
}

static void sets_agree_with_a_walk_over_all_rules(void **state)
{
	uint64_t seed = 20240607;

	(void)state;
	for (unsigned int round = 0; round < 400; round++) {
		size_t n = util_random(&seed) % 60;
		struct addrset_entry e[60], sorted[60];
		struct addrset set;

		for (size_t i = 0; i < n; i++)
			e[i] = sorted[i] = random_entry(&seed, (uint32_t)i);
		addrset_build(&set, sorted, n);
		for (unsigned int i = 0; i < 500; i++) {
			struct in6_addr a = small_world(&seed);
			uint16_t port = i % 2 ? (uint16_t)util_random(&seed) : (uint16_t[]){ 0, 80, 443, 65535 }[i / 2 % 4];
			int want = naive_find(e, n, &a, port), got = addrset_find(&set, &a, port, 0, 128).rule;

			if (want != got)
				fail_msg("round %u: rule %d, not %d", round, got, want);
		}
		addrset_free(&set);
	}
}

static void runs_of_ports_are_sorted_disjoint_and_name_the_first_rule(void **state)
{
	uint64_t seed = 77;

	(void)state;
	for (unsigned int round = 0; round < 300; round++) {
		size_t n = 1 + util_random(&seed) % 40, n_out;
		struct addrset_entry e[40], copy[40];
		struct addrset_ports out[80];

		for (size_t i = 0; i < n; i++) {
			uint16_t lo = (uint16_t)(util_random(&seed) % 300), len = (uint16_t)(util_random(&seed) % 60);

			e[i] = (struct addrset_entry){ .lo = lo, .hi = (uint16_t)(lo + len), .rule = (uint32_t)i };
			if (util_random(&seed) % 10 == 0)
				e[i].hi = 65535;
		}
		memcpy(copy, e, sizeof(e));
		n_out = addrset_sweep(copy, n, out);
		assert_true(n_out >= 1 && n_out <= 2 * n);
		for (size_t i = 0; i < n_out; i++) {
			assert_true(out[i].lo <= out[i].hi);
			if (i)
				assert_true(out[i - 1].hi < out[i].lo);
		}
		for (unsigned int port = 0; port <= 400; port++) {
			int want = -1;

			for (size_t i = 0; i < n && want < 0; i++)
				if (e[i].lo <= port && port <= e[i].hi)
					want = (int)i;
			assert_int_equal(addrset_find_port(out, n_out, (uint16_t)port), want);
		}
		assert_int_equal(addrset_find_port(out, n_out, 65535) >= 0, out[n_out - 1].hi == 65535);
	}
}

static void every_prefix_length_nests_in_the_next(void **state)
{
	struct addrset_entry e[129];
	struct in6_addr a = util_addr("2001:db8:1234:5678:9abc:def0:1234:5678");
	struct addrset set;

	(void)state;
	/* Length l allows port l alone: so a hit proves that the walk reached that ancestor. */
	for (unsigned int l = 0; l <= 128; l++) {
		e[l] = (struct addrset_entry){ .net = { a, (uint8_t)l }, .lo = (uint16_t)l, .hi = (uint16_t)l, .rule = l };
		canonical_mask(&e[l].net);
	}
	addrset_build(&set, e, 129);
	for (unsigned int l = 0; l <= 128; l++) {
		struct in6_addr other = a;

		assert_int_equal(addrset_find(&set, &a, (uint16_t)l, 0, 128).rule, (int)l);
		if (!l)
			continue;
		other.s6_addr[(l - 1) / 8] ^= (uint8_t)(0x80 >> (l - 1) % 8);
		assert_int_equal(addrset_find(&set, &other, (uint16_t)l, 0, 128).rule, -1);
		assert_int_equal(addrset_find(&set, &other, (uint16_t)(l - 1), 0, 128).rule, (int)l - 1);
	}
	addrset_free(&set);
}

static void all_of_ipv6_is_not_ipv4(void **state)
{
	struct policy *p = util_policy("net-allow", "::/0");
	struct policy *q = util_policy("net-allow", "0.0.0.0/0");

	(void)state;
	assert_true(util_check(p, POLICY_TCP, "2001:db8::1", 80).allowed);
	assert_false(util_check(p, POLICY_TCP, "10.0.0.1", 80).allowed);
	assert_false(util_check(p, POLICY_TCP, "::ffff:10.0.0.1", 80).allowed);
	assert_false(util_check(q, POLICY_TCP, "2001:db8::1", 80).allowed);
	assert_true(util_check(q, POLICY_TCP, "::ffff:10.0.0.1", 80).allowed);
	policy_free(p);
	policy_free(q);
}

/* --- 10,000 rules ------------------------------------------------------------------------------------ */

#define N_PROBES 20000

static double cpu_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double time_verdicts(const struct policy *p, const struct in6_addr *probes)
{
	double begin = cpu_now();
	volatile unsigned int sink = 0;

	for (unsigned int i = 0; i < N_PROBES; i++) {
		struct policy_dest d = { .proto = POLICY_TCP, .addr = probes[i % 1000], .port = (uint16_t)i };

		sink += policy_check(p, &d).allowed;
	}
	return cpu_now() - begin;
}

/* Each rule with an exception, if @except: as many tokens again. */
static void list_of(char *s, unsigned int n, bool except)
{
	for (unsigned int i = 0; i < n; i++) {
		unsigned int a = 1 + i % 200, b = i / 200 % 256, c = i % 7;

		s += sprintf(s, "%u.%u.%u.0/%u:%u ", a, b, c, 24 + i % 9, 1 + i);
		if (except)
			s += sprintf(s, "!%u.%u.%u.0 ", a, b, c);
	}
}

static void ten_thousand_rules_are_not_felt(void **state)
{
	autofree char *list = xcalloc(10000, 40);
	autofree struct in6_addr *probes = xcalloc(1000, sizeof(*probes));
	double ten = 1e9, many = 1e9, begin, sorted, walk;
	struct policy *few, *p;
	struct addrset_entry *e;
	uint64_t seed = 5;
	volatile int sink = 0;

	(void)state;
	for (unsigned int i = 0; i < 1000; i++)
		probes[i] = canonical_v4((1 + util_random(&seed) % 200) << 24 | util_random(&seed) % 0xffff << 8 | i % 256);
	list_of(list, 10, false);
	few = util_policy("net-deny", list);
	list_of(list, 10000, false);
	p = util_policy("net-deny", list);
	assert_int_equal(p->n_rules, 10000);
	/* The best of several: others use this machine, too. */
	for (unsigned int i = 0; i < 5; i++) {
		double t = time_verdicts(few, probes), u = time_verdicts(p, probes);

		ten = t < ten ? t : ten;
		many = u < many ? u : many;
	}
	/* A thousand times the rules: measured about 4 times the time, all of it cache misses. */
	if (many > 30 * ten)
		fail_msg("10 rules: %g s, 10,000 rules: %g s", ten, many);

	/* And against the walk, of which 1 % of the probes must do. */
	e = xcalloc(p->n_rules, sizeof(*e));
	for (size_t i = 0; i < p->n_rules; i++)
		e[i] = (struct addrset_entry){ p->rules[i].net, p->ranges[p->rules[i].range].lo,
					       p->ranges[p->rules[i].range].hi, (uint32_t)i, 0 };
	begin = cpu_now();
	for (unsigned int i = 0; i < N_PROBES / 100; i++)
		sink += naive_find(e, p->n_rules, &probes[i % 1000], (uint16_t)i);
	walk = (cpu_now() - begin) * 100;
	sorted = many;
	if (sorted * 20 > walk)
		fail_msg("sorted: %g s, walk: %g s", sorted, walk);
	free(e);
	policy_free(few);
	policy_free(p);
}

static void exceptions_cost_nothing(void **state)
{
	autofree char *list = xcalloc(20000, 40);
	autofree struct in6_addr *probes = xcalloc(1000, sizeof(*probes));
	double plain = 1e9, excepted = 1e9, t_plain, t_excepted;
	struct policy *p, *q;
	uint64_t seed = 5;

	(void)state;
	for (unsigned int i = 0; i < 1000; i++)
		probes[i] =
			canonical_v4((1 + util_random(&seed) % 200) << 24 | util_random(&seed) % 0xffff << 8 | i % 256);
	t_plain = cpu_now();
	list_of(list, 10000, false);
	p = util_policy("net-deny", list);
	t_plain = cpu_now() - t_plain;
	t_excepted = cpu_now();
	list_of(list, 10000, true);
	q = util_policy("net-deny", list);
	t_excepted = cpu_now() - t_excepted;
	assert_int_equal(q->n_rules, 20000);
	for (unsigned int i = 0; i < 7; i++) {
		double t = time_verdicts(p, probes), u = time_verdicts(q, probes);

		plain = t < plain ? t : plain;
		excepted = u < excepted ? u : excepted;
	}
	fprintf(stderr,
		"  10,000 rules: %.0f ns a verdict, %.1f ms to compile; with an exception each: %.0f ns, %.1f ms\n",
		plain / N_PROBES * 1e9, t_plain * 1e3, excepted / N_PROBES * 1e9, t_excepted * 1e3);
	assert_true(excepted < 2.5 * plain);
	/* Twice the tokens. */
	assert_true(t_excepted < 8 * t_plain + 0.05);
	assert_false(util_check(q, POLICY_TCP, "1.0.0.1", 1).allowed);
	assert_true(util_check(q, POLICY_TCP, "1.0.0.0", 1).allowed);
	policy_free(p);
	policy_free(q);
}

/* Exceptions of one port each, below rules of one port each, at any address and within: all pairs would be 10^8. */
static void useless_exceptions_are_found_in_linear_time(void **state)
{
	autofree char *list = xcalloc(20000, 40);
	char *s = list;
	double began = cpu_now();
	struct policy *p;

	(void)state;
	for (unsigned int i = 0; i < 10000; i++)
		s += sprintf(s, "*:%u !10.%u.%u.0/24:%u ", 2 * i + 1, i / 250, i % 250, 2 * i + 1);
	p = util_policy("net-deny", list);
	fprintf(stderr, "  10,000 ports, 10,000 exceptions: %.0f ms\n", (cpu_now() - began) * 1e3);
	assert_true(cpu_now() - began < 5);
	assert_true(util_check(p, POLICY_TCP, "10.3.7.1", 2 * (3 * 250 + 7) + 1).allowed);
	assert_false(util_check(p, POLICY_TCP, "10.3.8.1", 2 * (3 * 250 + 7) + 1).allowed);
	policy_free(p);
}

/* The shape that would be quadratic if each address held all of its ports: 5,000 hosts and 5,000 ports of any. */
static void hosts_and_any_address_ports_do_not_multiply(void **state)
{
	autofree char *list = xcalloc(10000, 24);
	char *s = list;
	struct policy *p;

	(void)state;
	for (unsigned int i = 0; i < 5000; i++)
		s += sprintf(s, "10.%u.%u.1,:%u,", i / 256, i % 256, 1 + 2 * i);
	p = util_policy("net-allow", list);
	assert_int_equal(p->sets[LIST_ALLOW][POLICY_TCP].v4.n, 5001);
	assert_true(p->sets[LIST_ALLOW][POLICY_TCP].v4.n_ports == 10000);
	assert_true(util_check(p, POLICY_TCP, "10.3.7.1", 9999).allowed);
	assert_true(util_check(p, POLICY_TCP, "10.3.7.1", 2).allowed);
	assert_true(util_check(p, POLICY_TCP, "10.3.7.2", 9999).allowed);
	assert_false(util_check(p, POLICY_TCP, "10.3.7.2", 10000).allowed);
	policy_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sets_agree_with_a_walk_over_all_rules),
		cmocka_unit_test(runs_of_ports_are_sorted_disjoint_and_name_the_first_rule),
		cmocka_unit_test(every_prefix_length_nests_in_the_next),
		cmocka_unit_test(all_of_ipv6_is_not_ipv4),
		cmocka_unit_test(ten_thousand_rules_are_not_felt),
		cmocka_unit_test(exceptions_cost_nothing),
		cmocka_unit_test(useless_exceptions_are_found_in_linear_time),
		cmocka_unit_test(hosts_and_any_address_ports_do_not_multiply),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
