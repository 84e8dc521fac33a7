// SPDX-License-Identifier: Apache-2.0
/* external.c - what of a container is not its own: mounts, namespaces and cgroups that CRIU must neither dump nor make
 *
 * CRIU makes every filesystem of a mount namespace anew: tmpfs with its contents, proc, sysfs, devpts. What shows a part of
 * the host's file tree it cannot make, so it is told beforehand where such mounts are: by their place in the container when it
 * dumps, by their source when it restores. A mount that was announced and is not there is no error.
 *
 * Runs in:  checkpoint and restore.
 */
#include "checkpoint/external.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cgroupfs.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/str.h"
#include "container/notify.h"
#include "oci/names.h"
#include "rootfs/mount_options.h"
#include "rootfs/target.h"

#define NULL_DEVICE "/dev/null"
#define NOTIFY_NAME "sandrun-notify"

/* Under user namespaces they are binds of the host's (src/rootfs/devices.c). */
static const char *const default_devices[] = { "/dev/null",   "/dev/zero",    "/dev/full",
					       "/dev/random", "/dev/urandom", "/dev/tty" };

bool external_is_bind(const struct oci_mount *m)
{
	struct mount_options o;
	bool bind;

	if (m->type && str_eq(m->type, "bind"))
		return true;
	if (mount_options_parse(&m->options, &o, NULL) < 0)
		return false;
	bind = o.flags & MOUNT_OPT_BIND;
	mount_options_free(&o);
	return bind;
}

char *external_source(const struct oci_mount *m, const char *bundle)
{
	const char *s = m->source ? m->source : "";

	return *s == '/' ? xstrdup(s) : xasprintf("%s/%s", bundle, s);
}

char *external_place(const char *destination)
{
	char *out = xasprintf("/%s", destination ? destination : "");
	size_t n = 0;

	for (const char *p = out; *p; p++)
		if (*p != '/' || n == 0 || out[n - 1] != '/')
			out[n++] = *p;
	while (n > 1 && out[n - 1] == '/')
		n--;
	out[n] = 0;
	return out;
}

/* Where @path leads in the root @rootfd, through symlinks of the image; NULL where it does not exist. Heap. */
static char *resolve(int rootfd, const char *path)
{
	autofd fd = file_open_in_root(rootfd, path, O_PATH, 0);
	char found[PATH_MAX];

	return fd < 0 || target_path(rootfd, fd, found, NULL) < 0 ? NULL : xstrdup(found);
}

/* --- cgroups ----------------------------------------------------------------------------------------------------- */

/* A mount of type cgroup or cgroup2 consists of binds of the host's (src/rootfs/mount_cgroup.c), unless the container has a
 * cgroup namespace: then it is a filesystem like others. */
static bool has_cgroup_binds(const struct oci_config *c, const struct oci_mount *m)
{
	return m->type && (str_eq(m->type, "cgroup") || str_eq(m->type, "cgroup2")) && !external_is_bind(m) &&
	       !oci_namespace_find(&c->linux_, OCI_NS_CGROUP);
}

/* One for each v1 hierarchy of the host, and the hybrid's v2. @places: /proc/PID/cgroup, or NULL when dumping. */
static int add_hierarchies(struct request *q, const struct oci_mount *m, const char *places, struct err *e)
{
	DIR *d = opendir(CGROUPFS_ROOT);
	struct dirent *de;

	if (!d)
		return err_sys(e, "open " CGROUPFS_ROOT);
	while ((de = readdir(d))) {
		autofree char *place = external_place(m->destination);
		autofree char *key = xasprintf("%s/%s", place, de->d_name);
		autofree char *own = NULL;
		autofree char *source = NULL;
		enum cgroupfs kind = de->d_name[0] == '.' ? CGROUPFS_NONE : cgroupfs_kind(dirfd(d), de->d_name);

		if (kind == CGROUPFS_NONE)
			continue;
		if (places)
			cgroupfs_find(places, de->d_name, kind == CGROUPFS_V2, NULL, &own);
		source = xasprintf(CGROUPFS_ROOT "/%s%s", de->d_name, own ? own : "");
		request_add_mount(q, key, places ? source : key);
	}
	closedir(d);
	return 0;
}

static int add_cgroup_binds(struct request *q, const struct oci_mount *m, const char *places, struct err *e)
{
	autofree char *place = external_place(m->destination);

	if (!cgroupfs_v2_alone() && !str_eq(m->type, "cgroup2"))
		return add_hierarchies(q, m, places, e);
	request_add_mount(q, place, !places ? place : cgroupfs_v2_alone() ? CGROUPFS_ROOT : CGROUPFS_ROOT "/unified");
	return 0;
}

