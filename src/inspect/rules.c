// SPDX-License-Identifier: Apache-2.0
/* rules.c - the rules of a policy one by one
 *
 * Runs in:  sandrun policy show.
 */
#include "inspect/rules.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/str.h"
#include "supervisor/counts.h"

#define PREFIX "io.sandlock."

static struct rules_one *add(struct rules *r)
{
	r->v = xrealloc(r->v, r->n + 1, sizeof(*r->v));
	r->v[r->n] = (struct rules_one){ 0 };
	return &r->v[r->n++];
}

static uint64_t hits_of(const struct counts *c, uint32_t rule)
{
	uint64_t sum = 0;

	for (unsigned int k = 0; c && rule < c->rules && k < COUNTS_PROTOS; k++)
		sum += c->hits[rule][k];
	return sum;
}

static void take_text(const struct policy *p, int i, struct rules_one *one)
{
	const char *from = policy_rule_from(p, i);
	char text[4096];

	policy_rule_bare(p, i, text, sizeof(text));
	one->rule = xstrdup(text);
	one->list = xstrdup(policy_rule_key(p, i) + strlen(PREFIX));
	one->from = xstrdup(from ? from : "annotation");
}

static void list_rules(const struct subject *s, const struct counts *c, struct rules *out)
{
	for (size_t i = 0; i < policy_rule_count(s->policy); i++) {
		struct rules_one *one = add(out);

		take_text(s->policy, (int)i, one);
		one->counts = strstr(one->list, "deny") || one->rule[0] == '!';
		one->refused = hits_of(c, (uint32_t)i);
	}
	if (c && hits_of(c, counts_default(c))) {
		struct rules_one *one = add(out);

		*one = (struct rules_one){ xstrdup("(default)"), xstrdup("not listed"), xstrdup("-"), true, hits_of(c, counts_default(c)) };
	}
	if (c && hits_of(c, counts_other(c))) {
		struct rules_one *one = add(out);

		*one = (struct rules_one){ xstrdup("(always)"), xstrdup("no rule can allow it"), xstrdup("-"), true,
					   hits_of(c, counts_other(c)) };
	}
}

static char *address_list(const struct policy_host *h)
{
	char *text = xstrdup("");

	for (size_t i = 0; i < h->n; i++) {
		char buf[INET6_ADDRSTRLEN] = "";
		char *longer;

		if (IN6_IS_ADDR_V4MAPPED(&h->addrs[i]))
			inet_ntop(AF_INET, &h->addrs[i].s6_addr[12], buf, sizeof(buf));
		else
			inet_ntop(AF_INET6, &h->addrs[i], buf, sizeof(buf));
		longer = xasprintf("%s%s%s", text, i ? " " : "", buf);
		free(text);
		text = longer;
	}
	return text;
}

static void list_hosts(const struct policy *p, struct rules *out)
{
	const struct policy_host *hosts;

	out->n_hosts = policy_hosts(p, &hosts);
	out->hosts = xcalloc(out->n_hosts, sizeof(*out->hosts));
	for (size_t i = 0; i < out->n_hosts; i++)
		out->hosts[i] = (struct rules_host){ hosts[i].name, address_list(&hosts[i]) };
}

/* What is no list, of the annotations. */
static char *list_settings(const struct subject *s)
{
	char *text = xstrdup("");

	for (size_t i = 0; i < s->annotations.n; i++) {
		const char *key = s->annotations.v[i].key + strlen(PREFIX);
		char *longer;

		if (str_starts(key, "net-") || str_starts(key, "network.") || str_starts(key, "container."))
			continue;
		longer = xasprintf("%s%s%s=%s", text, *text ? " " : "", key, s->annotations.v[i].value);
		free(text);
		text = longer;
	}
	return text;
}

void rules_list(const struct subject *s, struct rules *out)
{
	autofree struct counts *c = s->card.id ? counts_read(s->card.dir) : NULL;
	struct tm tm = { 0 };

	*out = (struct rules){ 0 };
	list_rules(s, c, out);
	list_hosts(s->policy, out);
	out->settings = list_settings(s);
	out->refused = c ? c->denied : 0;
	out->generation = c ? c->generation : 0;
	if (s->card.created && strptime(s->card.created, "%Y-%m-%dT%H:%M:%S", &tm))
		out->created = (int64_t)timegm(&tm) * 1000;
}

void rules_free(struct rules *r)
{
	for (size_t i = 0; i < r->n; i++) {
		free(r->v[i].list);
		free(r->v[i].rule);
		free(r->v[i].from);
	}
	for (size_t i = 0; i < r->n_hosts; i++)
		free(r->hosts[i].addresses);
	free(r->v);
	free(r->hosts);
	free(r->settings);
	*r = (struct rules){ 0 };
}
