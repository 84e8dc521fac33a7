// SPDX-License-Identifier: Apache-2.0
/* test-wall.c - the table that refuses packets says what policy_check() says, and what only it can say */
#include "policy-util.h"

#include "confine/wall/groups.h"
#include "confine/wall/named.h"
#include "confine/wall/rules.h"
#include "nftvm.h"
#include "policy/learned.h"

static unsigned int seed = 1;

static unsigned int rnd(unsigned int n)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 8) % n;
}

/* --- packets ------------------------------------------------------------------------------------------------------------------ */

static const struct wall wall = { .table = "sandrun-test", .group = 7 };

/* A first segment, a datagram or an echo request of a program's, out of a device that is not lo. */
static struct vm_packet packet(enum policy_proto proto, const struct in6_addr *to, uint16_t port)
{
	bool v4 = canonical_is_v4(to);
	struct vm_packet p = { .nfproto = v4 ? NFPROTO_IPV4 : NFPROTO_IPV6, .oif = 2, .program = true, .source_is_own = true,
			       .transport = v4 ? 20 : 40, .len = v4 ? 60 : 80 };

	p.l4proto = proto == POLICY_TCP ? IPPROTO_TCP : proto == POLICY_UDP ? IPPROTO_UDP : v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	if (v4) {
		p.v[0] = 0x45;
		p.v[9] = p.l4proto;
		memcpy(p.v + 16, &to->s6_addr[12], 4);
	} else {
		p.v[0] = 0x60;
		p.v[6] = p.l4proto;
		p.v[7] = 64;
		memcpy(p.v + 24, to, 16);
	}
	if (proto == POLICY_ICMP) {
		p.v[p.transport] = v4 ? 8 : 128;
	} else {
		p.v[p.transport] = 0x90; /* from port 36864 */
		p.v[p.transport + 2] = (uint8_t)(port >> 8);
		p.v[p.transport + 3] = (uint8_t)port;
	}
	if (proto == POLICY_TCP)
		p.v[p.transport + 13] = 2; /* SYN */
	return p;
}

static struct vm_packet packet_to(enum policy_proto proto, const char *to, uint16_t port)
{
	struct in6_addr a = util_addr(to);

	return packet(proto, &a, port);
}

struct table {
	struct policy *p;
	struct nft built;
	struct vm vm;
};

static void take_policy(struct table *t, struct policy *p)
{
	struct err e;

	t->p = p;
	assert_int_equal(rules_build(&wall, t->p, &t->built, &e), 0);
	vm_read(&t->vm, t->built.b.v, t->built.b.len);
	assert_false(t->vm.hook_before_last);
	assert_true(t->vm.max_elements_in_batch <= 2 * NFT_BATCH_ELEMENTS + 2);
	assert_int_equal(t->vm.batches, t->built.n_batches);
	for (size_t i = 0; i < t->built.n_batches; i++)
		assert_true(t->built.batches[i].len < 212992 - 32);
}

static void drop_table(struct table *t)
{
	vm_free(&t->vm);
	nft_free(&t->built);
	policy_free(t->p);
}

static enum vm_verdict leaves(struct table *t, const struct vm_packet *p)
{
	return vm_run(&t->vm, p, "out", VM_DROP);
}

/* --- what policy_check() says --------------------------------------------------------------------------------------------------- */

/* Few bits, so that prefixes nest and destinations hit them. */
static void random_address(char *out, size_t size, bool v6)
{
	static const char *const six[] = { "2001:db8::%x", "2001:db8:%x::1", "64:ff9b::a00:%x", "fe80::%x", "::%x", "64:ff9b::7f00:%x" };

	if (v6)
		snprintf(out, size, six[rnd(6)], rnd(8));
	else
		snprintf(out, size, "%u.%u.%u.%u", rnd(4) ? 10 : rnd(3) ? 127 : 1, rnd(2), rnd(4) ? 0 : 128, rnd(6));
}

