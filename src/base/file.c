// SPDX-License-Identifier: Apache-2.0
/* file.c - whole small files, and paths that must stay below a root
 *
 * Runs in:  create and the other commands; init (the …_in_root functions, on a tree that an image filled).
 */
#include "base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "base/sys.h"

static int read_whole(int fd, const char *path, size_t max, char **out, size_t *len, struct err *e)
{
	autofree char *buf = NULL;
	size_t size = 0, cap = 4096;

	/* Sizes of procfs and cgroupfs files are 0: read until the end, never trust st_size. */
	for (;;) {
		ssize_t n;

		if (!buf || cap - size < 2) {
			cap = buf ? cap * 2 : cap;
			buf = xrealloc(buf, cap, 1);
		}
		n = read(fd, buf + size, cap - size - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "read %s", path);
		if (n == 0)
			break;
		size += (size_t)n;
		if (size > max)
			return err_set(e, EFBIG, "read %s: more than %zu bytes", path, max);
	}
	buf[size] = 0;
	if (len)
		*len = size;
	*out = steal_ptr(&buf);
	return 0;
}

int file_read(int dirfd, const char *path, size_t max, char **out, size_t *len, struct err *e)
{
	autofd fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return err_sys(e, "open %s", path);
	return read_whole(fd, path, max, out, len, e);
}

int file_read_regular(int dirfd, const char *path, size_t max, char **out, size_t *len, struct err *e)
{
	autofd fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return err_sys(e, "open %s", path);
	if (fstat(fd, &st) < 0)
		return err_sys(e, "stat %s", path);
	if (!S_ISREG(st.st_mode))
		return err_text(e, EINVAL, "%s is not a regular file", path);
	return read_whole(fd, path, max, out, len, e);
}

int file_write(int dirfd, const char *path, const char *data, struct err *e)
{
	autofd fd = openat(dirfd, path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	size_t len = strlen(data);
	ssize_t n;

	if (fd < 0)
		return err_sys(e, "open %s", path);
	do {
		n = write(fd, data, len);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(e, "write \"%.*s\" to %s", (int)strcspn(data, "\n"), data, path);
	return 0;
}

/* A name that nobody can have foreseen, made by us or not at all: in a directory that a container writes, a FIFO or a device
 * would wait under any name that it can guess. */
static int make_temporary(int dirfd, const char *path, mode_t mode, char **name, struct err *e)
{
	for (int tries = 0; tries < 16; tries++) {
		autofree char *tmp = NULL;
		uint64_t random;
		int fd;

		if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
			return err_sys(e, "get random bytes");
		tmp = xasprintf("%s.%016" PRIx64 ".tmp", path, random);
		fd = openat(dirfd, tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
		if (fd < 0 && errno == EEXIST)
			continue;
		if (fd < 0)
			return err_sys(e, "create %s", tmp);
		*name = steal_ptr(&tmp);
		return fd;
	}
	return err_set(e, EEXIST, "create %s", path);
}

int file_replace(int dirfd, const char *path, const void *data, size_t len, mode_t mode, struct err *e)
{
	autofree char *tmp = NULL;
	autofd fd = make_temporary(dirfd, path, mode, &tmp, e);

	if (fd < 0)
		return -1;
	if (fd_write_all(fd, data, len) < 0 || renameat(dirfd, tmp, dirfd, path) < 0) {
		err_sys(e, "write %s", path);
		unlinkat(dirfd, tmp, 0);
		return -1;
	}
	return 0;
}

/* What @fd, opened with O_PATH, is: a regular file, or else a word for it. */
static const char *kind_of(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return "unknown";
	switch (st.st_mode & S_IFMT) {
	case S_IFREG:
		return NULL;
	case S_IFLNK:
		return "a symbolic link";
	case S_IFDIR:
		return "a directory";
	case S_IFIFO:
		return "a FIFO";
	case S_IFSOCK:
		return "a socket";
	default:
		return "a device";
	}
}

int file_reopen(int fd, int flags)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, flags | O_CLOEXEC | O_NOCTTY);
}

int file_append(int dirfd, const char *path, mode_t mode, struct err *e)
{
	/* It may come and go while we look. */
	for (int tries = 0; tries < 16; tries++) {
		autofd at = openat(dirfd, path, O_PATH | O_NOFOLLOW | O_CLOEXEC), fd = -1;
		const char *kind;

		if (at < 0 && errno == ENOENT) {
			fd = openat(dirfd, path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, mode);
			if (fd >= 0)
				return fd_steal(&fd);
			if (errno == EEXIST)
				continue;
		}
		if (at < 0 && errno == ENOENT)
			return err_text(e, ENOENT, "%s: its directory is missing", path);
		if (at < 0)
			return err_sys(e, "open %s", path);
		kind = kind_of(at);
		if (kind)
			return err_text(e, EINVAL, "%s: it is %s, and not a file", path, kind);
		fd = file_reopen(at, O_WRONLY | O_APPEND);
		return fd < 0 ? err_sys(e, "open %s", path) : fd_steal(&fd);
	}
	return err_set(e, EAGAIN, "open %s", path);
}

int file_open_in_root(int rootfd, const char *path, int flags, mode_t mode)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned int)flags | O_CLOEXEC,
		.mode = (flags & O_CREAT) ? mode : 0,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	int fd;

	/* EAGAIN: the tree changed (rename, mount) while ".." was resolved; the kernel asks for another try. A racing
	 * process must not hold us for ever. */
	for (int tries = 0; tries < 128; tries++) {
		fd = sys_openat2(rootfd, path, &how);
		if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
			return fd;
	}
	return fd;
}

