// SPDX-License-Identifier: Apache-2.0
/* mounts.c - config.json's "mounts", one after the other
 *
 * Owns:     what an entry is (a bind, a remount, a symlink to copy, a filesystem) and the steps of each; the words of
 *           an error ("mounts[3] (/data): …").
 * Must not: know of single filesystems (mount_special.c) or of the system calls (mount.c).
 * Runs in:  init, before pivot_root: sources are names of the host.
 */
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "base/sys.h"
#include "oci/names.h"
#include "rootfs/idmap.h"
#include "rootfs/mount_special.h"
#include "rootfs/propagation.h"
#include "rootfs/sources.h"
#include "rootfs/state.h"
#include "rootfs/target.h"

#ifndef SELINUX_MAGIC
#define SELINUX_MAGIC 0xf97cff8c
#endif

/* --- the target --------------------------------------------------------------------------------------------- */

/* "/", "/.", "": the root itself, and meant so. */
static bool is_root(const char *destination)
{
	return destination[strspn(destination, "/.")] == 0 && !strstr(destination, "..");
}

/* Opens, or makes, what the job is mounted on, and checks that it is a place for it. */
static int find_target(struct mount_job *j, enum target_kind kind, bool procfs, struct err *e)
{
	const char *dest = j->mount->destination;

	if (j->options.flags & MOUNT_OPT_DEST_NOFOLLOW)
		j->target = file_open_in_root(j->r->rootfd, dest, O_PATH | O_NOFOLLOW, 0);
	else
		j->target = file_open_in_root(j->r->rootfd, *dest ? dest : "/", O_PATH, 0);
	j->target_was_there = j->target >= 0;
	if (j->target < 0 && (j->options.flags & MOUNT_OPT_DEST_NOFOLLOW))
		return err_sys(e, "open the destination, which must exist with dest-nofollow");
	if (j->target < 0)
		j->target = target_open(j->r->rootfd, dest, kind, e);
	if (j->target < 0 || target_path(j->r->rootfd, j->target, j->path, e) < 0)
		return -1;
	/* A symlink of the image ("/data -> /") must not turn a volume into the root. */
	if (str_eq(j->path, "/") && !is_root(dest))
		return err_msg(e, "the destination leads to the root itself");
	return target_check_proc(j->r->rootfd, j->target, j->path, procfs, e);
}

static int find_real_dir(struct mount_job *j, struct err *e)
{
	j->target = target_open_real_dir(j->r->rootfd, j->mount->destination, e);
	if (j->target < 0) {
		/* CVE-2019-19921, CVE-2023-27561: masks and labels would be written through the symlink. */
		if (e->code == ELOOP || e->code == ENOTDIR)
			return err_prefix(e, "filesystem of type %s must be mounted on ordinary directory", j->type);
		return -1;
	}
	j->target_was_there = true;
	if (target_path(j->r->rootfd, j->target, j->path, e) < 0)
		return -1;
	return target_check_proc(j->r->rootfd, j->target, j->path, str_eq(j->type, "proc"), e);
}

