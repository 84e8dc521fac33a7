// SPDX-License-Identifier: Apache-2.0
/* internal.h - what the files of process/ share: the check of a part (create) beside its use (init)
 *
 * Owns:     one …_check() for each part of "process". A check reads the same tables as the step that uses them, so
 *           that what passes in create cannot be unknown in init.
 */
#ifndef PROCESS_INTERNAL_H
#define PROCESS_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "oci/config.h"

/* 0, or -1 with @e, which names the field. Nothing on the host is asked or changed. */
int caps_check(const struct oci_capabilities *c, struct err *e);
int user_check(const struct oci_user *u, struct err *e);
int rlimits_check(const struct oci_process *p, struct err *e);
int scheduler_check(const struct oci_process *p, struct err *e);
int label_check(const struct oci_process *p, struct err *e);
int terminal_check(const struct oci_process *p, struct err *e);
int command_check(const struct oci_process *p, struct err *e);

/* A word of the specification and its number. A table ends with a NULL name. */
struct word {
	const char *name;
	unsigned long value;
};

/* Returns the entry or NULL. */
const struct word *word_find(const struct word *table, const char *name);

/* Processors and memory nodes: as many as any kernel can be built for (NR_CPUS 8192, MAX_NUMNODES 1024). */
#define IDLIST_MAX 8192
#define IDLIST_WORDS (IDLIST_MAX / (8 * sizeof(unsigned long)))

struct idlist {
	unsigned long bits[IDLIST_WORDS];
	size_t top; /* the highest number in it + 1; 0: empty */
};

/* Reads "0-3,7". Nothing else is accepted: no space, no empty item, no lo > hi. */
int idlist_parse(const char *text, struct idlist *out, struct err *e);
/* How many numbers are in it. */
size_t idlist_count(const struct idlist *list);

#endif
