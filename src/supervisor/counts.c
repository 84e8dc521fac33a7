// SPDX-License-Identifier: Apache-2.0
/* counts.c - how often each rule has refused
 *
 * Runs in:  the watcher (makes it), the supervisors (count), the commands (read).
 */
#include "supervisor/counts.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"

#define MAGIC "sandrun"

static size_t counts_size(size_t rules)
{
	return sizeof(struct counts) + rules * sizeof(((struct counts *)0)->hits[0]);
}

/* All of it is there from the beginning: a page that the file system cannot give later would be a SIGBUS. */
static void *map_file(int dir, size_t size)
{
	autofd fd = openat(dir, COUNTS_FILE, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	void *p;

	if (fd < 0)
		return NULL;
	if (posix_fallocate(fd, 0, (off_t)size) != 0) {
		unlinkat(dir, COUNTS_FILE, 0);
		return NULL;
	}
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return p == MAP_FAILED ? NULL : p;
}

struct counts *counts_make(int dir, size_t rules, struct err *e)
{
	size_t n = rules + 2, size = counts_size(n);
	struct counts *c = map_file(dir, size);

	if (!c) {
		c = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		if (c == MAP_FAILED) {
			err_sys(e, "memory for the supervisor's counters");
			return NULL;
		}
	}
	memcpy(c->magic, MAGIC, sizeof(MAGIC));
	c->version = COUNTS_VERSION;
	c->rules = (uint32_t)n;
	return c;
}

void counts_hit(struct counts *c, int rule, unsigned int proto)
{
	uint32_t at = rule == -1 ? counts_default(c) : rule < 0 || (uint32_t)rule >= counts_default(c) ? counts_other(c) : (uint32_t)rule;

	atomic_fetch_add_explicit(&c->hits[at][proto < COUNTS_PROTOS ? proto : COUNTS_PROTOS - 1], 1, memory_order_relaxed);
}

struct counts *counts_read(int dir)
{
	autofd fd = openat(dir, COUNTS_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	autofree struct counts *c = NULL;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size < (off_t)counts_size(2) ||
	    st.st_size > (off_t)counts_size(COUNTS_RULES_MAX))
		return NULL;
	c = xcalloc((size_t)st.st_size, 1);
	if (fd_read_all(fd, c, (size_t)st.st_size) != (ssize_t)st.st_size || memcmp(c->magic, MAGIC, sizeof(MAGIC)) != 0 ||
	    c->version != COUNTS_VERSION || c->rules < 2 || counts_size(c->rules) != (size_t)st.st_size)
		return NULL;
	return steal_ptr(&c);
}
