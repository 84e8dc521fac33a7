// SPDX-License-Identifier: Apache-2.0
/* annotations.h - what crun's annotations (run.oci.*) ask of create and exec
 *
 * Owns:     those that are a yes or no, a path, or a word that no other room reads; the refusal of what would change what a
 *           container is, and is not here.
 * Must not: know io.sandlock.* (policy/), org.systemd.property.* (cgroup/), run.oci.hooks.* (hooks.c), org.criu.config (checkpoint/).
 * Runs in:  create and exec.
 */
#ifndef CONTAINER_ANNOTATIONS_H
#define CONTAINER_ANNOTATIONS_H

#include <stdbool.h>

#include "base/error.h"
#include "oci/config.h"

/* Puts each "KEY=VALUE" of @words in the place of what has that key, or behind the others: --annotation is the caller's word. */
int annotations_put(struct oci_map *annotations, char *const *words, size_t n, struct err *e);
/* Refuses another way to run or confine the workload (run.oci.handler, run.oci.seccomp_bpf_data) that would be passed over. */
int annotations_check(const struct oci_map *annotations, struct err *e);
/* A profile that names a system call which nobody knows is an error: else the name is passed over. */
bool annotations_fail_unknown_calls(const struct oci_map *annotations);
/* podman's "--group-add keep-groups": the workload keeps the caller's supplementary groups. */
bool annotations_keep_groups(const struct oci_map *annotations);
/* The cgroup below the container's that its processes are put into, and no limit: NULL: none. */
const char *annotations_delegated_cgroup(const struct oci_map *annotations);
/* Who gets the seccomp listener where the profile does not say it: by annotation, or by the caller's environment. */
int annotations_take_receiver(struct oci_config *config, struct err *e);

#endif
