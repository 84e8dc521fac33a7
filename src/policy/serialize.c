// SPDX-License-Identifier: Apache-2.0
/* serialize.c - the compiled policy as text for the state directory (back: unserialize.c)
 *
 * Owns:     the form of the file that exec reads, so that it must not resolve names again.
 * Runs in:  create.
 *
 *   sandrun-policy 2
 *   own-network                                 what create knew: see struct policy_facts
 *   resolver 10.0.2.3
 *   net-allow                                   one, both, or none: egress is open
 *   net-deny
 *   allow-udp                                   if so
 *   allow-icmp                                  if so
 *   dns off                                     unless it is auto
 *   follows-names                               if so: hosts without an address have those of the moment
 *   audit                                       if so
 *   judge-outside                               if so
 *   errno EACCES                                unless it is ECONNREFUSED
 *   host example.com 93.184.216.34 2606:2800::1  in the order of their first use
 *   allow tcp://example.com:80,443              one spec a line, canonical; first all of one list
 *   deny !10.1.2.3:5432
 *   bind-allow 8000-8999                        one run of ports a line; "none" alone where there are none
 *   bind-deny 22
 *   require landlock                            one layer a line: sessions have those that init has
 *   end 5d1c0a9e1b2c3d4f                        a sum over all before it: half a file is no policy
 *
 * A change of what a line means needs a new number in the first line: a stored policy outlives the sandrun that wrote it, and one that
 * reads it otherwise would enforce something else. A line that is new needs none: who does not know it refuses the whole.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "policy/internal.h"
#include "policy/stored.h"

/* FNV-1a. Against accidents: whoever can write in the state directory needs no trick with sums. */
uint64_t stored_sum(const char *s, size_t n)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)s[i]) * 0x100000001b3u;
	return h;
}

static void write_addr(const struct in6_addr *a, struct text *t)
{
	char buf[CANONICAL_TEXT];

	canonical_text(&(struct canonical_net){ *a, 128 }, buf, sizeof(buf));
	text_add(t, " ");
	text_add(t, buf);
}

static void write_flag(bool on, const char *line, struct text *t)
{
	if (on)
		text_add(t, line);
}

static void write_word(const char *key, const char *word, struct text *t)
{
	text_add(t, key);
	text_add(t, " ");
	text_add(t, word);
	text_add(t, "\n");
}

static void write_facts(const struct policy_facts *f, struct text *t)
{
	write_flag(f->own_network, "own-network\n", t);
	for (size_t i = 0; i < f->n_resolvers; i++) {
		text_add(t, "resolver");
		write_addr(&f->resolvers[i], t);
		text_add(t, "\n");
	}
}

static void write_settings(const struct policy *p, struct text *t)
{
	write_flag(p->has[LIST_ALLOW], "net-allow\n", t);
	write_flag(p->has[LIST_DENY], "net-deny\n", t);
	write_flag(p->allow_udp, "allow-udp\n", t);
	write_flag(p->allow_icmp, "allow-icmp\n", t);
	if (p->dns != DNS_AUTO)
		write_word("dns", annotations_dns_words[p->dns], t);
	write_flag(p->follows_names, "follows-names\n", t);
	write_flag(p->audit, "audit\n", t);
	write_flag(p->judge_outside, "judge-outside\n", t);
	for (size_t i = 1; i < annotations_n_errnos; i++)
		if (p->error == annotations_errnos[i].value)
			write_word("errno", annotations_errnos[i].name, t);
}

static void write_rules(const struct policy *p, struct text *t)
{
	for (size_t i = 0; i < p->n_hosts; i++) {
		text_add(t, "host ");
		text_add(t, p->hosts[i].name);
		for (size_t k = 0; k < p->hosts[i].n; k++)
			write_addr(&p->hosts[i].addrs[k], t);
		text_add(t, "\n");
	}
	for (size_t i = 0; i < p->n_rules; i++) {
		text_add(t, p->rules[i].list == LIST_ALLOW ? "allow " : "deny ");
		text_rule(p, &p->rules[i], t);
		text_add(t, "\n");
	}
}

static void write_bind(const struct policy_bind *b, const char *key, struct text *t)
{
	if (b->there && !b->n)
		write_word(key, "none", t);
	for (size_t i = 0; i < b->n; i++) {
		text_add(t, key);
		text_add(t, " ");
		text_range(&(struct policy_range){ b->ports[i].lo, b->ports[i].hi }, t);
		text_add(t, "\n");
	}
}

static void write_source(const struct policy_source *s, const char *key, struct text *t)
{
	if (s->from)
		write_word(key, s->from, t);
}

static void write_body(const struct policy *p, struct text *t)
{
	text_add(t, STORED_HEAD "\n");
	write_facts(&p->facts, t);
	write_settings(p, t);
	write_rules(p, t);
	write_bind(&p->bind[LIST_ALLOW], "bind-allow", t);
	write_bind(&p->bind[LIST_DENY], "bind-deny", t);
	for (unsigned int i = 0; i < POLICY_LAYERS; i++)
		if (p->require & 1u << i)
			write_word("require", policy_layer_names[i], t);
	write_source(&p->source[LIST_ALLOW], "from-allow", t);
	write_source(&p->source[LIST_DENY], "from-deny", t);
	write_source(&p->bind_source[LIST_ALLOW], "from-bind-allow", t);
	write_source(&p->bind_source[LIST_DENY], "from-bind-deny", t);
}

char *policy_write(const struct policy *p)
{
	struct text t = { 0 };
	char end[32];

	write_body(p, &t); /* to nowhere: for the length */
	t = (struct text){ .buf = xcalloc(t.len + sizeof(end), 1), .size = t.len + sizeof(end) };
	write_body(p, &t);
	snprintf(end, sizeof(end), "end %016" PRIx64 "\n", stored_sum(t.buf, t.len));
	text_add(&t, end);
	return t.buf;
}
