// SPDX-License-Identifier: Apache-2.0
/* places.c - where a container is: its namespaces and its root, noted when it is made and found again for exec
 *
 * The inode number of a namespace is given to another one when nobody is in it any more. Then it is no loss: the noted one is gone, and
 * what has its number was made in the container. A user namespace cannot go as long as a process is in one below it.
 *
 * Runs in:  create (init notes, create keeps it), restore, exec.
 */
#include "launch/places.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "oci/names.h"

#define DEPTH_MAX 64 /* user namespaces are nested 32 deep at most */

/* --- notes -------------------------------------------------------------------------------------------------- */

static int open_namespace(const char *who, enum oci_namespace_type t)
{
	autofree char *path = xasprintf("/proc/%s/ns/%s", who, namespaces_proc_name(t));

	return open(path, O_RDONLY | O_CLOEXEC);
}

static bool look_at(const char *who, enum oci_namespace_type t, struct stat *st)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%s/ns/%s", who, namespaces_proc_name(t));
	return stat(path, st) == 0;
}

/* The device that all namespaces are on, and no other file. 0: @who shows none. */
static dev_t device_of_namespaces(const char *who)
{
	autofd fd = open_namespace(who, OCI_NS_MOUNT);
	struct statfs fs;
	struct stat st;

	return fd >= 0 && fstatfs(fd, &fs) == 0 && fs.f_type == NSFS_MAGIC && fstat(fd, &st) == 0 ? st.st_dev : 0;
}

char *places_note(const char *who)
{
	dev_t device = device_of_namespaces(who);
	char *text = xstrdup("");

	for (size_t t = 0; device && t < OCI_NS_COUNT; t++) {
		struct stat st;
		char *more;

		if (!look_at(who, (enum oci_namespace_type)t, &st) || st.st_dev != device)
			continue;
		more = xasprintf("%s%s%s=%llu", text, *text ? " " : "", namespaces_proc_name((enum oci_namespace_type)t),
				 (unsigned long long)st.st_ino);
		free(text);
		text = more;
	}
	return text;
}

/* 0: it is not in the note. */
static ino_t noted(const char *note, enum oci_namespace_type t)
{
	autofree char *copy = xstrdup(note);
	const char *name = namespaces_proc_name(t);
	size_t len = strlen(name);
	char *save = NULL;
	uint64_t v;

	for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save))
		if (strncmp(word, name, len) == 0 && word[len] == '=' && str_to_u64(word + len + 1, 10, UINT64_MAX, &v) == 0)
			return (ino_t)v;
	return 0;
}

static char *describe_root(const struct stat *st)
{
	return xasprintf("%llx:%llx", (unsigned long long)st->st_dev, (unsigned long long)st->st_ino);
}

char *places_note_root(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? describe_root(&st) : NULL;
}

/* --- finding a namespace again -------------------------------------------------------------------------------- */

struct search {
	const struct container *c;
	const struct oci_config *config;
	const struct cgroup *cgroup;
	dev_t device; /* of namespaces */
	pid_t *pids; /* of the cgroup, once they were asked for */
	size_t n;
	bool listed;
};

static bool has_number(const struct search *s, int fd, ino_t number)
{
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && st.st_dev == s->device && st.st_ino == number;
}

