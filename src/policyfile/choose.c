// SPDX-License-Identifier: Apache-2.0
/* choose.c - which parts of the policy files hold for a container
 *
 * Owns:     the order: the container's own annotations; else the first [default]; else what "unpoliced" says.
 * Runs in:  create; the commands that ask of a policy.
 */
#include <stdlib.h>

#include "base/str.h"
#include "policyfile/internal.h"

static bool has_key(const struct oci_map *m, const char *key)
{
	for (size_t i = 0; i < m->n; i++) {
		const char *full = policy_key_name(m->v[i].key);

		if (full && str_eq(full, key))
			return true;
	}
	return false;
}

/* "PATH sha256:DIGEST", one behind the other. */
static void note_file(struct policyfile_choice *c, const struct policyfile *f)
{
	char *longer = xasprintf("%s%s%s sha256:%s", c->files ? c->files : "", c->files ? ", " : "", f->path, f->digest);

	free(c->files);
	c->files = longer;
}

/* What the container says itself stays. */
static void add_table(struct policyfile_choice *c, const struct policyfile *f, const struct policyfile_table *t)
{
	for (size_t i = 0; i < t->pairs.n; i++) {
		const struct oci_pair *p = &t->pairs.v[i];

		if (has_key(&c->annotations, p->key))
			continue;
		policyfile_add(&c->annotations, p->key, p->value);
		c->sources = xrealloc(c->sources, c->n_sources + 1, sizeof(*c->sources));
		c->sources[c->n_sources++] = (struct policyfile_source){ policy_key_name(p->key), xasprintf("%s [%s]", f->path, t->label) };
	}
}

/* False: no file has one. */
static bool choose_default(const struct policyfiles *f, struct policyfile_choice *c)
{
	for (size_t i = 0; i < f->n; i++) {
		const struct policyfile_table *t = policyfile_find(&f->v[i], "default");

		if (!t || !t->pairs.n)
			continue;
		add_table(c, &f->v[i], t);
		return true;
	}
	return false;
}

static int refuse_unpoliced(const struct policyfiles *f, struct err *e)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->v[i].unpoliced == UNPOLICED_REFUSE)
			return err_text(e, EPERM,
					"the container has no policy, and %s refuses such (unpoliced): give it an io.sandlock annotation and see that the "
					"engine passes it (\"sandrun check\" tells), or the file a [default]",
					f->v[i].path);
	return 0;
}

int policyfiles_choose(const struct policyfiles *f, const struct oci_map *annotations, const struct policy_facts *facts,
		       struct policyfile_choice *out, struct err *e)
{
	bool lists = false;

	*out = (struct policyfile_choice){ 0 };
	if (policy_has_lists(annotations, facts, &lists, e) < 0)
		return -1;
	for (size_t i = 0; i < annotations->n; i++)
		policyfile_add(&out->annotations, annotations->v[i].key, annotations->v[i].value ? annotations->v[i].value : "");
	for (size_t i = 0; i < f->n; i++)
		note_file(out, &f->v[i]);
	if (lists || choose_default(f, out))
		return 0;
	return refuse_unpoliced(f, e);
}

void policyfile_choice_free(struct policyfile_choice *c)
{
	policyfile_free_map(&c->annotations);
	for (size_t i = 0; i < c->n_sources; i++)
		free(c->sources[i].from);
	free(c->sources);
	free(c->files);
	*c = (struct policyfile_choice){ 0 };
}
