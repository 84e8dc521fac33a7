// SPDX-License-Identifier: Apache-2.0
/* serialize.c - the compiled policy as text for the state directory, and back
 *
 * Owns:     the form of the file that exec reads, so that it must not resolve names again.
 * Must not: trust the text more than an annotation: it goes through the same grammar and bounds.
 * Runs in:  create (write), exec and whoever else needs the policy (read).
 *
 *   sandrun-policy 1
 *   net-allow                                  or net-deny; neither: egress is open
 *   allow-udp                                  if so
 *   allow-icmp                                 if so
 *   host example.com 93.184.216.34 2606:2800::1  in the order of their first use
 *   rule tcp://example.com:80,443              one spec a line, canonical
 *   bind-allow                                 or bind-deny; neither: bind is open
 *   port 8000-8999
 *   require landlock                           one layer a line: sessions have those that init has
 *   end 5d1c0a9e1b2c3d4f                       a sum over all before it: half a file is no policy
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

#define POLICY_HEAD "sandrun-policy 1"
#define POLICY_END (sizeof("end 0123456789abcdef\n") - 1)
/* The longest text that the bounds of a policy can make is below this. */
#define POLICY_TEXT_MAX (64u << 20)

/* FNV-1a. Against accidents: whoever can write in the state directory needs no trick with sums. */
static uint64_t serialize_sum(const char *s, size_t n)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)s[i]) * 0x100000001b3u;
	return h;
}

/* --- write ------------------------------------------------------------------------------------------ */

static void write_host(const struct policy_host *h, struct text *t)
{
	text_add(t, "host ");
	text_add(t, h->name);
	for (size_t i = 0; i < h->n; i++) {
		char buf[CANONICAL_TEXT];

		canonical_text(&(struct canonical_net){ h->addrs[i], 128 }, buf, sizeof(buf));
		text_add(t, " ");
		text_add(t, buf);
	}
	text_add(t, "\n");
}

static void write_body(const struct policy *p, struct text *t)
{
	text_add(t, POLICY_HEAD "\n");
	if (p->egress)
		text_add(t, p->allow_mode ? "net-allow\n" : "net-deny\n");
	if (p->allow_udp)
		text_add(t, "allow-udp\n");
	if (p->allow_icmp)
		text_add(t, "allow-icmp\n");
	for (size_t i = 0; i < p->n_hosts; i++)
		write_host(&p->hosts[i], t);
	for (size_t i = 0; i < p->n_rules; i++) {
		text_add(t, "rule ");
		text_rule(p, &p->rules[i], t);
		text_add(t, "\n");
	}
	if (p->bind != BIND_OPEN)
		text_add(t, p->bind == BIND_ALLOW ? "bind-allow\n" : "bind-deny\n");
	for (size_t i = 0; i < p->n_bind_ports; i++) {
		text_add(t, "port ");
		text_range(&(struct policy_range){ p->bind_ports[i].lo, p->bind_ports[i].hi }, t);
		text_add(t, "\n");
	}
	for (unsigned int i = 0; i < POLICY_LAYERS; i++) {
		if (!(p->require & 1u << i))
			continue;
		text_add(t, "require ");
		text_add(t, policy_layer_names[i]);
		text_add(t, "\n");
	}
}

char *policy_write(const struct policy *p)
{
	struct text t = { 0 };
	char end[32];

	write_body(p, &t); /* to nowhere: for the length */
	t = (struct text){ .buf = xcalloc(t.len + sizeof(end), 1), .size = t.len + sizeof(end) };
	write_body(p, &t);
	snprintf(end, sizeof(end), "end %016" PRIx64 "\n", serialize_sum(t.buf, t.len));
	text_add(&t, end);
	return t.buf;
}

/* --- read ------------------------------------------------------------------------------------------- */

struct reader {
	struct policy *p;
	struct grammar_rules g; /* rules */
	struct grammar_rules b; /* bind ports */
	struct err *e;
};

static int read_mode(struct reader *r, char *rest)
{
	(void)rest;
	r->p->egress = true;
	return 0;
}

static int read_net_allow(struct reader *r, char *rest)
{
	r->p->allow_mode = true;
	return read_mode(r, rest);
}

