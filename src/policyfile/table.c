// SPDX-License-Identifier: Apache-2.0
/* table.c - one policy of a policy file: its keys as annotations
 *
 * Runs in:  create; the commands that ask of a policy.
 *
 * "[default] allow" is the same as "[default.network] allow": the first is what most people need, the second what a profile has.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/near.h"
#include "base/str.h"
#include "policyfile/internal.h"
#include "policyfile/keys.h"

#define PREFIX "io.sandlock."
#define TABLES 3

static const char *const tables[TABLES] = { "network", "http", "log" };

struct reading {
	struct policyfile_table *out;
	struct err *e;
};

void policyfile_add(struct oci_map *m, const char *key, const char *value)
{
	m->v = xrealloc(m->v, m->n + 1, sizeof(*m->v));
	m->v[m->n++] = (struct oci_pair){ xstrdup(key), xstrdup(value) };
}

void policyfile_free_map(struct oci_map *m)
{
	for (size_t i = 0; i < m->n; i++) {
		free(m->v[i].key);
		free(m->v[i].value);
	}
	free(m->v);
	*m = (struct oci_map){ 0 };
}

int policyfile_unknown(const struct toml_node *n, const char *what, const char *where, const char *const *known, struct err *e)
{
	autofree char *all = xstrdup("");
	struct near near = { 0 };

	for (size_t i = 0; known[i]; i++) {
		char *longer = xasprintf("%s%s%s", all, !i ? "" : known[i + 1] ? ", " : " and ", known[i]);

		free(all);
		all = longer;
		near_offer(&near, n->key, known[i]);
	}
	if (near_best(&near))
		return err_text(e, EINVAL, "line %u: %s: unknown %s \"%.60s\"; did you mean \"%s\"?", n->line, where, what, n->key, near_best(&near));
	return err_text(e, EINVAL, "line %u: %s: unknown %s \"%.60s\"; there are %s", n->line, where, what, n->key, all);
}

/* --- values ------------------------------------------------------------------------------------------------------------ */

/* An element of a list as text; NULL with the error. */
static const char *element_text(const struct reading *r, const struct toml_node *n, const char *name)
{
	if (n->type == TOML_STRING || n->type == TOML_INTEGER)
		return n->text;
	err_text(r->e, EINVAL, "line %u: [%s] %s: it is %s; a text is expected, or a list of texts: %s = [\"10.0.0.0/8:443\", \"udp://10.0.0.53:53\"]",
		 n->line, r->out->label, name, toml_type_names[n->type], name);
	return NULL;
}

/* Each element is a list of its own: what one of them lacks is not found in the next. */
static int check_element(const struct reading *r, const struct policyfile_key *k, const struct toml_node *n, const char *text)
{
	autofree char *key = xasprintf(PREFIX "%s", k->key);

	return policy_try_list(key, k->name, text, r->e) < 0 ? err_prefix(r->e, "line %u: [%s]", n->line, r->out->label) : 0;
}

static char *join(const struct reading *r, const struct policyfile_key *k, const struct toml_node *n)
{
	autofree char *all = xstrdup("");

	for (const struct toml_node *m = n->type == TOML_ARRAY ? n->first : n; m; m = n->type == TOML_ARRAY ? m->next : NULL) {
		const char *text = element_text(r, m, k->name);
		char *longer;

		if (!text || check_element(r, k, m, text) < 0)
			return NULL;
		longer = xasprintf("%s%s%s", all, *all ? "; " : "", text);
		free(all);
		all = longer;
	}
	return steal_ptr(&all);
}

static char *value_text(const struct reading *r, const struct policyfile_key *k, const struct toml_node *n)
{
	static const char *const wanted[] = { [POLICYFILE_WORD] = "a text", [POLICYFILE_BOOL] = "true or false" };
	enum toml_type type = k->kind == POLICYFILE_BOOL ? TOML_BOOL : TOML_STRING;

	if (k->kind == POLICYFILE_LIST)
		return join(r, k, n);
	if (n->type != type) {
		err_text(r->e, EINVAL, "line %u: [%s] %s: it is %s, and %s is expected", n->line, r->out->label, n->key, toml_type_names[n->type],
			 wanted[k->kind]);
		return NULL;
	}
	return k->kind == POLICYFILE_BOOL ? xstrdup(n->truth ? "true" : "false") : xstrdup(n->text);
}

