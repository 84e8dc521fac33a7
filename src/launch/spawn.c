// SPDX-License-Identifier: Apache-2.0
/* spawn.c - the clone that gives birth to init, or to an exec'd process
 *
 * One clone3(2) does it where nothing but plain namespaces is to be joined: the new ones are made by its flags, the
 * child joins the others itself. Four things need a process in between, the *stage*:
 *   - a joined pid namespace holds only for children of the process that asked;
 *   - a user namespace that is joined has to be entered before what it owns is made, and one that is new must be made
 *     after namespaces of the outer one were joined (inside it, we would have no right to);
 *   - who is in a joined pid namespace sees the new process from its birth on, and it shall have nothing in its hands by then: the
 *     stage, which is not in there, does what takes descriptors of the host, closes them, and only then clones;
 *   - a user's create writes the id maps of its new user namespace through files of /proc that are root's once the process is
 *     hidden. So the stage makes that namespace while it can still be seen into (by that user alone), has the maps written,
 *     hides, and only then clones. Root writes them all the same; but where a change of ids takes the mark back for a moment
 *     (fs.suid_dumpable=1), root's create does likewise, so that the moment comes when the ids are the container's already.
 * The stage clones with CLONE_PARENT, so that the process is the caller's child all the same (engines reap it), tells the caller
 * its pid, and is gone.
 *
 * A new time namespace is no flag of the clone: its clocks can be set only while nobody is in it. So unshare(2) makes it
 * for children to come, the offsets are written, and setns(2) takes the process itself in (one thread, Linux 5.6: fine).
 *
 * Runs in:  create and exec; the stage.
 */
#include "launch/spawn.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/hide.h"
#include "base/sys.h"
#include "base/trace.h"
#include "launch/sync.h"
#include "oci/names.h"

#define STACK_SIZE ((size_t)8 << 20) /* of addresses: only what is touched takes memory */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SHARED 0
#else
#define SHARED CLONE_VM
#endif

/* --- a new time namespace --------------------------------------------------------------------------------- */

/* What making a time namespace takes from /proc. Opened before anything is joined: a joined mount namespace has another
 * procfs; and once the process is hidden the files of its own directory are those of a root
 * that a user's process is not. */
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
	return (ns->new_flags & CLONE_NEWTIME) && (ns->new_flags & CLONE_NEWUSER) && !ns->maps_first;
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

/* --- into the namespaces ------------------------------------------------------------------------------------ */

static int clone_error(uint64_t flags, struct err *e)
{
	if (errno == ENOSPC)
		return err_set(e, errno, "make the namespaces: a limit is reached (/proc/sys/user/max_*_namespaces, or nesting)");
	if (errno == EPERM && (flags & CLONE_NEWUSER))
		return err_set(e, errno, "make the namespaces (user namespaces may be off: sysctl user.max_user_namespaces, "
			       "kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns)");
	return err_sys(e, "make the namespaces");
}

/* Joins what is to be joined and makes what the clone is not to make. Hidden when it is done, and before anything is joined unless
 * the id maps have still to be written. */
static int enter(const struct spawn *s, struct err *e)
{
	const struct namespaces *ns = s->ns;
	struct clocks clocks;
	int r;

	open_clocks(ns, &clocks);
	if (!ns->maps_first)
		hide_self();
	r = namespaces_join(ns, e);
	if (r == 0 && ns->maps_first && unshare(CLONE_NEWUSER) < 0)
		r = clone_error(CLONE_NEWUSER, e);
	if (r == 0 && (ns->new_flags & CLONE_NEWTIME) && !time_is_for_clone(ns))
		r = make_time(ns, &clocks, e);
	close_clocks(&clocks);
	if (r == 0 && ns->maps_first)
		r = sync_ask(s->sync, SYNC_STAGE_MAPS, e);
	hide_self();
	return r;
}

/* All of @ns's new namespaces that a clone can make, and is to make. */
static uint64_t clone_flags(const struct namespaces *ns)
{
	return ns->new_flags & ~(uint64_t)(CLONE_NEWTIME | (ns->maps_first ? CLONE_NEWUSER : 0));
}

