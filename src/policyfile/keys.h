// SPDX-License-Identifier: Apache-2.0
/* keys.h - where each key of an annotation stands in a policy file
 *
 * Must not: know what a value means.
 * Runs in:  whoever reads or writes a policy file.
 */
#ifndef POLICYFILE_KEYS_H
#define POLICYFILE_KEYS_H

#include <stddef.h>

struct policyfile_key {
	const char *key;   /* behind "io.sandlock." */
	const char *alias; /* the other spelling; NULL: none */
	const char *table, *name;
	enum { POLICYFILE_LIST, POLICYFILE_WORD, POLICYFILE_BOOL } kind;
};

extern const struct policyfile_key policyfile_keys[];
extern const size_t policyfile_n_keys;
/* NULL: there is none. */
const struct policyfile_key *policyfile_find_key(const char *table, const char *name);

#endif
