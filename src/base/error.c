// SPDX-License-Identifier: Apache-2.0
/* error.c - filling struct err
 *
 * Runs in:  everywhere, also between clone and exec and in the supervisor: no heap, no locale.
 */
#include "base/error.h"
/* What error.h has for the analyzer only. */
#undef err_set
#undef err_text
#undef err_command
#undef err_prefix

#include <stdio.h>
#include <string.h>

const char *err_words(int code)
{
	/* Not "no such file or directory": error.h, err_command(). */
	const char *s = code == ENOENT ? "it is not there" : strerrordesc_np(code);

	return s ? s : "unknown error";
}

static void append(char *buf, size_t size, const char *s)
{
	size_t n = strlen(buf);

	if (n < size)
		snprintf(buf + n, size - n, "%s", s);
}

enum words { NONE, OURS, OF_A_COMMAND };

/* Lower-case, like the errors of Go's runtimes: docker looks for "no such file or directory" and "permission denied" in
 * just these letters (127, 126), and would exit with 125 otherwise. "RPC …" stays. */
static void append_words(char *buf, size_t size, int code, enum words words)
{
	size_t n = strlen(buf);

	append(buf, size, words == OF_A_COMMAND && code == ENOENT ? "no such file or directory" : err_words(code));
	if (n + 1 < size && buf[n] >= 'A' && buf[n] <= 'Z' && buf[n + 1] >= 'a' && buf[n + 1] <= 'z')
		buf[n] = (char)(buf[n] - 'A' + 'a');
}

static int vset(struct err *e, int code, enum words words, const char *fmt, va_list ap)
{
	int saved = errno;

	if (e) {
		/* Formatted aside first: an argument may point into e->msg. */
		char buf[sizeof(e->msg)];

		vsnprintf(buf, sizeof(buf), fmt, ap);
		if (words && code) {
			append(buf, sizeof(buf), ": ");
			append_words(buf, sizeof(buf), code, words);
		}
		memcpy(e->msg, buf, sizeof(buf));
		e->code = code;
	}
	errno = saved;
	return -1;
}

int err_set(struct err *e, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vset(e, code, OURS, fmt, ap);
	va_end(ap);
	return -1;
}

int err_command(struct err *e, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vset(e, code, OF_A_COMMAND, fmt, ap);
	va_end(ap);
	return -1;
}

int err_text(struct err *e, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vset(e, code, NONE, fmt, ap);
	va_end(ap);
	return -1;
}

int err_prefix(struct err *e, const char *fmt, ...)
{
	char head[256];
	char tail[sizeof(e->msg)];
	va_list ap;

	if (!e)
		return -1;
	va_start(ap, fmt);
	vsnprintf(head, sizeof(head), fmt, ap);
	va_end(ap);
	memcpy(tail, e->msg, sizeof(tail));
	snprintf(e->msg, sizeof(e->msg), "%s: ", head);
	append(e->msg, sizeof(e->msg), tail);
	return -1;
}
