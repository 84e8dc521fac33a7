// SPDX-License-Identifier: Apache-2.0
/* explain.c - a verdict in words: which rule decided, of which list, and what was near
 *
 * Owns:     the sentence.
 * Must not: judge: it asks policy_check(), so that an explanation cannot disagree with what is enforced.
 * Runs in:  the commands. Pure; no heap.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "policy/internal.h"

/* A rule of net-allow that covers the address, but not this port. */
static int nearest_rule(const struct policy *p, const struct policy_dest *d)
{
	struct canonical_forms f;

	canonical_forms(&d->addr, &f);
	return addrset_any(&p->sets[LIST_ALLOW][d->proto], &f.v[0], 0);
}

static void words_allowed(const struct policy *p, const struct policy_reason *r, char *buf, size_t size)
{
	switch (r->verdict.why) {
	case POLICY_WHY_LISTED:
		snprintf(buf, size, "allowed by \"%s\" (%s)", r->rule, r->list);
		break;
	case POLICY_WHY_OWN_LOOPBACK:
		snprintf(buf, size, "allowed: the container's own loopback is no egress");
		break;
	case POLICY_WHY_OPEN:
		snprintf(buf, size, "allowed: the policy says nothing of egress");
		break;
	default:
		snprintf(buf, size, "allowed: no rule of %s covers it", text_list_name(p, LIST_DENY));
		break;
	}
}

static void words_denied(const struct policy *p, const struct policy_reason *r, char *buf, size_t size)
{
	struct text t = { .buf = buf, .size = size };

	switch (r->verdict.why) {
	case POLICY_WHY_LISTED:
		snprintf(buf, size, "denied by \"%s\" (%s)", r->rule, r->list);
		return;
	case POLICY_WHY_EXCEPTED:
		snprintf(buf, size, "denied by the exception \"%s\" (%s)", r->rule, r->list);
		return;
	case POLICY_WHY_PROTOCOL:
		snprintf(buf, size, "denied: no rule can allow this protocol");
		return;
	default:
		break;
	}
	snprintf(buf, size, "denied: no rule of %s covers it", text_list_name(p, LIST_ALLOW));
	t.len = strlen(buf);
	if (r->nearest < 0)
		return;
	text_add(&t, "; \"");
	text_indexed(p, r->nearest, &t);
	text_add(&t, "\" covers the address at other ports");
}

void policy_explain(const struct policy *p, const struct policy_dest *d, struct policy_reason *out)
{
	struct text t = { .buf = out->rule, .size = sizeof(out->rule) };

	*out = (struct policy_reason){ .verdict = policy_check(p, d), .nearest = -1 };
	out->list = policy_rule_list(p, out->verdict.rule);
	if (out->list)
		text_indexed(p, out->verdict.rule, &t);
	if (!out->verdict.allowed && out->verdict.why == POLICY_WHY_DEFAULT)
		out->nearest = nearest_rule(p, d);
	if (out->verdict.allowed)
		words_allowed(p, out, out->words, sizeof(out->words));
	else
		words_denied(p, out, out->words, sizeof(out->words));
}
