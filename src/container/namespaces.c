// SPDX-License-Identifier: Apache-2.0
/* namespaces.c - new and joined namespaces, and the clone that gives birth to init
 *
 * One clone3(2) does it where nothing but plain namespaces is to be joined: the new ones are made by its flags, the
 * child joins the others itself. Two things need a process in between, the *stage*:
 *   - a joined pid namespace holds only for children of the process that asked;
 *   - a user namespace that is joined has to be entered before what it owns is made, and one that is new must be made
 *     after namespaces of the outer one were joined (inside it, we would have no right to).
 * The stage joins, then clones init with CLONE_PARENT, so that init is the caller's child all the same (engines reap it),
 * tells the caller its pid, and is gone.
 *
 * A new time namespace is no flag of the clone: its clocks can be set only while nobody is in it. So unshare(2) makes it
 * for children to come, the offsets are written, and setns(2) takes the process itself in (one thread, Linux 5.6: fine).
 *
 * Runs in:  create and exec; the stage.
 */
#include "container/namespaces.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/str.h"
#include "base/sys.h"
#include "container/sync.h"
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

/* Where cgroup2 is mounted with nsdelegate (systemd does), CLONE_INTO_CGROUP from outside a cgroup namespace is ENOENT for who has
 * joined that. So behind a stage it is joined by the clone; but a user namespace takes away the right to one that the host owns. */
static bool cgroup_is_for_clone(const struct namespaces *ns)
{
	return ns->join[OCI_NS_CGROUP] >= 0 && ns->join[OCI_NS_USER] < 0 && !(ns->new_flags & CLONE_NEWUSER);
}

/* EPERM with a user namespace still to be joined: the namespace may be owned by that one. Called again after it. */
static int join_all(const struct namespaces *ns, bool after_user, bool done[OCI_NS_COUNT], struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		int fd = ns->join[kinds[i].type];

		if (fd < 0 || done[kinds[i].type] || kinds[i].type == OCI_NS_USER)
			continue;
		if (kinds[i].type == OCI_NS_CGROUP && cgroup_is_for_clone(ns))
			continue;
		if (setns(fd, (int)kinds[i].flag) == 0)
			done[kinds[i].type] = true;
		else if (errno != EPERM || after_user)
			return err_sys(e, "join the %s namespace", oci_namespace_name(kinds[i].type));
	}
	return 0;
}

static int join(const struct namespaces *ns, struct err *e)
{
	bool done[OCI_NS_COUNT] = { false };
	int user = ns->join[OCI_NS_USER];

	if (join_all(ns, user < 0, done, e) < 0)
		return -1;
	if (user < 0)
		return 0;
	if (setns(user, CLONE_NEWUSER) < 0)
		return err_sys(e, "join the user namespace");
	return join_all(ns, true, done, e);
}

/* What making a time namespace takes from /proc. Opened before anything is joined: a joined mount namespace has another
 * procfs; and by a joined user namespace the process loses its "dumpable" mark, and with it the files of its own directory
 * go to a root that a user's process is not. */
struct clocks {
	int self;    /* /proc/self */
	int offsets; /* its timens_offsets */
	int error;   /* why there is none */
};

static void open_clocks(const struct namespaces *ns, struct clocks *c)
{
	*c = (struct clocks){ .self = -1, .offsets = -1 };
	if (!(ns->new_flags & CLONE_NEWTIME))
		return;
	c->self = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
	c->offsets = openat(c->self, "timens_offsets", O_WRONLY | O_CLOEXEC);
	c->error = errno;
}

static void close_clocks(struct clocks *c)
{
	fd_close(&c->self);
	fd_close(&c->offsets);
}

static int write_offset(int offsets, const char *clock, const struct oci_time_offset *o, struct err *e)
{
	char line[96];
	int len = snprintf(line, sizeof(line), "%s %lld %u\n", clock, (long long)o->secs, o->nanosecs);

	if (!o->set)
		return 0;
	/* ERANGE: the clock would be negative, or pass 146 years from now. */
	if (write(offsets, line, (size_t)len) != len)
		return err_sys(e, "linux.timeOffsets.%s: set to %lld s, %u ns", clock, (long long)o->secs, o->nanosecs);
	return 0;
}

static int make_time(const struct namespaces *ns, const struct clocks *c, struct err *e)
{
	autofd children = -1;

	if (unshare(CLONE_NEWTIME) < 0)
		return err_sys(e, "make a time namespace (Linux 5.6 with CONFIG_TIME_NS has them)");
	if (c->offsets < 0 && (ns->boottime.set || ns->monotonic.set))
		return err_msg(e, "linux.timeOffsets: /proc/self/timens_offsets cannot be opened (%s)", err_words(c->error));
	if (write_offset(c->offsets, "boottime", &ns->boottime, e) < 0 ||
	    write_offset(c->offsets, "monotonic", &ns->monotonic, e) < 0)
		return -1;
	children = openat(c->self, "ns/time_for_children", O_RDONLY | O_CLOEXEC);
	if (children < 0 || setns(children, CLONE_NEWTIME) < 0)
		return err_sys(e, "enter the new time namespace");
	return 0;
}

/* A new time namespace is to belong to the user namespace of the container: this process can make it if it is, or will have
 * been by joining, in that one; else the clone, which is born in it, does. */
static bool time_is_for_clone(const struct namespaces *ns)
{
	return (ns->new_flags & CLONE_NEWTIME) && (ns->new_flags & CLONE_NEWUSER);
}

