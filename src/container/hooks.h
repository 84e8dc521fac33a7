// SPDX-License-Identifier: Apache-2.0
/* hooks.h - running the hooks of one kind (config.md, "POSIX-platform Hooks")
 *
 * Owns:     the child, its standard input (the state), its output (kept for the error message, never passed on: a
 *           successful create prints nothing), its timeout.
 * Runs in:  the runtime namespace (create, start, delete) or the container's (init), by the caller's choice.
 */
#ifndef CONTAINER_HOOKS_H
#define CONTAINER_HOOKS_H

#include "base/error.h"
#include "confine/confine.h"
#include "oci/config.h"

/* Runs them in order. Stops at the first that fails: "error running createRuntime hook #1: /x: exit status 3: what it said".
 * @annotations: run.oci.hooks.stdout and .stderr name files of the host to which their output is appended, as under crun. NULL:
 * none, for a hook that runs where the host's files are not. */
int hooks_run(const struct oci_hook_list *hooks, const char *kind, const char *state, const struct oci_map *annotations,
	      struct err *e);
/* The same for hooks that run inside, each behind @profile, which it loads itself as its last step but execve. NULL: none. */
int hooks_run_behind(const struct oci_hook_list *hooks, const char *kind, const char *state, const struct confine_profile *profile,
		     struct err *e);
/* Runs all; a failure is a warning (poststop). */
void hooks_run_all(const struct oci_hook_list *hooks, const char *kind, const char *state, const struct oci_map *annotations);

#endif
