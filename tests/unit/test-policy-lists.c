// SPDX-License-Identifier: Apache-2.0
/* test-policy-lists.c - both lists, exceptions, own loopback, name servers: what is allowed, and that the kernel's copies say the same
 *
 * The truth is a walk over the rules (policy-naive.h), of policies made at random in a small world, and a table of what people
 * would expect.
 */
#include <time.h>

#include "policy-naive.h"
#include "policy-util.h"

#define T POLICY_TCP
#define U POLICY_UDP
#define I POLICY_ICMP

static struct policy_facts own = { .own_network = true, .n_resolvers = 3 };

static int make_facts(void **state)
{
	(void)state;
	own.resolvers[0] = util_addr("10.0.2.3");
	own.resolvers[1] = util_addr("fd00::3");
	own.resolvers[2] = util_addr("127.0.0.11");
	return 0;
}

static const struct {
	const char *allow, *deny; /* NULL: not there */
	bool own;
	const char *dns;
	const char *yes, *no; /* "t10.0.0.1:80", blanks between */
} table[] = {
	/* both lists: deny wins, order never matters */
	{ "*", "private", false, NULL, "t8.8.8.8:80", "t10.0.0.1:80 u8.8.8.8:80 i8.8.8.8:0" },
	{ "10.0.0.0/8", "10.0.0.1 10.1.0.0/16:25", false, NULL, "t10.0.0.2:80 t10.1.0.1:80",
	  "t10.0.0.1:80 t10.1.0.1:25 t11.0.0.1:80" },
	{ "", "10.0.0.1", false, NULL, "", "t10.0.0.1:80 t8.8.8.8:80" },
	/* exceptions: from their own list alone */
	{ "10.0.0.0/8 !10.0.0.1", NULL, false, NULL, "t10.0.0.2:80", "t10.0.0.1:80" },
	{ "!10.0.0.1 10.0.0.0/8 10.0.0.1:80", NULL, false, NULL, "t10.0.0.2:80", "t10.0.0.1:80" },
	{ "10.0.0.0/8 !10.0.0.1:80", NULL, false, NULL, "t10.0.0.1:81", "t10.0.0.1:80" },
	{ "udp://10.0.0.0/8 !10.0.0.1", NULL, false, NULL, "u10.0.0.2:80", "u10.0.0.1:80" },
	{ NULL, "private !10.1.2.3:5432", false, NULL, "t10.1.2.3:5432 u10.1.2.3:5432 t8.8.8.8:80",
	  "t10.1.2.3:5433 i10.1.2.3:0" },
	{ NULL, "private !10.1.2.3", false, NULL, "t10.1.2.3:1 u10.1.2.3:2 i10.1.2.3:0", "t10.1.2.4:1" },
	{ "10.1.2.4", "private !10.1.2.3", false, NULL, "", "t10.1.2.3:1 t10.1.2.4:1" },
	{ "10.0.0.0/8", "10.0.0.0/8 !10.1.2.3", false, NULL, "t10.1.2.3:1", "t10.1.2.4:1" },
	{ NULL, "0.0.0.0/0 !10.0.0.0/8 10.0.0.0/16", false, NULL, "t10.1.0.1:1 t10.0.0.1:1 t2001:db8::1:1",
	  "t11.0.0.1:1" },
	{ "*,!:25", NULL, false, NULL, "t8.8.8.8:80", "t8.8.8.8:25 t2001:db8::1:25" },
	/* carriers' and clouds' own */
	{ NULL, "private", false, NULL, "t100.63.255.255:1 t100.128.0.0:1",
	  "t100.64.0.0:1 t100.127.255.255:1 t100.100.100.200:80" },
	{ NULL, "metadata", false, NULL, "t169.254.169.253:80",
	  "t169.254.169.254:80 tfd00:ec2::254:80 t100.100.100.200:80" },
	/* 0.0.0.0 and :: are loopback, and what holds them holds them */
	{ NULL, "0.0.0.0/8", false, NULL, "t127.0.0.1:80 t::1:80",
	  "t0.0.0.0:80 t::ffff:0.0.0.0:80 t64:ff9b::0.0.0.0:80 t0.1.2.3:80" },
	{ NULL, "0.0.0.0/8", true, NULL, "t127.0.0.1:80", "t0.0.0.0:80" },
	{ NULL, "0.0.0.0/31", false, NULL, "t127.0.0.1:80", "t0.0.0.0:80" },
	{ NULL, "::/64", false, NULL, "t127.0.0.1:80", "t:::80 t::1:80" },
	{ NULL, "::/127", false, NULL, "t127.0.0.1:80 t::2:80", "t:::80 t::1:80" },
	{ NULL, "0.0.0.0/0", true, NULL, "", "t0.0.0.0:80 t127.0.0.1:80" },
	{ NULL, "0.0.0.0", false, NULL, "t0.0.0.1:80", "t0.0.0.0:80 t127.0.0.1:80" },
	{ "* !0.0.0.0/8", NULL, false, NULL, "t127.0.0.1:80", "t0.0.0.0:80" },
	{ "127.0.0.1 ::1", NULL, false, NULL, "t0.0.0.0:80 t:::80", "t10.0.0.1:80" },
	{ "::1", NULL, false, NULL, "t::1:80", "t:::80" },
	/* own loopback is no egress */
	{ "", NULL, true, NULL, "t127.0.0.1:80 u127.1.2.3:53 i127.0.0.1:0 t::1:80 t0.0.0.0:80 t:::80",
	  "t10.0.0.1:80 t127.0.0.11:80 u127.0.0.11:53" },
	{ "", NULL, false, NULL, "", "t127.0.0.1:80 t::1:80" },
	{ NULL, "private", true, NULL, "t127.0.0.1:80 u127.9.9.9:1 t::1:80", "t127.0.0.11:80 t169.254.0.1:80" },
	{ NULL, "private", false, NULL, "", "t127.0.0.1:80 t::1:80" },
	{ NULL, "loopback", true, NULL, "t10.0.0.1:80", "t127.0.0.1:80 t::1:80 t0.0.0.0:80 t:::80" },
	{ NULL, "127.0.0.1:5432", true, NULL, "t127.0.0.1:80 t127.0.0.2:5432", "t127.0.0.1:5432 t0.0.0.0:5432" },
	{ NULL, ":25", true, NULL, "t127.0.0.1:25 t0.0.0.0:25 t:::25", "t10.0.0.1:25" },
	{ NULL, "*", true, NULL, "t127.0.0.1:25 t::1:1", "t10.0.0.1:25 u10.0.2.3:53" },
	{ "* !private", NULL, true, NULL, "t127.0.0.1:80 t8.8.8.8:80", "t10.0.0.1:80 t10.0.2.3:80" },
	{ ":443", "loopback", true, NULL, "t10.0.0.1:443", "t127.0.0.1:443 t127.0.0.1:80" },
	/* sets leave the name servers out, at port 53 */
	{ NULL, "private", true, NULL, "u10.0.2.3:53 t10.0.2.3:53 ufd00::3:53 u127.0.0.11:53",
	  "u10.0.2.3:54 t10.0.2.3:443 i10.0.2.3:0 u10.0.2.4:53" },
	{ NULL, "private", true, "open", "u10.0.2.3:53", "u10.0.2.4:53" },
	{ NULL, "private", true, "off", "t127.0.0.1:53", "u10.0.2.3:53 t10.0.2.3:53 ufd00::3:53 u127.0.0.11:53" },
	{ NULL, "10.0.0.0/8", true, NULL, "ufd00::3:53", "u10.0.2.3:53" },
	{ NULL, ":53", true, NULL, "u127.0.0.1:53", "u10.0.2.3:53 u127.0.0.11:53" },
	{ NULL, "loopback", true, NULL, "u127.0.0.11:53", "u127.0.0.11:54 u127.0.0.1:53" },
	{ NULL, "private resolver", true, NULL, "", "u10.0.2.3:53 u127.0.0.11:53" },
	{ NULL, "resolver", true, NULL, "t10.0.2.3:80 u10.0.2.4:53", "u10.0.2.3:53 tfd00::3:53" },
	{ NULL, "10.0.0.0/8 !resolver", true, NULL, "u10.0.2.3:53", "u10.0.2.3:80 u10.0.2.4:53" },
	{ "udp://resolver", NULL, true, NULL, "u10.0.2.3:53 ufd00::3:53 u127.0.0.11:53", "t10.0.2.3:53 u10.0.2.3:54" },
	{ "resolver", NULL, true, NULL, "t10.0.2.3:53", "u10.0.2.3:53 t10.0.2.3:54" },
	{ "private", NULL, true, NULL, "t10.0.2.3:53 t10.0.2.3:80", "t8.8.8.8:80" },
	{ "udp://* !private", NULL, true, NULL, "u10.0.2.3:53", "u10.0.2.3:54" },
	{ "udp://* !private", NULL, true, "off", "", "u10.0.2.3:53" },
	/* nothing known of the container: nothing is left out */
	{ NULL, "private", false, NULL, "", "u10.0.2.3:53 u127.0.0.11:53" },
};

