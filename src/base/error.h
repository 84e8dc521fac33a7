// SPDX-License-Identifier: Apache-2.0
/* error.h - the one error type: an errno and a sentence, by value
 *
 * Owns:     the form of an error: no heap, so that it works between clone and exec, in the supervisor and
 *           when memory is gone; small enough for one atomic pipe write (PIPE_BUF is 4096).
 * Must not: print (see log.h) or end the process.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <errno.h>
#include <stdarg.h>

struct err {
	int code; /* an errno, or 0 where none fits */
	char msg[1020];
};

/* Fills @e with @code and the message. Where @code is not 0, ": " and the errno in words follow the
 * message. @e may be NULL (the caller does not care). Returns -1 always, so that "return err_set(…)" works.
 * errno is left as it was. */
int err_set(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
#define err_sys(e, ...) err_set((e), errno, __VA_ARGS__)
/* An error that no errno describes: the message is the whole text. */
#define err_msg(e, ...) err_set((e), 0, __VA_ARGS__)

/* As err_set() without the errno in words: for a message that says it itself, in an engine's wording. */
int err_text(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* As err_set(), but ENOENT in the words by which engines know that the container's command is missing (podman and Docker: exit
 * status 127). For the command and its working directory only: everywhere else these words would be a lie. */
int err_command(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Puts "…: " in front of the message in @e. For a caller that knows more than the callee ("mounts[3]").
 * Returns -1. */
int err_prefix(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#ifdef __clang_analyzer__
/* The analyzer does not look into error.c, and would take every way on from a failure as one where it succeeded. */
#define err_set(...) ((void)(err_set)(__VA_ARGS__), -1)
#define err_text(...) ((void)(err_text)(__VA_ARGS__), -1)
#define err_command(...) ((void)(err_command)(__VA_ARGS__), -1)
#define err_prefix(...) ((void)(err_prefix)(__VA_ARGS__), -1)
#endif

/* The errno in words without allocating (glibc after 2.40 may allocate in strerror). Never NULL. */
const char *err_words(int code);

#endif
