// SPDX-License-Identifier: Apache-2.0
/* denied.c - sandrun denied: what was refused, to whom, by which rule, and what would allow it */
#include "cmd/denied.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "cmd/cmd.h"
#include "cmd/when.h"
#include "container/names.h"
#include "inspect/find.h"
#include "inspect/follow.h"
#include "inspect/hint.h"
#include "inspect/policy_words.h"
#include "inspect/refusal.h"
#include "inspect/show.h"
#include "inspect/tally.h"
#include "oci/json_write.h"

struct wanted {
	const char *word;
	const char *since_text;
	int64_t since, now;
	bool follow, json, all;
	size_t others_quiet, others_plain; /* containers that are not shown: nothing was refused; no policy */
};

/* --- the table -------------------------------------------------------------------------------------------------------- */

enum { COL_COUNT, COL_LAST, COL_PROGRAM, COL_CALL, COL_DESTINATION, COL_RULE, COL_LAYER, COLS };
struct row {
	char *cell[COLS];
	char *hint;
};

static char *last_text(const struct refusal_group *g, int64_t now)
{
	char when[SHOW_TIME], age[SHOW_TIME];

	return xasprintf("%s (%s)", show_time(g->last.when, now, when), show_age(g->last.when, now, age));
}

static char *destination_text(const struct refusal *r)
{
	autofree char *destination = show_text(r->destination), *name = show_text(r->name);

	return *name ? xasprintf("%s (%s)", destination, name) : steal_ptr(&destination);
}

static char *program_text(const struct refusal_group *g)
{
	autofree char *comm = show_text(g->last.comm);

	if (g->pids > 1)
		return xasprintf("%s[%llu, …]", comm, (unsigned long long)g->last.pid);
	return xasprintf("%s[%llu]", comm, (unsigned long long)g->last.pid);
}

static void make_row(const struct card *c, const struct refusal_group *g, int64_t now, struct row *out)
{
	bool audit = str_eq(g->last.verdict, "would-deny");
	autofree char *rule = show_text(g->last.rule), *words = NULL;
	struct hint hint;

	out->cell[COL_COUNT] = xasprintf("%llu", (unsigned long long)g->count);
	out->cell[COL_LAST] = last_text(g, now);
	out->cell[COL_PROGRAM] = program_text(g);
	out->cell[COL_CALL] = show_text(g->last.call);
	out->cell[COL_DESTINATION] = destination_text(&g->last);
	out->cell[COL_RULE] = xasprintf("%s%s", audit ? "(only noted) " : "", rule);
	out->cell[COL_LAYER] = show_text(g->last.layer);
	hint_find(&g->last, &c->annotations, &hint);
	words = hint_words(&hint);
	out->hint = words ? show_text(words) : NULL;
	hint_free(&hint);
}

static void print_rows(const struct row *rows, size_t n)
{
	static const char *const heads[COLS] = { "COUNT", "LAST", "PROGRAM", "CALL", "DESTINATION", "RULE", "LAYER" };
	size_t width[COLS];

	for (int k = 0; k < COLS; k++) {
		width[k] = strlen(heads[k]);
		for (size_t i = 0; i < n; i++)
			if (show_width(rows[i].cell[k]) > width[k])
				width[k] = show_width(rows[i].cell[k]);
	}
	for (size_t i = 0; i <= n; i++) {
		for (int k = 0; k < COLS; k++) {
			const char *text = i ? rows[i - 1].cell[k] : heads[k];

			printf("  %s%*s", text, k + 1 < COLS ? (int)(width[k] - show_width(text)) : 0, "");
		}
		printf("\n");
		if (i && rows[i - 1].hint)
			printf("  %*s  to allow it: %s\n", (int)width[0], "", rows[i - 1].hint);
	}
}

static void print_head(const struct card *c, const struct refusals *r)
{
	autofree char *title = card_title(c), *shown = show_text(title), *policy = policy_words(&c->annotations);
	autofree char *policy_shown = show_text(policy);
	char buf[CARD_SHORT];
	const char *id = card_short_id(c->id, buf);

	printf("%s%s%s%s: %s%s\n", shown, str_eq(title, id) ? "" : " (", str_eq(title, id) ? "" : id, str_eq(title, id) ? "" : ")",
	       *policy_shown ? policy_shown : "policy", c->past ? "; removed" : "");
	if (r->suppressed)
		printf("  %llu more were refused faster than they could be described\n", (unsigned long long)r->suppressed);
	if (r->lost)
		printf("  %llu lines are missing\n", (unsigned long long)r->lost);
}