static void expect(const struct policy *p, const char *words, bool allowed, const char *what)
{
	autofree char *copy = xstrdup(words);
	char *save = NULL;

	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
		char *colon = strrchr(w, ':');
		struct policy_dest d = { .proto = w[0] == 't' ? T : w[0] == 'u' ? U : I };
		struct policy_verdict v;

		*colon = '\0';
		d.addr = util_addr(w + 1);
		d.port = (uint16_t)strtoul(colon + 1, NULL, 10);
		v = policy_check(p, &d);
		if (v.allowed != allowed)
			fail_msg("%s: %s port %s is %s (rule %d, why %d)", what, w, colon + 1,
				 allowed ? "denied" : "allowed", v.rule, v.why);
		assert_int_equal(naive_allowed(p, &d), allowed);
	}
}

static void people_get_what_they_expect(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		const char *a[7] = { 0 };
		autofree char *what = xasprintf("row %zu: allow %s, deny %s", i, table[i].allow, table[i].deny);
		struct policy *p;
		size_t n = 0;

		if (table[i].allow) {
			a[n++] = "net-allow";
			a[n++] = table[i].allow;
		}
		if (table[i].deny) {
			a[n++] = "net-deny";
			a[n++] = table[i].deny;
		}
		if (table[i].dns) {
			a[n++] = "dns";
			a[n++] = table[i].dns;
		}
		util_facts = table[i].own ? &own : NULL;
		p = util_policy(a[0], a[1], a[2], a[3], a[4], a[5]);
		util_facts = NULL;
		expect(p, table[i].yes, true, what);
		expect(p, table[i].no, false, what);
		policy_free(p);
	}
}

