// SPDX-License-Identifier: Apache-2.0
/* names.h - the words of the specification, one table each
 *
 * Owns:     the lists that the reader checks against, that the runtime maps to kernel numbers, and that
 *           "features" prints, so that they cannot drift apart.
 */
#ifndef OCI_NAMES_H
#define OCI_NAMES_H

#include "oci/config.h"

#define OCI_SPEC_VERSION "1.3.0"
#define OCI_SPEC_VERSION_MIN "1.0.0"

/* "mount", "pid", "network", "uts", "ipc", "user", "cgroup", "time". */
const char *oci_namespace_name(enum oci_namespace_type t);

/* CAP_… number by name ("CAP_CHOWN"), -1 if unknown. Names up to CAP_CHECKPOINT_RESTORE (40). */
int oci_capability_number(const char *name);
const char *oci_capability_name(int number); /* NULL past the end */

/* RLIMIT_… resource number by name, -1 if unknown. */
int oci_rlimit_number(const char *name);

/* Value of @key, or NULL. */
const char *oci_map_get(const struct oci_map *m, const char *key);
/* The first namespace of that type, or NULL. */
const struct oci_namespace *oci_namespace_find(const struct oci_linux *l, enum oci_namespace_type t);

#endif
