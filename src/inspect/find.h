// SPDX-License-Identifier: Apache-2.0
/* find.h - the containers that somebody means: by id, by the beginning of an id, by name, by pod
 *
 * Must not: judge what a match is good for: who changes something wants exactly one.
 * Runs in:  the commands that look at containers.
 */
#ifndef INSPECT_FIND_H
#define INSPECT_FIND_H

#include <stddef.h>

#include "inspect/card.h"
#include "inspect/roots.h"

struct found {
	struct card *v;
	size_t n;
	size_t looked_at; /* containers in all, the past ones not counted */
	enum { FOUND_ALL, FOUND_ID, FOUND_NAME, FOUND_POD, FOUND_PREFIX } by;
};

enum find_past { FIND_PRESENT, FIND_PAST_IF_NONE, FIND_PAST }; /* containers that are gone: never; if there is no other; too */

/* @word NULL: all. Else those it means, by the first of these that has any: the id, the name, the pod, the beginning of an id. Names
 * are filled in. */
void find_containers(const struct roots *roots, const char *word, enum find_past past, struct found *out);
void find_free(struct found *f);

#endif
