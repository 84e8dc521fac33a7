// SPDX-License-Identifier: Apache-2.0
/* io.c - one cgroup file, one call
 *
 * Owns:     opening, reading and writing files of a cgroup directory by name.
 * Must not: word errors: the caller knows which limit it was about. errno comes back as the kernel
 *           gave it.
 * Runs in:  create and the other commands.
 *
 * Names are used, not descriptors: cgroup filesystems have no symlinks, and a container that owns
 * its cgroup can only make directories below it.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "base/trace.h"
#include "cgroup/internal.h"

int cg_io_open(const char *dir, const char *file, int flags)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/%s", dir, file);

	if (n < 0 || (size_t)n >= sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return open(path, flags | O_CLOEXEC | O_NOFOLLOW);
}

int cg_io_write(const char *dir, const char *file, const char *value)
{
	autofd fd = cg_io_open(dir, file, O_WRONLY);
	ssize_t n;

	if (fd < 0)
		return -1;
	do {
		n = write(fd, value, strlen(value));
	} while (n < 0 && errno == EINTR);
	trace(TRACE_CGROUP, "%s/%s = \"%s\"%s%s", dir, file, value, n < 0 ? ": " : "", n < 0 ? err_words(errno) : "");
	return n < 0 ? -1 : 0;
}

ssize_t cg_io_read(const char *dir, const char *file, char *buf, size_t size)
{
	autofd fd = cg_io_open(dir, file, O_RDONLY);
	ssize_t n;

	buf[0] = 0;
	if (fd < 0)
		return -1;
	n = fd_read_all(fd, buf, size - 1);
	if (n < 0)
		return -1;
	while (n > 0 && buf[n - 1] == '\n')
		n--;
	buf[n] = 0;
	return n;
}

char *cg_io_slurp(const char *dir, const char *file)
{
	autofd fd = cg_io_open(dir, file, O_RDONLY);
	size_t size = 0, cap = 4096;
	char *buf;

	if (fd < 0)
		return NULL;
	buf = xcalloc(cap, 1);
	for (;;) {
		ssize_t n = fd_read_all(fd, buf + size, cap - size - 1);

		if (n < 0) {
			str_autofree(&buf);
			return NULL;
		}
		size += (size_t)n;
		buf[size] = 0;
		if (size < cap - 1)
			return buf;
		cap *= 2;
		buf = xrealloc(buf, cap, 1);
	}
}

int cg_io_u64(const char *dir, const char *file, uint64_t *out)
{
	char buf[64];
	int64_t i;

	if (cg_io_read(dir, file, buf, sizeof(buf)) < 0)
		return -1;
	if (str_eq(buf, "max")) {
		*out = UINT64_MAX;
		return 0;
	}
	if (buf[0] == '-') {
		if (str_to_i64(buf, &i) < 0)
			return -1;
		*out = UINT64_MAX;
		return 0;
	}
	return str_to_u64(buf, 10, UINT64_MAX, out);
}

bool cg_text_key(const char *text, const char *key, uint64_t *out)
{
	size_t len = strlen(key);

	while (*text) {
		const char *eol = strchrnul(text, '\n');

		if (strncmp(text, key, len) == 0 && text[len] == ' ') {
			*out = strtoull(text + len + 1, NULL, 10);
			return true;
		}
		text = *eol ? eol + 1 : eol;
	}
	return false;
}

int cg_io_key(const char *dir, const char *file, const char *key, uint64_t *out)
{
	autofree char *text = cg_io_slurp(dir, file);

	if (!text)
		return -1;
	if (cg_text_key(text, key, out))
		return 0;
	errno = ENODATA;
	return -1;
}

bool cg_gone(int err)
{
	/* ENODEV: the file was open, or its cgroup was being removed, when its end came. */
	return err == ENOENT || err == ENODEV;
}

bool cg_denied(int err)
{
	return err == EACCES || err == EPERM || err == EROFS;
}