static int enter_cgroup(const struct namespaces *ns, struct err *e)
{
	if (setns(ns->join[OCI_NS_CGROUP], CLONE_NEWCGROUP) < 0)
		return err_sys(e, "join the cgroup namespace");
	return 0;
}

/* Joins what is to be joined and makes the time namespace, if it is to be made here. */
static int enter(const struct namespaces *ns, struct err *e)
{
	struct clocks clocks;
	int r;

	open_clocks(ns, &clocks);
	r = join(ns, e);
	if (r == 0 && (ns->new_flags & CLONE_NEWTIME) && !time_is_for_clone(ns))
		r = make_time(ns, &clocks, e);
	close_clocks(&clocks);
	return r;
}

static int enter_time(const struct namespaces *ns, struct err *e)
{
	struct clocks clocks;
	int r;

	open_clocks(ns, &clocks);
	r = make_time(ns, &clocks, e);
	close_clocks(&clocks);
	return r;
}

static bool needs_stage(const struct namespaces *ns)
{
	bool joins = false;

	for (size_t i = 0; i < OCI_NS_COUNT; i++)
		joins |= ns->join[i] >= 0;
	return ns->join[OCI_NS_USER] >= 0 || ns->join[OCI_NS_PID] >= 0 || (joins && (ns->new_flags & CLONE_NEWUSER));
}

/* All of @ns's new namespaces that a clone can make. */
static uint64_t clone_flags(const struct namespaces *ns)
{
	return ns->new_flags & ~(uint64_t)CLONE_NEWTIME;
}

static pid_t do_clone(uint64_t flags, int cgroup_fd, struct err *e)
{
	struct clone_args args = { .flags = flags };
	pid_t pid;

	/* With CLONE_PARENT the exit signal is the caller's and must not be given. */
	if (!(flags & CLONE_PARENT))
		args.exit_signal = SIGCHLD;
	if (cgroup_fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)cgroup_fd;
	}
	pid = sys_clone3(&args);
	/* Older kernels (before 5.7), and cgroups that may not be entered at birth (ENOENT: not from outside of this cgroup
	 * namespace): the caller moves the child later. */
	if (pid < 0 && cgroup_fd >= 0 && (errno == E2BIG || errno == EINVAL || errno == EBUSY || errno == EACCES ||
					  errno == EOPNOTSUPP || errno == ENOENT)) {
		args.flags &= ~CLONE_INTO_CGROUP;
		args.cgroup = 0;
		pid = sys_clone3(&args);
	}
	if (pid >= 0)
		return pid;
	if (errno == ENOSPC)
		return err_set(e, errno, "make the namespaces: a limit is reached (/proc/sys/user/max_*_namespaces, or nesting)");
	if (errno == EPERM && (flags & CLONE_NEWUSER))
		return err_set(e, errno, "make the namespaces (user namespaces may be off: sysctl user.max_user_namespaces, "
			       "kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns)");
	return err_sys(e, "make the namespaces");
}

__attribute__((noreturn)) static void run_body(const struct namespaces *ns, bool joined, int sync,
					       void (*body)(void *arg), void *arg)
{
	struct err e;

	/* Behind a stage the first word is the stage's: two writers on one socket would race. */
	if ((joined ? sync_wait_go(sync, &e) : enter(ns, &e)) < 0 || (cgroup_is_for_clone(ns) && enter_cgroup(ns, &e) < 0) ||
	    (time_is_for_clone(ns) && enter_time(ns, &e) < 0)) {
		sync_send_error(sync, &e);
		_exit(1);
	}
	body(arg);
	_exit(1);
}

__attribute__((noreturn)) static void stage(const struct namespaces *ns, int cgroup_fd, int sync,
					    void (*body)(void *arg), void *arg)
{
	struct err e;
	pid_t pid;

	if (enter(ns, &e) < 0)
		goto fail;
	/* The clone can be seen by the container from its birth on (CVE-2016-9962). Not with a user namespace: there a parent
	 * without privileges writes to our files in /proc, which would be root's. */
	if (ns->join[OCI_NS_USER] < 0 && !(ns->new_flags & CLONE_NEWUSER))
		prctl(PR_SET_DUMPABLE, 0);
	pid = do_clone(CLONE_PARENT | clone_flags(ns), cgroup_fd, &e);
	if (pid < 0)
		goto fail;
	if (pid == 0)
		run_body(ns, true, sync, body, arg);
	/* The number is one of our own pid namespace: setns(2) moves only children into the other. */
	if (sync_send(sync, SYNC_STAGED, (int)pid, &e) < 0)
		_exit(1); /* the caller is gone; init reads the end of file */
	_exit(0);
fail:
	sync_send_error(sync, &e);
	_exit(1);
}

pid_t namespaces_spawn(const struct namespaces *ns, int cgroup_fd, int sync, int sync_parent,
		       void (*body)(void *arg), void *arg, pid_t *staged, struct err *e)
{
	bool two_steps = needs_stage(ns);
	pid_t pid = do_clone(two_steps ? 0 : clone_flags(ns), two_steps ? -1 : cgroup_fd, e);

	*staged = 0;
	if (pid < 0)
		return -1;
	if (pid == 0) {
		close(sync_parent); /* so that the end of the parent is an end of file */
		if (two_steps)
			stage(ns, cgroup_fd, sync, body, arg);
		run_body(ns, false, sync, body, arg);
	}
	if (!two_steps)
		return pid;
	*staged = pid;
	return 0;
}
