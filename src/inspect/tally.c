// SPDX-License-Identifier: Apache-2.0
/* tally.c - the numbers of a container's policy
 *
 * Runs in:  list, events, metrics, policy.
 */
#include "inspect/tally.h"

#include <stdlib.h>

#include "base/str.h"
#include "container/container.h"
#include "inspect/card.h"
#include "policy/policy.h"
#include "supervisor/counts.h"

#define POLICY_MAX (64 * 1024 * 1024)
#define RULE_TEXT 256

static struct policy *read_policy(int state_dir)
{
	size_t len = 0;
	autofree char *text = card_read_file(state_dir, CONTAINER_POLICY, POLICY_MAX, &len);

	return text ? policy_read(text, len, NULL) : NULL;
}

/* As the record words it (supervisor/audit.c). */
static char *rule_text(const struct policy *p, const struct counts *c, uint32_t rule)
{
	char text[RULE_TEXT] = "";

	if (rule == counts_default(c))
		return xstrdup("default: not listed");
	if (rule == counts_other(c))
		return xstrdup("other");
	if (!p || rule >= policy_rule_count(p))
		return xasprintf("rule %u", rule);
	policy_rule_text(p, (int)rule, text, sizeof(text));
	return xstrdup(text);
}

static void take_hits(const struct policy *p, const struct counts *c, struct tally *out)
{
	static const char *const protos[COUNTS_PROTOS] = { "tcp", "udp", "icmp", "none" };

	for (uint32_t i = 0; i < c->rules; i++) {
		for (unsigned int k = 0; k < COUNTS_PROTOS; k++) {
			if (!c->hits[i][k])
				continue;
			out->v = xrealloc(out->v, out->n + 1, sizeof(*out->v));
			out->v[out->n++] = (struct tally_rule){ rule_text(p, c, i), protos[k], c->hits[i][k] };
		}
	}
}

void tally_read(int state_dir, struct tally *out)
{
	autofree struct counts *c = counts_read(state_dir);
	struct policy *p;

	*out = (struct tally){ 0 };
	if (!c)
		return;
	out->denied = c->denied;
	out->suppressed = c->suppressed;
	out->would_deny = c->would_deny;
	out->restarts = c->restarts;
	out->generation = c->generation;
	p = c->denied || c->would_deny ? read_policy(state_dir) : NULL;
	take_hits(p, c, out);
	policy_free(p);
}

void tally_free(struct tally *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->v[i].rule);
	free(t->v);
	*t = (struct tally){ 0 };
}

uint64_t tally_denied(int state_dir)
{
	autofree struct counts *c = counts_read(state_dir);

	return c ? c->denied : 0;
}
