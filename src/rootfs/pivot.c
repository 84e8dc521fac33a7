// SPDX-License-Identifier: Apache-2.0
/* pivot.c - into the container's root, and out of the host's
 *
 * Owns:     the mount that becomes the root (rootfs_enter), and the change to it (rootfs_pivot).
 * Runs in:  init.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/str.h"
#include "base/sys.h"
#include "rootfs/mount.h"
#include "rootfs/propagation.h"
#include "rootfs/sources.h"
#include "rootfs/state.h"

/* --- in -------------------------------------------------------------------------------------------------- */

/* Kept for masks: after pivot_root, what is called /dev/null may be something else (CVE-2025-31133). Not there (a host
 * without /dev): the mask then asks the container's. */
static void take_null(struct rootfs_state *s)
{
	struct stat st;

	s->null_tree = mount_clone(AT_FDCWD, "/dev/null", false, true);
	if (s->null_tree >= 0 &&
	    (fstat(s->null_tree, &st) < 0 || !S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3)))
		fd_close(&s->null_tree);
}

/* The root as a mount of its own, on top of where it is: pivot_root(2) wants a mount, and what is mounted below it belongs
 * to this one. The copy is made after its parent was told not to be shared, and inherits that. */
static int mount_root(struct rootfs *r, int dir, unsigned long propagation, struct err *e)
{
	bool asked = propagation_is_asked(r->config);
	autofd tree = -1;

	if (propagation_set_namespace(propagation, e) < 0 ||
	    propagation_protect_parent(dir, asked && (propagation & MS_SLAVE), e) < 0)
		return -1;
	tree = mount_clone(dir, "", true, false);
	if (tree < 0)
		return err_sys(e, "bind the root filesystem");
	if (mount_attach(tree, dir, e) < 0)
		return err_prefix(e, "bind the root filesystem on itself");
	/* What is mounted below it may be slaves still. */
	if (!asked && mount_set_propagation(tree, MS_PRIVATE | MS_REC, e) < 0)
		return -1;
	r->rootfd = fd_steal(&tree);
	return 0;
}

static int enter(struct rootfs *r, const char *path, struct err *e)
{
	autofd dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	unsigned long propagation;

	if (dir < 0)
		return err_sys(e, "open directory %s", path);
	if (!r->new_mount_ns) {
		r->rootfd = fd_steal(&dir);
		return 0;
	}
	if (propagation_of(r->config, &propagation, e) < 0)
		return -1;
	return mount_root(r, dir, propagation, e);
}

int rootfs_enter(struct rootfs *r, struct err *e)
{
	const struct oci_config *c = r->config;
	autofree char *path = NULL;

	if (!c->root.path || !*c->root.path)
		return err_msg(e, "root.path is missing");
	/* Everything that is made below has the modes it is given here, whatever the engine's umask is. The workload's own
	 * is set with its user. */
	umask(022);
	path = sources_path(r->bundle, c->root.path);
	if (enter(r, path, e) < 0)
		return err_prefix(e, "root.path");
	if (r->new_mount_ns)
		take_null(state_get(r));
	return 0;
}

/* --- out ------------------------------------------------------------------------------------------------- */

static int change_root(struct err *e)
{
	if (chroot(".") < 0)
		return err_sys(e, "chroot to the root filesystem");
	if (chdir("/") < 0)
		return err_sys(e, "chdir to /");
	return 0;
}

/* pivot_root(".", ".") puts the old root on top of the new one, at the same place, so that the image needs no directory for
 * it. Then it is taken off: recursively, and as a slave first, lest the host's mounts go with it. */
static int pivot(int rootfd, struct err *e)
{
	autofd old = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (old < 0)
		return err_sys(e, "open the old root");
	if (fchdir(rootfd) < 0)
		return err_sys(e, "chdir to the root filesystem");
	if (sys_pivot_root(".", ".") < 0) {
		if (errno == EINVAL)
			return err_sys(e, "pivot_root (a host that runs from its initramfs needs --no-pivot)");
		return err_sys(e, "pivot_root");
	}
	/* The kernel leaves us in the old root, but does not promise it. */
	if (fchdir(old) < 0)
		return err_sys(e, "chdir to the old root");
	if (mount(NULL, ".", NULL, MS_SLAVE | MS_REC, NULL) < 0)
		return err_sys(e, "make the old root a slave");
	if (umount2(".", MNT_DETACH) < 0)
		return err_sys(e, "detach the old root");
	if (chdir("/") < 0)
		return err_sys(e, "chdir to /");
	return 0;
}

