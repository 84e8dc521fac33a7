// SPDX-License-Identifier: Apache-2.0
/* trace.h - what a command does, step by step, for whoever asks
 *
 * Owns:     which areas are told (SANDRUN_TRACE=mount,cgroup…; all of them with --debug), and the clock of the lines.
 * Must not: cost anything when off but the look at one word. Nor be called between the seccomp profile and the exec where
 *           no_new_privs is set: there a profile may kill for any call but execve.
 *
 * A line goes where the log's lines go (log.h), also out of init: "trace: mount: tmpfs on /dev (3.21 ms, +0.04)": since the command
 * began, and since the process's last line.
 */
#ifndef BASE_TRACE_H
#define BASE_TRACE_H

#include <stdbool.h>

#include "base/error.h"

enum trace_area {
	TRACE_STATE,	  /* the state directory, the steps of create, start, kill, delete */
	TRACE_NAMESPACES,
	TRACE_CGROUP,	  /* each write */
	TRACE_MOUNT,
	TRACE_DEVICE,
	TRACE_PROCESS,	  /* user, capabilities, limits */
	TRACE_SECCOMP,
	TRACE_POLICY,
	TRACE_HOOKS,
	TRACE_EXEC,
	TRACE_AREAS
};

extern const char *const trace_words[TRACE_AREAS];
/* A bit for each area that is on. Set once, by main. */
extern unsigned int trace_areas;

/* @words: "mount,cgroup", "all". -1 with @e on a word that is none; NULL or "" is nothing. The clock begins here. */
int trace_set(const char *words, struct err *e);

static inline bool trace_on(enum trace_area a)
{
	return __builtin_expect(trace_areas >> a & 1, 0);
}

#define trace(area, ...)                                                                                               \
	do {                                                                                                           \
		if (trace_on(area))                                                                                    \
			trace_line((area), __VA_ARGS__);                                                               \
	} while (0)
/* Keeps errno. */
void trace_line(enum trace_area area, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The path of an open file, "?" where /proc does not tell. Into @buf, which it returns. For arguments of trace(). */
#define TRACE_PATH 256
const char *trace_path(int fd, char buf[TRACE_PATH]);

#endif
