// SPDX-License-Identifier: Apache-2.0
/* hint.h - the shortest change of a policy that would allow what was refused
 *
 * Must not: change anything; advise to open more than what was asked for.
 * Runs in:  the commands that explain.
 */
#ifndef INSPECT_HINT_H
#define INSPECT_HINT_H

#include "inspect/refusal.h"
#include "oci/config.h"

struct hint {
	enum {
		HINT_NONE, /* no rule can allow it */
		HINT_ADD,  /* @value to the list @key */
		HINT_DROP, /* @value out of the list @key */
		HINT_SET,  /* @key to @value */
	} what;
	char *key;
	char *value;
};

/* @annotations: the policy that was in force. */
void hint_find(const struct refusal *r, const struct oci_map *annotations, struct hint *out);
/* "add 10.1.2.3:80 to io.sandlock.net-allow", or NULL. Heap. */
char *hint_words(const struct hint *h);
void hint_free(struct hint *h);

#endif