/* Where CRIU is, each of the dumped cgroups shall be: it is in the container's own by now. */
static void add_cgroup_roots(struct request *q, const char *places)
{
	autofree char *copy = xstrdup(places);
	char *rest = copy, *controllers, *path;

	while (cgroupfs_next(&rest, &controllers, &path)) {
		/* "cpu,cpuacct" is both; v2 has the empty name. */
		for (char *name = controllers, *next; name; name = next) {
			next = strchr(name, ',');
			if (next)
				*next++ = 0;
			request_add_cgroup(q, name, path);
		}
	}
}

/* --- mounts ------------------------------------------------------------------------------------------------------- */

static void add_device_mounts(struct request *q, const struct oci_config *c)
{
	for (size_t i = 0; i < ARRAY_SIZE(default_devices); i++)
		request_add_mount(q, default_devices[i], default_devices[i]);
	for (size_t i = 0; i < c->linux_.n_devices; i++) {
		autofree char *place = external_place(c->linux_.devices[i].path);

		request_add_mount(q, place, place);
	}
}

/* A masked file has the null device over it; a directory an empty tmpfs, which CRIU makes. */
static void dump_masks(struct request *q, const struct oci_config *c, int rootfd)
{
	for (size_t i = 0; i < c->linux_.masked_paths.n; i++) {
		autofree char *place = resolve(rootfd, c->linux_.masked_paths.v[i]);
		struct stat st;

		if (place && fstatat(rootfd, place + 1, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISCHR(st.st_mode))
			request_add_mount(q, place, c->linux_.masked_paths.v[i]);
	}
}

static int dump_mounts(struct request *q, const struct oci_config *c, int rootfd, struct err *e)
{
	for (size_t i = 0; i < c->n_mounts; i++) {
		const struct oci_mount *m = &c->mounts[i];
		autofree char *name = external_place(m->destination);
		autofree char *place = resolve(rootfd, name);

		if (has_cgroup_binds(c, m) && add_cgroup_binds(q, m, NULL, e) < 0)
			return err_prefix(e, "mounts[%zu] (%s)", i, name);
		if (external_is_bind(m))
			request_add_mount(q, place ? place : name, name);
	}
	return 0;
}

static int restore_mounts(struct request *q, const struct oci_config *c, const char *bundle, int rootfd,
			  const char *places, struct err *e)
{
	for (size_t i = 0; i < c->n_mounts; i++) {
		const struct oci_mount *m = &c->mounts[i];
		autofree char *name = external_place(m->destination);
		autofree char *source = external_source(m, bundle);
		autofree char *place = NULL;

		if (has_cgroup_binds(c, m) && add_cgroup_binds(q, m, places, e) < 0)
			return err_prefix(e, "mounts[%zu] (%s)", i, name);
		if (!external_is_bind(m))
			continue;
		request_add_mount(q, name, source);
		/* The peers name it after the place in their images. */
		place = resolve(rootfd, name);
		if (place && !str_eq(place, name))
			request_add_mount(q, place, source);
	}
	for (size_t i = 0; i < c->linux_.masked_paths.n; i++)
		request_add_mount(q, c->linux_.masked_paths.v[i], NULL_DEVICE);
	return 0;
}

/* The directory of the notification socket (container/notify.c), which is in no config.json. Its root is a path of the
 * filesystem that it is on, and ends as the path on the host does. */
static int dump_notify(struct request *q, const struct container *c, struct err *e)
{
	autofree char *path = xasprintf("/proc/%d/mountinfo", (int)c->pid);
	autofree char *end = xasprintf("/%s/%s", c->id, NOTIFY_DIRECTORY);
	autofree char *text = NULL;
	char *save = NULL;

	if (faccessat(c->dirfd, NOTIFY_DIRECTORY, F_OK, 0) < 0)
		return 0;
	if (file_read(AT_FDCWD, path, 16 * 1024 * 1024, &text, NULL, e) < 0)
		return -1;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char root[PATH_MAX], place[PATH_MAX];
		size_t len;

		/* proc(5): id, parent, device, root, mount point; blanks and the like are escaped */
		if (sscanf(line, "%*s %*s %*s %4095s %4095s", root, place) != 2)
			continue;
		len = strlen(root);
		if (len >= strlen(end) && str_eq(root + len - strlen(end), end))
			request_add_mount(q, place, NOTIFY_NAME);
	}
	return 0;
}