/* --- at random ------------------------------------------------------------------------------------------------ */

static void random_addr(uint64_t *s, char *out, size_t size)
{
	static const char *const forms[] = {
		"10.0.%u.%u", "127.0.0.%u", "0.0.0.%u",		 "169.254.169.%u", "100.64.%u.%u",	  "8.8.%u.%u",
		"[fd00::%x]", "[::%x]",	    "[64:ff9b::a00:%x]", "[2001:db8::%x]", "[::ffff:127.0.0.%u]", "10.0.2.%u"
	};

	snprintf(out, size, forms[util_random(s) % ARRAY_SIZE(forms)], util_random(s) % 4, util_random(s) % 4);
}

static void random_list(uint64_t *s, char *out, size_t size, bool except)
{
	static const char *const sets[] = { "private",	 "loopback", "link-local", "metadata",
					    "multicast", "resolver", "*" };
	static const char *const schemes[] = { "", "", "tcp://", "udp://", "icmp://" };
	static const char *const ports[] = { "", "", ":53", ":80", ":52-54", ":1-65535" };

	out[0] = '\0';
	for (unsigned int n = 1 + util_random(s) % 8; n; n--) {
		const char *scheme = schemes[util_random(s) % ARRAY_SIZE(schemes)];
		const char *port = scheme[0] == 'i' ? "" : ports[util_random(s) % ARRAY_SIZE(ports)];
		char addr[64], spec[128];
		char *end;

		random_addr(s, addr, sizeof(addr));
		end = strchr(addr, ']');
		if (util_random(s) % 3 == 0)
			snprintf(addr, sizeof(addr), "%s", sets[util_random(s) % ARRAY_SIZE(sets)]);
		else if (end)
			snprintf(end, sizeof(addr) - (size_t)(end - addr), "/%u]",
				 128 - util_random(s) % (util_random(s) % 4 ? 6 : 129));
		else
			snprintf(addr + strlen(addr), sizeof(addr) - strlen(addr), "/%u",
				 32 - util_random(s) % (util_random(s) % 4 ? 6 : 33));
		if (addr[0] == '*' && !*port && scheme[0] != 'i')
			port = ":*"; /* alone it could be taken for one of a port list */
		snprintf(spec, sizeof(spec), "%s%s%s%s,", except && util_random(s) % 3 == 0 ? "!" : "", scheme, addr,
			 port);
		if (strlen(out) + strlen(spec) < size)
			strcat(out, spec);
	}
}

/* NULL: an exception took nothing away. */
static struct policy *random_policy(uint64_t *s)
{
	char allow[1200], deny[1200];
	const char *a[12] = { 0 };
	unsigned int what = util_random(s) % 3;
	struct policy *p;
	struct err e;
	size_t n = 0;

