// SPDX-License-Identifier: Apache-2.0
/* title.c - what /proc/PID/cmdline shows of this process
 *
 * Runs in:  what enters a container.
 */
#include "base/title.h"

#include <stddef.h>
#include <string.h>

static char *first;
static size_t size;

void title_remember(int argc, char **argv)
{
	first = argc > 0 ? argv[0] : NULL;
	size = 0;
	/* The kernel has put one behind the other. */
	for (int i = 0; i < argc && argv[i] == first + size; i++)
		size += strlen(argv[i]) + 1;
}

void title_set(const char *words)
{
	size_t n = strlen(words);

	if (!size)
		return;
	memset(first, 0, size);
	memcpy(first, words, n < size ? n : size - 1);
}