static void print_table(const struct card *c, const struct refusals *r, int64_t now)
{
	struct row *rows = xcalloc(r->n, sizeof(*rows));

	for (size_t i = 0; i < r->n; i++)
		make_row(c, &r->v[i], now, &rows[i]);
	print_head(c, r);
	if (r->n)
		print_rows(rows, r->n);
	for (size_t i = 0; i < r->n; i++) {
		for (int k = 0; k < COLS; k++)
			free(rows[i].cell[k]);
		free(rows[i].hint);
	}
	free(rows);
}

/* --- JSON ------------------------------------------------------------------------------------------------------------- */

static void json_names(struct json_out *j, const struct card *c)
{
	json_kv_string(j, "id", c->id);
	json_kv_string(j, "root", c->root);
	if (c->names.name)
		json_kv_string(j, "name", c->names.name);
	if (c->names.pod)
		json_kv_string(j, "pod", c->names.pod);
	if (c->names.pod_namespace)
		json_kv_string(j, "podNamespace", c->names.pod_namespace);
	if (c->names.image)
		json_kv_string(j, "image", c->names.image);
	if (c->names.engine)
		json_kv_string(j, "engine", c->names.engine);
}

static void json_hint(struct json_out *j, const struct card *c, const struct refusal *r)
{
	static const char *const words[] = { [HINT_NONE] = "none", [HINT_ADD] = "add", [HINT_DROP] = "drop", [HINT_SET] = "set" };
	struct hint hint;

	hint_find(r, &c->annotations, &hint);
	if (hint.what != HINT_NONE) {
		json_key(j, "toAllow");
		json_open_map(j);
		json_kv_string(j, "do", words[hint.what]);
		json_kv_string(j, "key", hint.key);
		json_kv_string(j, "value", hint.value);
		json_close_map(j);
	}
	hint_free(&hint);
}

static void json_call(struct json_out *j, const struct refusal *r)
{
	json_kv_string(j, "verdict", r->verdict);
	json_kv_string(j, "comm", r->comm);
	json_kv_uint(j, "pid", r->pid);
	json_kv_string(j, "call", r->call);
	json_kv_string(j, "destination", r->destination);
	if (*r->name)
		json_kv_string(j, "name", r->name);
	json_kv_string(j, "rule", r->rule);
	json_kv_string(j, "layer", r->layer);
	json_kv_string(j, "error", r->error);
}

static void json_container(struct json_out *j, const struct card *c, const struct refusals *r)
{
	json_open_map(j);
	json_names(j, c);
	json_kv_bool(j, "removed", c->past != NULL);
	json_kv_bool(j, "policy", c->enforcement != NULL);
	json_kv_uint(j, "described", r->described);
	json_kv_uint(j, "suppressed", r->suppressed);
	json_kv_uint(j, "missing", r->lost);
	json_key(j, "refusals");
	json_open_array(j);
	for (size_t i = 0; i < r->n; i++) {
		const struct refusal_group *g = &r->v[i];

		json_open_map(j);
		json_kv_uint(j, "count", g->count);
		json_kv_int(j, "firstMs", g->first);
		json_kv_int(j, "lastMs", g->last.when);
		json_call(j, &g->last);
		json_hint(j, c, &g->last);
		json_close_map(j);
	}
	json_close_array(j);
	json_close_map(j);
}

void cmd_print_refusal(const struct card *c, const struct refusal *r)
{
	struct json_out *j = json_out_new(false);
	autofree char *text = NULL;

	json_open_map(j);
	json_kv_string(j, "type", r->what == REFUSAL_CALL ? "denied" : r->what == REFUSAL_SUPPRESSED ? "suppressed" : "restarted");
	json_names(j, c);
	json_kv_int(j, "timeMs", r->when);
	json_kv_uint(j, "seq", r->seq);
	if (r->what == REFUSAL_CALL)
		json_call(j, r);
	else
		json_kv_uint(j, "n", r->n);
	if (r->what == REFUSAL_CALL)
		json_hint(j, c, r);
	json_close_map(j);
	text = json_out_finish(j);
	puts(text);
}

