// SPDX-License-Identifier: Apache-2.0
/* policing.c - the policy of a container that is to be made
 *
 * Runs in:  create; the commands that ask what create would do.
 */
#include "launch/policing.h"

#include <stdlib.h>

#include "base/str.h"

#define PREFIX "io.sandlock."

int policing_begin(struct policing *p, const struct oci_map *annotations, bool *wanted, struct err *e)
{
	*p = (struct policing){ 0 };
	if (policyfiles_read(&p->files, e) < 0)
		return -1;
	*wanted = p->files.n || policy_wanted(annotations);
	return 0;
}

static void append(char **text, char *more)
{
	char *longer = xasprintf("%s%s", *text ? *text : "", more);

	free(more);
	free(*text);
	*text = longer;
}

/* Keys that came from one place stand beside each other. */
static char *name_sources(const struct policyfile_choice *c)
{
	char *text = NULL;

	for (size_t i = 0; i < c->n_sources; i++) {
		bool first = i == 0 || !str_eq(c->sources[i].from, c->sources[i - 1].from);
		bool last = i + 1 == c->n_sources || !str_eq(c->sources[i].from, c->sources[i + 1].from);

		append(&text, xasprintf("%s%s", i == 0 ? "" : first ? "; " : " ", c->sources[i].key + strlen(PREFIX)));
		if (last)
			append(&text, xasprintf(": %s", c->sources[i].from));
	}
	return text;
}

/* The annotations that were there, and those of files behind them. */
static void swap(struct oci_map *a, struct oci_map *b)
{
	struct oci_map old = *a;

	*a = *b;
	*b = old;
}

int policing_parse(struct policing *p, struct oci_map *annotations, const struct policy_facts *facts, struct policy **out, struct err *e)
{
	struct policyfile_choice c;
	int r = policyfiles_choose(&p->files, annotations, facts, &c, e);

	*out = NULL;
	if (r == 0)
		r = policy_parse(&c.annotations, facts, out, e);
	if (r == 0) {
		for (size_t i = 0; i < c.n_sources && *out; i++)
			policy_note_source(*out, c.sources[i].key, c.sources[i].from);
		p->sources = name_sources(&c);
		p->digests = steal_ptr(&c.files);
		swap(annotations, &c.annotations);
	}
	policyfile_choice_free(&c);
	return r;
}

void policing_free(struct policing *p)
{
	policyfiles_free(&p->files);
	free(p->digests);
	free(p->sources);
	*p = (struct policing){ 0 };
}
