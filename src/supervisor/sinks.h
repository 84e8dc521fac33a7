// SPDX-License-Identifier: Apache-2.0
/* sinks.h - where the record of refusals goes, beside the container's state directory
 *
 * Owns:     the form in which each place wants a line: a file, the journal, syslog.
 * Must not: wait for any of them: what cannot be taken at once is lost there, and the numbers in the lines tell.
 * Runs in:  create (opens what needs the caller's rights); the supervisor's main thread (writes). No heap.
 */
#ifndef SUPERVISOR_SINKS_H
#define SUPERVISOR_SINKS_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define SINKS_FILE_MAX (10 * 1024 * 1024) /* then it becomes NAME.1, and the one before is gone */
#define SINKS_WHO_MAX 1024

/* What supervisor_start() is told. */
struct sinks_request {
	bool state;	/* denied.jsonl in the state directory */
	bool journal, syslog;
	int dir;	/* of the file; -1: none. Borrowed */
	char name[NAME_MAX + 1]; /* of the file */
	/* Who the container is to people: ',"name":"web","image":"…"', as it goes into a line; may be empty. */
	char who[SINKS_WHO_MAX];
};

/* A file of lines that never grows beyond a size. */
struct sinks_file {
	int dir; /* -1: there is none */
	const char *name, *old_name; /* @old_name: what it becomes when it is full */
	off_t max;
	mode_t mode;
	int fd; /* -1: not open now */
};

struct sinks {
	struct sinks_file state, file;
	char old_name[NAME_MAX + 3];
	bool journal, syslog;
	int sock; /* for both; -1 */
	const char *who;
};

/* @q lives as long as @s. @state_dir: for q->state. */
void sinks_init(struct sinks *s, const struct sinks_request *q, int state_dir);

/* One line in its parts, all escaped as JSON. */
struct sinks_line {
	const char *head; /* "{"schema":1,"time":"…","container":"…"" */
	const char *rest; /* ","seq":…}\n" */
	/* For the journal; NULL: none of it. */
	const char *id, *comm, *call, *destination, *rule, *layer, *error, *verdict;
	uint64_t seq;
	pid_t pid;
};
void sinks_write(struct sinks *s, const struct sinks_line *l);

#endif
