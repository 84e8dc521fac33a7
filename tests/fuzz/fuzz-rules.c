// SPDX-License-Identifier: Apache-2.0
/* fuzz-rules.c - rule lists, bind lists, keys and stored policies, and what must hold of whatever comes out
 *
 * The first byte chooses what the rest is (the switch at the end) and whether anything is known of the container. An input that is refused must be
 * refused in one printable line without the words that engines react to. A policy that is accepted is written, read and
 * written again, and asked for verdicts that a plain walk over its rules gives, too.
 */
#include "../../oci/names.c"
#include "../../src/base/error.c"
#include "../../src/base/fd.c"
#include "../../src/base/str.c"
#include "../../src/policy/addrset.c"
#include "../../src/policy/annotations.c"
#include "../../src/policy/canonical.c"
#include "../../src/policy/compile.c"
#include "../../src/policy/cover.c"
#include "../../src/policy/explain.c"
#include "../../src/policy/flatten.c"
#include "../../src/policy/grammar.c"
#include "../../src/policy/grammar_hints.c"
#include "../../src/policy/grammar_ports.c"
#include "../../src/policy/grammar_target.c"
#include "../../src/policy/keys.c"
#include "../../src/policy/names.c"
#include "../../src/policy/piece.c"
#include "../../src/policy/resolve.c"
#include "../../src/policy/serialize.c"
#include "../../src/policy/sets.c"
#include "../../src/policy/sockets.c"
#include "../../src/policy/source.c"
#include "../../src/policy/suffix.c"
#include "../../src/policy/text.c"
#include "../../src/policy/unserialize.c"
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
	struct policy_reason why;

	MUST(v.rule >= -1 && v.rule < (int)p->n_rules);
	MUST(v.allowed == naive_allowed(p, &d));
	policy_explain(p, &d, &why);
	MUST(why.words[0] && why.verdict.allowed == v.allowed);
	if (!t->egress)
		return;
	MUST((v.rule >= 0) == (v.why == POLICY_WHY_LISTED || v.why == POLICY_WHY_EXCEPTED));
	if (v.allowed && !p->has[LIST_DENY])
		MUST(proto == POLICY_TCP   ? t->tcp_possible
		     : proto == POLICY_UDP ? t->udp_possible
					   : t->icmp_possible || v.why == POLICY_WHY_OWN_LOOPBACK);
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

	cover_nets(p, r, probe_net, (void *)(uintptr_t)p);
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

/* What a kernel's copy would say: of the prefix itself, where no longer one is, and of what the verdict says there. */
struct copy {
	const struct policy *p;
	enum policy_proto proto;
	size_t n;
	struct in6_addr next;
};

static bool in_ports(const struct policy_ports *ports, size_t n, uint16_t port)
{
	for (size_t i = 0; i < n; i++)
		if (ports[i].lo <= port && port <= ports[i].hi)
			return true;
	return false;
}

static void check_interval(const struct in6_addr *lo, const struct in6_addr *hi, const struct policy_ports *ports,
			   size_t n, void *ctx)
{
	static const uint16_t asked[] = { 0, 1, 52, 53, 54, 80, 65535 };
	struct copy *c = ctx;

	MUST(memcmp(lo, &c->next, 16) == 0 && memcmp(lo, hi, 16) <= 0);
	c->next = *hi;
	step(&c->next, true);
	for (size_t i = 0; i < n; i++)
		MUST(ports[i].lo <= ports[i].hi && (!i || ports[i].lo > ports[i - 1].hi + 1));
	if (c->n++ > 200)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(asked) * 2; i++) {
		struct policy_dest d = { c->proto, i % 2 ? *hi : *lo, c->proto == POLICY_ICMP ? 0 : asked[i / 2] };
		struct in6_addr v4;

		/* That is judged by both forms, and the copy has one. And what is in ::/0 by number only is IPv4. */
		if (canonical_nat64(&d.addr, &v4) || (canonical_is_v4(&d.addr) && !canonical_is_v4(lo)))
			continue;
		MUST(policy_check(c->p, &d).allowed == in_ports(ports, n, d.port));
	}
}

static void count_prefix(const struct in6_addr *prefix, unsigned int len, const struct policy_ports *ports, size_t n,
			 void *ctx)
{
	struct canonical_net net = { *prefix, (uint8_t)len };

	(void)ports;
	(void)n;
	canonical_mask(&net);
	MUST(len <= 128 && memcmp(&net.addr, prefix, 16) == 0);
	++*(size_t *)ctx;
}

