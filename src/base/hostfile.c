// SPDX-License-Identifier: Apache-2.0
/* hostfile.c - files of the host that an annotation names
 *
 * Runs in:  the commands; init, as long as it has the host's tree and ids (hooks).
 */
#include "base/hostfile.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/str.h"
#include "base/sys.h"

#define PLACES_MAX 2

static const struct {
	const char *root[PLACES_MAX]; /* for root; the first is made where it is missing */
	const char *variable, *home, *below; /* for a user: $variable/below, or ~/home/below */
} places[HOSTFILE_KINDS] = {
	[HOSTFILE_LOG] = { { "/var/log/sandrun" }, "XDG_STATE_HOME", ".local/state", "sandrun" },
	[HOSTFILE_CRIU] = { { "/etc/sandrun/criu", "/etc/criu" }, "XDG_CONFIG_HOME", ".config", "sandrun/criu" },
};

/* The @n-th directory of this kind; NULL: there is none. Heap. */
static char *name_place(enum hostfile_kind kind, size_t n)
{
	const char *base = getenv(places[kind].variable), *home = getenv("HOME");

	if (geteuid() == 0)
		return n < PLACES_MAX && places[kind].root[n] ? xstrdup(places[kind].root[n]) : NULL;
	if (n > 0)
		return NULL;
	if (base && base[0] == '/')
		return xasprintf("%s/%s", base, places[kind].below);
	return home && home[0] == '/' ? xasprintf("%s/%s/%s", home, places[kind].home, places[kind].below) : NULL;
}

static char *name_all(enum hostfile_kind kind)
{
	autofree char *one = name_place(kind, 0), *two = name_place(kind, 1);

	if (!one)
		return xstrdup("no directory (HOME is not set)");
	return two ? xasprintf("%s and %s", one, two) : steal_ptr(&one);
}

/* What is left of @path below @dir, or NULL. */
static const char *below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	if (!str_starts(path, dir) || path[n] != '/')
		return NULL;
	path += n + strspn(path + n, "/");
	return *path ? path : NULL;
}

static bool is_rightful(const struct stat *st)
{
	return (st->st_uid == geteuid() || st->st_uid == 0) && !(st->st_mode & (S_IWGRP | S_IWOTH));
}

static int open_place(const char *dir, bool make, struct err *e)
{
	autofd fd = -1;
	struct stat st;

	if (make && file_mkdirs(dir, 0700, e) < 0)
		return -1;
	fd = open(dir, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return err_text(e, ENOENT, "there is no directory %s", dir);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "open %s", dir);
	if (!is_rightful(&st))
		return err_text(e, EPERM, "%s belongs to somebody else, or others may write to it", dir);
	return fd_steal(&fd);
}

static int open_below(int dir, const char *path, int flags, mode_t mode)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned int)flags | O_CLOEXEC,
		.mode = mode,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};

	return sys_openat2(dir, path, &how);
}

/* Looked at before it is opened, which may have an effect of its own. */
static int open_regular(int at, int flags, struct err *e)
{
	struct stat st;
	int fd;

	if (fstat(at, &st) < 0)
		return err_sys(e, "stat it");
	if (!S_ISREG(st.st_mode) || st.st_nlink != 1)
		return err_text(e, EINVAL, "it is not a regular file with one name");
	if (!is_rightful(&st))
		return err_text(e, EPERM, "it belongs to somebody else, or others may write to it");
	fd = file_reopen(at, flags);
	return fd < 0 ? err_sys(e, "open it") : fd;
}

static int append_below(int dir, const char *path, struct err *e)
{
	int fd = open_below(dir, path, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_NOCTTY, 0600);
	autofd at = -1;

	if (fd >= 0)
		return fd;
	if (errno == EEXIST)
		at = open_below(dir, path, O_PATH | O_NOFOLLOW, 0);
	return at < 0 ? err_sys(e, "open it") : open_regular(at, O_WRONLY | O_APPEND, e);
}

static int read_below(int dir, const char *path, struct err *e)
{
	autofd at = open_below(dir, path, O_PATH | O_NOFOLLOW, 0);

	return at < 0 ? err_sys(e, "open it") : open_regular(at, O_RDONLY, e);
}

static int open_listed(enum hostfile_kind kind, const char *path, bool append, struct err *e)
{
	for (size_t i = 0; i < PLACES_MAX; i++) {
		autofree char *place = name_place(kind, i);
		const char *rest = place ? below(path, place) : NULL;
		autofd dir = -1;
		int fd;

		if (!rest)
			continue;
		dir = open_place(place, append, e);
		if (dir < 0)
			return err_prefix(e, "%.200s", path);
		fd = append ? append_below(dir, rest, e) : read_below(dir, rest, e);
		if (fd < 0 && e && e->code == ENOENT)
			return err_text(e, ENOENT, "%.200s: it is missing, or its directory is", path);
		return fd < 0 ? err_prefix(e, "%.200s", path) : fd;
	}
	return -2;
}

static int open_any(enum hostfile_kind kind, const char *path, bool append, struct err *e)
{
	int fd = open_listed(kind, path, append, e);
	autofree char *all = NULL;

	if (fd != -2)
		return fd;
	all = name_all(kind);
	return err_text(e, EPERM, "%.200s: an annotation may come out of an image, so it may only name a file below %s", path, all);
}

static int open_directory(int place, const char *rest, struct err *e)
{
	const char *slash = strrchr(rest, '/');
	autofree char *way = slash ? xstrndup(rest, (size_t)(slash - rest)) : NULL;
	autofd dir = way ? open_below(place, way, O_RDONLY | O_DIRECTORY, 0) : file_reopen(place, O_RDONLY | O_DIRECTORY);
	struct stat st;

	if (dir < 0 || fstat(dir, &st) < 0)
		return err_sys(e, "open its directory");
	if (!is_rightful(&st))
		return err_text(e, EPERM, "its directory belongs to somebody else, or others may write to it");
	return fd_steal(&dir);
}

int hostfile_open_directory(enum hostfile_kind kind, const char *path, const char **name, struct err *e)
{
	autofree char *all = name_all(kind);
	const char *slash = strrchr(path, '/');

	*name = slash ? slash + 1 : path;
	if (!**name || str_eq(*name, ".") || str_eq(*name, ".."))
		return err_text(e, EINVAL, "%.200s: it does not end in a file's name", path);
	for (size_t i = 0; i < PLACES_MAX; i++) {
		autofree char *place = name_place(kind, i);
		const char *rest = !place ? NULL : path[0] == '/' ? below(path, place) : path;
		autofd dir = -1;
		int fd;

		if (!rest)
			continue;
		dir = open_place(place, true, e);
		fd = dir < 0 ? -1 : open_directory(dir, rest, e);
		return fd < 0 ? err_prefix(e, "%.200s", path) : fd;
	}
	return err_text(e, EPERM, "%.200s: an annotation may come out of an image, so it may only name a file below %s", path, all);
}

int hostfile_open(enum hostfile_kind kind, const char *path, struct err *e)
{
	return open_any(kind, path, false, e);
}

int hostfile_append(enum hostfile_kind kind, const char *path, struct err *e)
{
	return open_any(kind, path, true, e);
}
