// SPDX-License-Identifier: Apache-2.0
/* target.c - the place below the root that something is mounted on or made at
 *
 * Every name is looked up with openat2(2) relative to a descriptor that is known to be in the root, so that neither a
 * symlink of the image nor one that appears in the middle of the work (CVE-2021-30465) leads out of it.
 *
 * Runs in:  init.
 */
#include "rootfs/target.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/str.h"
#include "base/sys.h"

#define MAX_SYMLINKS 40 /* the kernel's own limit */
#define MAX_TRIES 128	/* a racing process must not hold us for ever */

/* Where the walk stands. */
struct walk {
	int rootfd;
	int cur;	     /* the directory reached */
	char done[PATH_MAX]; /* its name below the root, without symlinks; "" is the root */
	char todo[PATH_MAX]; /* what is still to be walked */
	int symlinks;
	bool follow;
	enum target_kind kind;
};

static int open_no_symlinks(int rootfd, const char *path, int flags)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned int)flags | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	int fd = -1;

	for (int tries = 0; tries < MAX_TRIES; tries++) {
		fd = sys_openat2(rootfd, *path ? path : "/", &how);
		if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
			break;
	}
	return fd;
}

/* Takes the first component off w->todo into @name. *last: nothing but slashes is behind it. */
static bool next_name(struct walk *w, char name[NAME_MAX + 1], bool *last, struct err *e)
{
	size_t skip = strspn(w->todo, "/");
	size_t len = strcspn(w->todo + skip, "/");
	size_t rest = skip + len;

	name[0] = 0;
	if (!len)
		return false;
	if (len > NAME_MAX) {
		err_set(e, ENAMETOOLONG, "look up \"%s\" in the root filesystem", w->todo + skip);
		return false;
	}
	memcpy(name, w->todo + skip, len);
	name[len] = 0;
	*last = w->todo[rest + strspn(w->todo + rest, "/")] == 0;
	memmove(w->todo, w->todo + rest, strlen(w->todo + rest) + 1);
	return true;
}

/* Goes one up. The place is looked up from the root again: ".." of a directory that was moved meanwhile could be
 * anywhere. */
static int step_up(struct walk *w, struct err *e)
{
	char *slash = strrchr(w->done, '/');
	int fd;

	if (slash)
		*slash = 0;
	fd = open_no_symlinks(w->rootfd, w->done, O_PATH | O_DIRECTORY);
	if (fd < 0)
		return err_sys(e, "open /%s in the root filesystem", w->done);
	fd_close(&w->cur);
	w->cur = fd;
	return 0;
}

static int step_symlink(struct walk *w, int link, const char *name, struct err *e)
{
	char text[PATH_MAX], todo[PATH_MAX];
	ssize_t n = readlinkat(link, "", text, sizeof(text) - 1);
	int len;

	if (n < 0)
		return err_sys(e, "read symlink %s/%s", w->done, name);
	if (!w->follow)
		return err_set(e, ELOOP, "%s/%s is a symlink", w->done, name);
	if (++w->symlinks > MAX_SYMLINKS)
		return err_set(e, ELOOP, "follow symlink %s/%s", w->done, name);
	text[n] = 0;
	len = snprintf(todo, sizeof(todo), "%s/%s", text, w->todo);
	if (len < 0 || (size_t)len >= sizeof(todo))
		return err_set(e, ENAMETOOLONG, "follow symlink %s/%s", w->done, name);
	memcpy(w->todo, todo, (size_t)len + 1);
	if (text[0] == '/') {
		w->done[0] = 0;
		fd_close(&w->cur);
		w->cur = open_no_symlinks(w->rootfd, "", O_PATH | O_DIRECTORY);
		if (w->cur < 0)
			return err_sys(e, "open the root filesystem");
	}
	return 0;
}

/* Opens @name in w->cur, and makes it if it is missing. Never follows a symlink. */
static int open_or_make(struct walk *w, const char *name, bool last, struct err *e)
{
	struct open_how how = {
		.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};

	for (int tries = 0; tries < MAX_TRIES; tries++) {
		bool file = last && w->kind == TARGET_FILE;
		int fd = sys_openat2(w->cur, name, &how);
		int r;

		if (fd >= 0)
			return fd;
		if (errno == EAGAIN || errno == EINTR)
			continue;
		if (errno != ENOENT)
			return err_sys(e, "open %s/%s in the root filesystem", w->done, name);
		r = file ? mknodat(w->cur, name, S_IFREG | 0644, 0) : mkdirat(w->cur, name, 0755);
		if (r < 0 && errno != EEXIST)
			return err_sys(e, "make %s %s/%s in the root filesystem", file ? "file" : "directory", w->done,
				       name);
	}
	return err_set(e, EAGAIN, "open %s/%s in the root filesystem: somebody keeps changing it", w->done, name);
}

static int step(struct walk *w, const char *name, bool last, struct err *e)
{
	autofd fd = -1;
	struct stat st;
	size_t len = strlen(w->done);

	if (str_eq(name, "."))
		return 0;
	if (str_eq(name, ".."))
		return step_up(w, e);
	fd = open_or_make(w, name, last, e);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0)
		return err_sys(e, "stat %s/%s", w->done, name);
	if (S_ISLNK(st.st_mode))
		return step_symlink(w, fd, name, e);
	if (!last && !S_ISDIR(st.st_mode))
		return err_set(e, ENOTDIR, "%s/%s in the root filesystem", w->done, name);
	if (len + 1 + strlen(name) >= sizeof(w->done))
		return err_set(e, ENAMETOOLONG, "%s/%s in the root filesystem", w->done, name);
	w->done[len] = '/';
	memcpy(w->done + len + 1, name, strlen(name) + 1);
	fd_close(&w->cur);
	w->cur = fd_steal(&fd);
	return 0;
}

