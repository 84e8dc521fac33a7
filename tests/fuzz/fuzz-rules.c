// SPDX-License-Identifier: Apache-2.0
/* fuzz-rules.c - rule lists, bind lists, keys and stored policies, and what must hold of whatever comes out
 *
 * The first byte chooses what the rest is (see rules_map() and the switch at the end). An input that is refused must be
 * refused in one printable line without the words that engines react to. A policy that is accepted is written, read and
 * written again, and asked for verdicts that a plain walk over its rules gives, too.
 */
#include "../../src/base/error.c"
#include "../../src/base/fd.c"
#include "../../src/base/str.c"
#include "../../src/policy/addrset.c"
#include "../../src/policy/annotations.c"
#include "../../src/policy/canonical.c"
#include "../../src/policy/compile.c"
#include "../../src/policy/grammar.c"
#include "../../src/policy/grammar_ports.c"
#include "../../src/policy/piece.c"
#include "../../src/policy/resolve.c"
#include "../../src/policy/serialize.c"
#include "../../src/policy/sets.c"
#include "../../src/policy/sockets.c"
#include "../../src/policy/text.c"
#include "../../src/policy/verdict.c"
#include "../unit/policy-naive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(x) \
	do { \
		if (!(x)) { \
			fprintf(stderr, "fuzz-rules.c:%d: %s\n", __LINE__, #x); \
			abort(); \
		} \
	} while (0)

/* --- a resolver: the name decides --------------------------------------------------------------------- */

static int fuzz_resolve(const char *name, struct in6_addr **addrs, size_t *n, struct err *e)
{
	MUST(grammar_is_hostname(name, strlen(name)));
	if (name[0] == 'x')
		return err_text(e, EINVAL, "a name that fails");
	*n = name[0] % 4;
	*addrs = xcalloc(4, sizeof(**addrs));
	(*addrs)[0] = canonical_v4(0x0a000000u + (unsigned char)name[0]);
	(*addrs)[1].s6_addr[15] = (unsigned char)name[0];
	memcpy((*addrs)[2].s6_addr, "\0\x64\xff\x9b\0\0\0\0\0\0\0\0\x0a\x01\x02", 15);
	(*addrs)[2].s6_addr[15] = (unsigned char)name[0];
	return 0;
}

/* --- the plain truth ---------------------------------------------------------------------------------- */

struct naive {
	struct in6_addr addr;
	bool hit;
};

static void naive_net(const struct canonical_net *net, void *ctx)
{
	struct naive *w = ctx;

	w->hit = w->hit || naive_contains(net, &w->addr);
}

/* The first rule for exactly this address. */
static int naive_rule(const struct policy *p, enum policy_proto proto, const struct in6_addr *a, uint16_t port)
{
	for (size_t i = 0; i < p->n_rules; i++) {
		const struct policy_rule *r = &p->rules[i];
		struct naive w = { *a, false };
		bool in = r->n_ranges == 0;

		for (uint32_t k = 0; k < r->n_ranges; k++)
			in = in || (p->ranges[r->range + k].lo <= port && port <= p->ranges[r->range + k].hi);
		if (!in || !(policy_rule_protos(p, r) & 1u << proto))
			continue;
		policy_rule_nets(p, r, naive_net, &w);
		if (w.hit)
			return (int)i;
	}
	return -1;
}

static bool naive_allowed(const struct policy *p, enum policy_proto proto, const struct in6_addr *a, uint16_t port)
{
	static const uint8_t zero[16];
	const uint8_t *b = a->s6_addr;
	struct in6_addr forms[3] = { *a };
	size_t n = 1;

	if (proto == POLICY_ICMP)
		port = 0;
	if (memcmp(b, zero, 16) == 0) {
		forms[0] = in6addr_loopback;
		forms[n++] = canonical_v4(0x7f000001);
	} else if (memcmp(b, "\0\x64\xff\x9b\0\0\0\0\0\0\0\0", 12) == 0) {
		forms[n++] = canonical_v4((uint32_t)b[12] << 24 | b[13] << 16 | b[14] << 8 | b[15]);
	}
	for (size_t i = 0; i < n; i++)
		if (memcmp(&forms[i], "\0\0\0\0\0\0\0\0\0\0\xff\xff\0\0\0\0", 16) == 0)
			forms[i] = canonical_v4(0x7f000001);
	for (size_t i = 0; i < n; i++) {
		bool hit = naive_rule(p, proto, &forms[i], port) >= 0;

		if (p->allow_mode && !hit)
			return false;
		if (!p->allow_mode && hit)
			return false;
	}
	return true;
}

/* --- what must hold ----------------------------------------------------------------------------------- */

static void check_error(const struct err *e)
{
	static const char *const words[] = { "not found", "no such file", "permission denied", "operation not permitted",
					     "executable file", "does not exist" };

	MUST(e->msg[0]);
	for (const char *s = e->msg; *s; s++)
		MUST(*s >= ' ' && *s < 0x7f);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		MUST(!strcasestr(e->msg, words[i]));
}

static void check_destination(const struct policy *p, enum policy_proto proto, const struct in6_addr *a, uint16_t port)
{
	const struct policy_dest d = { proto, *a, port };
	struct policy_verdict v = policy_check(p, &d);
	const struct policy_traits *t = &p->traits;

	MUST(v.rule >= -1 && v.rule < (int)p->n_rules);
	if (!p->egress) {
		MUST(v.allowed);
		return;
	}
	if (v.allowed != naive_allowed(p, proto, a, port)) {
		/* Only the literal form of 0.0.0.0 and ::, which deny mode looks at beside what they stand for. */
		MUST(!p->allow_mode && !v.allowed);
		MUST(naive_rule(p, proto, a, proto == POLICY_ICMP ? 0 : port) >= 0 || canonical_nat64(a, &(struct in6_addr){ 0 }));
	}
	MUST((v.rule >= 0) == (v.allowed == p->allow_mode));
	if (v.allowed)
		MUST(proto == POLICY_TCP ? t->tcp_possible : proto == POLICY_UDP ? t->udp_possible : t->icmp_possible);
	if (t->tcp_ports_only && proto != POLICY_TCP)
		MUST(!v.allowed);
}

static void probe_net(const struct canonical_net *net, void *ctx)
{
	const struct policy *p = ctx;
	static const uint16_t ports[] = { 0, 53, 80, 65535 };
	struct in6_addr last = net->addr, beside = net->addr;

	for (unsigned int bit = net->len; bit < 128; bit++)
		last.s6_addr[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	if (net->len)
		beside.s6_addr[(net->len - 1) / 8] ^= (uint8_t)(0x80 >> (net->len - 1) % 8);
	for (unsigned int proto = 0; proto < POLICY_N_PROTO; proto++) {
		for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
			check_destination(p, (enum policy_proto)proto, &net->addr, ports[i]);
			check_destination(p, (enum policy_proto)proto, &last, ports[i]);
			check_destination(p, (enum policy_proto)proto, &beside, ports[i]);
		}
	}
}

static void probe_rule(const struct policy *p, const struct policy_rule *r)
{
	struct in6_addr a = r->target == TARGET_NET ? r->net.addr : canonical_v4(0x0a000001);

	policy_rule_nets(p, r, probe_net, (void *)(uintptr_t)p);
	for (uint32_t i = 0; i < r->n_ranges && i < 8; i++) {
		const struct policy_range *g = &p->ranges[r->range + i];

		MUST(g->lo >= 1 && g->lo <= g->hi);
		for (unsigned int proto = 0; proto < 2; proto++) {
			check_destination(p, (enum policy_proto)proto, &a, (uint16_t)(g->lo - 1));
			check_destination(p, (enum policy_proto)proto, &a, g->lo);
			check_destination(p, (enum policy_proto)proto, &a, g->hi);
			check_destination(p, (enum policy_proto)proto, &a, (uint16_t)(g->hi + 1));
		}
	}
}

struct port_walk {
	const struct policy *p;
	long last;
	size_t n;
};

static void check_bindable(uint16_t lo, uint16_t hi, void *ctx)
{
	struct port_walk *w = ctx;

	MUST(lo <= hi && lo > w->last);
	MUST(policy_check_bind(w->p, lo).allowed && policy_check_bind(w->p, hi).allowed);
	if (lo > 1)
		MUST(!policy_check_bind(w->p, (uint16_t)(lo - 1)).allowed);
	if (hi && hi < 65535)
		MUST(!policy_check_bind(w->p, (uint16_t)(hi + 1)).allowed);
	w->last = hi;
}

static void check_rule_cover(enum policy_proto proto, const struct in6_addr *prefix, unsigned int len, uint16_t lo, uint16_t hi,
			     void *ctx)
{
	struct port_walk *w = ctx;

	if (w->n++ > 200)
		return;
	MUST(len <= 128 && lo <= hi);
	MUST(addrset_find(&w->p->sets[proto], prefix, lo) >= 0);
	MUST(addrset_find(&w->p->sets[proto], prefix, hi) >= 0);
}

static void check_policy(const struct policy *p)
{
	static const char *const fixed[] = { "::", "::1", "::ffff:0.0.0.0", "::ffff:127.0.0.1", "64:ff9b::0.0.0.0",
					     "64:ff9b::10.1.2.97", "::ffff:169.254.169.254", "2001:db8::1", "ff02::1" };
	struct port_walk w = { .p = p, .last = -1 };
	char text[64];

	for (size_t i = 0; i < ARRAY_SIZE(fixed); i++) {
		struct canonical_net net = { .len = 128 };

		inet_pton(AF_INET6, fixed[i], &net.addr);
		probe_net(&net, (void *)(uintptr_t)p);
	}
	for (size_t i = 0; i < p->n_rules && i < 16; i++)
		probe_rule(p, &p->rules[i]);
	for (int i = -1; i < (int)(p->n_rules + p->n_bind_ports) + 1; i++) {
		policy_rule_text(p, i, text, sizeof(text));
		MUST(text[0]);
		policy_rule_text(p, i, text, 3);
		MUST(strlen(text) == 2);
	}
	policy_each_port(p, true, check_bindable, &w);
	policy_each_rule(p, check_rule_cover, &w);
	MUST(policy_check_socket(p, AF_UNIX, SOCK_STREAM, 0) == 0);
	MUST(!p->egress || policy_check_socket(p, AF_PACKET, SOCK_RAW, 0) == EACCES);
}

static void check_round_trip(const struct policy *p)
{
	struct err e = { 0 };
	char *text = policy_write(p), *again;
	struct policy *q = policy_read(text, strlen(text), &e);

	if (!q)
		fprintf(stderr, "%s\n%s\n", e.msg, text);
	MUST(q);
	again = policy_write(q);
	MUST(str_eq(text, again));
	MUST(memcmp(&p->traits, &q->traits, sizeof(p->traits)) == 0);
	policy_free(q);
	free(text);
	free(again);
}

/* --- inputs ------------------------------------------------------------------------------------------- */

static void rules_map(const struct oci_map *map)
{
	struct err e = { 0 };
	struct policy *p = policy_compile(map, fuzz_resolve, &e);

	if (!p) {
		check_error(&e);
		return;
	}
	check_policy(p);
	check_round_trip(p);
	policy_free(p);
}

static void rules_one(const char *key, char *value, bool bools)
{
	struct oci_pair pairs[] = {
		{ (char *)(uintptr_t)key, value },
		{ (char *)(uintptr_t)"io.sandlock.allow-udp", (char *)(uintptr_t)"on" },
		{ (char *)(uintptr_t)"io.sandlock.allow-icmp", (char *)(uintptr_t)"1" },
	};

	rules_map(&(struct oci_map){ pairs, bools ? 3 : 1 });
}

/* "key=value" lines, each a whole annotation. */
static void rules_keys(char *text)
{
	struct oci_pair pairs[8];
	struct oci_map map = { .v = pairs };
	char *save = NULL;

	for (char *s = strtok_r(text, "\n", &save); s && map.n < ARRAY_SIZE(pairs); s = strtok_r(NULL, "\n", &save)) {
		char *eq = strchr(s, '=');

		if (eq)
			*eq++ = '\0';
		pairs[map.n].key = s;
		pairs[map.n++].value = eq ? eq : s + strlen(s);
	}
	rules_map(&map);
}

static void rules_stored(const char *text, size_t len)
{
	struct err e = { 0 };
	struct policy *p = policy_read(text, len, &e);
	char *again;

	if (!p) {
		MUST(e.msg[0]);
		return;
	}
	again = policy_write(p);
	MUST(strlen(again) == len && memcmp(again, text, len) == 0);
	free(again);
	check_policy(p);
	policy_free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text, *sealed;

	if (size < 1 || size > 4096)
		return 0;
	text = xstrndup((const char *)data + 1, size - 1);
	switch (data[0] % 8) {
	case 0:
		rules_one("io.sandlock.net-allow", text, false);
		break;
	case 1:
		rules_one("io.sandlock.net-deny", text, false);
		break;
	case 2:
		rules_one("io.sandlock.net-allow-bind", text, false);
		break;
	case 3:
		rules_one("io.sandlock.net-deny-bind", text, false);
		break;
	case 4:
		rules_one("io.sandlock.net-allow", text, true);
		break;
	case 5:
		rules_keys(text);
		break;
	case 6:
		rules_stored((const char *)data + 1, size - 1);
		break;
	case 7: /* a stored policy without head and sum, which no fuzzer guesses */
		sealed = xasprintf(POLICY_HEAD "\n%s", text);
		free(text);
		text = xasprintf("%send %016" PRIx64 "\n", sealed, serialize_sum(sealed, strlen(sealed)));
		rules_stored(text, strlen(text));
		free(sealed);
		break;
	}
	free(text);
	return 0;
}