static void random_rules(char *out, size_t size)
{
	static const char *const schemes[] = { "", "", "tcp://", "udp://" };
	static const char *const sets[] = { "private", "metadata", "loopback", "multicast", "resolver" };
	static const char *const ports[] = { ":%u", ":%u-9000", ":%u,60-64", ":1-%u", ":%u-65535" };
	unsigned int n = 1 + rnd(12);

	out[0] = '\0';
	for (unsigned int i = 0; i < n && strlen(out) + 200 < size; i++) {
		const char *bang = i && rnd(5) == 0 ? "!" : "";
		char rule[160], addr[64], port[64] = "";
		bool v6 = rnd(3) == 0;

		random_address(addr, sizeof(addr), v6);
		if (rnd(2))
			snprintf(port, sizeof(port), ports[rnd(5)], 50 + rnd(6));
		if (rnd(8) == 0)
			snprintf(rule, sizeof(rule), "%s%s%s%s", bang, schemes[rnd(4)], sets[rnd(5)], port);
		else if (rnd(8) == 0 && port[0])
			snprintf(rule, sizeof(rule), "%s%s*%s", bang, schemes[rnd(4)], port);
		else if (v6)
			snprintf(rule, sizeof(rule), "%s%s[%s/%u]%s", bang, schemes[rnd(4)], addr, rnd(3) ? 128 - rnd(8) : rnd(129), port);
		else
			snprintf(rule, sizeof(rule), "%s%s%s/%u%s", bang, schemes[rnd(4)], addr, rnd(3) ? 32 - rnd(8) : rnd(33), port);
		strcat(out, rule);
		strcat(out, "; ");
	}
}

/* NULL: an exception that takes nothing away, which is an error. */
static struct policy *random_policy(char *allow, char *deny, size_t size)
{
	static struct policy_facts facts;
	const char *kv[12] = { NULL };
	unsigned int lists = 1 + rnd(3), n = 0;
	struct policy *p;
	struct err e;

	facts = (struct policy_facts){ .own_network = rnd(2), .n_resolvers = rnd(3) };
	facts.resolvers[0] = util_addr(rnd(2) ? "10.0.0.1" : "127.0.0.11");
	facts.resolvers[1] = util_addr("fe80::3");
	util_facts = &facts;
	*allow = *deny = '\0';
	if (lists & 1) {
		random_rules(allow, size);
		kv[n++] = "net-allow", kv[n++] = allow;
		kv[n++] = "allow-udp", kv[n++] = rnd(2) ? "true" : "false";
		kv[n++] = "allow-icmp", kv[n++] = rnd(2) ? "true" : "false";
	}
	if (lists & 2) {
		random_rules(deny, size);
		kv[n++] = "net-deny", kv[n++] = deny;
	}
	p = util_try(&e, kv[0], kv[1], kv[2], kv[3], kv[4], kv[5], kv[6], kv[7], kv[8], NULL);
	if (!p && !strstr(e.msg, "takes nothing away") && !strstr(e.msg, "takes away nothing"))
		fail_msg("%s", e.msg);
	return p;
}

static bool is_loopback(const struct in6_addr *a)
{
	return canonical_is_v4(a) ? a->s6_addr[12] == 127 : IN6_IS_ADDR_LOOPBACK(a);
}