static int walk(int rootfd, const char *path, enum target_kind kind, bool follow, struct err *e)
{
	struct walk w = { .rootfd = rootfd, .cur = -1, .kind = kind, .follow = follow };
	char name[NAME_MAX + 1];
	bool last = true;

	if (strlen(path) >= sizeof(w.todo))
		return err_set(e, ENAMETOOLONG, "look up %.64s… in the root filesystem", path);
	memcpy(w.todo, path, strlen(path) + 1);
	w.cur = open_no_symlinks(rootfd, "", O_PATH | O_DIRECTORY);
	if (w.cur < 0)
		return err_sys(e, "open the root filesystem");
	while (next_name(&w, name, &last, e)) {
		if (step(&w, name, last, e) < 0) {
			fd_close(&w.cur);
			return -1;
		}
	}
	if (*w.todo && w.todo[strspn(w.todo, "/")]) /* next_name() failed: @e says why */
		fd_close(&w.cur);
	return w.cur;
}

char *target_split(const char *path, char **parent)
{
	size_t len = strlen(path);
	size_t start;

	for (;;) {
		while (len && path[len - 1] == '/')
			len--;
		if (len && path[len - 1] == '.' && (len == 1 || path[len - 2] == '/'))
			len--;
		else
			break;
	}
	for (start = len; start && path[start - 1] != '/';)
		start--;
	if (start == len || (len - start == 2 && !strncmp(path + start, "..", 2)))
		return NULL;
	*parent = start ? xstrndup(path, start) : xstrdup("/");
	return xstrndup(path + start, len - start);
}

int target_open(int rootfd, const char *path, enum target_kind kind, struct err *e)
{
	int fd = file_open_in_root(rootfd, *path ? path : "/", O_PATH, 0);

	if (fd >= 0)
		return fd;
	if (errno != ENOENT)
		return err_sys(e, "open %s in the root filesystem", path);
	return walk(rootfd, path, kind, true, e);
}

int target_open_real_dir(int rootfd, const char *path, struct err *e)
{
	autofd fd = open_no_symlinks(rootfd, path, O_PATH | O_DIRECTORY);
	struct stat st;

	if (fd >= 0)
		return fd_steal(&fd);
	fd = walk(rootfd, path, TARGET_DIR, false, e);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0 || !S_ISDIR(st.st_mode))
		return err_set(e, ENOTDIR, "%s in the root filesystem", path);
	return fd_steal(&fd);
}

static int fd_link(int fd, char path[PATH_MAX], struct err *e)
{
	char link[32];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, PATH_MAX - 1);
	if (n < 0)
		return err_sys(e, "read %s (is procfs mounted on /proc?)", link);
	path[n] = 0;
	return 0;
}

int target_path(int rootfd, int fd, char path[PATH_MAX], struct err *e)
{
	char root[PATH_MAX];
	size_t len;

	if (fd_link(rootfd, root, e) < 0 || fd_link(fd, path, e) < 0)
		return -1;
	len = str_eq(root, "/") ? 0 : strlen(root);
	if (strncmp(path, root, len) != 0 || (path[len] && path[len] != '/'))
		return err_msg(e, "%s is not below the root filesystem %s", path, root);
	memmove(path, path + len, strlen(path + len) + 1);
	if (!*path)
		memcpy(path, "/", 2);
	return 0;
}

bool target_same(int a, int b)
{
	struct statx x, y;

	if (statx(a, "", AT_EMPTY_PATH, STATX_INO, &x) < 0 || statx(b, "", AT_EMPTY_PATH, STATX_INO, &y) < 0)
		return false;
	return x.stx_ino == y.stx_ino && x.stx_dev_major == y.stx_dev_major && x.stx_dev_minor == y.stx_dev_minor;
}

bool target_same_mount(int a, int b)
{
	struct statx x, y;

	return target_same(a, b) && statx(a, "", AT_EMPTY_PATH, STATX_MNT_ID, &x) == 0 &&
	       statx(b, "", AT_EMPTY_PATH, STATX_MNT_ID, &y) == 0 && (x.stx_mask & y.stx_mask & STATX_MNT_ID) &&
	       x.stx_mnt_id == y.stx_mnt_id;
}

int target_check_proc(int rootfd, int fd, const char *path, bool procfs, struct err *e)
{
	static const char *const emulated[] = {
		"/proc/cpuinfo", "/proc/diskstats", "/proc/meminfo", "/proc/stat",
		"/proc/swaps",	 "/proc/uptime",    "/proc/loadavg", "/proc/slabinfo",
		"/proc/sys/kernel/ns_last_pid",	    "/proc/sys/crypto/fips_enabled",
	};
	struct statfs sfs;

	if (str_eq(path, "/proc")) {
		if (procfs)
			return 0;
		return err_msg(e, "only a filesystem of type proc may be mounted on /proc");
	}
	if (fstatfs(fd, &sfs) < 0)
		return err_sys(e, "statfs %s", path);
	/* By name, and by what is really there: a procfs may have been bound elsewhere before. */
	if (!str_starts(path, "/proc/") && sfs.f_type != PROC_SUPER_MAGIC)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(emulated); i++) {
		autofd known = -1;

		if (str_eq(path, emulated[i]))
			return 0;
		known = file_open_in_root(rootfd, emulated[i], O_PATH | O_NOFOLLOW, 0);
		if (known >= 0 && sfs.f_type == PROC_SUPER_MAGIC && target_same(known, fd))
			return 0;
	}
	return err_msg(e, "%s cannot be mounted on because it is inside /proc", path);
}
