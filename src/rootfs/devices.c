// SPDX-License-Identifier: Apache-2.0
/* devices.c - /dev of the container: default devices, linux.devices, the symlinks, the console
 *
 * Owns:     making them where the config says, and proof that what is there then is what was meant: the image, or a
 *           shared volume, may have put a file, a symlink or another device at the place before (CVE-2025-52565).
 * Runs in:  init; before pivot_root, since a user namespace gets the host's devices as binds.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "base/sys.h"
#include "base/trace.h"
#include "rootfs/devices.h"
#include "rootfs/mount.h"
#include "rootfs/rootfs.h"
#include "rootfs/target.h"

#define DEVICE_ATTRS (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC)

struct device {
	const char *path;
	mode_t mode; /* type and permissions */
	dev_t dev;
	uid_t uid;
	gid_t gid;
	int *node; /* made outside (devnodes.c), or NULL; taken when it is used */
};

/* config-linux.md, "Default Devices". */
static const struct {
	const char *path;
	unsigned int major, minor;
} defaults[] = {
	{ "/dev/null", 1, 3 },	 { "/dev/zero", 1, 5 },	   { "/dev/full", 1, 7 },
	{ "/dev/random", 1, 8 }, { "/dev/urandom", 1, 9 }, { "/dev/tty", 5, 0 },
};

bool devices_same_path(const char *a, const char *b)
{
	for (;;) {
		size_t la, lb;

		a += strspn(a, "/");
		b += strspn(b, "/");
		la = strcspn(a, "/");
		lb = strcspn(b, "/");
		if (la != lb || strncmp(a, b, la) != 0)
			return false;
		if (!la)
			return true;
		a += la;
		b += lb;
	}
}

bool devices_has_mount(const struct oci_config *c, const char *path, bool bind_only)
{
	for (size_t i = 0; i < c->n_mounts; i++) {
		struct mount_options o;
		bool bind;

		if (!devices_same_path(c->mounts[i].destination, path))
			continue;
		if (!bind_only)
			return true;
		if (mount_options_parse(&c->mounts[i].options, &o, NULL) < 0)
			continue;
		bind = mount_options_are_bind(&c->mounts[i], &o);
		mount_options_free(&o);
		if (bind)
			return true;
	}
	return false;
}

/* --- one device ------------------------------------------------------------------------------------------- */

static bool is_device(const struct stat *st, const struct device *d)
{
	if ((st->st_mode & S_IFMT) != (d->mode & S_IFMT))
		return false;
	return S_ISFIFO(d->mode) || st->st_rdev == d->dev;
}

/* Whatever has the name @name in @dir, itself and not what a symlink points to. -1 with errno. */
static int open_node(int dir, const char *name, struct stat *st)
{
	autofd fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || fstat(fd, st) < 0)
		return -1;
	return fd_steal(&fd);
}

/* chmod by descriptor: fchmod(2) does not take O_PATH, and fchmodat2(2) is of Linux 6.6. */
static int chmod_node(int fd, mode_t mode)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return chmod(path, mode);
}

static int set_owner_and_mode(int fd, const struct stat *st, const struct device *d, struct err *e)
{
	if ((st->st_uid != d->uid || st->st_gid != d->gid) && fchownat(fd, "", d->uid, d->gid, AT_EMPTY_PATH) < 0)
		return err_sys(e, "set the owner");
	if ((st->st_mode & 07777) != (d->mode & 07777) && chmod_node(fd, d->mode & 07777) < 0)
		return err_sys(e, "set the mode");
	return 0;
}

/* "mounts" may have put the host's device here: then its owner and mode are the host's business, and in a user namespace
 * could not be set (podman binds all of /dev for a rootless --privileged). */
static bool is_mounted(int dir, const struct stat *node)
{
	struct stat st;

	return fstat(dir, &st) == 0 && st.st_dev != node->st_dev;
}

/* 1: made, or there already; 0: not permitted to make it; -1 with @e. */
static int make_node(int dir, const char *name, const struct device *d, struct err *e)
{
	mode_t old = umask(0);
	int r = mknodat(dir, name, d->mode, d->dev);
	int code = errno;
	bool made = r == 0;
	struct stat st;
	autofd fd = -1;

	umask(old);
	if (r < 0 && code == EPERM)
		return 0;
	if (r < 0 && code != EEXIST)
		return err_set(e, code, "make the device");
	fd = open_node(dir, name, &st);
	if (fd < 0)
		return err_sys(e, "open the device");
	if (!is_device(&st, d))
		return err_set(e, made ? 0 : EEXIST, "something else than this device is there");
	if (!made && is_mounted(dir, &st))
		return 1;
	return set_owner_and_mode(fd, &st, d, e) < 0 ? -1 : 1;
}

/* A copy of the host's device, verified to be the one that is meant: by its name, or by its numbers where udev keeps a
 * list of them. */
