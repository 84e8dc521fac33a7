// SPDX-License-Identifier: Apache-2.0
/* str.h - strings and vectors of strings on the heap
 *
 * Owns:     autofree and the x… allocators, which end the process when memory is gone. For the short-lived
 *           commands only: the supervisor uses none of these once it has said "ready".
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

static inline void str_autofree(void *p)
{
	int saved = errno;

	free(*(void **)p);
	errno = saved;
}
#define autofree __attribute__((cleanup(str_autofree)))

/* Never NULL; the caller frees. */
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t n, size_t size);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
char *xvasprintf(const char *fmt, va_list ap);

static inline void *steal_ptr_(void *pp)
{
	void *r = *(void **)pp;

	*(void **)pp = NULL;
	return r;
}
/* Takes a pointer out of an autofree variable. */
#define steal_ptr(pp) ((__typeof__(*(pp)))steal_ptr_(pp))

static inline bool str_eq(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

static inline bool str_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* Reads a whole decimal (base 10) or base-@base number: no sign, no space, nothing behind it. Returns 0, or -1
 * with ERANGE or EINVAL in errno. */
int str_to_u64(const char *s, int base, uint64_t max, uint64_t *out);
int str_to_i64(const char *s, int64_t *out);

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
