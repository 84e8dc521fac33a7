// SPDX-License-Identifier: Apache-2.0
/* list.c - sandrun list */
#include "cmd/cmd.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "container/names.h"
#include "container/stateroot.h"
#include "inspect/card.h"
#include "inspect/policy_words.h"
#include "inspect/show.h"
#include "inspect/tally.h"
#include "oci/state.h"

struct row {
	struct container c;
	enum container_status status;
};

/* --- the table -------------------------------------------------------------------------------------------------------- */

#define COLUMNS_MAX 8

/* The cells of one container, heap, in the order of the columns. */
typedef void (*make_cells)(const struct row *r, struct names_cache *cache, char *cells[COLUMNS_MAX]);

static char *pid_text(const struct row *r)
{
	return xasprintf("%d", r->status == CONTAINER_STOPPED ? 0 : (int)r->c.pid);
}

static char *denied_text(const struct container *c)
{
	return c->enforcement ? xasprintf("%llu", (unsigned long long)tally_denied(c->dirfd)) : xstrdup("-");
}

static char *policy_text(const struct container *c)
{
	autofree char *words = policy_words(&c->annotations);

	return *words ? show_text(words) : xstrdup("-");
}

static const char *const wide_heads[] = { "ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER", "DENIED", "POLICY", NULL };

/* What other programs read: nothing is cut, and the columns that runc has come first. */
static void make_wide(const struct row *r, struct names_cache *cache, char *cells[COLUMNS_MAX])
{
	const struct container *c = &r->c;

	(void)cache;
	cells[0] = xstrdup(c->id);
	cells[1] = pid_text(r);
	cells[2] = xstrdup(container_status_name(r->status));
	cells[3] = xstrdup(c->bundle ? c->bundle : "");
	cells[4] = xstrdup(c->created ? c->created : "");
	cells[5] = xstrdup(c->owner ? c->owner : "");
	cells[6] = denied_text(c);
	cells[7] = policy_text(c);
}

static const char *const short_heads[] = { "ID", "NAME", "PID", "STATUS", "CREATED", "DENIED", "POLICY", NULL };

/* For people: what tells containers apart, and fits into a line. */
static void make_short(const struct row *r, struct names_cache *cache, char *cells[COLUMNS_MAX])
{
	const struct container *c = &r->c;
	struct names names;
	char buf[CARD_SHORT];

	names_find(&(struct names_about){ c->id, c->bundle, c->dirfd, &c->annotations }, cache, &names);
	cells[0] = xstrdup(card_short_id(c->id, buf));
	cells[1] = names.name ? show_text(names.name) : xstrdup("");
	cells[2] = pid_text(r);
	cells[3] = xstrdup(container_status_name(r->status));
	/* To the second: "2026-11-30T14:02:11". */
	cells[4] = xasprintf("%.19s", c->created ? c->created : "");
	cells[5] = denied_text(c);
	cells[6] = policy_text(c);
	names_free(&names);
}

static void print_cells(const char *const *cells, const size_t *width, size_t columns)
{
	for (size_t k = 0; k < columns; k++)
		printf("%s%*s%s", cells[k], k + 1 < columns ? (int)(width[k] - show_width(cells[k])) : 0, "", k + 1 < columns ? "  " : "\n");
}

static void print_columns(const char *const *heads, make_cells make, const struct row *rows, size_t n)
{
	char *(*cells)[COLUMNS_MAX] = xcalloc(n, sizeof(*cells));
	size_t width[COLUMNS_MAX] = { 0 }, columns = 0;
	struct names_cache cache = { 0 };

	for (size_t i = 0; i < n; i++)
		make(&rows[i], &cache, cells[i]);
	for (; heads[columns]; columns++) {
		width[columns] = strlen(heads[columns]);
		for (size_t i = 0; i < n; i++)
			if (show_width(cells[i][columns]) > width[columns])
				width[columns] = show_width(cells[i][columns]);
	}
	print_cells(heads, width, columns);
	for (size_t i = 0; i < n; i++) {
		print_cells((const char *const *)cells[i], width, columns);
		for (size_t k = 0; k < columns; k++)
			free(cells[i][k]);
	}
	free(cells);
	names_cache_free(&cache);
}

static void print_table(const struct row *rows, size_t n)
{
	if (isatty(STDOUT_FILENO))
		print_columns(short_heads, make_short, rows, n);
	else
		print_columns(wide_heads, make_wide, rows, n);
}

/* -------------------------------------------------------------------------------------------------------------------- */

static void print_json(const struct row *rows, size_t n)
{
	struct oci_state *v = xcalloc(n, sizeof(*v));
	autofree char *text = NULL;

	for (size_t i = 0; i < n; i++) {
		const struct container *c = &rows[i].c;

		v[i] = (struct oci_state){ .id = c->id,
					   .status = container_status_name(rows[i].status),
					   .pid = rows[i].status == CONTAINER_STOPPED ? 0 : c->pid,
					   .bundle = c->bundle ? c->bundle : "",
					   .rootfs = c->rootfs,
					   .created = c->created,
					   .owner = c->owner,
					   .annotations = &c->annotations };
	}
	text = oci_state_write_list(v, n);
	puts(text);
	free(v);
}

/* A container that vanishes while we look, or whose record cannot be read, is left out: list tells what is there. */
static size_t collect(const char *root, char **ids, size_t n, struct row *rows)
{
	size_t got = 0;

	for (size_t i = 0; i < n; i++) {
		struct row *r = &rows[got];

		if (container_open(root, ids[i], &r->c, NULL) < 0) {
			container_close(&r->c);
			continue;
		}
		r->status = container_status(&r->c);
		got++;
	}
	return got;
}

int cmd_list(const struct globals *g, int argc, char **argv, struct err *e)
{
	bool quiet = false;
	const char *format = "table";
	const struct option table[] = {
		{ "quiet", 'q', OPT_FLAG, &quiet, NULL, "ids only" },
		{ "format", 'f', OPT_STRING, &format, "FORMAT", "table (default) or json" },
		{ 0 },
	};
	struct row *rows;
	char **ids;
	autofd root = -1;
	size_t n, got;
	int at, r;

	r = cmd_begin(table, "[options]", 0, false, argc, argv, &at, e);
	if (r)
		return r < 0 ? -1 : 0;
	if (!str_eq(format, "table") && !str_eq(format, "json"))
		return err_text(e, EINVAL, "list: --format %.100s: table or json is expected", format);
	root = stateroot_open(g->root, false, e);
	if (root < 0 && e->code != ENOENT)
		return -1;
	/* Nothing was made yet below the default root. One that was named and is not there is a mistake, as under runc. */
	if (container_list_ids(g->root, &ids, &n, e) < 0 && (g->root_named || e->code != ENOENT))
		return -1;
	rows = xcalloc(n, sizeof(*rows));
	got = quiet ? 0 : collect(g->root, ids, n, rows);
	if (quiet)
		for (size_t i = 0; i < n; i++)
			puts(ids[i]);
	else if (str_eq(format, "json"))
		print_json(rows, got);
	else
		print_table(rows, got);
	for (size_t i = 0; i < got; i++)
		container_close(&rows[i].c);
	for (size_t i = 0; i < n; i++)
		free(ids[i]);
	free(ids);
	free(rows);
	return 0;
}