static void compare(struct table *t, unsigned int times, const char *what, const char *more)
{
	bool own = policy_get_traits(t->p).own_loopback;

	for (unsigned int i = 0; i < times; i++) {
		struct policy_dest d = { .proto = (enum policy_proto)rnd(3) };
		struct in6_addr inside;
		struct vm_packet p;
		enum vm_verdict v;
		char text[64];

		random_address(text, sizeof(text), rnd(3) == 0);
		d.addr = util_addr(text);
		/* Never on a packet, and not what the kernel would make of it. Nor does anybody's NAT64 lead to our own loopback. */
		if (IN6_IS_ADDR_UNSPECIFIED(&d.addr) || (own && canonical_nat64(&d.addr, &inside) && is_loopback(&inside)))
			continue;
		d.port = (uint16_t)(rnd(4) ? 48 + rnd(20) : rnd(65536));
		p = packet(d.proto, &d.addr, d.proto == POLICY_ICMP ? 0 : d.port);
		if (is_loopback(&d.addr))
			p.oif = 1;
		v = leaves(t, &p);
		if ((v == VM_ACCEPT) != policy_check(t->p, &d).allowed || (v == VM_DROP && d.proto == POLICY_TCP))
			fail_msg("net-allow %s\nnet-deny %s\n%s: protocol %d, port %u%s: %s", what, more, text, d.proto, d.port,
				 own ? ", own network" : "", v == VM_ACCEPT ? "leaves" : v == VM_RESET ? "is reset" : "is dropped");
	}
}

static void test_same_verdicts(void **state)
{
	unsigned int made = 0;

	(void)state;
	for (int i = 0; i < 1200; i++) {
		char allow[2048], deny[2048];
		struct policy *p = random_policy(allow, deny, sizeof(allow));
		struct table t;

		if (!p)
			continue;
		made++;
		take_policy(&t, p);
		compare(&t, 300, allow, deny);
		drop_table(&t);
	}
	util_facts = NULL;
	assert_true(made > 500);
}

static void test_many_rules(void **state)
{
	size_t size = 600000, n = 0;
	char *rules = calloc(1, size);
	struct table t;

	(void)state;
	for (unsigned int i = 0; i < 10000; i++)
		n += (size_t)snprintf(rules + n, size - n, "10.%u.%u.0/25 ", i / 256, i % 256);
	take_policy(&t, util_policy("net-deny", rules, NULL));
	assert_true(t.built.n_batches > 4);
	compare(&t, 100, "", "many");
	drop_table(&t);
	/* Touching ones are one. */
	for (unsigned int i = n = 0; i < 10000; i++)
		n += (size_t)snprintf(rules + n, size - n, "10.0.%u.%u ", i / 256, i % 256);
	take_policy(&t, util_policy("net-deny", rules, NULL));
	assert_int_equal(t.built.n_batches, 1);
	compare(&t, 100, "", "touching");
	drop_table(&t);
	free(rules);
}

/* --- what only it can say -------------------------------------------------------------------------------------------------------- */

static void test_source_and_options(void **state)
{
	struct table t;
	struct vm_packet p;

	(void)state;
	take_policy(&t, util_policy("net-deny", "10.0.0.0/8", NULL));
	p = packet_to(POLICY_UDP, "1.2.3.4", 53);
	assert_int_equal(leaves(&t, &p), VM_ACCEPT);
	p.source_is_own = false;
	assert_int_equal(leaves(&t, &p), VM_DROP);
	p.program = false;
	assert_int_equal(leaves(&t, &p), VM_DROP);
	/* The reset that refuses a connection comes from the denied address, by lo. */
	p = packet_to(POLICY_TCP, "1.2.3.4", 53);
	p.source_is_own = false;
	p.v[p.transport + 13] = 4 | 16;
	assert_int_equal(leaves(&t, &p), VM_DROP);
	p.oif = 1;
	assert_int_equal(leaves(&t, &p), VM_ACCEPT);
	/* IPv4 options, IPv6 routing headers. */
	p = packet_to(POLICY_UDP, "1.2.3.4", 53);
	p.v[0] = 0x46;
	assert_int_equal(leaves(&t, &p), VM_DROP);
	p = packet_to(POLICY_UDP, "2001:db8::1", 53);
	assert_int_equal(leaves(&t, &p), VM_ACCEPT);
	p.v[6] = p.header = IPPROTO_ROUTING;
	assert_int_equal(leaves(&t, &p), VM_DROP);
	drop_table(&t);
}