	random_list(s, allow, sizeof(allow), true);
	random_list(s, deny, sizeof(deny), true);
	if (what != 1) {
		a[n++] = "net-allow";
		a[n++] = allow;
		a[n++] = "allow-udp";
		a[n++] = util_random(s) % 2 ? "true" : "false";
		a[n++] = "allow-icmp";
		a[n++] = util_random(s) % 2 ? "true" : "false";
	}
	if (what != 0) {
		a[n++] = "net-deny";
		a[n++] = deny;
	}
	if (util_random(s) % 4 == 0) {
		a[n++] = "dns";
		a[n++] = "off";
	}
	util_facts = util_random(s) % 3 ? &own : NULL;
	p = util_try(&e, a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9], NULL);
	util_facts = NULL;
	if (!p && !strstr(e.msg, "takes nothing away"))
		fail_msg("%s", e.msg);
	return p;
}

static struct policy_dest random_dest(uint64_t *s)
{
	static const uint16_t ports[] = { 0, 1, 51, 52, 53, 54, 55, 80, 65535 };
	struct policy_dest d = { .proto = (enum policy_proto)(util_random(s) % 3),
				 .port = ports[util_random(s) % ARRAY_SIZE(ports)] };
	char addr[64], *begin = addr;

	random_addr(s, addr, sizeof(addr));
	if (addr[0] == '[') {
		begin++;
		*strchr(addr, ']') = '\0';
	}
	d.addr = util_addr(begin);
	return d;
}

static void verdicts_are_those_of_a_walk(void **state)
{
	uint64_t seed = 42;
	unsigned int made = 0;

	(void)state;
	for (unsigned int round = 0; round < 3000; round++) {
		struct policy *p = random_policy(&seed);

		for (unsigned int i = 0; i < 150 && p; i++) {
			struct policy_dest d = random_dest(&seed);
			struct policy_reason why;
			char addr[INET6_ADDRSTRLEN];

			inet_ntop(AF_INET6, &d.addr, addr, sizeof(addr));
			if (policy_check(p, &d).allowed != naive_allowed(p, &d))
				fail_msg("round %u: %d %s %u: %s\n%s", round, d.proto, addr, d.port,
					 policy_check(p, &d).allowed ? "allowed" : "denied", policy_write(p));
			policy_explain(p, &d, &why);
			assert_true(strncmp(why.words, policy_check(p, &d).allowed ? "allowed" : "denied", 6) == 0);
		}
		made += p != NULL;
		policy_free(p);
	}
	assert_true(made > 500);
}

/* --- the kernel's copies ------------------------------------------------------------------------------------- */

struct copy {
	struct {
		struct in6_addr prefix, hi;
		unsigned int len;
		struct policy_ports ports[40];
		size_t n;
	} v[400];
	size_t n;
};

static void copy_prefix(const struct in6_addr *prefix, unsigned int len, const struct policy_ports *ports, size_t n,
			void *ctx)
{
	struct copy *c = ctx;

	assert_true(c->n < ARRAY_SIZE(c->v) && n <= ARRAY_SIZE(c->v[0].ports));
	c->v[c->n].prefix = *prefix;
	c->v[c->n].len = len;
	c->v[c->n].n = n;
	memcpy(c->v[c->n++].ports, ports, n * sizeof(*ports));
}

static void copy_interval(const struct in6_addr *lo, const struct in6_addr *hi, const struct policy_ports *ports,
			  size_t n, void *ctx)
{
	struct copy *c = ctx;

	copy_prefix(lo, 0, ports, n, ctx);
	c->v[c->n - 1].hi = *hi;
}

static bool has_port(const struct copy *c, size_t i, uint16_t port)
{
	for (size_t k = 0; k < c->v[i].n; k++)
		if (c->v[i].ports[k].lo <= port && port <= c->v[i].ports[k].hi)
			return true;
	return false;
}

/* As a trie of one address space sees it: the longest prefix, no notion of families. */
static bool trie_allows(const struct copy *c, const struct in6_addr *a, uint16_t port)
{
	size_t best = SIZE_MAX;

	for (size_t i = 0; i < c->n; i++) {
		struct canonical_net m = { *a, (uint8_t)c->v[i].len };

		canonical_mask(&m);
		if (memcmp(&m.addr, &c->v[i].prefix, 16) == 0 && (best == SIZE_MAX || c->v[i].len > c->v[best].len))
			best = i;
	}
	assert_true(best != SIZE_MAX);
	return has_port(c, best, port);
}

