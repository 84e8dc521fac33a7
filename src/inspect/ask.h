// SPDX-License-Identifier: Apache-2.0
/* ask.h - one question of a policy and its answer, by the function that judges
 *
 * Runs in:  sandrun policy check; the library (lib/).
 */
#ifndef INSPECT_ASK_H
#define INSPECT_ASK_H

#include "inspect/dest.h"
#include "inspect/hint.h"
#include "inspect/subject.h"

struct answer {
	const char *asked;	/* the destination's text */
	char destination[DEST_TEXT]; /* what was judged: "tcp://10.1.2.3:443", "tcp port 8080" */
	bool allowed;
	char rule[160];	/* the one that decided; empty: none */
	const char *list; /* its annotation, or "[default] deny"; "": none */
	char nearest[160]; /* a rule that covers the address at other ports; empty: none */
	char words[320];
	struct hint hint; /* of one that is denied: what would allow it */
};

/* The @i-th address of @d, or the bind. Without a policy everything is allowed. */
void ask_policy(const struct subject *s, const struct dest *d, size_t i, struct answer *out);
void answer_free(struct answer *a);

#endif
