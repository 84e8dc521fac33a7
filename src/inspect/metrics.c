// SPDX-License-Identifier: Apache-2.0
/* metrics.c - the policies of all containers in numbers
 *
 * Runs in:  sandrun metrics.
 */
#include "inspect/metrics.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "container/container.h"
#include "inspect/show.h"
#include "inspect/tally.h"

struct writing {
	FILE *out;
	const struct found *found;
	struct tally *tallies;
};

/* A label's value: what a stranger has named, escaped as the format wants it, without what does not print. */
static void put_label(FILE *out, const char *name, const char *value, bool first)
{
	autofree char *text = show_text(value);

	fprintf(out, "%s%s=\"", first ? "" : ",", name);
	for (const char *s = text; *s; s++) {
		if (*s == '"' || *s == '\\')
			fputc('\\', out);
		fputc(*s, out);
	}
	fputc('"', out);
}

/* id, and the names that engines know it by; empty ones are left out, as the format has it. */
static void put_container(FILE *out, const struct card *c)
{
	put_label(out, "id", c->id, true);
	if (c->names.name)
		put_label(out, "container", c->names.name, false);
	if (c->names.pod)
		put_label(out, "pod", c->names.pod, false);
	if (c->names.pod_namespace)
		put_label(out, "namespace", c->names.pod_namespace, false);
	if (c->names.image)
		put_label(out, "image", c->names.image, false);
}

static void put_family(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# TYPE %s %s\n# HELP %s %s\n", name, type, name, help);
}

static void put_info(struct writing *w)
{
	put_family(w->out, "sandrun_container", "info", "Containers, with the layers that enforce the policy (none: no policy).");
	for (size_t i = 0; i < w->found->n; i++) {
		const struct card *c = &w->found->v[i];

		fprintf(w->out, "sandrun_container_info{");
		put_container(w->out, c);
		put_label(w->out, "enforcement", c->enforcement ? c->enforcement : "none", false);
		put_label(w->out, "running", card_is_alive(c) ? "true" : "false", false);
		fprintf(w->out, "} 1\n");
	}
}

static void put_egress(struct writing *w)
{
	put_family(w->out, "sandrun_egress", "counter", "Calls that a rule of the policy has refused.");
	for (size_t i = 0; i < w->found->n; i++) {
		for (size_t k = 0; k < w->tallies[i].n; k++) {
			const struct tally_rule *r = &w->tallies[i].v[k];

			fprintf(w->out, "sandrun_egress_total{");
			put_container(w->out, &w->found->v[i]);
			put_label(w->out, "verdict", "denied", false);
			put_label(w->out, "rule", r->rule, false);
			put_label(w->out, "proto", r->proto, false);
			fprintf(w->out, "} %llu\n", (unsigned long long)r->hits);
		}
	}
}

/* One number of each container with a policy. */
static void put_numbers(struct writing *w, const char *name, const char *help, uint64_t (*number)(const struct tally *t))
{
	put_family(w->out, name, "counter", help);
	for (size_t i = 0; i < w->found->n; i++) {
		if (!w->found->v[i].enforcement)
			continue;
		fprintf(w->out, "%s_total{", name);
		put_container(w->out, &w->found->v[i]);
		fprintf(w->out, "} %llu\n", (unsigned long long)number(&w->tallies[i]));
	}
}

static uint64_t denied(const struct tally *t)
{
	return t->denied;
}

static uint64_t suppressed(const struct tally *t)
{
	return t->suppressed;
}

static uint64_t would_deny(const struct tally *t)
{
	return t->would_deny;
}

static uint64_t restarts(const struct tally *t)
{
	return t->restarts;
}

char *metrics_text(const struct found *f)
{
	struct writing w = { .found = f, .tallies = xcalloc(f->n, sizeof(*w.tallies)) };
	char *text = NULL;
	size_t size = 0;

	w.out = open_memstream(&text, &size);
	if (!w.out)
		abort();
	for (size_t i = 0; i < f->n; i++)
		tally_read(f->v[i].dir, &w.tallies[i]);
	put_info(&w);
	put_egress(&w);
	put_numbers(&w, "sandrun_denied", "Calls that the policy has refused, by whatever rule.", denied);
	put_numbers(&w, "sandrun_denied_undescribed", "Of these, calls that the record does not describe.", suppressed);
	put_numbers(&w, "sandrun_would_deny", "Calls that were let through, and noted, in audit mode.", would_deny);
	put_numbers(&w, "sandrun_supervisor_restarts", "How often a supervisor died and another took over.", restarts);
	fprintf(w.out, "# EOF\n");
	fclose(w.out);
	for (size_t i = 0; i < f->n; i++)
		tally_free(&w.tallies[i]);
	free(w.tallies);
	return text;
}