/* Nobody listens there any more: a container says once that it is ready. */
static int restore_notify(struct request *q, const struct container *c, struct err *e)
{
	autofree char *state = container_path(c, e), *path = NULL;

	if (!state)
		return -1;
	path = xasprintf("%s/%s", state, NOTIFY_DIRECTORY);
	if (mkdirat(c->dirfd, NOTIFY_DIRECTORY, 0755) < 0 && errno != EEXIST)
		return err_sys(e, "make %s", path);
	request_add_mount(q, NOTIFY_NAME, path);
	return 0;
}

/* --- namespaces --------------------------------------------------------------------------------------------------- */

/* Those that have a path in config.json. CRIU leaves net and pid alone and puts the container into them; others it
 * dumps like its own, and joins them when it restores. */
static const struct joined {
	enum oci_namespace_type type;
	const char *criu; /* its name for the kind, which is also that below /proc/PID/ns */
	const char *key;  /* inherited under this name; NULL: joined by path */
} kinds[] = {
	{ OCI_NS_NETWORK, "net", "extRootNetNS" },
	{ OCI_NS_PID, "pid", "extRootPidNS" },
	{ OCI_NS_IPC, "ipc", NULL },
	{ OCI_NS_UTS, "uts", NULL },
	{ OCI_NS_TIME, "time", NULL },
	{ OCI_NS_USER, "user", NULL },
};

static const char *path_of(const struct oci_config *c, enum oci_namespace_type t)
{
	const struct oci_namespace *n = oci_namespace_find(&c->linux_, t);

	return n && n->path && *n->path ? n->path : NULL;
}

static int check_kinds(const struct oci_config *c, struct err *e)
{
	if (path_of(c, OCI_NS_CGROUP) || path_of(c, OCI_NS_MOUNT))
		return err_msg(e, "linux.namespaces: CRIU cannot join a %s namespace",
			       path_of(c, OCI_NS_CGROUP) ? "cgroup" : "mount");
	return 0;
}

static int dump_namespaces(struct request *q, const struct oci_config *c, pid_t pid, struct err *e)
{
	if (check_kinds(c, e) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		autofree char *path = xasprintf("/proc/%d/ns/%s", (int)pid, kinds[i].criu);
		autofree char *text = NULL;
		struct stat st;

		if (!kinds[i].key || !path_of(c, kinds[i].type))
			continue;
		/* The process and not the path: what the path was may be gone. */
		if (stat(path, &st) < 0)
			return err_sys(e, "look at the %s namespace of the container", kinds[i].criu);
		text = xasprintf("%s[%llu]:%s", kinds[i].criu, (unsigned long long)st.st_ino, kinds[i].key);
		request_add_external(q, text);
	}
	return 0;
}

static int restore_namespaces(struct request *q, const struct oci_config *c, const struct namespaces *ns, struct err *e)
{
	if (check_kinds(c, e) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const char *path = path_of(c, kinds[i].type);

		if (path && kinds[i].key)
			request_add_inherit(q, kinds[i].key, ns->join[kinds[i].type]);
		else if (path)
			request_add_join(q, kinds[i].criu, path);
	}
	return 0;
}

/* --- all of it ------------------------------------------------------------------------------------------------------ */

int external_dump(struct request *q, const struct oci_config *c, const struct container *container, struct err *e)
{
	pid_t pid = container->pid;
	autofree char *path = xasprintf("/proc/%d/root", (int)pid);
	autofd rootfd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (rootfd < 0)
		return err_sys(e, "open the root of the container");
	if (dump_namespaces(q, c, pid, e) < 0 || dump_mounts(q, c, rootfd, e) < 0 || dump_notify(q, container, e) < 0)
		return -1;
	dump_masks(q, c, rootfd);
	add_device_mounts(q, c);
	return 0;
}

int external_restore(struct request *q, const struct oci_config *c, const struct container *container,
		     const struct namespaces *ns, pid_t criu, struct err *e)
{
	autofree char *path = xasprintf("/proc/%d/cgroup", (int)criu);
	autofree char *places = NULL;
	autofd rootfd = open(container->rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (rootfd < 0)
		return err_sys(e, "root.path %s", container->rootfs);
	if (file_read(AT_FDCWD, path, 1 << 20, &places, NULL, e) < 0)
		return -1;
	if (restore_namespaces(q, c, ns, e) < 0 || restore_mounts(q, c, container->bundle, rootfd, places, e) < 0)
		return -1;
	if (restore_notify(q, container, e) < 0)
		return -1;
	add_device_mounts(q, c);
	add_cgroup_roots(q, places);
	return 0;
}
