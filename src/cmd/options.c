// SPDX-License-Identifier: Apache-2.0
/* options.c - the command line as a table */
#include "cmd/options.h"

#include <stdio.h>
#include <string.h>

#include "base/near.h"
#include "base/str.h"

static const struct option *by_name(const struct option *table, const char *name, size_t len)
{
	for (const struct option *o = table; o->name; o++)
		if (strlen(o->name) == len && memcmp(o->name, name, len) == 0)
			return o;
	return NULL;
}

static const struct option *by_letter(const struct option *table, char letter)
{
	for (const struct option *o = table; o->name; o++)
		if (o->letter && o->letter == letter)
			return o;
	return NULL;
}

/* "unknown option --bundel; did you mean --bundle?" */
static int refuse_name(const struct option *table, const char *word, const char *name, size_t len, struct err *e)
{
	autofree char *typed = xstrndup(name, len);
	struct near near = { 0 };
	const char *best;

	for (const struct option *o = table; o->name; o++)
		if (o->kind != OPT_IGNORED && o->kind != OPT_IGNORED_FLAG)
			near_offer(&near, typed, o->name);
	near_offer(&near, typed, "help");
	best = near_best(&near);
	if (best)
		return err_text(e, EINVAL, "unknown option %.100s; did you mean --%s?", word, best);
	return err_text(e, EINVAL, "unknown option %.100s", word);
}

static bool takes_value(const struct option *o)
{
	return o->kind != OPT_FLAG && o->kind != OPT_IGNORED_FLAG;
}

static int set_flag(const struct option *o, const char *value, struct err *e)
{
	bool on = true;

	if (value && (str_eq(value, "false") || str_eq(value, "0")))
		on = false;
	else if (value && !str_eq(value, "true") && !str_eq(value, "1"))
		return err_text(e, EINVAL, "--%s=%.100s: true or false is expected", o->name, value);
	if (o->kind == OPT_FLAG)
		*(bool *)o->value = on;
	return 0;
}

static int set_value(const struct option *o, char *value, struct err *e)
{
	struct option_list *list = o->value;
	uint64_t n;

	switch (o->kind) {
	case OPT_STRING:
		*(const char **)o->value = value;
		return 0;
	case OPT_NUMBER:
		if (str_to_u64(value, 10, 1 << 30, &n) < 0)
			return err_text(e, EINVAL, "--%s %.100s: a number is expected", o->name, value);
		*(int *)o->value = (int)n;
		return 0;
	case OPT_LIST:
		list->v = xrealloc(list->v, list->n + 1, sizeof(*list->v));
		list->v[list->n++] = value;
		return 0;
	case OPT_FLAG:
	case OPT_IGNORED:
	case OPT_IGNORED_FLAG:
		break;
	}
	return 0;
}

/* @value: what stood behind "=" (or behind the letter), or NULL. Returns how many further words were used. */
static int take(const struct option *o, char *value, char *next, struct err *e)
{
	if (!takes_value(o))
		return set_flag(o, value, e);
	if (!value && !next)
		/* The words that podman's probe of "restore" looks for. */
		return err_text(e, EINVAL, "option --%s requires an argument", o->name);
	if (set_value(o, value ? value : next, e) < 0)
		return -1;
	return value ? 0 : 1;
}

/* "--name", "--name=value", "-name" … */
static int take_long(const struct option *table, const char *word, char *next, struct err *e)
{
	const char *name = word + (word[1] == '-' ? 2 : 1);
	char *eq = strchr(name, '=');
	size_t len = eq ? (size_t)(eq - name) : strlen(name);
	const struct option *o = by_name(table, name, len);

	if (!o)
		return refuse_name(table, word, name, len, e);
	return take(o, eq ? eq + 1 : NULL, next, e);
}

/* "-x", "-xyz", "-x value", "-xvalue". */
static int take_letters(const struct option *table, char *word, char *next, struct err *e)
{
	for (char *p = word + 1; *p; p++) {
		const struct option *o = by_letter(table, *p);
		int used;

		if (!o)
			return err_text(e, EINVAL, "unknown option -%c in \"%.100s\"", *p, word);
		if (takes_value(o))
			return take(o, p[1] ? p + 1 : NULL, next, e);
		used = take(o, NULL, NULL, e);
		if (used < 0)
			return -1;
	}
	return 0;
}

static bool is_long(const struct option *table, const char *word)
{
	return word[1] == '-' || (strlen(word) > 2 && by_name(table, word + 1, strcspn(word + 1, "=")));
}

int options_parse(const struct option *table, int argc, char **argv, bool *help, struct err *e)
{
	int i = 1;

	while (i < argc) {
		char *word = argv[i], *next = i + 1 < argc ? argv[i + 1] : NULL;
		int used;

		if (word[0] != '-' || !word[1])
			return i;
		if (str_eq(word, "--"))
			return i + 1;
		if (help && (str_eq(word, "--help") || str_eq(word, "-h"))) {
			*help = true;
			return i + 1;
		}
		used = is_long(table, word) ? take_long(table, word, next, e) : take_letters(table, word, next, e);
		if (used < 0)
			return -1;
		i += 1 + used;
	}
	return i;
}

/* Columns that @s takes: its characters, not its bytes ("GID,…"). */
static int columns(const char *s)
{
	int n = 0;

	for (; *s; s++)
		n += (*s & 0xc0) != 0x80;
	return n;
}

void options_print(const struct option *table)
{
	for (const struct option *o = table; o->name; o++) {
		autofree char *head = NULL;
		char letter[8] = "    ";

		if (!o->help)
			continue;
		if (o->letter)
			snprintf(letter, sizeof(letter), "-%c, ", o->letter);
		head = xasprintf("  %s--%s%s%s", letter, o->name, o->arg ? " " : "", o->arg ? o->arg : "");
		printf("%s%*s %s\n", head, columns(head) < 36 ? 36 - columns(head) : 0, "", o->help);
	}
}
