// SPDX-License-Identifier: Apache-2.0
/* unserialize.c - a stored policy (serialize.c) back into one
 *
 * Must not: trust the text more than an annotation: it goes through the same grammar and bounds.
 * Runs in:  exec and whoever else needs the policy.
 *
 * There is one text for one policy: what is read is written again and compared. So nothing lenient in the parsers
 * (order, case, blanks) can make two readers see two things.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "policy/internal.h"
#include "policy/stored.h"

struct reader {
	struct policy *p;
	struct grammar_rules g;		    /* rules */
	struct grammar_rules b[LIST_COUNT]; /* bind ports */
	struct err *e;
};

static int wrong(struct reader *r, const char *what)
{
	return err_text(r->e, EINVAL, "%s", what);
}

/* --- lines ------------------------------------------------------------------------------------------- */

static int line_own_network(struct reader *r, char *rest)
{
	(void)rest;
	r->p->facts.own_network = true;
	return 0;
}

static int line_addr(const char *s, struct in6_addr *out)
{
	struct in_addr v4;

	if (inet_pton(AF_INET, s, &v4) == 1) {
		*out = canonical_v4(ntohl(v4.s_addr));
		return v4.s_addr == 0 ? -1 : 0;
	}
	return inet_pton(AF_INET6, s, out) == 1 && !IN6_IS_ADDR_UNSPECIFIED(out) ? 0 : -1;
}

static int line_resolver(struct reader *r, char *rest)
{
	struct policy_facts *f = &r->p->facts;

	if (f->n_resolvers == POLICY_MAX_RESOLVERS || line_addr(rest, &f->resolvers[f->n_resolvers]) < 0)
		return wrong(r, "a bad address of a name server, or too many");
	f->n_resolvers++;
	return 0;
}

static int line_net_allow(struct reader *r, char *rest)
{
	(void)rest;
	r->p->has[LIST_ALLOW] = true;
	return 0;
}

static int line_net_deny(struct reader *r, char *rest)
{
	(void)rest;
	r->p->has[LIST_DENY] = true;
	return 0;
}

static int line_allow_udp(struct reader *r, char *rest)
{
	(void)rest;
	r->p->allow_udp = true;
	return r->p->has[LIST_ALLOW] ? 0 : wrong(r, "allow-udp without net-allow");
}

static int line_allow_icmp(struct reader *r, char *rest)
{
	(void)rest;
	r->p->allow_icmp = true;
	return r->p->has[LIST_ALLOW] ? 0 : wrong(r, "allow-icmp without net-allow");
}

static int line_dns(struct reader *r, char *rest)
{
	for (unsigned int i = 0; i < DNS_COUNT; i++) {
		if (!str_eq(rest, annotations_dns_words[i]))
			continue;
		r->p->dns = (enum policy_dns)i;
		return 0;
	}
	return wrong(r, "no such dns");
}

static int line_follows_names(struct reader *r, char *rest)
{
	(void)rest;
	r->p->follows_names = true;
	return 0;
}

static int line_audit(struct reader *r, char *rest)
{
	(void)rest;
	r->p->audit = true;
	return 0;
}

static int line_judge_outside(struct reader *r, char *rest)
{
	(void)rest;
	r->p->judge_outside = true;
	return 0;
}

static int line_errno(struct reader *r, char *rest)
{
	for (size_t i = 0; i < annotations_n_errnos; i++) {
		if (!str_eq(rest, annotations_errnos[i].name))
			continue;
		r->p->error = annotations_errnos[i].value;
		return 0;
	}
	return wrong(r, "no such errno");
}

static int line_host(struct reader *r, char *rest)
{
	struct policy *p = r->p;
	struct in6_addr *addrs;
	char *save = NULL, *name = strtok_r(rest, " ", &save), *word;
	const char *base = NULL;
	size_t n = 0;

	if (name)
		names_depth(name, &base);
	if (!name || !grammar_is_hostname(base, strlen(base)))
		return wrong(r, "not a host name");
	if (p->n_hosts >= POLICY_MAX_HOSTS)
		return wrong(r, "too many hosts");
	p->hosts = xrealloc(p->hosts, p->n_hosts + 1, sizeof(*p->hosts));
	addrs = xcalloc(POLICY_MAX_HOST_ADDRS, sizeof(*addrs));
	p->hosts[p->n_hosts] = (struct policy_host){ xstrdup(name), addrs, 0 };
	p->n_hosts++;
	while ((word = strtok_r(NULL, " ", &save)))
		if (n >= POLICY_MAX_HOST_ADDRS || line_addr(word, &addrs[n++]) < 0)
			return wrong(r, "a bad address, or too many");
	p->hosts[p->n_hosts - 1].addrs = xrealloc(addrs, n ? n : 1, sizeof(*addrs));
	p->hosts[p->n_hosts - 1].n = n;
	return 0;
}

