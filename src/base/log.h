// SPDX-License-Identifier: Apache-2.0
/* log.h - what sandrun tells: one line per failure on stderr and, where --log asks, in a file
 *
 * Owns:     the process-wide log settings (with main.c the only mutable globals of the project).
 * Must not: print anything but warnings on success at the default level, and with --log not even those: engines read it as
 *           the container's output, and podman takes the whole file for one object.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

#include "base/error.h"

/* LOG_LVL_TRACE: asked for by itself (trace.h), so written at every level. */
enum log_level { LOG_LVL_ERROR, LOG_LVL_WARNING, LOG_LVL_INFO, LOG_LVL_DEBUG, LOG_LVL_TRACE };
enum log_format { LOG_FMT_TEXT, LOG_FMT_JSON };

/* @target: a path, or "file:PATH", "journald:NAME", "syslog:NAME" (crun's dialect: a datagram for each record, from a
 * program of that name). A file is opened in append mode, made 0644. Returns 0 or -1 with @e. */
int log_open(const char *target, enum log_format format, struct err *e);
/* The log's descriptor, or -1: for who closes all others. */
int log_descriptor(void);
void log_set_level(enum log_level level);
/* Gives the lines that are to be written to @sink from here on, and closes the log: for a process that goes where nothing of the host
 * may be held open. NULL: to stderr. */
void log_divert(void (*sink)(enum log_level level, const char *line));

/* The one line of a failing command: plain on stderr ("sandrun: …"), and one JSON object (or text line) in --log.
 * Line breaks in the message become spaces; it is cut below 4000 bytes (conmon's reader, engine contract). */
void log_failure(const struct err *e);
/* Below the warning level nothing is written unless --debug or --log-level asked for it. Into --log if there is one, else to
 * stderr. */
void log_line(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
#define log_warn(...) log_line(LOG_LVL_WARNING, __VA_ARGS__)
#define log_debug(...) log_line(LOG_LVL_DEBUG, __VA_ARGS__)

#endif
