// SPDX-License-Identifier: Apache-2.0
/* hostfile.h - files of the host that an annotation names
 *
 * Owns:     where such a file may be, and the way there. An annotation may come out of an image, so its word alone must not make
 *           root write to a file, or read one: only below directories that the administrator has for it, without following a link,
 *           and only a regular file that belongs to us or to root.
 * Must not: be asked about what the caller of the runtime names itself (options).
 */
#ifndef BASE_HOSTFILE_H
#define BASE_HOSTFILE_H

#include "base/error.h"

enum hostfile_kind {
	HOSTFILE_LOG,  /* /var/log/sandrun; a user's: $XDG_STATE_HOME/sandrun, or ~/.local/state/sandrun */
	HOSTFILE_CRIU, /* /etc/criu, /etc/sandrun/criu; a user's: $XDG_CONFIG_HOME/sandrun/criu, or ~/.config/sandrun/criu */
	HOSTFILE_KINDS,
};

/* Opens @path, to read it. -1 with @e, which says where it may be. */
int hostfile_open(enum hostfile_kind kind, const char *path, struct err *e);
/* Opens @path to append to it; made if it is not there, and so is the directory of its kind. */
int hostfile_append(enum hostfile_kind kind, const char *path, struct err *e);
/* Opens the directory that @path is in, for who makes, appends to and rotates the file in it (which *name then points to, within
 * @path). A relative @path is below the first directory of the kind, which is made if it is not there. */
int hostfile_open_directory(enum hostfile_kind kind, const char *path, const char **name, struct err *e);

#endif
