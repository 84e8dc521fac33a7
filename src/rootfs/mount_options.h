// SPDX-License-Identifier: Apache-2.0
/* mount_options.h - the words of mounts[].options and what they ask of the kernel
 *
 * Owns:     the one table of option words, which the parser and "features" share.
 * Must not: mount anything.
 * Runs in:  create (sources) and init.
 */
#ifndef ROOTFS_MOUNT_OPTIONS_H
#define ROOTFS_MOUNT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "oci/config.h"

/* struct mount_options.flags */
#define MOUNT_OPT_BIND 0x001u
#define MOUNT_OPT_REC 0x002u /* rbind */
#define MOUNT_OPT_REMOUNT 0x004u
#define MOUNT_OPT_TMPCOPYUP 0x008u
#define MOUNT_OPT_COPY_SYMLINK 0x010u
#define MOUNT_OPT_SRC_NOFOLLOW 0x020u
#define MOUNT_OPT_DEST_NOFOLLOW 0x040u
#define MOUNT_OPT_IDMAP 0x080u
#define MOUNT_OPT_RIDMAP 0x100u /* comes with MOUNT_OPT_IDMAP */

#define MOUNT_OPTIONS_MAX_PROPAGATION 4

struct mount_options {
	unsigned int flags;	       /* MOUNT_OPT_… */
	uint64_t set, clr;	       /* MOUNT_ATTR_… of the mount itself */
	uint64_t rec_set, rec_clr;     /* the same for the whole tree (rro, rnosuid, …) */
	unsigned long sb_flags;	       /* MS_… that belong to the superblock: sync, dirsync, mand, lazytime, … */
	unsigned long propagation[MOUNT_OPTIONS_MAX_PROPAGATION]; /* MS_SHARED … with or without MS_REC, in order */
	size_t n_propagation;
	const char *idmap;	       /* crun's dialect: what follows "idmap=" or "ridmap="; borrowed from the config */
	char **data;		       /* filesystem-specific options, one each; heap */
	size_t n_data;
};

/* Fills @o from @list. Words that are not in the table are filesystem data. Returns 0, or -1 with @e. */
int mount_options_parse(const struct oci_strings *list, struct mount_options *o, struct err *e);
void mount_options_free(struct mount_options *o);
/* By a word, or by the type alone. With "remount" it means the mount that is there, as for mount(8). */
bool mount_options_are_bind(const struct oci_mount *m, const struct mount_options *o);
/* True if some datum is @key or begins with "@key=". */
bool mount_options_has_data(const struct mount_options *o, const char *key);
/* Takes a copy of @datum. */
void mount_options_add_data(struct mount_options *o, const char *datum);
/* The data joined by commas, as mount(2) wants them; heap, NULL if there are none. */
char *mount_options_join_data(const struct mount_options *o);
/* MOUNT_ATTR_… as MS_… for mount(2). */
unsigned long mount_options_ms_flags(uint64_t attr);
/* A word of propagation ("rslave") as MS_… flags, 0 if it is none. */
unsigned long mount_options_propagation(const char *word);

#endif
