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

/* Each list ends with NULL. */
extern const char *const oci_names_namespaces[];   /* in the order of enum oci_namespace_type */
extern const char *const oci_names_capabilities[]; /* in the order of their kernel numbers */
extern const char *const oci_names_rlimits[];	   /* in the order of their kernel numbers on most machines */
extern const char *const oci_names_hooks[];	   /* in the order in which they run */
extern const char *const oci_names_propagations[];
extern const char *const oci_names_device_types[];
extern const char *const oci_names_device_rule_types[];
extern const char *const oci_names_sched_policies[]; /* SCHED_…: in the order of their kernel numbers */
extern const char *const oci_names_sched_flags[];    /* SCHED_FLAG_…: entry i is bit i */
extern const char *const oci_names_ioprio_classes[]; /* entry i is class i + 1 */
extern const char *const oci_names_seccomp_actions[];
extern const char *const oci_names_seccomp_operators[];
extern const char *const oci_names_seccomp_archs[];
extern const char *const oci_names_seccomp_flags[];
extern const char *const oci_names_mpol_modes[];
extern const char *const oci_names_mpol_flags[];
extern const char *const oci_names_personality_domains[];

/* Position of @name in one of the lists above, or -1. */
int oci_names_index(const char *const *list, const char *name);

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
/* This very word is among the options of the mount. */
bool oci_mount_has_option(const struct oci_mount *m, const char *name);

#endif