static void check_copies(const struct policy *p)
{
	for (unsigned int i = 0; i < POLICY_N_PROTO; i++) {
		struct copy c = { .p = p, .proto = (enum policy_proto)i, .next = canonical_v4(0) };
		size_t n = 0;

		if (policy_each_prefix(p, c.proto, 100000, count_prefix, &n) < 0)
			continue;
		MUST(n >= 2);
		MUST(policy_each_interval(p, c.proto, true, 100000, check_interval, &c) == 0);
		MUST(canonical_v4(0).s6_addr[11] == 0xff && c.next.s6_addr[9] == 1);
		c.next = in6addr_any;
		c.n = 0;
		MUST(policy_each_interval(p, c.proto, false, 100000, check_interval, &c) == 0);
		MUST(IN6_IS_ADDR_UNSPECIFIED(&c.next));
	}
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
	for (int i = -1; i < (int)(p->n_rules + p->bind[0].n + p->bind[1].n) + 1; i++) {
		policy_rule_text(p, i, text, sizeof(text));
		MUST(text[0]);
		policy_rule_text(p, i, text, 3);
		MUST(strlen(text) == 2);
	}
	policy_each_port(p, true, check_bindable, &w);
	check_copies(p);
	MUST(policy_check_socket(p, AF_UNIX, SOCK_STREAM, 0) == 0);
	MUST(!p->traits.egress || policy_check_socket(p, AF_PACKET, SOCK_RAW, 0) == EACCES);
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

static int resolve(void *ctx, const char *name, struct in6_addr **addrs, size_t *n, struct err *e)
{
	(void)ctx;
	return fuzz_resolve(name, addrs, n, e);
}

static void rules_map(const struct oci_map *map, bool facts)
{
	struct policy_facts f = { .own_network = true, .n_resolvers = 3 };
	struct err e = { 0 };
	struct policy *p;

	f.resolvers[0] = canonical_v4(0x0a000203);
	f.resolvers[1] = canonical_v4(0x7f00000b);
	inet_pton(AF_INET6, "fd00::3", &f.resolvers[2]);
	if (policy_parse(map, facts ? &f : NULL, &p, &e) < 0 || (p && policy_resolve(p, resolve, NULL, true, &e) < 0)) {
		policy_free(p);
		check_error(&e);
		return;
	}
	if (!p)
		return;
	check_policy(p);
	check_round_trip(p);
	policy_free(p);
}

static void rules_one(const char *key, char *value, bool bools, bool facts)
{
	struct oci_pair pairs[] = {
		{ (char *)(uintptr_t)key, value },
		{ (char *)(uintptr_t)"io.sandlock.allow-udp", (char *)(uintptr_t)"on" },
		{ (char *)(uintptr_t)"io.sandlock.allow-icmp", (char *)(uintptr_t)"1" },
	};

	rules_map(&(struct oci_map){ pairs, bools ? 3 : 1 }, facts);
}

/* "key=value" lines, each a whole annotation. */
static void rules_keys(char *text, bool facts)
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
	rules_map(&map, facts);
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

/* "allow list\ndeny list": both. */
static void rules_both(char *text, bool facts)
{
	char *nl = strchr(text, '\n');
	struct oci_pair pairs[] = {
		{ (char *)(uintptr_t) "io.sandlock.net-allow", text },
		{ (char *)(uintptr_t) "io.sandlock.net-deny", nl ? nl + 1 : text },
	};

	if (nl)
		*nl = '\0';
	rules_map(&(struct oci_map){ pairs, 2 }, facts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text, *sealed;
	bool facts;

	if (size < 1 || size > 4096)
		return 0;
	text = xstrndup((const char *)data + 1, size - 1);
	facts = data[0] & 0x10;
	switch (data[0] % 16) {
	case 0:
		rules_one("io.sandlock.net-allow", text, false, facts);
		break;
	case 1:
		rules_one("io.sandlock.net-deny", text, false, facts);
		break;
	case 2:
		rules_one("io.sandlock.net-allow-bind", text, false, facts);
		break;
	case 3:
		rules_one("io.sandlock.net-deny-bind", text, false, facts);
		break;
	case 4:
		rules_one("io.sandlock.net-allow", text, true, facts);
		break;
	case 5:
		rules_keys(text, facts);
		break;
	case 6:
		rules_stored((const char *)data + 1, size - 1);
		break;
	case 7: /* a stored policy without head and sum, which no fuzzer guesses */
		sealed = xasprintf(STORED_HEAD "\n%s", text);
		free(text);
		text = xasprintf("%send %016" PRIx64 "\n", sealed, stored_sum(sealed, strlen(sealed)));
		rules_stored(text, strlen(text));
		free(sealed);
		break;
	default:
		rules_both(text, facts);
		break;
	}
	free(text);
	return 0;
}