/* --- keys --------------------------------------------------------------------------------------------------------------- */

static int unknown_key(const struct reading *r, const char *table, const struct toml_node *n)
{
	const char **known = xcalloc(policyfile_n_keys + TABLES + 1, sizeof(*known));
	autofree char *where = xasprintf("[%s]", r->out->label);
	size_t count = 0;

	for (size_t i = 0; i < policyfile_n_keys; i++)
		if (str_eq(policyfile_keys[i].table, table) && !str_eq(policyfile_keys[i].name, "port_remap"))
			known[count++] = policyfile_keys[i].name;
	policyfile_unknown(n, "key", where, known, r->e);
	free(known);
	return -1;
}

static int take_key(const struct reading *r, const char *table, const struct toml_node *n)
{
	const struct policyfile_key *k = policyfile_find_key(table, n->key);
	autofree char *value = NULL, *key = NULL;

	if (!k)
		return unknown_key(r, table, n);
	key = xasprintf(PREFIX "%s", k->key);
	for (size_t i = 0; i < r->out->pairs.n; i++)
		if (str_eq(r->out->pairs.v[i].key, key))
			return err_text(r->e, EINVAL, "line %u: [%s] %s is there twice, here and in [%s.%s]; keep one", n->line, r->out->label, n->key,
					r->out->label, table);
	value = value_text(r, k, n);
	if (!value)
		return -1;
	policyfile_add(&r->out->pairs, key, value);
	return 0;
}

static bool is_table_name(const char *key)
{
	for (size_t i = 0; i < TABLES; i++)
		if (str_eq(key, tables[i]))
			return true;
	return false;
}

/* "[default.network]" */
static int take_table(const struct reading *r, const struct toml_node *n)
{
	if (n->type != TOML_TABLE)
		return err_text(r->e, EINVAL, "line %u: [%s] %s: it is %s, and a table is expected ([%s.%s])", n->line, r->out->label, n->key,
				toml_type_names[n->type], r->out->label, n->key);
	for (const struct toml_node *m = n->first; m; m = m->next)
		if (take_key(r, n->key, m) < 0)
			return -1;
	return 0;
}

/* As a container would have it for which nothing is missing: what is wrong here is wrong for every container. */
static int check_whole(const struct policyfile_table *t, struct err *e)
{
	struct policy_facts facts = { .own_network = true, .n_resolvers = 1, .can_serve_names = true };
	struct policy *p = NULL;

	facts.resolvers[0] = (struct in6_addr){ .s6_addr = { [10] = 0xff, 0xff, 192, 0, 2, 1 } };
	if (t->pairs.n && policy_parse(&t->pairs, &facts, &p, e) < 0)
		return err_prefix(e, "line %u: [%s]", t->line, t->label);
	policy_free(p);
	return 0;
}

int table_read(const struct toml_node *n, const char *label, struct policyfile_table *out, struct err *e)
{
	struct reading r = { .out = out, .e = e };

	*out = (struct policyfile_table){ .label = xstrdup(label), .line = n->line };
	if (n->type != TOML_TABLE)
		return err_text(e, EINVAL, "line %u: %s: it is %s, and a table is expected ([%s])", n->line, label, toml_type_names[n->type], label);
	for (const struct toml_node *m = n->first; m; m = m->next)
		if ((is_table_name(m->key) ? take_table(&r, m) : take_key(&r, "network", m)) < 0)
			return -1;
	return check_whole(out, e);
}

void table_free(struct policyfile_table *t)
{
	free(t->label);
	policyfile_free_map(&t->pairs);
	*t = (struct policyfile_table){ 0 };
}
