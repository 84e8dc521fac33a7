// SPDX-License-Identifier: Apache-2.0
/* check.c - sandrun check: what this machine can enforce, and what to do about the rest */
#include "cmd/cmd.h"

#include <stdio.h>

#include "base/str.h"
#include "inspect/check.h"
#include "inspect/show.h"
#include "oci/json_write.h"

static void print_cure(const char *cure)
{
	autofree char *copy = xstrdup(cure);
	char *save = NULL;
	bool first = true;

	for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save), first = false) {
		autofree char *shown = show_text(line);

		printf("             %s%s\n", first ? "→ " : "  ", shown);
	}
}

static void print_table(const struct check *c)
{
	static const char *const marks[CHECK_STATES] = { [CHECK_OK] = "ok", [CHECK_NOTE] = "note", [CHECK_MISSING] = "missing",
							 [CHECK_WRONG] = "WRONG" };
	const char *area = "";

	for (size_t i = 0; i < c->n; i++) {
		const struct check_line *l = &c->v[i];
		autofree char *what = show_text(l->what);

		if (!str_eq(area, l->area))
			printf("%s\n", l->area);
		area = l->area;
		printf("  %-8s %s: %s\n", marks[l->state], l->name, what);
		if (l->cure && l->state != CHECK_OK)
			print_cure(l->cure);
	}
}

static void print_json(const struct check *c)
{
	struct json_out *j = json_out_new(true);
	autofree char *text = NULL;

	json_open_map(j);
	json_kv_bool(j, "ok", check_is_good(c));
	json_key(j, "findings");
	json_open_array(j);
	for (size_t i = 0; i < c->n; i++) {
		json_open_map(j);
		json_kv_string(j, "area", c->v[i].area);
		json_kv_string(j, "name", c->v[i].name);
		json_kv_string(j, "state", check_state_names[c->v[i].state]);
		json_kv_string(j, "what", c->v[i].what);
		if (c->v[i].cure)
			json_kv_string(j, "cure", c->v[i].cure);
		json_close_map(j);
	}
	json_close_array(j);
	json_close_map(j);
	text = json_out_finish(j);
	fputs(text, stdout);
}

int cmd_check(const struct globals *g, int argc, char **argv, struct err *e)
{
	bool json = false;
	const struct option table[] = {
		{ "json", 0, OPT_FLAG, &json, NULL, "as JSON" },
		{ 0 },
	};
	struct check c = { 0 };
	int at, r;

	(void)g;
	r = cmd_begin(table, "[options]", 0, false, argc, argv, &at, e);
	if (r)
		return r < 0 ? -1 : 0;
	check_machine(&c);
	if (json)
		print_json(&c);
	else
		print_table(&c);
	r = check_is_good(&c) ? 0 : 1;
	check_free(&c);
	return r;
}
