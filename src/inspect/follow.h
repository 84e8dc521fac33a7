// SPDX-License-Identifier: Apache-2.0
/* follow.h - refusals as they come, of one container or of every one
 *
 * Owns:     the waiting: inotify on state directories and roots, so that nothing is asked again and again.
 * Must not: lose a line because events were lost: files are read from where they were left.
 * Runs in:  denied --follow, events --denied.
 */
#ifndef INSPECT_FOLLOW_H
#define INSPECT_FOLLOW_H

#include <stdbool.h>

#include "inspect/card.h"
#include "inspect/find.h"
#include "inspect/refusal.h"
#include "inspect/roots.h"

/* One line: @r as read, @line as it stands in the record (without the line break). -1 ends the following. */
typedef int (*follow_each)(struct card *c, const struct refusal *r, const char *line, void *ctx);

struct follow_request {
	const struct roots *roots;
	struct found *found; /* the containers to begin with; card by card taken over */
	bool all;	     /* also containers that are made from now on; does not end */
	int64_t since;	     /* lines that are there already, from this time on; INT64_MAX: none */
	follow_each each;
	void *ctx;
};
/* Returns 0 when all the containers have ended (not with @all), or @each said so; -1 with @e. */
int follow_run(const struct follow_request *q, struct err *e);

#endif
