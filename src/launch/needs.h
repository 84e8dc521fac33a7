// SPDX-License-Identifier: Apache-2.0
/* needs.h - what linux.seccomp has to let pass, so that a process comes through to its execve
 *
 * Owns:     the list of the system calls that follow the loading of the profile, and the words for a process that did not get through.
 * Must not: decide when the profile is loaded (workload.c does; the list follows it).
 * Runs in:  create, exec and start; needs_explain() in the process itself.
 */
#ifndef CONTAINER_NEEDS_H
#define CONTAINER_NEEDS_H

#include <stdbool.h>

#include "base/error.h"
#include "confine/confine.h"
#include "oci/config.h"

struct needs {
	const struct confine_profile *profile; /* NULL: none */
	const struct oci_process *process;
	bool notify; /* the profile has SCMP_ACT_NOTIFY: loaded early enough to hand the listener over */
	bool waits;  /* init waits for start; exec does not */
};

/* Refuses a profile that would kill the process for certain, before anything is made. */
int needs_check(const struct needs *n, struct err *e);
/* After an error behind the profile: if the profile answers with that errno to some of the calls, says so. Allocates nothing. */
void needs_explain(const struct needs *n, struct err *e);
/* The process, which is @what ("init"), ended with the wait status @status (0: not known) and never became the command. @oom: in
 * its cgroup something was killed for want of memory. Returns -1 with @e. */
int needs_death(const struct needs *n, const char *what, int status, bool oom, struct err *e);

#endif