static int read_allow_udp(struct reader *r, char *rest)
{
	(void)rest;
	r->p->allow_udp = true;
	return r->p->allow_mode ? 0 : err_text(r->e, EINVAL, "allow-udp without net-allow");
}

static int read_allow_icmp(struct reader *r, char *rest)
{
	(void)rest;
	r->p->allow_icmp = true;
	return r->p->allow_mode ? 0 : err_text(r->e, EINVAL, "allow-icmp without net-allow");
}

static int read_addr(const char *s, struct in6_addr *out)
{
	struct in_addr v4;

	if (inet_pton(AF_INET, s, &v4) == 1) {
		*out = canonical_v4(ntohl(v4.s_addr));
		return v4.s_addr == 0 ? -1 : 0;
	}
	return inet_pton(AF_INET6, s, out) == 1 && !IN6_IS_ADDR_UNSPECIFIED(out) ? 0 : -1;
}

static int read_host(struct reader *r, char *rest)
{
	struct policy *p = r->p;
	struct in6_addr *addrs;
	char *save = NULL, *name = strtok_r(rest, " ", &save), *word;
	size_t n = 0;

	if (!name || !grammar_is_hostname(name, strlen(name)))
		return err_text(r->e, EINVAL, "not a host name");
	if (p->n_hosts >= POLICY_MAX_HOSTS)
		return err_text(r->e, EINVAL, "too many hosts");
	p->hosts = xrealloc(p->hosts, p->n_hosts + 1, sizeof(*p->hosts));
	addrs = xcalloc(POLICY_MAX_HOST_ADDRS, sizeof(*addrs));
	p->hosts[p->n_hosts] = (struct policy_host){ xstrdup(name), addrs, 0 };
	p->n_hosts++;
	while ((word = strtok_r(NULL, " ", &save)))
		if (n >= POLICY_MAX_HOST_ADDRS || read_addr(word, &addrs[n++]) < 0)
			return err_text(r->e, EINVAL, "a bad address, or too many");
	if (!n)
		return err_text(r->e, EINVAL, "a host without an address");
	p->hosts[p->n_hosts - 1].addrs = xrealloc(addrs, n, sizeof(*addrs));
	p->hosts[p->n_hosts - 1].n = n;
	return 0;
}

static int read_rule(struct reader *r, char *rest)
{
	size_t before = r->g.n;

	if (!r->p->egress)
		return err_text(r->e, EINVAL, "a rule without a mode");
	if (grammar_parse(&r->g, "rule", rest, !r->p->allow_mode, r->e) < 0)
		return -1;
	return r->g.n == before + 1 ? 0 : err_text(r->e, EINVAL, "not one rule");
}

static int read_bind_allow(struct reader *r, char *rest)
{
	(void)rest;
	r->p->bind = BIND_ALLOW;
	return 0;
}

static int read_bind_deny(struct reader *r, char *rest)
{
	(void)rest;
	r->p->bind = BIND_DENY;
	return 0;
}

static int read_port(struct reader *r, char *rest)
{
	size_t n = r->b.n_ranges;
	/* What "*" became; the grammar has no other way to write it. */
	bool star = r->p->bind == BIND_ALLOW && str_eq(rest, "0-65535");

	if (r->p->bind == BIND_OPEN)
		return err_text(r->e, EINVAL, "a port without a mode");
	if (grammar_parse_ports(&r->b, "port", star ? "*" : rest, star, r->e) < 0)
		return -1;
	/* The search in them counts on it. */
	if (r->b.n_ranges != n + 1 || (n && r->b.ranges[n].lo <= r->b.ranges[n - 1].hi + 1))
		return err_text(r->e, EINVAL, "ports out of order");
	return 0;
}

static int read_require(struct reader *r, char *rest)
{
	for (unsigned int i = 0; i < POLICY_LAYERS; i++) {
		if (!str_eq(rest, policy_layer_names[i]))
			continue;
		r->p->require |= 1u << i;
		return 0;
	}
	return err_text(r->e, EINVAL, "no such layer");
}