static void test_fragments(void **state)
{
	struct vm_packet p = packet_to(POLICY_UDP, "1.2.3.4", 26);
	struct table t;

	(void)state;
	take_policy(&t, util_policy("net-deny", "1.2.3.4:25", NULL));
	assert_int_equal(leaves(&t, &p), VM_ACCEPT);
	p.v[6] = 0x20; /* the first */
	assert_int_equal(leaves(&t, &p), VM_ACCEPT);
	p.v[6] = 0;
	p.v[7] = 1;
	assert_int_equal(leaves(&t, &p), VM_DROP);
	p = packet_to(POLICY_UDP, "2001:db8::1", 26);
	p.v[6] = p.header = IPPROTO_FRAGMENT;
	assert_int_equal(leaves(&t, &p), VM_DROP);
	drop_table(&t);
}

static void test_answers(void **state)
{
	struct vm_packet p = packet_to(POLICY_TCP, "10.0.0.1", 40000);
	struct table t;

	(void)state;
	take_policy(&t, util_policy("net-allow", "1.2.3.4:443", NULL));
	assert_int_equal(leaves(&t, &p), VM_RESET);
	p.v[p.transport + 13] = 2 | 16;
	assert_int_equal(leaves(&t, &p), VM_ACCEPT); /* who connected to the container */
	p = packet_to(POLICY_UDP, "10.0.0.1", 40000);
	assert_int_equal(leaves(&t, &p), VM_DROP);
	/* Echo replies and errors of the kernel's own; a program's are refused. */
	p = packet_to(POLICY_ICMP, "10.0.0.1", 0);
	p.v[p.transport] = 0;
	assert_int_equal(leaves(&t, &p), VM_DROP);
	p.program = false;
	assert_int_equal(leaves(&t, &p), VM_ACCEPT);
	p.v[p.transport] = 8;
	assert_int_equal(leaves(&t, &p), VM_DROP);
	/* Neighbours: with a hop limit of 255. */
	p = packet_to(POLICY_ICMP, "fe80::1", 0);
	p.v[p.transport] = 135;
	p.program = false;
	assert_int_equal(leaves(&t, &p), VM_DROP);
	p.v[7] = 255;
	assert_int_equal(leaves(&t, &p), VM_ACCEPT);
	p.program = true;
	assert_int_equal(leaves(&t, &p), VM_DROP);
	drop_table(&t);
}

static void test_before_there_is_an_address(void **state)
{
	struct vm_packet p = packet_to(POLICY_ICMP, "ff02::1:ff00:1", 0);
	struct table t;

	(void)state;
	take_policy(&t, util_policy("net-deny", "multicast", NULL));
	p.source_is_own = false;
	p.program = false;
	p.v[p.transport] = 135;
	assert_int_equal(leaves(&t, &p), VM_ACCEPT);
	p.program = true;
	assert_int_equal(leaves(&t, &p), VM_DROP);
	p.program = false;
	p.v[8] = 0x20; /* not from :: */
	assert_int_equal(leaves(&t, &p), VM_DROP);
	drop_table(&t);
}

static void test_bind(void **state)
{
	struct vm_packet p = packet_to(POLICY_TCP, "10.0.0.1", 8080);
	struct table t;

	(void)state;
	take_policy(&t, util_policy("net-allow-bind", "8080", NULL));
	assert_int_equal(vm_run(&t.vm, &p, "in", VM_ACCEPT), VM_ACCEPT);
	p = packet_to(POLICY_TCP, "10.0.0.1", 8081);
	assert_int_equal(vm_run(&t.vm, &p, "in", VM_ACCEPT), VM_RESET);
	p.v[p.transport + 13] |= 16;
	assert_int_equal(vm_run(&t.vm, &p, "in", VM_ACCEPT), VM_ACCEPT);
	assert_int_equal(t.vm.n_rules, 1); /* nothing of egress */
	drop_table(&t);
	take_policy(&t, util_policy("net-deny-bind", "22,8080-8090", NULL));
	p = packet_to(POLICY_TCP, "2001:db8::1", 8085);
	assert_int_equal(vm_run(&t.vm, &p, "in", VM_ACCEPT), VM_RESET);
	p = packet_to(POLICY_TCP, "2001:db8::1", 8091);
	assert_int_equal(vm_run(&t.vm, &p, "in", VM_ACCEPT), VM_ACCEPT);
	drop_table(&t);
}

