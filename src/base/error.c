// SPDX-License-Identifier: Apache-2.0
/* error.c - filling struct err
 *
 * Runs in:  everywhere, also between clone and exec and in the supervisor: no heap, no locale.
 */
#include "base/error.h"
/* What error.h has for the analyzer only. */
#undef err_set
#undef err_text
#undef err_prefix

#include <stdio.h>
#include <string.h>

const char *err_words(int code)
{
	const char *s = strerrordesc_np(code);

	return s ? s : "unknown error";
}

static void append(char *buf, size_t size, const char *s)
{
	size_t n = strlen(buf);

	if (n < size)
		snprintf(buf + n, size - n, "%s", s);
}

/* Lower-case, like the errors of Go's runtimes: docker looks for "no such file or directory" and "permission denied" in
 * just these letters (127, 126), and would exit with 125 otherwise. "RPC …" stays. */
static void append_words(char *buf, size_t size, int code)
{
	size_t n = strlen(buf);

	append(buf, size, err_words(code));
	if (n + 1 < size && buf[n] >= 'A' && buf[n] <= 'Z' && buf[n + 1] >= 'a' && buf[n + 1] <= 'z')
		buf[n] = (char)(buf[n] - 'A' + 'a');
}

static int vset(struct err *e, int code, int words, const char *fmt, va_list ap)
{
	int saved = errno;

	if (e) {
		/* Formatted aside first: an argument may point into e->msg. */
		char buf[sizeof(e->msg)];

		vsnprintf(buf, sizeof(buf), fmt, ap);
		if (words && code) {
			append(buf, sizeof(buf), ": ");
			append_words(buf, sizeof(buf), code);
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
	vset(e, code, 1, fmt, ap);
	va_end(ap);
	return -1;
}

int err_text(struct err *e, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vset(e, code, 0, fmt, ap);
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
