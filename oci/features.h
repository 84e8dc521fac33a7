// SPDX-License-Identifier: Apache-2.0
/* features.h - the features document (features.md, features-linux.md)
 *
 * Owns:     its form, and whatever the tables in names.h say already. What only the other rooms know is in the struct.
 * Must not: look at the host: the document is about the program ("determined on the compilation time").
 */
#ifndef OCI_FEATURES_H
#define OCI_FEATURES_H

#include "oci/config.h"

/* Every list ends with NULL; a list that is NULL is not printed, unless said otherwise. */
struct oci_features {
	const char *const *mount_options; /* containerd's CRI, CRI-O and Docker look for "rro" here */

	bool cgroup_v1;
	bool cgroup_v2;
	bool cgroup_systemd;
	bool cgroup_systemd_user;
	bool cgroup_rdma;

	bool seccomp;
	const char *const *seccomp_actions;   /* NULL: all that the reader takes; so the next three */
	const char *const *seccomp_operators;
	const char *const *seccomp_archs;
	const char *const *seccomp_known_flags;
	const char *const *seccomp_supported_flags;

	bool apparmor;
	bool selinux;
	bool memory_policy; /* true prints the modes and flags that the reader takes */
	bool intel_rdt;
	bool intel_rdt_schemata;
	bool intel_rdt_monitoring;
	bool idmap; /* uidMappings and gidMappings of mounts: containerd's CRI and CRI-O ask for it */
	bool net_devices;

	const struct oci_map *annotations; /* version, commit and the like; NULL: none */
	/* Annotations that change what the runtime does; one that ends with "." is a prefix ("io.sandlock."). */
	const char *const *unsafe_annotations;
};

/* Heap text, indented, with a newline at the end; the caller's. */
char *oci_features_write(const struct oci_features *f);

#endif
