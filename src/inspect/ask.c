// SPDX-License-Identifier: Apache-2.0
/* ask.c - one question of a policy and its answer
 *
 * Runs in:  sandrun policy check.
 */
#include "inspect/ask.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

static void ask_bind(const struct policy *p, const struct dest *d, struct answer *a)
{
	struct policy_verdict v = policy_check_bind(p, d->port);

	a->allowed = v.allowed;
	if (v.rule >= 0) {
		policy_rule_bare(p, v.rule, a->rule, sizeof(a->rule));
		a->list = policy_rule_list(p, v.rule);
	}
	if (v.why == POLICY_WHY_OPEN)
		snprintf(a->words, sizeof(a->words), "the policy says nothing of binds");
	else if (v.rule >= 0)
		snprintf(a->words, sizeof(a->words), "by \"%s\" (%s)", a->rule, a->list);
	else
		snprintf(a->words, sizeof(a->words), v.allowed ? "no rule of io.sandlock.net-deny-bind covers it"
								: "no rule of io.sandlock.net-allow-bind covers it");
}

static void ask_destination(const struct policy *p, const struct dest *d, size_t i, struct answer *a)
{
	const struct policy_dest to = { .proto = d->proto, .addr = d->addrs[i], .port = d->port };
	struct policy_reason r = { 0 };
	const char *words;

	policy_explain(p, &to, &r);
	a->allowed = r.verdict.allowed;
	snprintf(a->rule, sizeof(a->rule), "%s", r.rule);
	a->list = r.list ? r.list : "";
	if (r.nearest >= 0) {
		policy_rule_bare(p, r.nearest, a->nearest, sizeof(a->nearest));
	}
	/* "allowed by …", "denied: …": what stands in front of it here says as much. */
	words = r.words + strcspn(r.words, " :");
	words += strspn(words, " :");
	snprintf(a->words, sizeof(a->words), "%s", words);
}

/* As if it had been refused. */
static void find_hint(const struct subject *s, const struct dest *d, struct answer *a)
{
	autofree char *rule = *a->list ? xasprintf("%s (%s)", a->rule, a->list) : xstrdup("default: not listed");
	char none[] = "", bind[] = "bind", connect[] = "connect";
	struct refusal r = { .call = d->bind ? bind : connect, .destination = a->destination, .name = d->name ? d->name : none, .rule = rule };

	hint_find(&r, &s->annotations, &a->hint);
}

void ask_policy(const struct subject *s, const struct dest *d, size_t i, struct answer *out)
{
	*out = (struct answer){ .asked = d->text, .list = "", .allowed = true };
	if (d->bind)
		snprintf(out->destination, sizeof(out->destination), "tcp port %u", d->port);
	else if (d->n)
		dest_words(d, i, out->destination);
	else
		snprintf(out->destination, sizeof(out->destination), "%.70s", d->text);
	if (!s->policy)
		snprintf(out->words, sizeof(out->words), "no policy");
	else if (d->bind)
		ask_bind(s->policy, d, out);
	else
		ask_destination(s->policy, d, i, out);
	if (!out->allowed)
		find_hint(s, d, out);
}

void answer_free(struct answer *a)
{
	hint_free(&a->hint);
}