/* One line of mountinfo: the root of the mount in its filesystem, its place (both in @line), its type. */
static bool parse_mountinfo(char *line, char **root, char **place, char **type)
{
	char *save = NULL;
	char *dash = strstr(line, " - ");
	size_t i = 0;

	if (!dash)
		return false;
	*dash = 0;
	*type = dash + 3;
	(*type)[strcspn(*type, " ")] = 0;
	for (char *t = strtok_r(line, " ", &save); t && i < 5; t = strtok_r(NULL, " ", &save), i++) {
		if (i == 3)
			*root = t;
		if (i == 4)
			*place = t;
	}
	return i == 5;
}

/* "\040" and the like, in place. */
static void unescape(char *s)
{
	char *w = s;

	for (; *s; s++, w++) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' && s[3] >= '0' && s[3] <= '7') {
			*w = (char)((s[1] - '0') * 64 + (s[2] - '0') * 8 + (s[3] - '0'));
			s += 3;
		} else {
			*w = *s;
		}
	}
	*w = 0;
}

/* Takes the mount at @place away, or hides what may not be taken (a user namespace has it locked). */
static int remove_or_hide(const char *place, struct err *e)
{
	if (mount(NULL, place, NULL, MS_SLAVE | MS_REC, NULL) < 0) /* the host keeps its own */
		return errno == ENOENT || errno == EINVAL ? 0 : err_sys(e, "make %s a slave", place);
	if (umount2(place, MNT_DETACH) == 0)
		return 0;
	if (errno != EINVAL && errno != EPERM)
		return err_sys(e, "unmount %s", place);
	if (mount("tmpfs", place, "tmpfs", MS_RDONLY, "size=0") < 0)
		return err_sys(e, "hide %s", place);
	return 0;
}

static bool is_below(const char *place, const char *dir)
{
	size_t len = strlen(dir);

	return !strncmp(place, dir, len) && (!place[len] || place[len] == '/');
}

/* An unmount, and the move of the root onto "/", happen to the peers of the mount that is below it as well. With a shared
 * rootfsPropagation those are the host's. What is in the container's root keeps what was asked for. */
static int stop_sharing(const char *mountinfo, const char *rootfs, struct err *e)
{
	autofree char *text = xstrdup(mountinfo);
	char *save = NULL;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *root = NULL, *place = NULL, *type = NULL;

		if (!parse_mountinfo(line, &root, &place, &type))
			continue;
		unescape(place);
		/* Out of sight, under another mount or beyond the caller's rights: then it is not what we unmount from either. */
		if (!is_below(place, rootfs) && mount(NULL, place, NULL, MS_SLAVE, NULL) < 0 && errno != ENOENT && errno != EINVAL &&
		    errno != EACCES)
			return err_sys(e, "make %s a slave", place);
	}
	return 0;
}

/* With MS_MOVE the host's mounts stay in the namespace, under our root. A complete procfs or sysfs among them would allow
 * the workload (in a user namespace of its own) to mount one without the masks. So they go. */
static int remove_host_procfs(const char *rootfs, struct err *e)
{
	autofree char *text = NULL;
	char *save = NULL;

	if (file_read(AT_FDCWD, "/proc/self/mountinfo", 64u << 20, &text, NULL, e) < 0 || stop_sharing(text, rootfs, e) < 0)
		return -1;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *root = NULL, *place = NULL, *type = NULL;

		if (!parse_mountinfo(line, &root, &place, &type))
			continue;
		unescape(place);
		if (!str_eq(root, "/") || (!str_eq(type, "proc") && !str_eq(type, "sysfs")))
			continue;
		if (is_below(place, rootfs))
			continue;
		if (remove_or_hide(place, e) < 0)
			return -1;
	}
	return 0;
}

static int move_root(int rootfd, struct err *e)
{
	char rootfs[PATH_MAX], link[32];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", rootfd);
	n = readlink(link, rootfs, sizeof(rootfs) - 1);
	if (n < 0)
		return err_sys(e, "read %s", link);
	rootfs[n] = 0;
	if (str_eq(rootfs, "/"))
		return err_msg(e, "--no-pivot needs a root filesystem other than /");
	if (fchdir(rootfd) < 0)
		return err_sys(e, "chdir to the root filesystem");
	if (remove_host_procfs(rootfs, e) < 0)
		return -1;
	if (mount(".", "/", NULL, MS_MOVE, NULL) < 0)
		return err_sys(e, "move the root filesystem to /");
	return change_root(e);
}

int rootfs_pivot(struct rootfs *r, struct err *e)
{
	if (r->new_mount_ns)
		return r->no_pivot ? move_root(r->rootfd, e) : pivot(r->rootfd, e);
	if (fchdir(r->rootfd) < 0)
		return err_sys(e, "chdir to the root filesystem");
	return change_root(e);
}