static int line_rule(struct reader *r, char *rest, enum policy_list list)
{
	size_t before = r->g.n;

	if (!r->p->has[list])
		return wrong(r, "a rule without its list");
	if (grammar_parse(&r->g, "rule", rest, list, r->e) < 0)
		return -1;
	if (r->g.n != before + 1)
		return wrong(r, "not one rule");
	/* It is from no annotation. */
	r->g.rules[before].pos = 0;
	return 0;
}

static int line_allow(struct reader *r, char *rest)
{
	return line_rule(r, rest, LIST_ALLOW);
}

static int line_deny(struct reader *r, char *rest)
{
	return line_rule(r, rest, LIST_DENY);
}

static int line_bind(struct reader *r, const char *rest, enum policy_list list)
{
	struct grammar_rules *b = &r->b[list];
	size_t n = b->n_ranges;
	/* What "*" became; the grammar has no other way to write it. */
	bool star = list == LIST_ALLOW && str_eq(rest, "0-65535");

	r->p->bind[list].there = true;
	if (str_eq(rest, "none"))
		return n || list == LIST_DENY ? wrong(r, "no ports, where there are some") : 0;
	if (grammar_parse_ports(b, "port", star ? "*" : rest, list, r->e) < 0)
		return -1;
	/* The search in them counts on it. */
	if (b->n_ranges != n + 1 || (n && b->ranges[n].lo <= b->ranges[n - 1].hi + 1))
		return wrong(r, "ports out of order");
	return 0;
}

static int line_bind_allow(struct reader *r, char *rest)
{
	return line_bind(r, rest, LIST_ALLOW);
}

static int line_bind_deny(struct reader *r, char *rest)
{
	return line_bind(r, rest, LIST_DENY);
}

static int line_require(struct reader *r, char *rest)
{
	for (unsigned int i = 0; i < POLICY_LAYERS; i++) {
		if (!str_eq(rest, policy_layer_names[i]))
			continue;
		r->p->require |= 1u << i;
		return 0;
	}
	return wrong(r, "no such layer");
}

static int line_from(struct reader *r, const char *rest, struct policy_source *s, const char *name)
{
	source_set(s, name, rest);
	return str_eq(s->from, rest) ? 0 : wrong(r, "a source that is no line");
}

static int line_from_allow(struct reader *r, char *rest)
{
	return line_from(r, rest, &r->p->source[LIST_ALLOW], source_names[LIST_ALLOW]);
}

static int line_from_deny(struct reader *r, char *rest)
{
	return line_from(r, rest, &r->p->source[LIST_DENY], source_names[LIST_DENY]);
}

static int line_from_bind_allow(struct reader *r, char *rest)
{
	return line_from(r, rest, &r->p->bind_source[LIST_ALLOW], source_names[LIST_COUNT + LIST_ALLOW]);
}

static int line_from_bind_deny(struct reader *r, char *rest)
{
	return line_from(r, rest, &r->p->bind_source[LIST_DENY], source_names[LIST_COUNT + LIST_DENY]);
}

/* The whole file: what may come, in this order. */
static const struct {
	const char *word;
	bool many;
	bool rest; /* something follows the word */
	int (*read)(struct reader *r, char *rest);
} lines[] = {
	{ "own-network", false, false, line_own_network },
	{ "resolver", true, true, line_resolver },
	{ "net-allow", false, false, line_net_allow },
	{ "net-deny", false, false, line_net_deny },
	{ "allow-udp", false, false, line_allow_udp },
	{ "allow-icmp", false, false, line_allow_icmp },
	{ "dns", false, true, line_dns },
	{ "follows-names", false, false, line_follows_names },
	{ "audit", false, false, line_audit },
	{ "judge-outside", false, false, line_judge_outside },
	{ "errno", false, true, line_errno },
	{ "host", true, true, line_host },
	{ "allow", true, true, line_allow },
	{ "deny", true, true, line_deny },
	{ "bind-allow", true, true, line_bind_allow },
	{ "bind-deny", true, true, line_bind_deny },
	{ "require", true, true, line_require },
	{ "from-allow", false, true, line_from_allow },
	{ "from-deny", false, true, line_from_deny },
	{ "from-bind-allow", false, true, line_from_bind_allow },
	{ "from-bind-deny", false, true, line_from_bind_deny },
};

static int read_line(struct reader *r, char *line, size_t *step)
{
	char *rest = strchr(line, ' ');

	if (rest)
		*rest++ = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		if (!str_eq(line, lines[i].word))
			continue;
		if (!rest == lines[i].rest)
			return wrong(r, "too much or too little on the line");
		if (i + 1 < *step || (i + 1 == *step && !lines[i].many))
			return wrong(r, "a line out of order");
		*step = i + 1;
		return lines[i].read(r, rest);
	}
	return wrong(r, "an unknown line");
}