/* --- following -------------------------------------------------------------------------------------------------------- */

static void print_line(const struct card *c, const struct refusal *r, int64_t now)
{
	autofree char *title = card_title(c), *shown = show_text(title), *comm = show_text(r->comm), *call = show_text(r->call);
	autofree char *where = destination_text(r), *rule = show_text(r->rule), *error = show_text(r->error);
	char when[SHOW_TIME];

	show_time(r->when, now, when);
	if (r->what == REFUSAL_CALL)
		printf("%s %s %s[%llu] %s %s: %s, %s%s\n", when, shown, comm, (unsigned long long)r->pid, call, where, error, rule,
		       str_eq(r->verdict, "would-deny") ? " (only noted)" : "");
	else if (r->what == REFUSAL_SUPPRESSED)
		printf("%s %s %llu more refusals\n", when, shown, (unsigned long long)r->n);
	else if (r->what == REFUSAL_RESTARTED)
		printf("%s %s another supervisor took over (%llu)\n", when, shown, (unsigned long long)r->n);
}

/* A reader that is gone will not come back. */
static int print_each(struct card *c, const struct refusal *r, const char *line, void *ctx)
{
	const struct wanted *w = ctx;

	(void)line;
	if (w->json)
		cmd_print_refusal(c, r);
	else
		print_line(c, r, show_now());
	return fflush(stdout) == 0 ? 0 : -1;
}

static int follow(struct wanted *w, const struct roots *roots, struct found *found, struct err *e)
{
	struct follow_request q = { .roots = roots, .found = found, .all = !w->word, .since = w->since_text ? w->since : INT64_MAX,
				    .each = print_each, .ctx = w };

	return follow_run(&q, e);
}

/* --- nothing, and why ------------------------------------------------------------------------------------------------- */

static char *list_roots(char **v, size_t n)
{
	char *text = xstrdup("");

	for (size_t i = 0; i < n; i++) {
		char *longer = xasprintf("%s%s%s", text, i ? ", " : "", v[i]);

		free(text);
		text = longer;
	}
	return text;
}

static int not_there(const struct wanted *w, const struct roots *roots, const struct found *f, struct err *e)
{
	autofree char *open = list_roots(roots->v, roots->n), *closed = list_roots(roots->closed, roots->n_closed);

	return err_text(e, ENOENT, "denied: no container has the id, name or pod \"%.100s\" (%zu in %s)%s%s%s", w->word, f->looked_at,
			roots->n ? open : "no state root", roots->n_closed ? "; not readable, so try as root: " : "", closed,
			roots->n_closed ? "" : "; another engine's may be found with --root");
}

/* The policy that should be there: what each engine does with annotations. */
static const char *lost_words(const struct card *c)
{
	const char *engine = c->names.engine ? c->names.engine : "";

	if (str_eq(engine, "cri") || str_eq(engine, "containerd"))
		return "; containerd passes annotations only if pod_annotations and container_annotations of the runtime list io.sandlock.*";
	if (str_eq(engine, "docker"))
		return "; Docker passes --annotation since version 24, and its --label is none";
	if (str_eq(engine, "podman"))
		return "; podman passes --annotation, and its Docker-compatible API only in newer versions";
	return "";
}

/* Something was refused, and it is not described here. */
static void explain_elsewhere(const struct card *c, const char *shown)
{
	const char *log = names_annotation(&c->annotations, "io.sandlock.log");
	autofree char *where = show_text(log ? log : "state");

	printf("%s: %llu refused; the record is not here (io.sandlock.log=%s)\n", shown, (unsigned long long)tally_denied(c->dir), where);
	if (log && strstr(log, "journal"))
		printf("  journalctl SANDRUN_CONTAINER=%s\n", c->id);
}

