// SPDX-License-Identifier: Apache-2.0
/* policing.h - the policy of a container that is to be made: by its annotations, and by the policy files of the machine
 *
 * Must not: resolve names (lookup.h), or decide who enforces it.
 * Runs in:  create; the commands that ask what create would do.
 */
#ifndef LAUNCH_POLICING_H
#define LAUNCH_POLICING_H

#include <stdbool.h>

#include "base/error.h"
#include "oci/config.h"
#include "policy/policy.h"
#include "policyfile/policyfile.h"

struct policing {
	struct policyfiles files;
	char *digests; /* "/etc/sandrun/policy.toml sha256:…": the files that had a say; NULL: none */
	char *sources; /* "net-allow dns: /etc/sandrun/policy.toml [default]"; NULL: all of it came from annotations */
};

/* Reads the policy files. *wanted: there may be a policy, by them or by @annotations. -1 with @e. */
int policing_begin(struct policing *p, const struct oci_map *annotations, bool *wanted, struct err *e);
/* *out: the policy, whose names have no addresses yet; NULL: none. What a file has added stands in @annotations then, too. */
int policing_parse(struct policing *p, struct oci_map *annotations, const struct policy_facts *facts, struct policy **out, struct err *e);
void policing_free(struct policing *p);

#endif