static int open_host_device(const struct device *d, struct err *e)
{
	autofree char *numbers = xasprintf("/dev/%s/%u:%u", S_ISBLK(d->mode) ? "block" : "char", major(d->dev), minor(d->dev));
	const char *const names[] = { d->path, numbers };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		autofd tree = mount_clone(AT_FDCWD, names[i], false, false);
		struct stat st;

		if (tree >= 0 && fstat(tree, &st) == 0 && is_device(&st, d))
			return fd_steal(&tree);
	}
	return err_set(e, ENODEV, "bind the host's device %s (%u:%u)", d->path, major(d->dev), minor(d->dev));
}

static int bind_node(int dir, const char *name, const struct device *d, struct err *e)
{
	struct stat st;
	autofd target = open_node(dir, name, &st);
	autofd tree = -1;

	if (target >= 0 && is_device(&st, d)) /* an entry of "mounts" was here */
		return 0;
	if (target < 0 && errno == ENOENT) {
		if (mknodat(dir, name, S_IFREG, 0) < 0 && errno != EEXIST)
			return err_sys(e, "make a file to mount the device on");
		target = open_node(dir, name, &st);
	}
	if (target < 0)
		return err_sys(e, "open the place of the device");
	if (S_ISLNK(st.st_mode) || S_ISDIR(st.st_mode))
		return err_set(e, EEXIST, "a %s is in the place of the device", S_ISDIR(st.st_mode) ? "directory" : "symlink");
	tree = d->node && *d->node >= 0 ? fd_steal(d->node) : open_host_device(d, e);
	return tree < 0 ? -1 : mount_attach_with(tree, target, false, DEVICE_ATTRS, e);
}

static int make_at(const struct rootfs *r, int dir, const char *name, const struct device *d, struct err *e)
{
	/* A FIFO can be made anywhere. A device in a user namespace cannot, and need not be tried. */
	int made = r->userns && !S_ISFIFO(d->mode) ? 0 : make_node(dir, name, d, e);

	if (made)
		return made < 0 ? -1 : 0;
	if (!r->new_mount_ns || S_ISFIFO(d->mode))
		return err_set(e, EPERM, "make the device");
	return bind_node(dir, name, d, e);
}

static int make_device(const struct rootfs *r, int dev, const struct device *d, struct err *e)
{
	autofree char *parent = NULL;
	autofree char *name = target_split(d->path, &parent);
	autofd dir = -1;

	trace(TRACE_DEVICE, "%s", d->path);
	if (!name || !parent)
		return err_msg(e, "not the name of a device");
	if (devices_same_path(parent, "/dev"))
		return make_at(r, dev, name, d, e);
	dir = target_open(r->rootfd, parent, TARGET_DIR, e);
	return dir < 0 ? -1 : make_at(r, dir, name, d, e);
}

/* --- the lists --------------------------------------------------------------------------------------------- */

static int listed_device(const struct oci_device *o, int *node, struct device *d, struct err *e)
{
	const char *type = o->type ? o->type : "";
	mode_t kind = str_eq(type, "b") ? S_IFBLK : str_eq(type, "p") ? S_IFIFO : S_IFCHR;

	if (!str_eq(type, "c") && !str_eq(type, "u") && !str_eq(type, "b") && !str_eq(type, "p"))
		return err_msg(e, "unknown type \"%s\" (known are c, u, b and p)", type);
	if (kind != S_IFIFO && (o->major < 0 || o->major > 0xfff || o->minor < 0 || o->minor > 0xfffff))
		return err_msg(e, "no device can have the numbers %lld:%lld", (long long)o->major, (long long)o->minor);
	*d = (struct device){
		.path = o->path,
		.mode = kind | (o->file_mode.set ? o->file_mode.v & 07777 : 0666),
		.dev = kind == S_IFIFO ? 0 : makedev((unsigned int)o->major, (unsigned int)o->minor),
		.uid = o->uid.set ? o->uid.v : 0,
		.gid = o->gid.set ? o->gid.v : 0,
		.node = node,
	};
	return 0;
}

static int make_listed(const struct rootfs *r, int dev, struct err *e)
{
	const struct oci_linux *l = &r->config->linux_;

	for (size_t i = 0; i < l->n_devices; i++) {
		struct device d;

		if (!l->devices[i].path || devices_same_path(l->devices[i].path, "/dev/ptmx"))
			continue; /* ptmx is that of the container's own devpts, always */
		if (listed_device(&l->devices[i], r->nodes ? &r->nodes[i] : NULL, &d, e) < 0 || make_device(r, dev, &d, e) < 0)
			return err_prefix(e, "linux.devices[%zu] (%s)", i, l->devices[i].path);
	}
	return 0;
}

static bool is_listed(const struct oci_linux *l, const char *path)
{
	for (size_t i = 0; i < l->n_devices; i++)
		if (l->devices[i].path && devices_same_path(l->devices[i].path, path))
			return true;
	return false;
}

static int make_defaults(const struct rootfs *r, int dev, struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(defaults); i++) {
		struct device d = {
			.path = defaults[i].path,
			.mode = S_IFCHR | 0666,
			.dev = makedev(defaults[i].major, defaults[i].minor),
		};

		if (!is_listed(&r->config->linux_, d.path) && make_device(r, dev, &d, e) < 0)
			return err_prefix(e, "default device %s", d.path);
	}
	return 0;
}

