// SPDX-License-Identifier: Apache-2.0
/* policy_format.h - a policy's annotations as each place wants them: to be given again
 *
 * Runs in:  sandrun policy.
 */
#ifndef INSPECT_POLICY_FORMAT_H
#define INSPECT_POLICY_FORMAT_H

#include "base/error.h"
#include "oci/config.h"

/* @format: "annotations" (KEY=VALUE a line), "podman" (options of podman and docker run), "kubernetes" (YAML of a pod's metadata),
 * "toml" (a policy file). Heap; NULL with @e: none of these. */
char *policy_format(const struct oci_map *annotations, const char *format, struct err *e);
#define POLICY_FORMATS "annotations, podman, kubernetes or toml"

#endif