/* --- the whole ----------------------------------------------------------------------------------------- */

static int read_body(struct reader *r, char *s)
{
	size_t step = 0;
	char *end;

	/* The first line is the head, and every line ends in \n: read_frame() has seen to both. */
	for (unsigned int n = 1; (end = strchr(s, '\n')); n++) {
		*end = '\0';
		if (n > 1 && read_line(r, s, &step) < 0)
			return err_prefix(r->e, "line %u", n);
		s = end + 1;
	}
	return 0;
}

/* Takes what the parsers have made into the policy, also half of it, so that it is freed with it. */
static void reader_take(struct reader *r)
{
	struct policy *p = r->p;

	p->rules = steal_ptr(&r->g.rules);
	p->n_rules = r->g.n;
	p->ranges = steal_ptr(&r->g.ranges);
	p->n_ranges = r->g.n_ranges;
	for (unsigned int list = 0; list < LIST_COUNT; list++) {
		struct policy_bind *b = &p->bind[list];

		b->n = r->b[list].n_ranges;
		b->ports = xcalloc(b->n, sizeof(*b->ports));
		for (size_t i = 0; i < b->n; i++)
			b->ports[i] =
				(struct addrset_ports){ r->b[list].ranges[i].lo, r->b[list].ranges[i].hi, (uint32_t)i };
	}
}

/* Rules know hosts by number, in the order in which the grammar met the names: which must be that of the lines. Only one that
 * is optional wherever it is named may be without an address, unless names are followed. */
static int check_hosts(struct reader *r)
{
	bool same = r->p->n_hosts == r->g.n_names;

	for (size_t i = 0; i < r->p->n_hosts && same; i++)
		same = str_eq(r->p->hosts[i].name, r->g.names[i].name) &&
		       (r->p->hosts[i].n || r->g.names[i].optional || r->p->follows_names);
	return same ? 0 : wrong(r, "its hosts are not those of its rules");
}

static int check_deny(struct reader *r)
{
	const struct grammar_rules *g = &r->g;

	/* The allow list's rules come first. */
	if (r->p->has[LIST_DENY] && (!g->n || g->rules[g->n - 1].list != LIST_DENY))
		return wrong(r, "net-deny without a rule");
	return 0;
}

static int read_policy(struct policy *p, const char *text, size_t len, struct err *e)
{
	autofree char *copy = xstrndup(text, len);
	autofree char *again = NULL;
	struct reader r = { .p = p, .e = e };
	bool good = read_body(&r, copy) == 0 && check_hosts(&r) == 0 && check_deny(&r) == 0;

	reader_take(&r);
	grammar_free(&r.g);
	for (unsigned int list = 0; list < LIST_COUNT; list++)
		grammar_free(&r.b[list]);
	if (!good)
		return -1;
	again = policy_write(p);
	if (strlen(again) != len + STORED_END || memcmp(again, text, len) != 0)
		return err_text(e, EINVAL, "it is not as sandrun writes it");
	return policy_finish(p, e);
}

/* Length of the part before the "end" line, or -1 if the text is not whole. */
static long read_frame(const char *text, size_t len)
{
	char want[STORED_END + 1];
	size_t body = len - STORED_END;

	if (len > STORED_MAX || len < strlen(STORED_HEAD) + 1 + STORED_END || memchr(text, '\0', len) ||
	    memcmp(text, STORED_HEAD "\n", strlen(STORED_HEAD) + 1) != 0 || text[body - 1] != '\n')
		return -1;
	snprintf(want, sizeof(want), "end %016" PRIx64 "\n", stored_sum(text, body));
	return memcmp(text + body, want, STORED_END) == 0 ? (long)body : -1;
}

/* Another version's: what it means there nobody knows here. */
static bool is_other_version(const char *text, size_t len)
{
	size_t n = strlen(STORED_WORD);

	if (len < n + 2 || memcmp(text, STORED_WORD, n) != 0 || text[n] < '0' || text[n] > '9')
		return false;
	return memcmp(text + n, STORED_VERSION "\n", strlen(STORED_VERSION "\n")) != 0;
}

struct policy *policy_read(const char *text, size_t len, struct err *e)
{
	long body = read_frame(text, len);
	struct policy *p;

	if (body < 0 && is_other_version(text, len)) {
		err_text(e, EINVAL,
			 "the stored policy is of another version of sandrun (this one writes form " STORED_VERSION
			 "): use the sandrun that made the container, or make it anew");
		return NULL;
	}
	if (body < 0) {
		err_text(e, EINVAL, "the stored policy is not whole");
		return NULL;
	}
	p = xcalloc(1, sizeof(*p));
	p->error = annotations_errnos[0].value;
	if (read_policy(p, text, (size_t)body, e) == 0)
		return p;
	policy_free(p);
	err_prefix(e, "the stored policy is damaged");
	return NULL;
}