/* What the image has under these names stays: only the workload follows them, inside. */
static int make_symlinks(int dev, struct err *e)
{
	static const struct {
		const char *name, *to;
	} links[] = {
		{ "fd", "/proc/self/fd" },
		{ "stdin", "/proc/self/fd/0" },
		{ "stdout", "/proc/self/fd/1" },
		{ "stderr", "/proc/self/fd/2" },
		{ "core", "/proc/kcore" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		if (str_eq(links[i].name, "core") && access("/proc/kcore", F_OK) < 0)
			continue;
		if (symlinkat(links[i].to, dev, links[i].name) < 0 && errno != EEXIST)
			return err_sys(e, "make symlink /dev/%s", links[i].name);
	}
	return 0;
}

/* A ptmx that is not of the container's devpts would hand out terminals of the host's: replaced, not kept. */
static int make_ptmx(const struct oci_config *c, int dev, struct err *e)
{
	if (devices_has_mount(c, "/dev/ptmx", false))
		return 0;
	if (unlinkat(dev, "ptmx", 0) < 0 && errno != ENOENT && !(errno == EISDIR && unlinkat(dev, "ptmx", AT_REMOVEDIR) == 0))
		return err_sys(e, "remove /dev/ptmx of the image");
	if (symlinkat("pts/ptmx", dev, "ptmx") < 0)
		return err_sys(e, "make symlink /dev/ptmx");
	return 0;
}

/* /dev of the container is a directory and no symlink, else we would fill a place of the image's choice. */
static int open_dev(const struct rootfs *r, struct err *e)
{
	int fd = target_open_real_dir(r->rootfd, "/dev", e);

	if (fd < 0 && (e->code == ELOOP || e->code == ENOTDIR))
		err_prefix(e, "/dev must be an ordinary directory");
	return fd;
}

int rootfs_make_devices(struct rootfs *r, struct err *e)
{
	autofd dev = -1;

	/* The host's /dev, bound as a whole: it has what it has, and nothing may be made in it. */
	if (devices_has_mount(r->config, "/dev", true))
		return 0;
	/* Without a mount namespace there is no tmpfs on /dev, and what is made stays in the image, as with the peers. A
	 * user namespace can neither make devices then nor bind them. */
	if (!r->new_mount_ns && r->userns)
		return 0;
	dev = open_dev(r, e);
	if (dev < 0 || make_listed(r, dev, e) < 0 || make_defaults(r, dev, e) < 0)
		return -1;
	return make_symlinks(dev, e) < 0 ? -1 : make_ptmx(r->config, dev, e);
}

/* --- the console -------------------------------------------------------------------------------------------- */

int rootfs_bind_console(struct rootfs *r, int slave, struct err *e)
{
	autofd dev = -1;
	autofd target = -1;
	autofd tree = -1;
	struct stat st;

	if (!r->new_mount_ns)
		return 0;
	if (!isatty(slave))
		return err_sys(e, "/dev/console: the descriptor is no terminal");
	dev = open_dev(r, e);
	if (dev < 0)
		return -1;
	target = open_node(dev, "console", &st);
	if (target < 0 && errno == ENOENT) {
		if (mknodat(dev, "console", S_IFREG | 0620, 0) < 0 && errno != EEXIST)
			return err_sys(e, "/dev/console: make the file");
		target = open_node(dev, "console", &st);
	}
	if (target < 0)
		return err_sys(e, "/dev/console: open");
	/* CVE-2025-52565: a symlink here would bring the terminal to where masks are to go. */
	if (S_ISLNK(st.st_mode) || S_ISDIR(st.st_mode))
		return err_set(e, EEXIST, "/dev/console: a %s is in its place", S_ISDIR(st.st_mode) ? "directory" : "symlink");
	/* By the descriptor, not by the name that the terminal says it has. */
	tree = mount_clone(slave, "", false, false);
	if (tree < 0)
		return err_sys(e, "/dev/console: bind the terminal");
	if (mount_attach_with(tree, target, false, DEVICE_ATTRS, e) < 0)
		return err_prefix(e, "/dev/console");
	return 0;
}

/* --- stdio --------------------------------------------------------------------------------------------------- */

static bool is_null(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3);
}

int devices_reopen_null(const struct rootfs *r, struct err *e)
{
	autofd null = -1;

	for (int fd = 0; fd <= 2; fd++) {
		if (!is_null(fd))
			continue;
		if (null < 0) {
			null = file_open_in_root(r->rootfd, "/dev/null", O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);
			if (null < 0 && devices_has_mount(r->config, "/dev", true))
				return 0;
			if (null < 0)
				return err_sys(e, "open /dev/null of the container");
			if (!is_null(null))
				return err_msg(e, "/dev/null of the container is not the null device");
			(void)fcntl(null, F_SETFL, 0);
		}
		if (dup3(null, fd, 0) < 0)
			return err_sys(e, "replace descriptor %d", fd);
	}
	return 0;
}
