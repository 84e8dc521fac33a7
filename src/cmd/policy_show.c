// SPDX-License-Identifier: Apache-2.0
/* policy_show.c - sandrun policy show: the rules that hold in a container, where each came from, and how often each has refused */
#include "cmd/policy.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "inspect/policy_format.h"
#include "inspect/rules.h"
#include "inspect/show.h"
#include "inspect/subject.h"
#include "oci/json_write.h"

/* --- the table -------------------------------------------------------------------------------------------------------- */

enum { COL_LIST, COL_RULE, COL_REFUSED, COL_FROM, COLS };

static void print_rows(char *(*rows)[COLS], size_t n)
{
	size_t width[COLS] = { 0 };

	for (size_t i = 0; i < n; i++)
		for (int k = 0; k < COLS; k++)
			if (show_width(rows[i][k]) > width[k])
				width[k] = show_width(rows[i][k]);
	for (size_t i = 0; i < n; i++)
		for (int k = 0; k < COLS; k++)
			printf("%s%s%*s%s", "  ", rows[i][k], k + 1 < COLS ? (int)(width[k] - show_width(rows[i][k])) : 0, "",
			       k + 1 < COLS ? "" : "\n");
}

static void print_rules(const struct rules *r)
{
	char *(*rows)[COLS] = xcalloc(r->n + 1, sizeof(*rows));

	rows[0][COL_LIST] = xstrdup("LIST");
	rows[0][COL_RULE] = xstrdup("RULE");
	rows[0][COL_REFUSED] = xstrdup("REFUSED");
	rows[0][COL_FROM] = xstrdup("FROM");
	for (size_t i = 0; i < r->n; i++) {
		rows[i + 1][COL_LIST] = xstrdup(r->v[i].list);
		rows[i + 1][COL_RULE] = show_text(r->v[i].rule);
		rows[i + 1][COL_REFUSED] = r->v[i].counts ? xasprintf("%llu", (unsigned long long)r->v[i].refused) : xstrdup("-");
		rows[i + 1][COL_FROM] = show_text(r->v[i].from);
	}
	print_rows(rows, r->n + 1);
	for (size_t i = 0; i <= r->n; i++)
		for (int k = 0; k < COLS; k++)
			free(rows[i][k]);
	free(rows);
}

static void print_names(const struct subject *s, const struct rules *r)
{
	char age[SHOW_TIME];

	for (size_t i = 0; i < r->n_hosts; i++)
		printf("  %s: %s (%s)\n", r->hosts[i].name, *r->hosts[i].addresses ? r->hosts[i].addresses : "no address",
		       s->card.id && r->created ? show_age(r->created, show_now(), age) : "now");
}

static void print_table(const struct subject *s)
{
	struct rules r;

	if (!s->policy) {
		printf("%s: no policy\n", s->title);
		return;
	}
	rules_list(s, &r);
	printf("%s: %s%s%s\n", s->title, s->card.enforcement ? "enforced by " : "", s->card.enforcement ? s->card.enforcement : "not in force",
	       policy_is_audit(s->policy) ? "; AUDIT MODE: nothing is refused, refusals are noted" : "");
	print_rules(&r);
	if (r.n_hosts)
		printf("addresses of names, and how long ago they were looked up:\n");
	print_names(s, &r);
	if (*r.settings)
		printf("settings: %s\n", r.settings);
	rules_free(&r);
}

/* --- JSON ------------------------------------------------------------------------------------------------------------- */

static void json_rules(struct json_out *j, const struct rules *r)
{
	json_key(j, "rules");
	json_open_array(j);
	for (size_t i = 0; i < r->n; i++) {
		json_open_map(j);
		json_kv_string(j, "list", r->v[i].list);
		json_kv_string(j, "rule", r->v[i].rule);
		json_kv_string(j, "from", r->v[i].from);
		if (r->v[i].counts)
			json_kv_uint(j, "refused", r->v[i].refused);
		json_close_map(j);
	}
	json_close_array(j);
	json_key(j, "names");
	json_open_map(j);
	for (size_t i = 0; i < r->n_hosts; i++)
		json_kv_string(j, r->hosts[i].name, r->hosts[i].addresses);
	json_close_map(j);
}

static void print_json(const struct subject *s)
{
	struct json_out *j = json_out_new(true);
	autofree char *text = NULL;

	json_open_map(j);
	json_kv_string(j, "subject", s->title);
	if (s->card.id)
		json_kv_string(j, "id", s->card.id);
	json_kv_bool(j, "policy", s->policy != NULL);
	if (s->policy) {
		struct rules r;

		rules_list(s, &r);
		json_kv_bool(j, "audit", policy_is_audit(s->policy));
		if (s->card.enforcement)
			json_kv_string(j, "enforcement", s->card.enforcement);
		json_kv_uint(j, "generation", r.generation);
		json_kv_uint(j, "refused", r.refused);
		json_rules(j, &r);
		rules_free(&r);
	}
	json_key(j, "annotations");
	json_open_map(j);
	for (size_t i = 0; i < s->annotations.n; i++)
		json_kv_string(j, s->annotations.v[i].key, s->annotations.v[i].value);
	json_close_map(j);
	json_close_map(j);
	text = json_out_finish(j);
	fputs(text, stdout);
}

/* --------------------------------------------------------------------------------------------------------------------- */

static int print(const struct subject *s, const char *format, struct err *e)
{
	autofree char *text = NULL;

	if (str_eq(format, "table")) {
		print_table(s);
	} else if (str_eq(format, "json")) {
		print_json(s);
	} else {
		text = policy_format(&s->annotations, format, NULL);
		if (!text)
			return err_text(e, EINVAL, "policy show: --format %.100s: table, json, " POLICY_FORMATS " is expected", format);
		fputs(text, stdout);
	}
	return 0;
}

int cmd_policy_show(const struct globals *g, int argc, char **argv, struct err *e)
{
	const char *format = "table", *bundle = NULL, *word = NULL;
	const struct option table[] = {
		{ "format", 'f', OPT_STRING, &format, "FORMAT", "table (default), json, " POLICY_FORMATS },
		{ "bundle", 'b', OPT_STRING, &bundle, "DIR", "instead of a container's: the policy of a bundle" },
		{ 0 },
	};
	struct subject s = { .card = { .dir = -1 } };
	int r = cmd_begin_words(table, "[options] [ID]", 0, 1, argc, argv, &word, e);

	if (r < 0)
		return r == CMD_HELP ? 0 : -1;
	if (!word == !bundle)
		return err_text(e, EINVAL, word ? "policy show: a container or --bundle, not both"
						: "policy show: an argument is missing; usage: sandrun policy show [options] [ID]");
	r = bundle ? subject_of_bundle(bundle, &s, e) : subject_of_container(g->root_named ? g->root : NULL, word, &s, e);
	if (r == 0)
		r = print(&s, format, e);
	subject_free(&s);
	return r;
}
