// SPDX-License-Identifier: Apache-2.0
/* open.c - policy files: where they are, and whose they have to be
 *
 * Runs in:  create; the commands that ask of a policy.
 *
 * Whoever can write such a file, or put another in its place, can take a container's policy away. So the file is looked at by its
 * descriptor, and each directory on the way to it by its path: on the one by which it is named, and on the one where it is.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/proc.h"
#include "base/str.h"
#include "policyfile/internal.h"

#define NOBODY 65534 /* /proc/sys/kernel/overflowuid, unless somebody has changed it */

static bool is_trusted(const struct stat *st, enum policyfile_owner owner)
{
	/* In a user namespace the host's root is nobody, as all are that have no id there. */
	if (st->st_uid == 0 || (st->st_uid == NOBODY && proc_in_user_namespace()))
		return true;
	return owner == OWNER_USER && st->st_uid == geteuid();
}

/* @what: the path, in an error. */
static int prove(const struct stat *st, enum policyfile_owner owner, const char *what, struct err *e)
{
	bool shared = S_ISDIR(st->st_mode) && st->st_mode & S_ISVTX;

	if (!is_trusted(st, owner))
		return err_text(e, EPERM, "%s belongs to user %u, who could change the policy; it has to be root's%s", what,
				(unsigned int)st->st_uid, owner == OWNER_USER ? " or yours" : "");
	if (st->st_mode & (S_IWGRP | S_IWOTH) && !shared)
		return err_text(e, EPERM, "others may write to %s (mode %04o), and so change the policy; \"chmod go-w %s\" makes it fit", what,
				(unsigned int)st->st_mode & 07777, what);
	return 0;
}

/* Every directory above @path; of a user's own file only the last, for the others are the user's affair. */
static int prove_way(const char *path, enum policyfile_owner owner, struct err *e)
{
	autofree char *way = xstrdup(path);

	for (char *slash = strrchr(way, '/'); slash; slash = strrchr(way, '/')) {
		struct stat st;

		*slash = '\0';
		if (stat(*way ? way : "/", &st) < 0)
			return err_sys(e, "look at the directory %s", *way ? way : "/");
		if (prove(&st, owner, *way ? way : "/", e) < 0)
			return -1;
		if (owner == OWNER_USER)
			return 0;
	}
	return 0;
}

static int prove_all(int fd, const char *path, enum policyfile_owner owner, struct err *e)
{
	char link[64], where[PATH_MAX];
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) < 0)
		return err_sys(e, "%s", path);
	if (!S_ISREG(st.st_mode))
		return err_text(e, EINVAL, "%s is no regular file", path);
	if (owner == OWNER_ANY)
		return 0;
	if (prove(&st, owner, path, e) < 0 || prove_way(path, owner, e) < 0)
		return -1;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, where, sizeof(where) - 1);
	if (n < 0)
		return err_sys(e, "%s: find out where it is", path);
	where[n] = '\0';
	return str_eq(where, path) ? 0 : prove_way(where, owner, e);
}

/* 1: there is none. */
static int open_file(const char *path, int *fd, struct err *e)
{
	struct stat st;

	/* What is no file of the disk must not hold us. */
	*fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (*fd >= 0)
		return 0;
	if (errno == ENOENT && lstat(path, &st) < 0 && errno == ENOENT)
		return 1;
	if (errno == EACCES)
		return err_text(e, EACCES, "%s: we may not read it, and without it nobody knows which policy holds; \"chmod a+r\" lets all users",
				path);
	return err_sys(e, "open the policy file %s", path);
}

int policyfile_open(const char *path, enum policyfile_owner owner, char **text, size_t *len, struct err *e)
{
	autofree char *self = NULL;
	autofd fd = -1;
	int r = open_file(path, &fd, e);

	if (r != 0 || prove_all(fd, path, owner, e) < 0)
		return r ? r : -1;
	self = xasprintf("/proc/self/fd/%d", fd);
	return file_read(AT_FDCWD, self, TOML_TEXT_MAX, text, len, e) < 0 ? err_prefix(e, "%s", path) : 0;
}

/* Who runs as another user keeps HOME more often than not: what is in there is not this user's. */
static bool is_own_home(const char *home)
{
	struct stat st;

	return home && home[0] == '/' && stat(home, &st) == 0 && st.st_uid == geteuid();
}

char *policyfile_user_path(void)
{
	const char *base = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	if (proc_is_root())
		return NULL;
	if (base && base[0] == '/')
		return xasprintf("%s/sandrun/policy.toml", base);
	return is_own_home(home) ? xasprintf("%s/.config/sandrun/policy.toml", home) : NULL;
}