static bool interval_allows(const struct copy *c, const struct in6_addr *a, uint16_t port)
{
	for (size_t i = 0; i < c->n; i++)
		if (memcmp(&c->v[i].prefix, a, 16) <= 0 && memcmp(a, &c->v[i].hi, 16) <= 0)
			return has_port(c, i, port);
	fail_msg("no interval has it");
	return false;
}

static void the_kernels_copies_say_the_same(void **state)
{
	uint64_t seed = 4711;
	struct copy *trie = xcalloc(1, sizeof(*trie)), *v4 = xcalloc(1, sizeof(*v4)), *v6 = xcalloc(1, sizeof(*v6));

	(void)state;
	for (unsigned int round = 0; round < 1500; round++) {
		struct policy *p = random_policy(&seed);
		enum policy_proto proto = (enum policy_proto)(util_random(&seed) % 3);

		if (!p)
			continue;
		trie->n = v4->n = v6->n = 0;
		assert_int_equal(policy_each_prefix(p, proto, 10000, copy_prefix, trie), 0);
		assert_int_equal(policy_each_interval(p, proto, true, 10000, copy_interval, v4), 0);
		assert_int_equal(policy_each_interval(p, proto, false, 10000, copy_interval, v6), 0);
		assert_int_equal(policy_each_prefix(p, proto, 0, copy_prefix, trie),
				 trie->n == 2 && !trie->v[0].n && !trie->v[1].n ? 0 : -1);
		for (unsigned int i = 0; i < 200; i++) {
			struct policy_dest d = random_dest(&seed);
			struct in6_addr inner;
			bool by_trie, by_interval;

			d.proto = proto;
			if (proto == I)
				d.port = 0;
			by_trie = trie_allows(trie, &d.addr, d.port);
			by_interval = interval_allows(canonical_is_v4(&d.addr) ? v4 : v6, &d.addr, d.port);
			assert_int_equal(by_trie, by_interval);
			if (canonical_nat64(&d.addr, &inner))
				by_trie = by_trie && trie_allows(trie, &inner, d.port);
			assert_int_equal(by_trie, naive_allowed(p, &d));
		}
		policy_free(p);
	}
	free(trie);
	free(v4);
	free(v6);
}

static void a_copy_says_no_more_than_it_must(void **state)
{
	struct policy *p =
		util_policy("net-deny", "10.0.0.0/8 10.1.0.0/16 !11.0.0.0/8 11.0.0.1 12.0.0.0/9 12.128.0.0/9");
	struct copy *c = xcalloc(1, sizeof(*c));

	(void)state;
	assert_int_equal(policy_each_prefix(p, T, 100, copy_prefix, c), 0);
	/* ::/0, 0.0.0.0/0, 10/8 and the two halves of 12/8: not 10.1/16 within 10/8, nor what an exception takes back */
	assert_int_equal(c->n, 5);
	c->n = 0;
	assert_int_equal(policy_each_interval(p, T, true, 100, copy_interval, c), 0);
	/* … 10/8 … 12/8 … */
	assert_int_equal(c->n, 5);
	free(c);
	policy_free(p);
}

static void count_prefix(const struct in6_addr *prefix, unsigned int len, const struct policy_ports *ports, size_t n,
			 void *ctx)
{
	(void)prefix;
	(void)len;
	(void)ports;
	(void)n;
	++*(size_t *)ctx;
}

static void ten_thousand_rules_are_flattened_in_time(void **state)
{
	autofree char *list = xcalloc(20000, 40);
	struct timespec a, b;
	struct policy *p;
	size_t n = 0;
	char *s = list;
	double ms;

	(void)state;
	for (unsigned int i = 0; i < 10000; i++)
		s += sprintf(s, "10.%u.%u.0/24:%u !10.%u.%u.7 ", i / 250, i % 250, 1 + i, i / 250, i % 250);
	p = util_policy("net-deny", list);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &a);
	assert_int_equal(policy_each_prefix(p, T, 100000, count_prefix, &n), 0);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &b);
	assert_int_equal(n, 20002);
	ms = (double)(b.tv_sec - a.tv_sec) * 1e3 + (double)(b.tv_nsec - a.tv_nsec) / 1e6;
	fprintf(stderr, "  10,000 rules with 10,000 exceptions: flattened in %.1f ms\n", ms);
	assert_true(ms < 500);
	policy_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(people_get_what_they_expect),
		cmocka_unit_test(verdicts_are_those_of_a_walk),
		cmocka_unit_test(the_kernels_copies_say_the_same),
		cmocka_unit_test(a_copy_says_no_more_than_it_must),
		cmocka_unit_test(ten_thousand_rules_are_flattened_in_time),
	};

	return cmocka_run_group_tests(tests, make_facts, NULL);
}