/* The whole file: what may come, in this order; lines of one step exclude each other unless they may repeat. */
static const struct {
	const char *word;
	unsigned int step;
	bool many;
	bool rest; /* something follows the word */
	int (*read)(struct reader *r, char *rest);
} read_lines[] = {
	{ "net-allow", 1, false, false, read_net_allow },
	{ "net-deny", 1, false, false, read_mode },
	{ "allow-udp", 2, false, false, read_allow_udp },
	{ "allow-icmp", 3, false, false, read_allow_icmp },
	{ "host", 4, true, true, read_host },
	{ "rule", 5, true, true, read_rule },
	{ "bind-allow", 6, false, false, read_bind_allow },
	{ "bind-deny", 6, false, false, read_bind_deny },
	{ "port", 7, true, true, read_port },
	{ "require", 8, true, true, read_require },
};

static int read_line(struct reader *r, char *line, unsigned int *step)
{
	char *rest = strchr(line, ' ');

	if (rest)
		*rest++ = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(read_lines); i++) {
		if (!str_eq(line, read_lines[i].word))
			continue;
		if (!rest == read_lines[i].rest)
			return err_text(r->e, EINVAL, "too much or too little on the line");
		if (read_lines[i].step < *step || (read_lines[i].step == *step && !read_lines[i].many))
			return err_text(r->e, EINVAL, "a line out of order");
		*step = read_lines[i].step;
		return read_lines[i].read(r, rest);
	}
	return err_text(r->e, EINVAL, "an unknown line");
}

static int read_body(struct reader *r, char *s)
{
	unsigned int step = 0;
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
static void read_take(struct reader *r)
{
	struct policy *p = r->p;

	p->rules = steal_ptr(&r->g.rules);
	p->n_rules = r->g.n;
	p->ranges = steal_ptr(&r->g.ranges);
	p->n_ranges = r->g.n_ranges;
	p->bind_ports = xcalloc(r->b.n_ranges, sizeof(*p->bind_ports));
	p->n_bind_ports = r->b.n_ranges;
	for (size_t i = 0; i < r->b.n_ranges; i++)
		p->bind_ports[i] = (struct addrset_ports){ r->b.ranges[i].lo, r->b.ranges[i].hi, (uint32_t)i };
}

/* Rules know hosts by number, in the order in which the grammar met the names: which must be that of the lines. */
static int read_check_hosts(const struct reader *r)
{
	bool same = r->p->n_hosts == r->g.n_names;

	for (size_t i = 0; i < r->p->n_hosts && same; i++)
		same = str_eq(r->p->hosts[i].name, r->g.names[i].name);
	return same ? 0 : err_text(r->e, EINVAL, "its hosts are not those of its rules");
}

static int read_policy(struct policy *p, const char *text, size_t len, struct err *e)
{
	autofree char *copy = xstrndup(text, len);
	autofree char *again = NULL;
	struct reader r = { .p = p, .e = e };
	bool good = read_body(&r, copy) == 0 && read_check_hosts(&r) == 0;

	read_take(&r);
	grammar_free(&r.g);
	grammar_free(&r.b);
	if (!good)
		return -1;
	again = policy_write(p);
	if (strlen(again) != len + POLICY_END || memcmp(again, text, len) != 0)
		return err_text(e, EINVAL, "it is not as sandrun writes it");
	return policy_finish(p, e);
}

/* Length of the part before the "end" line, or -1 if the text is not whole. */
static long read_frame(const char *text, size_t len)
{
	char want[POLICY_END + 1];
	size_t body = len - POLICY_END;

	if (len > POLICY_TEXT_MAX || len < strlen(POLICY_HEAD) + 1 + POLICY_END || memchr(text, '\0', len) ||
	    memcmp(text, POLICY_HEAD "\n", strlen(POLICY_HEAD) + 1) != 0 || text[body - 1] != '\n')
		return -1;
	snprintf(want, sizeof(want), "end %016" PRIx64 "\n", serialize_sum(text, body));
	return memcmp(text + body, want, POLICY_END) == 0 ? (long)body : -1;
}

struct policy *policy_read(const char *text, size_t len, struct err *e)
{
	long body = read_frame(text, len);
	struct policy *p;

	if (body < 0) {
		err_text(e, EINVAL, "the stored policy is not whole, or of another version of sandrun");
		return NULL;
	}
	p = xcalloc(1, sizeof(*p));
	if (read_policy(p, text, (size_t)body, e) == 0)
		return p;
	policy_free(p);
	err_prefix(e, "the stored policy is damaged");
	return NULL;
}
