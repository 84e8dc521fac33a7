// SPDX-License-Identifier: Apache-2.0
/* state.h - the state document of runtime.md, "State", as hooks and "sandrun state" see it */
#ifndef OCI_STATE_H
#define OCI_STATE_H

#include <sys/types.h>

#include "oci/config.h"

struct oci_state {
	const char *id;
	const char *status; /* creating, created, running, stopped (and paused, as runc and crun say) */
	pid_t pid;	    /* 0 when stopped */
	const char *bundle;
	const char *rootfs;  /* NULL: not printed (hooks) */
	const char *created; /* RFC 3339 with nanoseconds; NULL: not printed */
	const char *owner;   /* NULL: not printed */
	const struct oci_map *annotations;
};

/* Writes the document as heap text that the caller frees. @pretty: indented by two, with a newline at the end (state
 * and list); otherwise one line (hooks' standard input). */
char *oci_state_write(const struct oci_state *s, bool pretty);
/* An array of them on one line, without a newline (list --format json); "[]" for none. */
char *oci_state_write_list(const struct oci_state *v, size_t n);

#endif
