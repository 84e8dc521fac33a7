// SPDX-License-Identifier: Apache-2.0
/* read.c - a policy file's text -> its tables
 *
 * Runs in:  create; the commands that ask of a policy.
 */
#include <stdlib.h>

#include "base/log.h"
#include "base/proc.h"
#include "base/str.h"
#include "policyfile/internal.h"

static const char *const words[] = { "unpoliced", "default", NULL };

static int read_unpoliced(struct policyfile *f, const struct toml_node *n, struct err *e)
{
	if (n->type == TOML_STRING && str_eq(n->text, "allow"))
		f->unpoliced = UNPOLICED_ALLOW;
	else if (n->type == TOML_STRING && str_eq(n->text, "refuse"))
		f->unpoliced = UNPOLICED_REFUSE;
	else
		return err_text(e, EINVAL, "line %u: unpoliced: what becomes of a container without a policy is \"allow\" or \"refuse\"", n->line);
	return 0;
}

static int add_table(struct policyfile *f, const struct toml_node *n, const char *label, struct err *e)
{
	f->tables = xrealloc(f->tables, f->n_tables + 1, sizeof(*f->tables));
	return table_read(n, label, &f->tables[f->n_tables++], e);
}

static int read_member(struct policyfile *f, const struct toml_node *n, struct err *e)
{
	if (str_eq(n->key, "unpoliced"))
		return read_unpoliced(f, n, e);
	if (str_eq(n->key, "default"))
		return add_table(f, n, "default", e);
	return policyfile_unknown(n, n->type == TOML_TABLE ? "table" : "key", "the file", words, e);
}

int policyfile_parse(struct policyfile *f, const char *text, size_t len, struct err *e)
{
	struct toml *t = toml_parse(text, len, e);
	int r = t ? 0 : -1;

	sha256_hex(text, len, f->digest);
	for (const struct toml_node *n = t ? toml_root(t)->first : NULL; n && r == 0; n = n->next)
		r = read_member(f, n, e);
	toml_free(t);
	return r < 0 ? err_prefix(e, "%s", f->path) : 0;
}

void policyfile_free(struct policyfile *f)
{
	for (size_t i = 0; i < f->n_tables; i++)
		table_free(&f->tables[i]);
	free(f->tables);
	free(f->path);
	*f = (struct policyfile){ 0 };
}

const struct policyfile_table *policyfile_find(const struct policyfile *f, const char *label)
{
	for (size_t i = 0; i < f->n_tables; i++)
		if (str_eq(f->tables[i].label, label))
			return &f->tables[i];
	return NULL;
}

/* --- those that hold here ------------------------------------------------------------------------------------------------ */

/* Takes @path. */
static int read_one(struct policyfiles *f, char *path, enum policyfile_owner owner, struct err *e)
{
	autofree char *text = NULL;
	size_t len = 0;
	int r = path ? policyfile_open(path, owner, &text, &len, e) : 1;

	if (r != 0) {
		free(path);
		return r < 0 ? -1 : 0;
	}
	f->v[f->n] = (struct policyfile){ .path = path };
	return policyfile_parse(&f->v[f->n++], text, len, e);
}

int policyfiles_read(struct policyfiles *f, struct err *e)
{
	/* Not of a user: the system's bound is for users, too. */
	const char *named = proc_is_root() ? secure_getenv(POLICYFILE_VARIABLE) : NULL;

	*f = (struct policyfiles){ 0 };
	if (read_one(f, policyfile_user_path(), OWNER_USER, e) < 0)
		return -1;
	return read_one(f, xstrdup(named && named[0] == '/' ? named : POLICYFILE_SYSTEM), OWNER_ROOT, e);
}

void policyfiles_free(struct policyfiles *f)
{
	for (size_t i = 0; i < f->n; i++)
		policyfile_free(&f->v[i]);
	f->n = 0;
}
