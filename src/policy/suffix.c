// SPDX-License-Identifier: Apache-2.0
/* suffix.c - names below which anybody can have one of his own
 *
 * Owns:     the question to libpsl, which has the list of public suffixes.
 * Must not: need it: where it is not installed only whole top-level domains are known to be public.
 * Runs in:  create, for a rule with a wildcard.
 *
 * The library is loaded when it is asked for: it is 70 kB of data that hardly any container needs.
 */
#include <dlfcn.h>
#include <string.h>

#include "policy/internal.h"

#define LIBRARY "libpsl.so.5"
/* libpsl.h: only what the list names; without it each unknown top-level domain counts as public. */
#define TYPE_ANY 3
#define TYPE_NO_STAR_RULE 4

bool suffix_is_public(const char *name)
{
	void *lib = dlopen(LIBRARY, RTLD_LAZY | RTLD_LOCAL);
	const void *(*builtin)(void) = NULL;
	int (*is_public)(const void *psl, const char *domain, int type) = NULL;
	bool yes = !strchr(name, '.');

	if (!lib)
		return yes;
	/* POSIX's way to say that an object pointer is a function's. */
	*(void **)&builtin = dlsym(lib, "psl_builtin");
	*(void **)&is_public = dlsym(lib, "psl_is_public_suffix2");
	if (builtin && is_public && builtin())
		yes = yes || is_public(builtin(), name, TYPE_ANY | TYPE_NO_STAR_RULE);
	dlclose(lib);
	return yes;
}
