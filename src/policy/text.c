// SPDX-License-Identifier: Apache-2.0
/* text.c - a rule as text, and a hostile token as something that may be printed
 *
 * Owns:     the canonical spelling of a rule: what the grammar reads back as the same rule.
 * Must not: allocate: the supervisor's audit writes with it.
 * Runs in:  create, exec and the supervisor.
 */
#include <stdio.h>
#include <string.h>

#include "policy/internal.h"

void text_add(struct text *t, const char *s)
{
	size_t n = strlen(s);

	if (t->len + 1 < t->size) {
		size_t room = t->size - t->len - 1;
		size_t take = n < room ? n : room;

		memcpy(t->buf + t->len, s, take);
		t->buf[t->len + take] = '\0';
	}
	t->len += n;
}

void text_range(const struct policy_range *r, struct text *t)
{
	char buf[16];

	if (r->lo == r->hi)
		snprintf(buf, sizeof(buf), "%u", r->lo);
	else
		snprintf(buf, sizeof(buf), "%u-%u", r->lo, r->hi);
	text_add(t, buf);
}

static void text_net(const struct canonical_net *n, bool ports, struct text *t)
{
	char buf[CANONICAL_TEXT];
	bool bracket;

	canonical_text(n, buf, sizeof(buf));
	bracket = strchr(buf, ':') && (ports || grammar_reads_like_port(buf, strlen(buf)));
	if (bracket)
		text_add(t, "[");
	text_add(t, buf);
	if (bracket)
		text_add(t, "]");
}

void text_rule(const struct policy *p, const struct policy_rule *r, struct text *t)
{
	if (r->except)
		text_add(t, "!");
	if (r->optional)
		text_add(t, "?");
	if (r->scheme != SCHEME_NONE) {
		text_add(t, grammar_scheme_names[r->scheme]);
		text_add(t, "://");
	}
	switch (r->target) {
	case TARGET_ANY:
		if (!r->n_ranges)
			text_add(t, "*");
		break;
	case TARGET_NET:
		text_net(&r->net, r->n_ranges > 0, t);
		break;
	case TARGET_SET:
		text_add(t, sets_names[r->set]);
		/* Without ports it would be port 53. */
		if (r->set == SET_RESOLVER && !r->n_ranges && r->scheme != SCHEME_ICMP)
			text_add(t, ":*");
		break;
	case TARGET_HOST:
		text_add(t, p->hosts[r->host].name);
		/* Else it would be a set that was meant. */
		if (!strchr(p->hosts[r->host].name, '.') && sets_nearest(p->hosts[r->host].name, strlen(p->hosts[r->host].name)))
			text_add(t, ".");
		break;
	}
	for (uint32_t i = 0; i < r->n_ranges; i++) {
		text_add(t, i ? "," : ":");
		text_range(&p->ranges[r->range + i], t);
	}
}

const char *text_list_key(const struct policy *p, int index)
{
	size_t i = index < 0 ? SIZE_MAX : (size_t)index;
	size_t n_allow = p->n_rules + p->bind[LIST_ALLOW].n;

	if (i < p->n_rules)
		return annotations_names[p->rules[i].list == LIST_ALLOW ? KEY_NET_ALLOW : KEY_NET_DENY];
	if (i < n_allow)
		return annotations_names[KEY_NET_ALLOW_BIND];
	return i < n_allow + p->bind[LIST_DENY].n ? annotations_names[KEY_NET_DENY_BIND] : NULL;
}

const char *text_list_name(const struct policy *p, enum policy_list list)
{
	return p->source[list].label ? p->source[list].label : annotations_names[list == LIST_ALLOW ? KEY_NET_ALLOW : KEY_NET_DENY];
}

const char *policy_rule_key(const struct policy *p, int index)
{
	return text_list_key(p, index);
}

const char *policy_rule_list(const struct policy *p, int index)
{
	const char *key = text_list_key(p, index);
	const struct policy_source *s = key ? source_of((struct policy *)(uintptr_t)p, key) : NULL;

	return s && s->label ? s->label : key;
}

void policy_rule_bare(const struct policy *p, int index, char *buf, size_t size)
{
	struct text t = { .buf = buf, .size = size };

	if (!size)
		return;
	buf[0] = '\0';
	text_indexed(p, index, &t);
}

void text_indexed(const struct policy *p, int index, struct text *t)
{
	size_t i = index < 0 ? SIZE_MAX : (size_t)index;

	if (i < p->n_rules) {
		text_rule(p, &p->rules[i], t);
		return;
	}
	i -= p->n_rules;
	for (unsigned int list = 0; list < LIST_COUNT && index >= 0; list++) {
		const struct policy_bind *b = &p->bind[list];

		if (i < b->n) {
			text_range(&(struct policy_range){ b->ports[i].lo, b->ports[i].hi }, t);
			return;
		}
		i -= b->n;
	}
}

size_t policy_rule_count(const struct policy *p)
{
	return p->n_rules + p->bind[LIST_ALLOW].n + p->bind[LIST_DENY].n;
}

void policy_rule_text(const struct policy *p, int index, char *buf, size_t size)
{
	struct text t = { .buf = buf, .size = size };
	const char *key = policy_rule_list(p, index);

	if (!size)
		return;
	buf[0] = '\0';
	if (!key) {
		text_add(&t, "no rule");
		return;
	}
	text_indexed(p, index, &t);
	text_add(&t, " (");
	text_add(&t, key);
	text_add(&t, ")");
}

const char *text_quote(char buf[TEXT_QUOTED], const char *s, size_t n)
{
	static const char more[] = "...\"";
	size_t len = 0;

	buf[len++] = '"';
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];
		bool plain = c > ' ' && c < 0x7f && c != '"' && c != '\\';

		if (len + (plain ? 1 : 4) + sizeof(more) > TEXT_QUOTED) {
			memcpy(buf + len, more, sizeof(more));
			return buf;
		}
		if (plain)
			buf[len++] = (char)c;
		else
			len += (size_t)snprintf(buf + len, TEXT_QUOTED - len, "\\x%02x", c);
	}
	buf[len++] = '"';
	buf[len] = '\0';
	return buf;
}
