// SPDX-License-Identifier: Apache-2.0
/* internal.h - what the files of this room share
 *
 * Must not: be included outside src/policyfile and its tests.
 */
#ifndef POLICYFILE_INTERNAL_H
#define POLICYFILE_INTERNAL_H

#include "policyfile/policyfile.h"
#include "toml/toml.h"

/* --- open.c --------------------------------------------------------------------------------------------- */

enum policyfile_owner {
	OWNER_ROOT, /* nobody else may have written it, nor been able to put another in its place */
	OWNER_USER, /* root or the user that we are */
	OWNER_ANY,  /* the caller names it, and answers for it */
};

/* The text of @path, heap. 0; 1: there is none; -1 with @e. */
int policyfile_open(const char *path, enum policyfile_owner owner, char **text, size_t *len, struct err *e);
/* The user's own file; heap. NULL: there can be none. */
char *policyfile_user_path(void);

/* --- table.c -------------------------------------------------------------------------------------------- */

struct policyfile_table {
	char *label; /* "default", "profile.web" */
	unsigned int line;
	struct oci_map pairs; /* "io.sandlock.net-allow" and its value */
};

/* Takes the keys of @n, which are those of [network], and of its tables network, http and log. -1 with @e ("line 3: …"). */
int table_read(const struct toml_node *n, const char *label, struct policyfile_table *out, struct err *e);
void table_free(struct policyfile_table *t);

/* --- read.c --------------------------------------------------------------------------------------------- */

/* f->path is there already. */
int policyfile_parse(struct policyfile *f, const char *text, size_t len, struct err *e);
void policyfile_free(struct policyfile *f);
const struct policyfile_table *policyfile_find(const struct policyfile *f, const char *label);
/* "line N: unknown key …; did you mean …?" @known: NULL ends them. -1. */
int policyfile_unknown(const struct toml_node *n, const char *what, const char *where, const char *const *known, struct err *e);
void policyfile_add(struct oci_map *m, const char *key, const char *value);
void policyfile_free_map(struct oci_map *m);

#endif
