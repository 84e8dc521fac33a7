// SPDX-License-Identifier: Apache-2.0
/* spec.h - the config.json that "sandrun spec" writes for a start */
#ifndef OCI_SPEC_H
#define OCI_SPEC_H

#include <stdbool.h>
#include <stdint.h>

/* A shell on a terminal with few capabilities, own namespaces and a read-only root "rootfs". @rootless: in a user
 * namespace whose root is @uid and @gid on the host (both unused otherwise). @cgroupns:
 * with a cgroup namespace, which is for cgroup v2 (on v1 the peers write none, and mounts of v1 hierarchies differ with it). Heap text, indented, with a newline at
 * the end; the caller's. */
char *oci_spec_default(bool rootless, bool cgroupns, uint32_t uid, uint32_t gid);

#endif