static void test_names(void **state)
{
	struct wall a, b, c;

	(void)state;
	wall_name("/run/sandrun", "one", &a);
	wall_name("/run/sandrun", "two", &b);
	wall_name("/run/user/1000/sandrun", "one", &c);
	assert_string_not_equal(a.table, b.table);
	assert_string_not_equal(a.table, c.table);
	assert_int_equal(strlen(a.table), strlen("sandrun-0123456789abcdef"));
	assert_true(a.group && b.group && c.group);
}

/* --- names ---------------------------------------------------------------------------------------------------------------------- */

static void put_element(struct vm_set *s, const uint8_t *key)
{
	if ((s->n & (s->n - 1)) == 0)
		s->v = realloc(s->v, (s->n ? s->n * 2 : 1) * sizeof(*s->v));
	s->v[s->n++] = (struct vm_element){ .key = key };
}

/* What the supervisor does with each address that is let in. */
static void put_learned(struct table *t, struct learned *l, int64_t now)
{
	struct wall_groups g;
	struct err e;

	assert_int_equal(groups_make(t->p, &g, &e), 0);
	for (uint32_t i = 0; i < l->used; i++) {
		struct learned_entry *el = &l->v[i];
		bool v6 = !canonical_is_v4(&el->addr);
		char name[GROUPS_NAME];

		for (unsigned int proto = 0; proto < 3; proto++) {
			if (el->until <= now || g.of[el->host][proto] < 0)
				continue;
			groups_set_name((size_t)g.of[el->host][proto], v6, name);
			put_element(vm_set(&t->vm, name), el->addr.s6_addr + (v6 ? 0 : 12));
		}
	}
	groups_free(&g);
}

static struct policy *random_named_policy(char *allow, char *deny, size_t size)
{
	static const char *const names[] = { "?a.test", "?b.test", "*.w.test", "**.d.test" };
	static const char *const ports[] = { ":%u", ":%u-9000", ":%u,60-64", "" };
	static struct policy_facts facts;
	struct err e;

	facts = (struct policy_facts){ .own_network = true, .can_serve_names = true, .n_resolvers = 1 };
	facts.resolvers[0] = util_addr("10.0.0.1");
	util_facts = &facts;
	random_rules(allow, size - 400);
	for (unsigned int i = 0; i < 1 + rnd(5); i++) {
		char port[32];

		snprintf(port, sizeof(port), ports[rnd(4)], 50 + rnd(6));
		snprintf(allow + strlen(allow), 80, "%s%s; ", names[rnd(4)], port);
	}
	random_rules(deny, size);
	return util_try(&e, "net-allow", allow, "allow-udp", rnd(2) ? "true" : "false", "allow-icmp", rnd(2) ? "true" : "false",
			rnd(2) ? "net-deny" : NULL, deny, NULL);
}

static void learn_some(const struct policy *p, struct learned *l, int64_t now)
{
	static const char *const names[] = { "a.test", "b.test", "x.w.test", "x.y.d.test", "other.test" };

	for (unsigned int i = 0; i < 8; i++) {
		struct in6_addr a;
		char text[64];

		random_address(text, sizeof(text), rnd(3) == 0);
		a = util_addr(text);
		/* Some of them long ago. */
		policy_learn(p, l, names[rnd(5)], &a, 1, 1, rnd(4) ? now : now - 100000);
	}
}

