// SPDX-License-Identifier: Apache-2.0
/* refusal.h - the record of what was refused: its lines, read and grouped
 *
 * Owns:     the reading of denied.jsonl as the supervisor writes it (supervisor/audit.c). Lines of a later version may have more.
 * Must not: trust a line: another user's state directory may hold anything.
 * Runs in:  the commands that look at containers.
 */
#ifndef INSPECT_REFUSAL_H
#define INSPECT_REFUSAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "inspect/card.h"

/* One line. The texts are never NULL; they may hold whatever JSON can. */
struct refusal {
	enum { REFUSAL_CALL, REFUSAL_SUPPRESSED, REFUSAL_RESTARTED, REFUSAL_OTHER } what;
	int64_t when; /* ms since 1970 */
	uint64_t seq; /* 0: the line has none */
	uint64_t n;   /* SUPPRESSED: so many refusals are not described; RESTARTED: for the n-th time */
	uint64_t pid;
	char *comm, *call, *destination, *name, *rule, *layer, *error, *verdict;
};

/* -1: not a line of a record. */
int refusal_parse(const char *line, size_t len, struct refusal *out);
void refusal_free(struct refusal *r);

/* Refusals that differ in nothing but time and process id. */
struct refusal_group {
	struct refusal last; /* the newest of them */
	int64_t first;
	uint64_t count;
	uint64_t pids; /* how many processes, as far as their ids differ from one to the next */
};

struct refusals {
	struct refusal_group *v; /* the one with the newest refusal first */
	size_t n;
	uint64_t described;  /* lines, since @since */
	uint64_t suppressed; /* refusals that the supervisor did not describe */
	uint64_t lost;	     /* numbers that are missing though nobody said so */
	uint64_t last_seq;   /* of the whole record: how many were refused, as far as it says */
	uint64_t restarts;
};

/* Lets the supervisor of @c write down what has been refused until now: a moment, at most. */
void refusals_settle(const struct card *c);
/* Reads the record of @c (also a past one). @since: ms since 1970; 0: everything. No record is an empty one. */
void refusals_read(const struct card *c, int64_t since, struct refusals *out);
/* The same of a file, whatever is in it. -1 with @e if it cannot be read. */
int refusals_read_file(const char *path, struct refusals *out, struct err *e);
void refusals_free(struct refusals *r);

#endif
