// SPDX-License-Identifier: Apache-2.0
/* namespaces.c - which namespaces a process gets, and how it comes into those that are there already
 *
 * Runs in:  create and exec; the stage of spawn.c.
 */
#include "launch/namespaces.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/hide.h"
#include "base/str.h"
#include "base/sys.h"
#include "oci/names.h"

/* In the order of joining: user first gives the rights for the rest; mount last, since paths change with it. */
static const struct ns_kind {
	enum oci_namespace_type type;
	uint64_t flag;
	const char *proc_name; /* below /proc/PID/ns */
} kinds[] = {
	{ OCI_NS_USER, CLONE_NEWUSER, "user" },
	{ OCI_NS_CGROUP, CLONE_NEWCGROUP, "cgroup" },
	{ OCI_NS_IPC, CLONE_NEWIPC, "ipc" },
	{ OCI_NS_UTS, CLONE_NEWUTS, "uts" },
	{ OCI_NS_NETWORK, CLONE_NEWNET, "net" },
	{ OCI_NS_TIME, CLONE_NEWTIME, "time" },
	{ OCI_NS_PID, CLONE_NEWPID, "pid" },
	{ OCI_NS_MOUNT, CLONE_NEWNS, "mnt" },
};
_Static_assert(ARRAY_SIZE(kinds) == OCI_NS_COUNT, "every namespace type has a row");

static const struct ns_kind *kind_of(enum oci_namespace_type t)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i].type == t)
			return &kinds[i];
	return NULL;
}

const char *namespaces_proc_name(enum oci_namespace_type t)
{
	return kind_of(t)->proc_name;
}

void namespaces_init(struct namespaces *ns)
{
	memset(ns, 0, sizeof(*ns));
	for (size_t i = 0; i < OCI_NS_COUNT; i++)
		ns->join[i] = -1;
}

void namespaces_close(struct namespaces *ns)
{
	for (size_t i = 0; i < OCI_NS_COUNT; i++)
		fd_close(&ns->join[i]);
}

bool namespaces_has(const struct namespaces *ns, enum oci_namespace_type t)
{
	return ns->join[t] >= 0 || (ns->new_flags & kind_of(t)->flag) || (t == OCI_NS_CGROUP && ns->new_cgroup);
}

static int open_path(const struct ns_kind *k, const char *path, struct err *e)
{
	autofd fd = open(path, O_RDONLY | O_CLOEXEC);
	int type;

	if (fd < 0)
		return err_sys(e, "open %s", path);
	/* NS_GET_NSTYPE: Linux 4.11. ENOTTY: not a namespace at all. */
	type = ioctl(fd, NS_GET_NSTYPE);
	if (type < 0 || (uint64_t)(unsigned int)type != k->flag)
		return err_text(e, EINVAL, "%s is not a %s namespace", path, oci_namespace_name(k->type));
	return fd_steal(&fd);
}

static bool same_namespace(int fd, const char *own)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && stat(own, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

int namespaces_prepare(const struct oci_linux *l, struct namespaces *ns, struct err *e)
{
	namespaces_init(ns);
	for (size_t i = 0; i < l->n_namespaces; i++) {
		const struct oci_namespace *n = &l->namespaces[i];
		const struct ns_kind *k = kind_of(n->type);

		if (!n->path || !*n->path) {
			if (n->type == OCI_NS_CGROUP)
				ns->new_cgroup = true;
			else
				ns->new_flags |= k->flag;
			continue;
		}
		ns->join[n->type] = open_path(k, n->path, e);
		if (ns->join[n->type] < 0) {
			err_prefix(e, "linux.namespaces[%zu].path", i);
			namespaces_close(ns);
			return -1;
		}
	}
	/* setns(2) into one's own user namespace is EINVAL. */
	if (ns->join[OCI_NS_USER] >= 0 && same_namespace(ns->join[OCI_NS_USER], "/proc/self/ns/user"))
		fd_close(&ns->join[OCI_NS_USER]);
	ns->maps_first = (ns->new_flags & CLONE_NEWUSER) && (geteuid() != 0 || hide_is_lost_with_ids());
	ns->boottime = l->boottime;
	ns->monotonic = l->monotonic;
	if ((ns->boottime.set || ns->monotonic.set) && !(ns->new_flags & CLONE_NEWTIME)) {
		namespaces_close(ns);
		return err_msg(e, "linux.timeOffsets: they need a new time namespace in linux.namespaces");
	}
	return 0;
}

int namespaces_of_process(pid_t pid, struct namespaces *ns, struct err *e)
{
	namespaces_init(ns);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		autofree char *path = xasprintf("/proc/%d/ns/%s", (int)pid, kinds[i].proc_name);
		autofree char *own = xasprintf("/proc/self/ns/%s", kinds[i].proc_name);
		autofd fd = open(path, O_RDONLY | O_CLOEXEC);

		if (fd < 0 && errno == ENOENT && access(own, F_OK) < 0)
			continue; /* a kernel without this type */
		if (fd < 0) {
			namespaces_close(ns);
			return err_sys(e, "open %s", path);
		}
		if (!same_namespace(fd, own))
			ns->join[kinds[i].type] = fd_steal(&fd);
	}
	return 0;
}

/* EPERM with a user namespace still to be joined: the namespace may be owned by that one. Called again after it. */
static int join_all(const struct namespaces *ns, bool after_user, bool done[OCI_NS_COUNT], struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		int fd = ns->join[kinds[i].type];

		if (fd < 0 || done[kinds[i].type] || kinds[i].type == OCI_NS_USER)
			continue;
		if (setns(fd, (int)kinds[i].flag) == 0)
			done[kinds[i].type] = true;
		else if (errno != EPERM || after_user)
			return err_sys(e, "join the %s namespace", oci_namespace_name(kinds[i].type));
	}
	return 0;
}

int namespaces_join(const struct namespaces *ns, struct err *e)
{
	bool done[OCI_NS_COUNT] = { false };
	int user = ns->join[OCI_NS_USER];

	if (join_all(ns, user < 0, done, e) < 0)
		return -1;
	if (user < 0)
		return 0;
	if (setns(user, CLONE_NEWUSER) < 0)
		return err_sys(e, "join the user namespace");
	hide_self();
	return join_all(ns, true, done, e);
}
