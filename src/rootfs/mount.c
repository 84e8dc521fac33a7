// SPDX-License-Identifier: Apache-2.0
/* mount.c - the kernel's mount interface in a handful of calls, all by descriptor
 *
 * The interface of Linux 5.2 (fsopen, open_tree, move_mount) is what makes mounts safe here: a mount is finished, with
 * its flags, before anybody can reach it, it is attached to a descriptor and not to a name, and our descriptor of
 * it stays valid. openat2, without which nothing here works, is younger (5.6), so there is no fallback for binds. There
 * is one for filesystems (mount(2) with "/proc/self/fd/N" as the target): fsconfig cuts values at 255 bytes, which
 * lowerdir= of overlay exceeds, and a few filesystems want flags that only mount(2) can give.
 *
 * Runs in:  create (detached sources) and init.
 */
#include "rootfs/mount.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/str.h"
#include "base/sys.h"
#include "base/trace.h"

#define FSCONFIG_VALUE_MAX 255
#ifndef STATX_ATTR_MOUNT_ROOT
#define STATX_ATTR_MOUNT_ROOT 0x2000 /* Linux 5.8 */
#endif
#ifndef ST_NOSYMFOLLOW
#define ST_NOSYMFOLLOW 0x2000
#endif

int mount_clone(int dirfd, const char *path, bool recursive, bool nofollow)
{
	unsigned int flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC;

	if (recursive)
		flags |= AT_RECURSIVE;
	if (nofollow)
		flags |= AT_SYMLINK_NOFOLLOW;
	if (!*path)
		flags |= AT_EMPTY_PATH;
	return sys_open_tree(dirfd, path, flags);
}