static bool needs_stage(const struct spawn *s)
{
	const struct namespaces *ns = s->ns;
	bool joins = false;

	for (size_t i = 0; i < OCI_NS_COUNT; i++)
		joins |= ns->join[i] >= 0;
	return s->stage || ns->maps_first || ns->join[OCI_NS_USER] >= 0 || ns->join[OCI_NS_PID] >= 0 ||
	       (joins && (ns->new_flags & CLONE_NEWUSER));
}

/* --- birth ------------------------------------------------------------------------------------------------- */

static pid_t do_clone(uint64_t flags, int cgroup_fd, struct err *e)
{
	struct clone_args args = { .flags = flags, .exit_signal = SIGCHLD };
	pid_t pid;

	if (cgroup_fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)cgroup_fd;
	}
	pid = sys_clone3(&args);
	/* Older kernels (before 5.7), and cgroups that may not be entered at birth: the caller moves the child later. */
	if (pid < 0 && cgroup_fd >= 0 && (errno == E2BIG || errno == EINVAL || errno == EBUSY || errno == EACCES ||
					  errno == EOPNOTSUPP || errno == ENOENT)) {
		args.flags &= ~CLONE_INTO_CGROUP;
		args.cgroup = 0;
		pid = sys_clone3(&args);
	}
	return pid >= 0 ? pid : clone_error(flags, e);
}

__attribute__((noreturn)) static void run_body(const struct spawn *s, bool staged)
{
	struct err e;
	int r;

	if (staged) {
		/* The first word is the stage's: two writers on one socket would race. */
		r = sync_wait_go(s->sync, &e);
	} else {
		s->begin(s->arg, false);
		r = enter(s, &e) < 0 ? -1 : s->enter(s->arg, &e);
	}
	if (r < 0 || (time_is_for_clone(s->ns) && enter_time(s->ns, &e) < 0)) {
		sync_send_error(s->sync, &e);
		_exit(1);
	}
	s->body(s->arg);
	_exit(1);
}

static int run_beside(void *arg)
{
	run_body(arg, true);
}

/* With the stage's memory, which would be copied only to be given up at once: the process waits, on a stack of its own, for an answer
 * that comes when the stage has been reaped. */
static pid_t clone_beside(const struct spawn *s, struct err *e)
{
	/* With CLONE_PARENT the exit signal is the caller's and must not be given. */
	const int flags = (int)(SHARED | CLONE_PARENT | clone_flags(s->ns));
	char *stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
	pid_t pid = stack == MAP_FAILED ? -1 : clone(run_beside, stack + STACK_SIZE, flags, (void *)(uintptr_t)s);

	return pid >= 0 ? pid : clone_error(clone_flags(s->ns), e);
}

__attribute__((noreturn)) static void stage(const struct spawn *s)
{
	struct err e;
	pid_t pid;

	s->begin(s->arg, true);
	if (enter(s, &e) < 0 || s->enter(s->arg, &e) < 0)
		goto fail;
	pid = clone_beside(s, &e);
	if (pid < 0)
		goto fail;
	/* The number is one of our own pid namespace: setns(2) moves only children into the other. */
	if (sync_send(s->sync, SYNC_STAGED, (int)pid, &e) < 0)
		_exit(1); /* the caller is gone; init reads the end of file */
	_exit(0);
fail:
	sync_send_error(s->sync, &e);
	_exit(1);
}

static void trace_namespaces(const struct namespaces *ns, pid_t pid, bool two_steps)
{
	for (size_t t = 0; t < OCI_NS_COUNT; t++)
		if (namespaces_has(ns, (enum oci_namespace_type)t))
			trace(TRACE_NAMESPACES, "%s: %s", oci_namespace_name((enum oci_namespace_type)t), ns->join[t] >= 0 ? "joined" : "new");
	trace(TRACE_NAMESPACES, "clone: process %d%s", (int)pid, two_steps ? ", which joins and clones the next one" : "");
}

pid_t spawn(const struct spawn *s, pid_t *staged, struct err *e)
{
	bool two_steps = needs_stage(s);
	pid_t pid = do_clone(two_steps ? 0 : clone_flags(s->ns), s->cgroup_fd, e);

	*staged = 0;
	if (pid < 0)
		return -1;
	if (pid > 0)
		trace_namespaces(s->ns, pid, two_steps);
	if (pid == 0) {
		close(s->sync_parent);
		if (two_steps)
			stage(s);
		run_body(s, false);
	}
	if (!two_steps)
		return pid;
	*staged = pid;
	return 0;
}
