// SPDX-License-Identifier: Apache-2.0
/* policyfile.h - policy files: what the administrator of a machine says of all its containers
 *
 * Owns:     where such a file is, whose it has to be, what is in it, and which part of it holds for a container.
 * Must not: judge (policy/): what is chosen here are keys and values, as annotations have them.
 * Runs in:  create; the commands that ask of a policy.
 */
#ifndef POLICYFILE_POLICYFILE_H
#define POLICYFILE_POLICYFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/sha256.h"
#include "oci/config.h"
#include "policy/policy.h"

#define POLICYFILE_SYSTEM "/etc/sandrun/policy.toml"
/* Names another file in the place of the system's; root's word only (tests). */
#define POLICYFILE_VARIABLE "SANDRUN_POLICY_FILE"

struct policyfile_table;

struct policyfile {
	char *path;
	char digest[SHA256_HEX];
	struct policyfile_table *tables; /* [default], [bound], [profile.NAME] */
	size_t n_tables;
	enum { UNPOLICED_UNSAID, UNPOLICED_ALLOW, UNPOLICED_REFUSE } unpoliced;
};

/* The files that hold here, the strongest first: the user's own before the system's. */
#define POLICYFILE_MAX 3
struct policyfiles {
	struct policyfile v[POLICYFILE_MAX];
	size_t n;
};

/* Reads those that are there. -1 with @e (path, line, what, what would be right) if one is wrong in any part of it, unreadable, or
 * could be changed by somebody else. */
int policyfiles_read(struct policyfiles *f, struct err *e);
void policyfiles_free(struct policyfiles *f);

/* What holds for one container. */
struct policyfile_choice {
	struct oci_map annotations; /* its own, and those of the files; heap */
	struct policyfile_source {
		const char *key; /* of an annotation from a file */
		char *from;	 /* "/etc/sandrun/policy.toml [default]" */
	} *sources;
	size_t n_sources;
	char *files; /* the files that had a say, each with its digest; NULL: none */
};
/* @annotations: the container's. -1 with @e: a key is none, or a container without a policy is refused here. */
int policyfiles_choose(const struct policyfiles *f, const struct oci_map *annotations, const struct policy_facts *facts,
		       struct policyfile_choice *out, struct err *e);
void policyfile_choice_free(struct policyfile_choice *c);

#endif
