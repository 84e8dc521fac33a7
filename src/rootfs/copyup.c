// SPDX-License-Identifier: Apache-2.0
/* copyup.c - tmpcopyup: what the image has at the place of a tmpfs appears in it
 *
 * Owns:     copying a tree with modes, owners, times, capabilities. Hard links become separate files.
 * Must not: follow a symlink or wait for a FIFO: the source is the image's, or a volume that somebody else can write.
 * Runs in:  init. The size of the tmpfs bounds what is copied.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "rootfs/mount_special.h"

/* Each level holds two descriptors, and a process has 1024 of them by default. */
#define MAX_DEPTH 256
#define XATTR_MAX 65536

static int copy_dir(int src, int dst, unsigned int depth, struct err *e);

/* Owners that the user namespace does not map cannot be given: the file then belongs to the container's root. */
static int give_owner(int dst, const char *name, const struct stat *st, struct err *e)
{
	int flags = *name ? AT_SYMLINK_NOFOLLOW : AT_EMPTY_PATH;

	if (fchownat(dst, name, st->st_uid, st->st_gid, flags) < 0 && errno != EPERM && errno != EINVAL)
		return err_sys(e, "set the owner of %s", name);
	return 0;
}

/* Capabilities of files and the user's own attributes. Where tmpfs has no room for them (user.* before Linux 6.6) or may
 * not take them, the file goes without. */
static void copy_xattrs(int src, int dst)
{
	autofree char *names = xcalloc(1, XATTR_MAX);
	autofree char *value = xcalloc(1, XATTR_MAX);
	ssize_t n = flistxattr(src, names, XATTR_MAX);

	for (ssize_t at = 0; at < n; at += (ssize_t)strlen(names + at) + 1) {
		const char *name = names + at;
		ssize_t len;

		if (!str_eq(name, "security.capability") && !str_starts(name, "user."))
			continue;
		len = fgetxattr(src, name, value, XATTR_MAX);
		if (len >= 0)
			(void)fsetxattr(dst, name, value, (size_t)len, 0);
	}
}

/* chown takes set-id bits off: so first the owner, then the mode. Times last. */
static int finish(int src, int dst, const struct stat *st, struct err *e)
{
	struct timespec times[2] = { st->st_atim, st->st_mtim };

	if (give_owner(dst, "", st, e) < 0)
		return -1;
	if (fchmod(dst, st->st_mode & 07777) < 0)
		return err_sys(e, "set the mode");
	copy_xattrs(src, dst);
	if (futimens(dst, times) < 0)
		return err_sys(e, "set the times");
	return 0;
}

static int copy_file(int src_dir, int dst_dir, const char *name, struct err *e)
{
	/* O_NONBLOCK: what was a file at readdir() may be a FIFO now. */
	autofd src = openat(src_dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	autofd dst = -1;
	struct stat st;
	ssize_t n;

	if (src < 0 || fstat(src, &st) < 0)
		return err_sys(e, "open %s", name);
	if (!S_ISREG(st.st_mode))
		return err_msg(e, "%s changed while it was copied", name);
	dst = openat(dst_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (dst < 0)
		return err_sys(e, "create %s", name);
	do {
		n = sendfile(dst, src, NULL, 1 << 30);
	} while (n > 0 || (n < 0 && errno == EINTR));
	if (n < 0)
		return err_sys(e, "copy %s", name);
	return finish(src, dst, &st, e) < 0 ? err_prefix(e, "%s", name) : 0;
}

static int copy_subdir(int src_dir, int dst_dir, const char *name, unsigned int depth, struct err *e)
{
	autofd src = openat(src_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	autofd dst = -1;
	struct stat st;

	if (src < 0 || fstat(src, &st) < 0)
		return err_sys(e, "open %s", name);
	if (mkdirat(dst_dir, name, 0700) < 0)
		return err_sys(e, "make directory %s", name);
	dst = openat(dst_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dst < 0)
		return err_sys(e, "open %s", name);
	if (copy_dir(src, dst, depth + 1, e) < 0 || finish(src, dst, &st, e) < 0)
		return err_prefix(e, "%s", name);
	return 0;
}

static int copy_symlink(int src_dir, int dst_dir, const char *name, const struct stat *st, struct err *e)
{
	struct timespec times[2] = { st->st_atim, st->st_mtim };
	char text[PATH_MAX];
	ssize_t n = readlinkat(src_dir, name, text, sizeof(text) - 1);

	if (n < 0)
		return err_sys(e, "read symlink %s", name);
	text[n] = 0;
	if (symlinkat(text, dst_dir, name) < 0)
		return err_sys(e, "make symlink %s", name);
	(void)utimensat(dst_dir, name, times, AT_SYMLINK_NOFOLLOW);
	return give_owner(dst_dir, name, st, e);
}

/* FIFOs, sockets, devices. A user namespace cannot make devices: they are left out there. */
static int copy_node(int dst_dir, const char *name, const struct stat *st, struct err *e)
{
	mode_t old = umask(0);
	int r = mknodat(dst_dir, name, st->st_mode, st->st_rdev);

	umask(old);
	if (r < 0 && errno == EPERM)
		return 0;
	if (r < 0)
		return err_sys(e, "make %s", name);
	return give_owner(dst_dir, name, st, e);
}

static int copy_entry(int src, int dst, const char *name, unsigned int depth, struct err *e)
{
	struct stat st;

	if (fstatat(src, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_sys(e, "stat %s", name);
	switch (st.st_mode & S_IFMT) {
	case S_IFREG:
		return copy_file(src, dst, name, e);
	case S_IFDIR:
		return copy_subdir(src, dst, name, depth, e);
	case S_IFLNK:
		return copy_symlink(src, dst, name, &st, e);
	default:
		return copy_node(dst, name, &st, e);
	}
}

static void close_dir(DIR **d)
{
	if (*d)
		closedir(*d);
}

static int copy_dir(int src, int dst, unsigned int depth, struct err *e)
{
	int copy = fcntl(src, F_DUPFD_CLOEXEC, 3);
	__attribute__((cleanup(close_dir))) DIR *d = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *de;

	if (!d) {
		fd_close(&copy);
		return err_sys(e, "read the directory");
	}
	if (depth > MAX_DEPTH)
		return err_msg(e, "more than %d directories deep", MAX_DEPTH);
	while ((de = readdir(d)))
		if (!str_eq(de->d_name, ".") && !str_eq(de->d_name, "..") && copy_entry(src, dst, de->d_name, depth, e) < 0)
			return -1;
	return 0;
}

int copyup(int src, int dst, struct err *e)
{
	/* @dst may be O_PATH; the functions below want a real descriptor. */
	autofd to = openat(dst, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (to < 0 || fstat(src, &st) < 0)
		return err_sys(e, "open the tmpfs");
	if (copy_dir(src, to, 0, e) < 0)
		return -1;
	return give_owner(to, "", &st, e);
}
