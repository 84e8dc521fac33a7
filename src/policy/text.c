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
	bracket = ports && strchr(buf, ':');
	if (bracket)
		text_add(t, "[");
	text_add(t, buf);
	if (bracket)
		text_add(t, "]");
}

void text_rule(const struct policy *p, const struct policy_rule *r, struct text *t)
{
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
		break;
	case TARGET_HOST:
		text_add(t, p->hosts[r->host].name);
		break;
	}
	for (uint32_t i = 0; i < r->n_ranges; i++) {
		text_add(t, i ? "," : ":");
		text_range(&p->ranges[r->range + i], t);
	}
}

void policy_rule_text(const struct policy *p, int index, char *buf, size_t size)
{
	struct text t = { .buf = buf, .size = size };
	size_t i = index < 0 ? SIZE_MAX : (size_t)index;
	const char *key;

	if (!size)
		return;
	buf[0] = '\0';
	if (i < p->n_rules) {
		key = annotations_names[p->allow_mode ? KEY_NET_ALLOW : KEY_NET_DENY];
		text_rule(p, &p->rules[i], &t);
	} else if (i < p->n_rules + p->n_bind_ports) {
		const struct addrset_ports *b = &p->bind_ports[i - p->n_rules];

		key = annotations_names[p->bind == BIND_ALLOW ? KEY_NET_ALLOW_BIND : KEY_NET_DENY_BIND];
		text_range(&(struct policy_range){ b->lo, b->hi }, &t);
	} else {
		text_add(&t, "no rule");
		return;
	}
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