/* --- removing a tree ------------------------------------------------------------------------------------------------ */

#define ROUNDS_MAX 100000 /* levels of directories that are emptied; whoever made more may wait for another call */

static DIR *open_entries(int dirfd, const char *name)
{
	autofd fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (d)
		(void)fd_steal(&fd);
	return d;
}

static bool is_dot(const char *name)
{
	return str_eq(name, ".") || str_eq(name, "..");
}

static bool remove_one(int dirfd, const char *name)
{
	return unlinkat(dirfd, name, 0) == 0 || unlinkat(dirfd, name, AT_REMOVEDIR) == 0 || errno == ENOENT;
}

/* To a free name: only an empty directory can be in the way, and goes. */
static bool move_up(int dirfd, const char *name, int top, unsigned int *moved)
{
	char up[32];

	do {
		snprintf(up, sizeof(up), ".%u", (*moved)++);
		if (renameat(dirfd, name, top, up) == 0)
			return true;
	} while (errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR);
	return false;
}

/* Empties the directory @name in @top: files go, directories move up into @top, so that neither paths nor descriptors nor the
 * stack become more with the depth. False: nothing of it could be moved. */
static bool flatten(int top, const char *name, unsigned int *moved)
{
	DIR *d = open_entries(top, name);
	bool progress = false;
	struct dirent *de;

	while (d && (de = readdir(d)))
		if (!is_dot(de->d_name) &&
		    (remove_one(dirfd(d), de->d_name) || move_up(dirfd(d), de->d_name, top, moved)))
			progress = true;
	if (d)
		closedir(d);
	return progress;
}

/* One round over the directory: false when it was empty, or when nothing of it could be removed (*why). */
static bool empty_once(int top, unsigned int *moved, int *why)
{
	DIR *d = open_entries(top, ".");
	bool progress = false;
	struct dirent *de;

	*why = 0;
	while (d && (de = readdir(d))) {
		if (is_dot(de->d_name))
			continue;
		if (remove_one(top, de->d_name) || flatten(top, de->d_name, moved)) {
			progress = true;
			(void)remove_one(top, de->d_name);
		} else {
			*why = errno;
		}
	}
	if (d)
		closedir(d);
	return progress;
}

int file_remove_tree(int dirfd, const char *name, struct err *e)
{
	autofd top = -1;
	unsigned int moved = 0;
	int why = 0;

	if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT || unlinkat(dirfd, name, AT_REMOVEDIR) == 0)
		return 0;
	top = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	for (int i = 0; top >= 0 && i < ROUNDS_MAX && empty_once(top, &moved, &why); i++)
		;
	if (unlinkat(dirfd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	return why ? err_set(e, why, "remove %s", name) : err_sys(e, "remove %s", name);
}

int file_mkdirs(const char *path, mode_t mode, struct err *e)
{
	autofree char *copy = xstrdup(path);

	for (char *p = copy + 1;; p++) {
		char c = *p;

		if (c != '/' && c != 0)
			continue;
		*p = 0;
		if (mkdir(copy, mode) < 0 && errno != EEXIST)
			return err_sys(e, "make directory %s", copy);
		if (!c)
			return 0;
		*p = c;
	}
}
