// SPDX-License-Identifier: Apache-2.0
/* proc.h - what /proc says of a process
 *
 * Must not: be believed of a number that may have passed to another process, unless a start time or a pidfd says that it has not.
 */
#ifndef BASE_PROC_H
#define BASE_PROC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct proc_stat {
	char state;	    /* R, S, D, Z, … */
	unsigned int flags; /* the kernel's PF_… */
	uint64_t start;	    /* clock ticks since boot */
	int exit_status;    /* of a zombie, as waitpid(2) gives it; 0 also where we may not know */
};

/* /proc/PID/stat. False: there is no such process, or it is hidden from us. */
bool proc_stat(pid_t pid, struct proc_stat *out);
/* True if the process was cloned and has called execve(2) never since, nor had it to for coming here. */
bool proc_has_not_execed(const struct proc_stat *st);

/* We are the machine's root: neither a user, nor a user who is root in a user namespace of their own (rootless podman). */
bool proc_is_root(void);
/* We are in a user namespace, where the host's root may be nobody. */
bool proc_in_user_namespace(void);

#endif
