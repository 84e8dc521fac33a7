// SPDX-License-Identifier: Apache-2.0
/* stateroot.h - the directory that has the state directories of all containers
 *
 * Owns:     where it is, and the proof that it is ours: whoever can write there decides which process is killed, which hooks
 *           run, which policy holds.
 * Must not: know what is in a state directory (container.h).
 */
#ifndef CONTAINER_STATEROOT_H
#define CONTAINER_STATEROOT_H

#include <stdbool.h>

#include "base/error.h"

/* The state root: @option, or /run/sandrun for real root, or $XDG_RUNTIME_DIR/sandrun (one that is empty or relative counts as
 * unset: podman exports the former), or /tmp/sandrun-UID. Heap, the caller's. */
char *stateroot_path(const char *option);

/* Where compiled profiles are kept: beside the default root, whatever --root says, since every engine and namespace of it uses
 * the same few profiles. Made if it is not there; NULL where it cannot be (there is then no cache). Heap, the caller's; who opens
 * it proves it (confine/profile_cache.c). */
char *stateroot_cache(void);

/* Opens the state root at @path, with @make making what is missing of it. Where everybody may make names (/tmp), somebody else may
 * have been there first: -1 with EPERM in @e if it, or the link that leads there, is neither ours nor root's, or if others may
 * write to it. ENOENT: there is none. */
int stateroot_open(const char *path, bool make, struct err *e);
/* Likewise one container's directory in the root @root, which is never a link: ENOENT if @id is something else. */
int stateroot_open_one(int root, const char *id, struct err *e);

#endif