/* What was mounted on "/" is the root from here on. */
static int replace_root(struct mount_job *j, int mount, struct err *e)
{
	int fd;

	if (!str_eq(j->path, "/"))
		return 0;
	fd = fcntl(mount, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return err_sys(e, "duplicate the descriptor of the root");
	fd_close(&j->r->rootfd);
	j->r->rootfd = fd;
	return 0;
}

/* --- binds ------------------------------------------------------------------------------------------------- */

static int find_source(const struct mount_job *j, size_t i, struct err *e)
{
	const struct oci_mount *m = j->mount;
	const struct mount_options *o = &j->options;
	struct rootfs_source *outside = j->r->sources ? &j->r->sources[i] : NULL;
	autofree char *path = NULL;
	int fd, code;

	if (!m->source)
		return err_msg(e, "a bind mount needs a source");
	path = sources_path(j->r->bundle, m->source);
	/* By name first: an earlier entry may have been mounted where this source is. The copy from outside is for what
	 * a mapped root may not reach, or (EINVAL) not take out of a tree that is locked together. */
	fd = mount_clone(AT_FDCWD, path, o->flags & MOUNT_OPT_REC, o->flags & MOUNT_OPT_SRC_NOFOLLOW);
	code = errno;
	if (fd < 0 && outside && outside->fd >= 0)
		return fd_steal(&outside->fd);
	if (fd < 0 && code == EINVAL && j->r->userns && !(o->flags & MOUNT_OPT_REC))
		return err_set(e, code, "bind source %s (mounts below it are locked to it: use rbind)", path);
	return fd < 0 ? err_set(e, code, "bind source %s", path) : fd;
}

/* A bind without a word on propagation, where the config has none either, is private. */
static void default_to_private(struct mount_job *j)
{
	if (j->options.n_propagation == 0 && !propagation_is_asked(j->r->config))
		j->options.propagation[j->options.n_propagation++] = MS_PRIVATE | MS_REC;
}

/* A detached copy of the source, with its id mappings if it is to have some: once attached, it cannot be given any. */
static int open_source(const struct mount_job *j, size_t i, struct err *e)
{
	autofd tree = find_source(j, i, e);

	if (tree < 0)
		return -1;
	if (idmap_is_asked(j->mount, &j->options) && j->r->idmap(j->r->idmap_ctx, i, tree, e) < 0)
		return -1;
	return fd_steal(&tree);
}

/* The kernel has no data for binds. A word that nobody knows ("nosiud") may be a flag that was meant: to ignore it would be
 * worse than to stop. "mode=755" cannot be one; generators write such data to every mount, and mount(2) passes over it. */
static int refuse_data(const struct mount_job *j, struct err *e)
{
	const struct mount_options *o = &j->options;

	for (size_t i = 0; i < o->n_data; i++) {
		if (!strchr(o->data[i], '='))
			return err_msg(e, "option \"%s\" means nothing to a bind mount", o->data[i]);
		log_warn("mounts (%s): option \"%s\" means nothing to a bind mount", j->mount->destination, o->data[i]);
	}
	return 0;
}

/* "ro" (not "rro") comes into force in rootfs_seal(): the mount points of later entries, and devices, may still have to be
 * made below, as crun makes them. True if this mount is to be noted for that. */
static bool put_off_readonly(struct mount_job *j)
{
	bool late = j->options.set & MOUNT_ATTR_RDONLY;

	j->options.set &= ~(uint64_t)MOUNT_ATTR_RDONLY;
	return late;
}

static int note_late_readonly(struct mount_job *j, int mount, struct err *e)
{
	if (state_add_late_ro(j->r, mount) == 0)
		return 0;
	/* So many mounts that there are no descriptors left. */
	if (errno == EMFILE)
		return mount_set_attr(mount, false, MOUNT_ATTR_RDONLY, 0, e);
	return err_sys(e, "duplicate the descriptor of the mount");
}

static int attach_bind(struct mount_job *j, int tree, struct err *e)
{
	bool late = put_off_readonly(j);
	bool early = mount_attr_by_fd();

	if (early && mount_apply(tree, &j->options, e) < 0)
		return -1;
	if (mount_attach(tree, j->target, e) < 0)
		return -1;
	if (!early && mount_apply(tree, &j->options, e) < 0)
		return -1;
	/* Below a shared mount it has just become shared, too: what was asked for is said again. */
	for (size_t i = 0; early && i < j->options.n_propagation; i++)
		if (mount_set_propagation(tree, j->options.propagation[i], e) < 0)
			return -1;
	if (late && note_late_readonly(j, tree, e) < 0)
		return -1;
	return replace_root(j, tree, e);
}

static int do_bind(struct mount_job *j, size_t i, struct err *e)
{
	autofd tree = -1;
	struct stat src, dst;
	struct statfs sfs;

	if (refuse_data(j, e) < 0)
		return -1;
	default_to_private(j);
	tree = open_source(j, i, e);
	if (tree < 0)
		return -1;
	if (fstat(tree, &src) < 0 || fstatfs(tree, &sfs) < 0)
		return err_sys(e, "stat the bind source");
	if (find_target(j, S_ISDIR(src.st_mode) ? TARGET_DIR : TARGET_FILE, sfs.f_type == PROC_SUPER_MAGIC, e) < 0)
		return -1;
	if (fstat(j->target, &dst) < 0)
		return err_sys(e, "stat the destination");
	if (S_ISDIR(src.st_mode) && !S_ISDIR(dst.st_mode))
		return err_set(e, ENOTDIR, "mount directory %s on a file", j->mount->source);
	if (!S_ISDIR(src.st_mode) && S_ISDIR(dst.st_mode))
		return err_set(e, ENOTDIR, "mount file %s on a directory", j->mount->source);
	if ((j->options.flags & MOUNT_OPT_DEST_NOFOLLOW) && S_ISLNK(dst.st_mode) &&
	    (fstatfs(j->target, &sfs) < 0 || sfs.f_type == PROC_SUPER_MAGIC || sfs.f_type == SYSFS_MAGIC ||
	     sfs.f_type == DEVPTS_SUPER_MAGIC))
		return err_msg(e, "a symlink of the kernel's own filesystems cannot be mounted on");
	return attach_bind(j, tree, e);
}

/* --- copy-symlink ------------------------------------------------------------------------------------------ */

static int make_symlink(struct mount_job *j, const char *text, struct err *e)
{
	autofree char *parent = NULL;
	autofree char *name = target_split(j->mount->destination, &parent);
	autofd dir = -1;
	char there[PATH_MAX];
	ssize_t n;

	if (!name)
		return err_msg(e, "a symlink needs a name");
	dir = target_open(j->r->rootfd, parent, TARGET_DIR, e);
	if (dir < 0 || target_path(j->r->rootfd, dir, j->path, e) < 0 ||
	    target_check_proc(j->r->rootfd, dir, j->path, true, e) < 0)
		return -1;
	if (symlinkat(text, dir, name) == 0)
		return 0;
	if (errno != EEXIST)
		return err_sys(e, "make a symlink to %s", text);
	n = readlinkat(dir, name, there, sizeof(there) - 1);
	if (n < 0 || (size_t)n != strlen(text) || memcmp(text, there, (size_t)n) != 0)
		return err_set(e, EEXIST, "make a symlink to %s", text);
	return 0;
}

/* 1: the source is a symlink, and there is one like it in the root now. 0: it is something else. -1 with @e. */
static int do_copy_symlink(struct mount_job *j, struct err *e)
{
	autofree char *path = j->mount->source ? sources_path(j->r->bundle, j->mount->source) : NULL;
	char text[PATH_MAX];
	ssize_t n;

	if (j->options.flags & (MOUNT_OPT_SRC_NOFOLLOW | MOUNT_OPT_DEST_NOFOLLOW))
		return err_msg(e, "copy-symlink excludes src-nofollow and dest-nofollow");
	n = path ? readlink(path, text, sizeof(text) - 1) : -1;
	if (n < 0)
		return 0;
	text[n] = 0;
	return make_symlink(j, text, e) < 0 ? -1 : 1;
}

/* --- remount, filesystems ------------------------------------------------------------------------------------ */

static int do_remount(struct mount_job *j, struct err *e)
{
	autofree char *data = mount_options_join_data(&j->options);
	char where[32];

	if (find_target(j, TARGET_DIR, true, e) < 0)
		return -1;
	if (!(j->options.flags & MOUNT_OPT_BIND) && (data || j->options.sb_flags)) {
		snprintf(where, sizeof(where), "/proc/self/fd/%d", j->target);
		if (mount(NULL, where, NULL,
			  MS_REMOUNT | mount_options_ms_flags(j->options.set) | j->options.sb_flags, data) < 0)
			return err_sys(e, "remount");
	}
	/* What was said of it earlier does not hold any more. */
	if ((j->options.set | j->options.clr) & MOUNT_ATTR_RDONLY)
		state_drop_late_ro(j->r, j->target);
	return mount_apply(j->target, &j->options, e) < 0 ? err_prefix(e, "remount") : 0;
}

/* Options that the peers use for the well-known places when an entry has none. */
static void add_defaults(struct mount_job *j)
{
	static const struct {
		const char *type;
		uint64_t set;
		const char *data[3];
	} defaults[] = {
		{ "devpts", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, { "newinstance", "ptmxmode=0666", "mode=0620" } },
		{ "mqueue", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, { NULL } },
		{ "sysfs", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, { NULL } },
	};

	if (j->mount->options.n)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(defaults); i++) {
		if (!str_eq(defaults[i].type, j->type))
			continue;
		j->options.set |= defaults[i].set;
		for (size_t k = 0; k < ARRAY_SIZE(defaults[i].data) && defaults[i].data[k]; k++)
			mount_options_add_data(&j->options, defaults[i].data[k]);
	}
}

