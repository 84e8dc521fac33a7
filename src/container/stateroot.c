// SPDX-License-Identifier: Apache-2.0
/* stateroot.c - the directory that has the state directories of all containers
 *
 * Runs in:  the commands.
 */
#include "container/stateroot.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/str.h"

#define OPEN_FLAGS (O_RDONLY | O_DIRECTORY | O_CLOEXEC)

char *stateroot_path(const char *option)
{
	const char *runtime_dir = getenv("XDG_RUNTIME_DIR");

	if (option && *option)
		return xstrdup(option);
	/* The variable decides only for users: podman exports an empty one as root, and sudo may keep a user's. Root
	 * inside a user namespace (rootless podman) has one of its own and may not write to /run. */
	if (geteuid() == 0 && access("/run", W_OK) == 0)
		return xstrdup("/run/sandrun");
	if (runtime_dir && runtime_dir[0] == '/')
		return xasprintf("%s/sandrun", runtime_dir);
	return xasprintf("/tmp/sandrun-%u", (unsigned int)geteuid());
}

char *stateroot_cache(void)
{
	autofree char *root = stateroot_path(NULL);
	char *path = xasprintf("%s.cache", root);

	if (mkdir(path, 0700) == 0 || errno == EEXIST)
		return path;
	free(path);
	return NULL;
}

/* Root's is as good as ours: root need not write to it to harm us. */
static bool is_trusted(const struct stat *st)
{
	return st->st_uid == geteuid() || st->st_uid == 0;
}

static int prove(int fd, const char *what, const char *path, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(e, "%s %s", what, path);
	if (!is_trusted(&st))
		return err_text(e, EPERM, "%s %s: it belongs to user %u, who could put containers of their own making there", what,
				path, (unsigned int)st.st_uid);
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return err_text(e, EPERM, "%s %s: others may write to it (mode %04o; \"chmod go-w\" makes it fit)", what, path,
				(unsigned int)st.st_mode & 07777);
	return 0;
}

/* A link is followed if nobody but us or root can have put it there. */
static int follow(const char *path, struct err *e)
{
	struct stat st;
	int fd;

	if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode) && !is_trusted(&st))
		return err_text(e, EPERM, "state root %s: the link belongs to user %u", path, (unsigned int)st.st_uid);
	fd = open(path, OPEN_FLAGS);
	return fd < 0 ? err_sys(e, "state root %s", path) : fd;
}

int stateroot_open(const char *path, bool make, struct err *e)
{
	autofd fd = open(path, OPEN_FLAGS | O_NOFOLLOW);

	if (fd < 0 && errno == ENOENT && make) {
		if (file_mkdirs(path, 0700, e) < 0)
			return err_prefix(e, "state root");
		fd = open(path, OPEN_FLAGS | O_NOFOLLOW);
	}
	if (fd < 0 && (errno == ENOTDIR || errno == ELOOP))
		fd = follow(path, e);
	else if (fd < 0)
		return err_sys(e, "state root %s", path);
	return fd < 0 || prove(fd, "state root", path, e) < 0 ? -1 : fd_steal(&fd);
}

int stateroot_open_one(int root, const char *id, struct err *e)
{
	autofd fd = openat(root, id, OPEN_FLAGS | O_NOFOLLOW);

	/* The engines match these words (containerd, podman, CRI-O). */
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
		return err_text(e, ENOENT, "container does not exist: %s", id);
	if (fd < 0)
		return err_sys(e, "open the state directory of %s", id);
	return prove(fd, "the state directory of", id, e) < 0 ? -1 : fd_steal(&fd);
}
