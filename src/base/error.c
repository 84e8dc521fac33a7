// SPDX-License-Identifier: Apache-2.0
/* error.c - filling struct err
 *
 * Runs in:  everywhere, also between clone and exec and in the supervisor: no heap, no locale.
 */
#include "base/error.h"

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

static int vset(struct err *e, int code, int words, const char *fmt, va_list ap)
{
	int saved = errno;

	if (e) {
		/* Formatted aside first: an argument may point into e->msg. */
		char buf[sizeof(e->msg)];

		vsnprintf(buf, sizeof(buf), fmt, ap);
		if (words && code) {
			append(buf, sizeof(buf), ": ");
			append(buf, sizeof(buf), err_words(code));
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