static void compare_learned(struct table *t, const struct learned *l, int64_t now, const char *allow, const char *deny)
{
	for (unsigned int i = 0; i < 300; i++) {
		struct policy_dest d = { .proto = (enum policy_proto)rnd(3), .port = (uint16_t)(48 + rnd(20)) };
		struct in6_addr inside;
		struct vm_packet p;
		char text[64];

		random_address(text, sizeof(text), rnd(3) == 0);
		d.addr = l->used && rnd(2) ? l->v[rnd(l->used)].addr : util_addr(text);
		if (IN6_IS_ADDR_UNSPECIFIED(&d.addr) || is_loopback(&d.addr) || (canonical_nat64(&d.addr, &inside) && is_loopback(&inside)))
			continue;
		p = packet(d.proto, &d.addr, d.proto == POLICY_ICMP ? 0 : d.port);
		if ((leaves(t, &p) == VM_ACCEPT) == policy_check_learned(t->p, l, &d, now).allowed)
			continue;
		inet_ntop(AF_INET6, &d.addr, text, sizeof(text));
		fail_msg("net-allow %s\nnet-deny %s\n%s: protocol %d, port %u", allow, deny, text, d.proto, d.port);
	}
}

static void test_learned(void **state)
{
	static struct learned l;
	const int64_t now = 1000000;
	unsigned int made = 0, passed = 0;

	(void)state;
	for (int i = 0; i < 800; i++) {
		char allow[2048], deny[2048];
		struct policy *p = random_named_policy(allow, deny, sizeof(allow));
		struct table t;

		if (!p)
			continue;
		made++;
		l.used = 0;
		assert_true(policy_follows_names(p));
		take_policy(&t, p);
		learn_some(p, &l, now);
		put_learned(&t, &l, now);
		passed += l.used;
		compare_learned(&t, &l, now, allow, deny);
		drop_table(&t);
	}
	util_facts = NULL;
	assert_true(made > 300 && passed > 300);
}

/* Who asks for the container's names does so by ports of its own, and nobody sends to these. */
static void test_name_service(void **state)
{
	static const struct policy_facts facts = { .own_network = true, .can_serve_names = true, .n_resolvers = 1,
						   .resolvers = { { .s6_addr = { [10] = 0xff, 0xff, 10, 0, 0, 1 } } } };
	static const uint8_t asking[12] = { 10, 0, 0, 1, IPPROTO_UDP, 0, 0, 0, 0x90, 0 }, awaited[4] = { 0x90, 1 };
	struct vm_packet p = packet_to(POLICY_UDP, "10.0.0.1", 53);
	struct table t;

	(void)state;
	util_facts = &facts;
	take_policy(&t, util_policy("net-allow", "?a.test:443", NULL));
	assert_int_equal(leaves(&t, &p), VM_DROP);
	put_element(vm_set(&t.vm, NAMED_ASKING4), asking);
	assert_int_equal(leaves(&t, &p), VM_ACCEPT);
	p.v[p.transport + 1] = 1; /* another port */
	assert_int_equal(leaves(&t, &p), VM_DROP);
	p = packet_to(POLICY_UDP, "10.0.0.1", 54);
	assert_int_equal(leaves(&t, &p), VM_DROP);
	p = packet_to(POLICY_TCP, "10.0.0.1", 53);
	assert_int_equal(leaves(&t, &p), VM_RESET);
	put_element(vm_set(&t.vm, NAMED_AWAITED), awaited);
	p = packet_to(POLICY_UDP, "127.0.0.1", 0x9001);
	p.oif = 1;
	assert_int_equal(leaves(&t, &p), VM_DROP);
	p.v[p.transport + 3] = 2;
	assert_int_equal(leaves(&t, &p), VM_ACCEPT);
	drop_table(&t);
	util_facts = NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_verdicts),
		cmocka_unit_test(test_many_rules),
		cmocka_unit_test(test_source_and_options),
		cmocka_unit_test(test_fragments),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_before_there_is_an_address),
		cmocka_unit_test(test_bind),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_learned),
		cmocka_unit_test(test_name_service),
	};

	return cmocka_run_group_tests_name("wall", tests, NULL, NULL);
}