/* Later steps still write into it (targets of the mounts in it, devices). Not the kernel's own, where nothing can be made, and
 * not a filesystem whose superblock is to be read-only. */
static bool is_written_later(const struct mount_job *j, const struct mount_special *special)
{
	return str_eq(j->type, "tmpfs") || str_eq(j->path, "/dev") || (!special->type && !mount_special_is_on_device(j));
}

static int do_filesystem(struct mount_job *j, struct err *e)
{
	const struct mount_special *special = mount_special_find(j->type);
	struct stat st;
	bool late;
	autofd fd = -1;

	if ((j->options.flags & MOUNT_OPT_TMPCOPYUP) && !str_eq(j->type, "tmpfs"))
		return err_msg(e, "tmpcopyup is for tmpfs only");
	if ((j->options.flags & MOUNT_OPT_TMPCOPYUP) && is_root(j->mount->destination))
		return err_msg(e, "tmpcopyup is not possible on /");
	add_defaults(j);
	if (special->real_dir ? find_real_dir(j, e) < 0 : find_target(j, TARGET_DIR, false, e) < 0)
		return -1;
	if (fstat(j->target, &st) < 0 || !S_ISDIR(st.st_mode))
		return err_set(e, ENOTDIR, "mount a filesystem of type %s on a file", j->type);
	if (!special->label)
		j->label = NULL;
	late = is_written_later(j, special) && put_off_readonly(j);
	fd = special->mount(j, e);
	if (fd < 0)
		return -1;
	if (mount_set_attr(fd, true, j->options.rec_set, j->options.rec_clr, e) < 0)
		return -1;
	for (size_t i = 0; i < j->options.n_propagation; i++)
		if (mount_set_propagation(fd, j->options.propagation[i], e) < 0)
			return -1;
	if (late && note_late_readonly(j, fd, e) < 0)
		return -1;
	return replace_root(j, fd, e);
}

