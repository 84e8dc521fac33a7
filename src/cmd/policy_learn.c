// SPDX-License-Identifier: Apache-2.0
/* policy_learn.c - sandrun policy learn: the policy under which nothing of a container's record would have been refused */
#include "cmd/policy.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "inspect/find.h"
#include "inspect/learn.h"
#include "inspect/policy_format.h"
#include "inspect/subject.h"

#define COLLAPSE 8

struct wanted {
	const char *word, *format;
	int collapse;
	bool merge;
};

/* The container's record, or the file of one. */
static int read_record(const struct globals *g, const char *word, struct refusals *out, struct card *card, struct err *e)
{
	struct roots roots;
	struct found found;
	int r = 0;

	*card = (struct card){ .dir = -1 };
	if (strchr(word, '/'))
		return refusals_read_file(word, out, e);
	roots_find(g->root_named ? g->root : NULL, &roots);
	find_containers(&roots, word, FIND_PAST_IF_NONE, &found);
	if (found.n == 0) {
		r = err_text(e, ENOENT, "policy learn: no container has the id or name \"%.100s\"", word);
	} else if (found.n > 1) {
		r = err_text(e, EINVAL, "policy learn: \"%.100s\" is %zu containers: name one by its id", word, found.n);
	} else {
		*card = found.v[0];
		found.v[0] = (struct card){ .dir = -1 };
		if (!card->past)
			refusals_settle(card);
		refusals_read(card, 0, out);
	}
	find_free(&found);
	roots_free(&roots);
	return r;
}

static const char *value_of(const struct oci_map *m, const char *key, const char *alias)
{
	const char *v = names_annotation(m, key);

	return v ? v : names_annotation(m, alias);
}

static void add(struct oci_map *m, const char *key, const char *old, const char *more)
{
	m->v = xrealloc(m->v, m->n + 1, sizeof(*m->v));
	m->v[m->n++] = (struct oci_pair){ xstrdup(key), xasprintf("%s%s%s", old ? old : "", old && *old && *more ? " " : "", more) };
}

/* What stands beside the lists, but for the mode: what was learnt is to be enforced. */
static void keep_settings(const struct oci_map *from, struct oci_map *to)
{
	static const char *const lists[] = { "net-allow", "network.allow", "net-allow-bind", "network.allow_bind", "mode" };

	for (size_t i = 0; i < from->n; i++) {
		bool keep = str_starts(from->v[i].key, "io.sandlock.");

		for (size_t k = 0; k < ARRAY_SIZE(lists); k++)
			keep = keep && !str_eq(from->v[i].key + strlen("io.sandlock."), lists[k]);
		if (keep)
			add(to, from->v[i].key, NULL, from->v[i].value);
	}
}

/* The annotations of the result. */
static void make_map(const struct wanted *w, const struct learn *l, const struct oci_map *old, struct oci_map *out)
{
	const char *allow = w->merge ? value_of(old, "io.sandlock.net-allow", "io.sandlock.network.allow") : NULL;
	const char *bind = w->merge ? value_of(old, "io.sandlock.net-allow-bind", "io.sandlock.network.allow_bind") : NULL;

	add(out, "io.sandlock.net-allow", allow, l->allow);
	if (bind || *l->bind)
		add(out, "io.sandlock.net-allow-bind", bind, l->bind);
	if (w->merge)
		keep_settings(old, out);
	if (l->icmp_sockets && !names_annotation(out, "io.sandlock.allow-icmp"))
		add(out, "io.sandlock.allow-icmp", NULL, "true");
}

/* On the standard error: the standard output is the policy. */
static void tell(const struct wanted *w, const struct refusals *r, const struct learn *l, const struct card *c)
{
	const char *mode = c->id ? names_annotation(&c->annotations, "io.sandlock.mode") : NULL;

	if (r->suppressed || r->lost)
		fprintf(stderr, "sandrun: policy learn: %llu refusals are not described in the record: the policy may lack some\n",
			(unsigned long long)r->suppressed + (unsigned long long)r->lost);
	if (c->id && !(mode && str_eq(mode, "audit")))
		fprintf(stderr, "sandrun: policy learn: this container is not in audit mode, so only what was refused is known%s\n",
			w->merge ? "" : "; --merge adds it to its policy");
	if (l->metadata)
		fprintf(stderr, "sandrun: policy learn: the clouds' metadata service is among them: it hands out a machine's credentials\n");
	if (l->n_impossible)
		fprintf(stderr, "sandrun: policy learn: %zu kinds of refusals that no rule can allow (%.200s%s)\n", l->n_impossible, l->impossible,
			l->n_impossible > 1 ? ", …" : "");
}

static int learn(const struct globals *g, const struct wanted *w, struct err *e)
{
	struct oci_map map = { 0 };
	struct refusals refusals = { 0 };
	struct learn l;
	struct card card;
	autofree char *text = NULL;

	if (read_record(g, w->word, &refusals, &card, e) < 0)
		return -1;
	learn_rules(&refusals, (unsigned int)w->collapse, &l);
	make_map(w, &l, &card.annotations, &map);
	text = policy_format(&map, w->format, e);
	if (text) {
		tell(w, &refusals, &l, &card);
		fputs(text, stdout);
	} else {
		err_prefix(e, "policy learn");
	}
	subject_free_map(&map);
	learn_free(&l);
	refusals_free(&refusals);
	card_close(&card);
	return text ? 0 : -1;
}

int cmd_policy_learn(const struct globals *g, int argc, char **argv, struct err *e)
{
	struct wanted w = { .format = "annotations", .collapse = COLLAPSE };
	const struct option table[] = {
		{ "format", 'f', OPT_STRING, &w.format, "FORMAT", "annotations (default), podman, kubernetes, toml" },
		{ "collapse", 0, OPT_NUMBER, &w.collapse, "N", "from N neighbours on, one rule for their /24 or /64 (default: 8; 0: never)" },
		{ "merge", 0, OPT_FLAG, &w.merge, NULL, "together with the policy that the container has" },
		{ 0 },
	};
	int r = cmd_begin_words(table, "[options] ID|FILE", 1, 1, argc, argv, &w.word, e);

	if (r < 0)
		return r == CMD_HELP ? 0 : -1;
	return learn(g, &w, e);
}
