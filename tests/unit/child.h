// SPDX-License-Identifier: Apache-2.0
/* child.h - running a test's body in a child, for what cannot be undone (users, filters, roots)
 *
 * The child fills a struct report in shared memory; the parent asserts on it. "expect()" in the child notes the first
 * thing that is not as it should be, and where.
 */
#ifndef TESTS_UNIT_CHILD_H
#define TESTS_UNIT_CHILD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"

struct report {
	struct err err; /* of the function under test */
	char failed[256];
	char skip[256];
	long value[16];
	char text[4][512];
};

#define expect(r, cond)                                                                                                \
	do {                                                                                                           \
		if (!(cond)) {                                                                                         \
			snprintf((r)->failed, sizeof((r)->failed), "%s:%d: %s", __FILE__, __LINE__, #cond);            \
			_exit(0);                                                                                      \
		}                                                                                                      \
	} while (0)

/* Ends the child; the test is a skip, or a failure under SANDRUN_MUST_RUN=1. */
#define child_skip(r, ...)                                                                                             \
	do {                                                                                                           \
		snprintf((r)->skip, sizeof((r)->skip), __VA_ARGS__);                                                   \
		_exit(0);                                                                                              \
	} while (0)

/* Returns the wait status. The report is valid until the next call. */
static inline int child_run(void (*body)(struct report *, const void *), const void *arg, struct report **out)
{
	static struct report *shared;
	int status;
	pid_t pid;

	if (!shared)
		shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(shared != MAP_FAILED);
	memset(shared, 0, sizeof(*shared));
	*out = shared;
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		/* cmocka's handlers would make test results of signals. */
		for (int sig = 1; sig < 32; sig++)
			signal(sig, SIG_DFL);
		body(shared, arg);
		/* Not _exit(): a sanitizer makes calls there that a test's seccomp profile may refuse. */
		syscall(SYS_exit_group, 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (shared->failed[0])
		fail_msg("%s (error: %s)", shared->failed, shared->err.msg);
	if (shared->skip[0]) {
		const char *must = getenv("SANDRUN_MUST_RUN");

		if (must && strcmp(must, "1") == 0)
			fail_msg("must run, but: %s", shared->skip);
		print_message("skipped: %s\n", shared->skip);
		skip();
	}
	return status;
}

/* As child_run(), for a body that is expected to come to its end. */
static inline struct report *child_ok(void (*body)(struct report *, const void *), const void *arg)
{
	struct report *r;
	int status = child_run(body, arg, &r);

	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail_msg("the child ended with wait status %#x", (unsigned)status);
	return r;
}

/* strings as in a config */
#define STRINGS(...)                                                                                                   \
	{                                                                                                              \
		.v = (char **)(const char *[]){ __VA_ARGS__, NULL },                                                   \
		.n = sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *)                                          \
	}

#endif