/* --- an entry ------------------------------------------------------------------------------------------------ */

static int do_entry(struct mount_job *j, size_t i, struct err *e)
{
	if (j->options.flags & MOUNT_OPT_COPY_SYMLINK) {
		int r = do_copy_symlink(j, e);

		if (r)
			return r < 0 ? -1 : 0;
	}
	if (mount_options_are_bind(j->mount, &j->options))
		return do_bind(j, i, e);
	if (idmap_is_asked(j->mount, &j->options))
		return err_msg(e, "only bind mounts can have id mappings");
	if (j->options.flags & MOUNT_OPT_REMOUNT)
		return do_remount(j, e);
	if (!*j->type)
		return err_msg(e, "neither a type nor the option bind or rbind");
	return do_filesystem(j, e);
}

/* Peers ignore linux.mountLabel where there is no SELinux, and engines count on it. */
static int make_label(const struct oci_config *c, char **out, struct err *e)
{
	static const char *const types[] = { "context", "fscontext", "defcontext", "rootcontext" }; /* mount(8) */
	const char *type = oci_map_get(&c->annotations, "run.oci.mount_context_type"); /* crun's */
	const char *label = c->linux_.mount_label;
	struct statfs sfs;
	size_t i = 0;

	while (type && i < ARRAY_SIZE(types) && !str_eq(type, types[i]))
		i++;
	if (i == ARRAY_SIZE(types))
		return err_msg(e, "annotation run.oci.mount_context_type: \"%.64s\" is none of context, fscontext, defcontext, "
				  "rootcontext", type);
	if (label && *label && statfs("/sys/fs/selinux", &sfs) == 0 && (unsigned long)sfs.f_type == SELINUX_MAGIC)
		*out = xasprintf("%s=%s", types[i], label);
	return 0;
}

static int mount_entry(struct rootfs *r, size_t i, const char *label, struct err *e)
{
	const struct oci_mount *m = &r->config->mounts[i];
	struct mount_job j = { .r = r, .mount = m, .type = m->type ? m->type : "", .label = label, .target = -1 };
	int ret;

	if (mount_options_parse(&m->options, &j.options, e) < 0)
		return -1;
	ret = do_entry(&j, i, e);
	mount_options_free(&j.options);
	fd_close(&j.target);
	return ret;
}

int rootfs_mount_all(struct rootfs *r, struct err *e)
{
	const struct oci_config *c = r->config;
	struct rootfs_state *state = state_get(r);

	/* As the peers: without a mount namespace of its own there is only the chroot. */
	if (!r->new_mount_ns) {
		if (c->n_mounts)
			log_debug("no mount namespace: the mounts of config.json are left out");
		return 0;
	}
	if (make_label(c, &state->label, e) < 0)
		return -1;
	for (size_t i = 0; i < c->n_mounts; i++)
		if (mount_entry(r, i, state->label, e) < 0)
			return err_prefix(e, "mounts[%zu] (%s)", i, c->mounts[i].destination);
	return 0;
}
