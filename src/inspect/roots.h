// SPDX-License-Identifier: Apache-2.0
/* roots.h - the state roots on this machine: where containers of ours may be
 *
 * Owns:     the list of places: sandrun's own, and those that engines name with --root.
 * Must not: believe a directory that somebody else may have put there.
 * Runs in:  the commands that look at containers.
 */
#ifndef INSPECT_ROOTS_H
#define INSPECT_ROOTS_H

#include <stdbool.h>
#include <stddef.h>

struct roots {
	char **v; /* directories that are there and can be read */
	size_t n;
	char **closed; /* those that are there and cannot be read by this caller */
	size_t n_closed;
	char **past; /* directories of records of containers that are gone (container/past.h) */
	size_t n_past;
};

/* @named: the only one (--root); NULL: all that this caller may look at. */
void roots_find(const char *named, struct roots *out);
void roots_free(struct roots *r);

#endif