/* @fd is closed unless it is the one. */
static int keep_if(const struct search *s, int fd, ino_t number)
{
	if (has_number(s, fd, number))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* @user, or the nearest above it that has the @number. */
static int climb_to(const struct search *s, int user, ino_t number)
{
	for (int i = 0; i < DEPTH_MAX && user >= 0; i++) {
		int above;

		if (has_number(s, user, number))
			return user;
		above = ioctl(user, NS_GET_PARENT); /* EPERM: not below the caller's own */
		close(user);
		user = above;
	}
	if (user >= 0)
		close(user);
	return -1;
}

static int of_config(const struct search *s, enum oci_namespace_type t, ino_t number)
{
	const struct oci_namespace *n = oci_namespace_find(&s->config->linux_, t);

	return n && n->path && *n->path ? keep_if(s, open(n->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), number) : -1;
}

static int of_members(struct search *s, enum oci_namespace_type t, ino_t number)
{
	if (!s->listed && s->cgroup)
		(void)cgroup_pids(s->cgroup, &s->pids, &s->n, NULL);
	s->listed = true;
	for (size_t i = 0; i < s->n; i++) {
		char who[16];
		int fd;

		snprintf(who, sizeof(who), "%d", (int)s->pids[i]);
		fd = keep_if(s, open_namespace(who, t), number);
		if (fd >= 0)
			return fd;
	}
	return -1;
}

/* True if the namespace belongs to the container's user namespace or to one below it: made there, or given to it. */
static bool is_within(const struct search *s, int fd)
{
	autofd user = ioctl(fd, NS_GET_USERNS);

	if (user < 0)
		return false;
	user = climb_to(s, fd_steal(&user), noted(s->c->namespaces, OCI_NS_USER));
	return user >= 0;
}

static int find_one(struct search *s, int of_init, enum oci_namespace_type t, ino_t number, struct err *e)
{
	autofd fd = of_init;
	int other;

	if (has_number(s, fd, number))
		return fd_steal(&fd);
	if (t == OCI_NS_USER) {
		other = climb_to(s, fd_steal(&fd), number);
		return other >= 0 ? other : err_msg(e, "its first process is in a user namespace that is none of the container's");
	}
	other = of_config(s, t, number);
	if (other < 0)
		other = of_members(s, t, number);
	if (other >= 0)
		return other;
	if (fd >= 0 && is_within(s, fd) && !(t == OCI_NS_NETWORK && s->c->enforcement))
		return fd_steal(&fd);
	return err_msg(e, "its first process has left the %s namespace in which it was made, and nobody else is in that",
		       oci_namespace_name(t));
}

static int find_all(struct search *s, struct namespaces *ns, struct err *e)
{
	char init[16];

	snprintf(init, sizeof(init), "%d", (int)s->c->pid);
	for (size_t i = 0; i < OCI_NS_COUNT; i++) {
		enum oci_namespace_type t = (enum oci_namespace_type)i;
		ino_t number = noted(s->c->namespaces, t);
		struct stat own;
		int of_init;

		if (!number || !look_at("self", t, &own))
			continue;
		s->device = own.st_dev;
		if (own.st_ino == number)
			continue;
		of_init = open_namespace(init, t);
		if (of_init < 0)
			return err_sys(e, "open the %s namespace of process %s", oci_namespace_name(t), init);
		ns->join[t] = find_one(s, of_init, t, number, e);
		if (ns->join[t] < 0)
			return -1;
	}
	return 0;
}

int places_find(const struct container *c, const struct oci_config *config, const struct cgroup *cgroup, struct namespaces *ns,
		struct err *e)
{
	struct search s = { .c = c, .config = config, .cgroup = cgroup };
	int r;

	namespaces_init(ns);
	/* Made by a sandrun that noted nothing. */
	if (!c->namespaces || !*c->namespaces)
		return namespaces_of_process(c->pid, ns, e);
	r = find_all(&s, ns, e);
	free(s.pids);
	if (r < 0) {
		namespaces_close(ns);
		return err_prefix(e, "cannot exec in container %s", c->id);
	}
	return 0;
}

/* --- the root --------------------------------------------------------------------------------------------------- */

static int check_noted_root(const struct container *c, int fd, struct err *e)
{
	autofree char *is = NULL;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(e, "look at the root of container %s", c->id);
	is = describe_root(&st);
	if (!str_eq(is, c->root_note))
		return err_msg(e, "cannot exec in container %s: %s is not the directory any more in which it was made", c->id, c->rootfs);
	return 0;
}

int places_open_root(const struct container *c, const struct namespaces *ns, int *fd, struct err *e)
{
	autofree char *path = c->root_note ? xstrdup(c->rootfs) : xasprintf("/proc/%d/root", (int)c->pid);

	*fd = -1;
	if (!c->root_note && c->namespaces && ns->join[OCI_NS_MOUNT] >= 0)
		return 0;
	*fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*fd < 0)
		return err_sys(e, "open the root of container %s", c->id);
	return c->root_note ? check_noted_root(c, *fd, e) : 0;
}