static void explain_nothing(const struct card *c, const struct refusals *r, const struct wanted *w)
{
	autofree char *title = card_title(c), *shown = show_text(title), *policy = policy_words(&c->annotations);
	autofree char *policy_shown = show_text(policy);

	if (!c->enforcement)
		printf("%s: no policy: no io.sandlock annotation has come with it, so nothing is refused%s\n", shown, lost_words(c));
	else if (!r->last_seq && tally_denied(c->dir))
		explain_elsewhere(c, shown);
	else if (w->since_text && r->last_seq)
		printf("%s: nothing was refused since then (%llu before; %s)\n", shown, (unsigned long long)r->last_seq, policy_shown);
	else
		printf("%s: nothing was refused (%s)\n", shown, policy_shown);
}

/* --------------------------------------------------------------------------------------------------------------------- */

static void show_one(struct card *c, struct wanted *w, struct json_out *j)
{
	struct refusals r;

	if (w->word && c->enforcement && !c->past)
		refusals_settle(c);
	refusals_read(c, w->since_text ? w->since : 0, &r);
	if (j && (w->word || r.n || r.suppressed))
		json_container(j, c, &r);
	else if (!j && (r.n || r.suppressed))
		print_table(c, &r, w->now);
	else if (!j && w->word)
		explain_nothing(c, &r, w);
	else if (c->enforcement)
		w->others_quiet++;
	else
		w->others_plain++;
	refusals_free(&r);
}

static void print_others(const struct wanted *w, const struct found *f, const struct roots *roots)
{
	autofree char *closed = list_roots(roots->closed, roots->n_closed);

	if (!f->n)
		printf("no containers\n");
	if (w->others_quiet)
		printf("%zu container%s with a policy: nothing was refused%s\n", w->others_quiet, w->others_quiet == 1 ? "" : "s",
		       w->since_text ? " since then" : "");
	if (w->others_plain)
		printf("%zu container%s without a policy\n", w->others_plain, w->others_plain == 1 ? "" : "s");
	if (roots->n_closed)
		printf("not readable for you: %s\n", closed);
}

static int show(struct wanted *w, const struct roots *roots, struct found *f, struct err *e)
{
	struct json_out *j = w->json ? json_out_new(true) : NULL;
	autofree char *text = NULL;

	if (w->word && !f->n) {
		if (j)
			free(json_out_finish(j));
		return not_there(w, roots, f, e);
	}
	if (j)
		json_open_array(j);
	for (size_t i = 0; i < f->n; i++)
		show_one(&f->v[i], w, j);
	if (!j) {
		if (!w->word)
			print_others(w, f, roots);
		return 0;
	}
	json_close_array(j);
	text = json_out_finish(j);
	fputs(text, stdout);
	return 0;
}

int cmd_denied(const struct globals *g, int argc, char **argv, struct err *e)
{
	struct wanted w = { .now = show_now() };
	const struct option table[] = {
		{ "follow", 'f', OPT_FLAG, &w.follow, NULL, "go on with what is refused from now on, line by line" },
		{ "since", 0, OPT_STRING, &w.since_text, "TIME", "only since then: a span (5m, 2h) or a moment (14:00)" },
		{ "all", 'a', OPT_FLAG, &w.all, NULL, "also containers that were removed" },
		{ "json", 0, OPT_FLAG, &w.json, NULL, "as JSON (with --follow: one object a line)" },
		{ 0 },
	};
	struct roots roots;
	struct found found;
	int r;

	r = cmd_begin_words(table, "[options] [ID|NAME|POD]", 0, 1, argc, argv, &w.word, e);
	if (r < 0)
		return r == CMD_HELP ? 0 : -1;
	if (w.since_text && when_since("denied: --since", w.since_text, w.now, &w.since, e) < 0)
		return -1;
	roots_find(g->root_named ? g->root : NULL, &roots);
	find_containers(&roots, w.word, w.all ? FIND_PAST : w.word ? FIND_PAST_IF_NONE : FIND_PRESENT, &found);
	if (w.follow && w.word && !found.n)
		r = not_there(&w, &roots, &found, e);
	else
		r = w.follow ? follow(&w, &roots, &found, e) : show(&w, &roots, &found, e);
	find_free(&found);
	roots_free(&roots);
	return r;
}