int mount_attach(int mount, int target, struct err *e)
{
	char path[TRACE_PATH];

	trace(TRACE_MOUNT, "attach on %s", trace_path(target, path));
	if (sys_move_mount(mount, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return err_sys(e, "attach the mount");
	return 0;
}

int mount_detach(int fd)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return umount2(path, MNT_DETACH);
}

/* --- a new filesystem ------------------------------------------------------------------------------ */

/* What the filesystem said last ("e tmpfs: Bad value for 'size'"); "" if nothing. One read is one message, and the
 * oldest may be about the source that nobody needs. */
static void read_complaint(int fs, char *buf, size_t size)
{
	char line[256];
	ssize_t n;

	buf[0] = 0;
	while ((n = read(fs, line, sizeof(line) - 1)) > 2) {
		line[n] = 0;
		line[strcspn(line, "\n")] = 0;
		snprintf(buf, size, "%s", line[1] == ' ' ? line + 2 : line);
	}
}

static int set_string(int fs, const char *key, const char *value)
{
	return sys_fsconfig(fs, FSCONFIG_SET_STRING, key, value, 0);
}

/* mount(2) takes quotes off a value with commas in it; fsconfig does not. */
static char *unquote(const char *value)
{
	size_t len = strlen(value);

	if (len >= 2 && value[0] == '"' && value[len - 1] == '"')
		return xstrndup(value + 1, len - 2);
	return xstrdup(value);
}

static int set_datum(int fs, const char *datum)
{
	const char *eq = strchr(datum, '=');
	autofree char *key = eq ? xstrndup(datum, (size_t)(eq - datum)) : xstrdup(datum);
	autofree char *value = eq ? unquote(eq + 1) : NULL;

	if (!eq)
		return sys_fsconfig(fs, FSCONFIG_SET_FLAG, key, NULL, 0);
	return set_string(fs, key, value);
}

static int set_super_flags(int fs, const struct mount_fs *m)
{
	static const struct {
		unsigned long ms;
		const char *name;
	} flags[] = {
		{ MS_SYNCHRONOUS, "sync" }, { MS_DIRSYNC, "dirsync" }, { MS_MANDLOCK, "mand" }, { MS_LAZYTIME, "lazytime" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if ((m->options->sb_flags & flags[i].ms) && sys_fsconfig(fs, FSCONFIG_SET_FLAG, flags[i].name, NULL, 0) < 0)
			return -1;
	if (m->ro_super && (m->options->set & MOUNT_ATTR_RDONLY))
		return sys_fsconfig(fs, FSCONFIG_SET_FLAG, "ro", NULL, 0);
	return 0;
}

static bool fits_fsconfig(const struct mount_fs *m)
{
	if (m->label && strlen(m->label) > FSCONFIG_VALUE_MAX)
		return false;
	if (m->source && strlen(m->source) > FSCONFIG_VALUE_MAX)
		return false;
	if (m->options->sb_flags & MS_I_VERSION)
		return false;
	for (size_t i = 0; i < m->options->n_data; i++) {
		const char *eq = strchr(m->options->data[i], '=');

		if (eq && strlen(eq + 1) > FSCONFIG_VALUE_MAX)
			return false;
	}
	return true;
}

static int configure(int fs, const struct mount_fs *m)
{
	/* Filesystems without a device take any source, or refuse it as unknown: not worth an error. One that needs it
	 * fails below. */
	(void)set_string(fs, "source", m->source ? m->source : m->type);
	if (m->label && set_datum(fs, m->label) < 0)
		return -1;
	if (set_super_flags(fs, m) < 0)
		return -1;
	for (size_t i = 0; i < m->options->n_data; i++)
		if (set_datum(fs, m->options->data[i]) < 0)
			return -1;
	return sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
}

/* Descriptor, or -1 with errno and @complaint. */
static int make_fs(const struct mount_fs *m, char *complaint, size_t size)
{
	autofd fs = sys_fsopen(m->type, FSOPEN_CLOEXEC);

	complaint[0] = 0;
	if (fs < 0)
		return -1;
	if (configure(fs, m) < 0) {
		int saved = errno;

		read_complaint(fs, complaint, size);
		errno = saved;
		return -1;
	}
	return sys_fsmount(fs, FSMOUNT_CLOEXEC, (unsigned int)m->options->set);
}

static int fs_error(const struct mount_fs *m, const char *complaint, struct err *e)
{
	int code = errno;

	if (code == ENODEV)
		return err_set(e, code, "mount a filesystem of type %s (unknown to this kernel?)", m->type);
	if (*complaint)
		return err_set(e, code, "mount a filesystem of type %s (%s)", m->type, complaint);
	return err_set(e, code, "mount a filesystem of type %s", m->type);
}

static const struct mount_options no_options;

int mount_fs_detached(const struct mount_fs *fs, struct err *e)
{
	struct mount_fs m = *fs;
	char complaint[256];
	int fd;

	if (!m.options)
		m.options = &no_options;
	fd = make_fs(&m, complaint, sizeof(complaint));
	return fd < 0 ? fs_error(&m, complaint, e) : fd;
}

/* mount(2) leaves no descriptor behind, and @target is under the mount now. So its place is looked up again, and must
 * be the root of a mount: who moved it away in between gets an error. */
static int reopen(int rootfd, const char *path, struct err *e)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	autofd fd = sys_openat2(rootfd, path, &how);
	struct statx st;

	if (fd < 0 || statx(fd, "", AT_EMPTY_PATH, STATX_TYPE, &st) < 0)
		return err_sys(e, "open %s after mounting on it", path);
	if ((st.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) && !(st.stx_attributes & STATX_ATTR_MOUNT_ROOT))
		return err_msg(e, "%s was moved away while something was mounted on it", path);
	return fd_steal(&fd);
}

static int classic_mount(const struct mount_fs *m, int target, int rootfd, const char *path, struct err *e)
{
	autofree char *joined = mount_options_join_data(m->options);
	autofree char *data = NULL;
	const char *eq = m->label ? strchr(m->label, '=') : NULL;
	char where[32];

	/* Quoted: the context may have commas in it. */
	if (eq)
		data = xasprintf("%s%s%.*s=\"%s\"", joined ? joined : "", joined ? "," : "", (int)(eq - m->label), m->label, eq + 1);
	else
		data = steal_ptr(&joined);
	snprintf(where, sizeof(where), "/proc/self/fd/%d", target);
	if (mount(m->source ? m->source : m->type, where, m->type,
		  mount_options_ms_flags(m->options->set) | m->options->sb_flags, data) < 0)
		return fs_error(m, "", e);
	return reopen(rootfd, path, e);
}

int mount_fs_on(const struct mount_fs *fs, int target, int rootfd, const char *path, struct err *e)
{
	struct mount_fs m = *fs;
	char complaint[256] = "";
	autofd fd = -1;

	if (!m.options)
		m.options = &no_options;
	trace(TRACE_MOUNT, "%s (%s) on %s", m.type, m.source ? m.source : "no source", path);
	if (fits_fsconfig(&m)) {
		fd = make_fs(&m, complaint, sizeof(complaint));
		/* ENOSYS: forbidden by a filter around us. EINVAL, EOPNOTSUPP: perhaps only the new way does not know the
		 * filesystem or its options; where the filesystem itself complained, it is asked once. */
		if (fd < 0 && (*complaint || (errno != ENOSYS && errno != EINVAL && errno != EOPNOTSUPP)))
			return fs_error(&m, complaint, e);
	}
	if (fd < 0)
		return classic_mount(&m, target, rootfd, path, e);
	if (mount_attach(fd, target, e) < 0)
		return -1;
	return fd_steal(&fd);
}

/* --- attributes -------------------------------------------------------------------------------------- */

/* The attributes that the mount has now. */
static int get_attr(int fd, uint64_t *attr)
{
	static const struct {
		unsigned long st;
		uint64_t attr;
	} map[] = {
		{ ST_RDONLY, MOUNT_ATTR_RDONLY },   { ST_NOSUID, MOUNT_ATTR_NOSUID },
		{ ST_NODEV, MOUNT_ATTR_NODEV },	    { ST_NOEXEC, MOUNT_ATTR_NOEXEC },
		{ ST_NOATIME, MOUNT_ATTR_NOATIME }, { ST_NODIRATIME, MOUNT_ATTR_NODIRATIME },
		{ ST_NOSYMFOLLOW, MOUNT_ATTR_NOSYMFOLLOW },
	};
	struct statvfs st;

	if (fstatvfs(fd, &st) < 0)
		return -1;
	*attr = 0;
	for (size_t i = 0; i < ARRAY_SIZE(map); i++)
		if (st.f_flag & map[i].st)
			*attr |= map[i].attr;
	if (!(st.f_flag & (ST_NOATIME | ST_RELATIME)))
		*attr |= MOUNT_ATTR_STRICTATIME;
	return 0;
}

/* Linux before 5.12: a remount of the bind. It replaces all flags, so the present ones are the start. The descriptor is
 * the root of an attached mount, on which "/proc/self/fd/N" lands. */
static int classic_set_attr(int fd, uint64_t set, uint64_t clr)
{
	uint64_t now;
	char where[32];

	if (get_attr(fd, &now) < 0)
		return -1;
	snprintf(where, sizeof(where), "/proc/self/fd/%d", fd);
	return mount(NULL, where, NULL, MS_REMOUNT | MS_BIND | mount_options_ms_flags((now & ~clr) | set), NULL);
}

static int change_attr(int fd, bool recursive, uint64_t set, uint64_t clr)
{
	struct mount_attr attr = { .attr_set = set, .attr_clr = clr };

	if (sys_mount_setattr(fd, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &attr) == 0)
		return 0;
	if (errno != ENOSYS || recursive)
		return -1;
	return classic_set_attr(fd, set, clr);
}

int mount_set_attr(int fd, bool recursive, uint64_t set, uint64_t clr, struct err *e)
{
	uint64_t now;

	if (!set && !clr)
		return 0;
	trace(TRACE_MOUNT, "attributes: set %#llx, clear %#llx%s", (unsigned long long)set, (unsigned long long)clr, recursive ? ", recursively" : "");
	if (change_attr(fd, recursive, set, clr) == 0)
		return 0;
	/* A mount that came from a more privileged user namespace has its flags locked. Clearing one of them, or another
	 * atime mode, is not for us; setting the others is. */
	if (errno == EPERM && clr && get_attr(fd, &now) == 0) {
		uint64_t less = clr & ~(now | MOUNT_ATTR__ATIME);

		if (recursive)
			less = 0;
		if (change_attr(fd, recursive, set & ~(uint64_t)MOUNT_ATTR__ATIME, less) == 0)
			return 0;
	}
	if (errno == ENOSYS)
		return err_set(e, ENOSYS, "set mount attributes recursively (Linux 5.12 or newer is needed)");
	return err_sys(e, "set the attributes of the mount");
}

int mount_set_propagation(int fd, unsigned long ms, struct err *e)
{
	struct mount_attr attr = { .propagation = ms & ~(unsigned long)MS_REC };
	char where[32];

	if (sys_mount_setattr(fd, "", AT_EMPTY_PATH | ((ms & MS_REC) ? AT_RECURSIVE : 0), &attr) == 0)
		return 0;
	if (errno != ENOSYS)
		return err_sys(e, "set the propagation of the mount");
	snprintf(where, sizeof(where), "/proc/self/fd/%d", fd);
	if (mount(NULL, where, NULL, ms, NULL) < 0)
		return err_sys(e, "set the propagation of the mount");
	return 0;
}

int mount_attach_with(int mount, int target, bool recursive, uint64_t set, struct err *e)
{
	if (mount_attr_by_fd())
		return mount_set_attr(mount, recursive, set, 0, e) < 0 ? -1 : mount_attach(mount, target, e);
	return mount_attach(mount, target, e) < 0 ? -1 : mount_set_attr(mount, false, set, 0, e);
}

bool mount_attr_by_fd(void)
{
	struct mount_attr attr = { 0 };

	/* An invalid flag: EINVAL where the call exists. */
	return sys_mount_setattr(-1, "", ~0u, &attr) == 0 || errno != ENOSYS;
}

int mount_apply(int fd, const struct mount_options *o, struct err *e)
{
	if (mount_set_attr(fd, false, o->set, o->clr, e) < 0 || mount_set_attr(fd, true, o->rec_set, o->rec_clr, e) < 0)
		return -1;
	for (size_t i = 0; i < o->n_propagation; i++)
		if (mount_set_propagation(fd, o->propagation[i], e) < 0)
			return -1;
	return 0;
}
