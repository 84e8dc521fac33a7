// SPDX-License-Identifier: Apache-2.0
/* layers.c - which layers enforce a policy here
 *
 * Runs in:  create, after the cgroup was made and before there is an init: what is refused leaves nothing behind but what
 *           create undoes.
 *
 * A layer that is not there is no error by itself: the plan (confine/plan.c) knows what the others must then do, and it is as
 * complete, only slower. Who wants to be sure of a layer says so by io.sandlock.require, and hears why it is missing.
 */
#include "container/layers.h"

#include <dirent.h>
#include <linux/magic.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "base/sys.h"
#include "confine/bpf_egress.h"
#include "confine/confine.h"
#include "confine/plan.h"
#include "oci/names.h"

static void missing(struct layers *l, enum policy_layer layer, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void missing(struct layers *l, enum policy_layer layer, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(l->missing[layer], sizeof(l->missing[layer]), fmt, ap);
	va_end(ap);
}

static void look_for_notify(const struct policy *p, struct layers *l)
{
	uint32_t action = SECCOMP_RET_USER_NOTIF;

	l->notify = confine_notify_needed(p);
	if (!l->notify)
		missing(l, POLICY_LAYER_NOTIFY, "the policy restricts nothing, so there is nothing to trap");
	else if (sys_seccomp(SECCOMP_GET_ACTION_AVAIL, 0, &action) < 0)
		missing(l, POLICY_LAYER_NOTIFY, "the kernel has no seccomp user notification (Linux 5.0)");
}

static void look_for_landlock(const struct policy *p, struct layers *l)
{
	int abi = confine_landlock_abi();
	struct confine_plan plan;

	confine_plan_make(p, abi, l->bpf, false, &plan);
	l->landlock = plan.landlock_connect || plan.landlock_bind;
	if (abi == 0)
		missing(l, POLICY_LAYER_LANDLOCK, "the kernel has no Landlock (Linux 5.13), or it is not enabled (lsm= at boot)");
	else if (abi < CONFINE_LANDLOCK_NET_ABI)
		missing(l, POLICY_LAYER_LANDLOCK, "the kernel's Landlock has no network rules (ABI %d; %d came with Linux 6.7)", abi,
			CONFINE_LANDLOCK_NET_ABI);
	else if (!l->landlock && policy_get_traits(p).bind)
		missing(l, POLICY_LAYER_LANDLOCK, "more than %d ports may be bound, which are too many rules for it",
			CONFINE_LANDLOCK_PORTS_MAX);
	else if (!l->landlock)
		missing(l, POLICY_LAYER_LANDLOCK, "the policy restricts nothing");
}

/* --- sockets from outside --------------------------------------------------------------------------------------- */

/* Landlock goes by the task and knows TCP only; the cgroup program goes by the cgroup in which a socket was made. Both are as good
 * as a trap only for sockets that the container has made itself. Another's UDP socket can come in
 *
 *   - as a descriptor that is handed down;
 *   - by SCM_RIGHTS over a unix socket with an end outside: one that is handed down; one in a directory of the host (or of
 *     another container) that is mounted; an abstract one, in a network namespace that others are in, too;
 *   - by pidfd_getfd(2) or ptrace(2), in a pid namespace that others are in, too.
 *
 * Where one of these is possible, each send with an address is trapped instead: "foreign" in confine/plan.h. Files do not count,
 * for a file that is no socket does not become one. */

static void foreign(struct layers *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void foreign(struct layers *l, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(l->foreign, sizeof(l->foreign), fmt, ap);
	va_end(ap);
}

static int socket_option(int fd, int name)
{
	socklen_t len = sizeof(int);
	int v = -1;

	return getsockopt(fd, SOL_SOCKET, name, &v, &len) == 0 ? v : -1;
}

/* @bpf: to the cgroup program, which goes by who made it; else to Landlock, which goes by who uses it. */
static bool is_foreign(int fd, bool bpf)
{
	int domain = socket_option(fd, SO_DOMAIN);

	switch (domain) {
	case -1:
	case AF_NETLINK:
		return false;
	case AF_UNIX:
		/* Standard streams lead to who called us (several languages use socket pairs for them), who would have other ways. */
		return fd > 2;
	default:
		return bpf || (domain != AF_INET && domain != AF_INET6) || socket_option(fd, SO_PROTOCOL) != IPPROTO_TCP;
	}
}

int layers_inherited_socket(int preserve_fds, bool bpf)
{
	for (int fd = 0; fd < 3 + preserve_fds; fd++)
		if (is_foreign(fd, bpf))
			return fd;
	return -1;
}

bool layers_check_inherited(const struct policy *p, int preserve_fds, struct err *e)
{
	for (int fd = 0; policy_get_traits(p).egress && fd < 3 + preserve_fds; fd++) {
		char path[32], link[64];
		ssize_t n;

		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		n = readlink(path, link, sizeof(link) - 1);
		if (n > 0 && memmem(link, (size_t)n, "[io_uring]", 10)) {
			err_msg(e, "descriptor %d is an io_uring: what is submitted there does not come by a network policy", fd);
			return false;
		}
	}
	return true;
}

static bool has_option(const struct oci_mount *m, const char *name)
{
	for (size_t i = 0; i < m->options.n; i++)
		if (str_eq(m->options.v[i], name))
			return true;
	return false;
}

static bool is_new(const struct oci_config *c, enum oci_namespace_type t)
{
	const struct oci_namespace *ns = oci_namespace_find(&c->linux_, t);

	return ns && (!ns->path || !*ns->path);
}

/* Engines mount it for every container, and it is as private as the IPC namespace that it belongs to: a tmpfs made for that, in a
 * directory "shm". Not so the host's own, or a volume that somebody puts there for several containers. */
static bool is_own_shm(const char *path)
{
	const char *name = strrchr(path, '/');
	autofree char *parent = xasprintf("%s/..", path);
	struct stat st, up, host;
	struct statfs sfs;

	if (!name || !str_eq(name + 1, "shm") || statfs(path, &sfs) < 0 || sfs.f_type != TMPFS_MAGIC)
		return false;
	if (stat(path, &st) < 0 || stat(parent, &up) < 0 || st.st_dev == up.st_dev)
		return false;
	return stat("/dev/shm", &host) < 0 || host.st_dev != st.st_dev;
}

static bool brings_sockets(const struct layers_facts *f, const struct oci_mount *m)
{
	autofree char *path = NULL;
	struct stat st;

	if (!str_eq(m->type ? m->type : "", "bind") && !has_option(m, "bind") && !has_option(m, "rbind"))
		return false;
	if (!m->source)
		return false;
	path = m->source[0] == '/' ? xstrdup(m->source) : xasprintf("%s/%s", f->bundle, m->source);
	if (str_eq(m->destination ? m->destination : "", "/dev/shm") && is_new(f->config, OCI_NS_IPC) && is_own_shm(path))
		return false;
	/* What is not there is an error of its own, later; or made as a directory. */
	return stat(path, &st) < 0 || S_ISDIR(st.st_mode) || S_ISSOCK(st.st_mode);
}

/* A process in the network namespace @fd already: a pod, another container whose network is shared. One that engines have made for
 * this container alone is empty. Costs 2 µs a process of the host. */
static bool is_inhabited(int fd)
{
	struct stat ns, st;
	struct dirent *de;
	bool found = false;
	DIR *d = opendir("/proc");

	if (!d || fstat(fd, &ns) < 0)
		found = true;
	while (!found && (de = readdir(d))) {
		char path[300];

		if (de->d_name[0] < '1' || de->d_name[0] > '9')
			continue;
		snprintf(path, sizeof(path), "%s/ns/net", de->d_name);
		/* Not ours to look at: a user's runtime. */
		found = fstatat(dirfd(d), path, &st, 0) == 0 && st.st_ino == ns.st_ino && st.st_dev == ns.st_dev;
	}
	if (d)
		closedir(d);
	return found;
}

/* With these over the host's user namespace a process leaves its cgroup: it mounts the hierarchy, or opens the root's directory by
 * a handle, and writes its number there. What it makes afterwards is no longer the container's to the cgroup program. */
const char *layers_leaving_capability(const struct oci_process *p, bool userns)
{
	static const char *const names[] = { "CAP_SYS_ADMIN", "CAP_DAC_READ_SEARCH" };
	const struct oci_capabilities *caps = &p->capabilities;

	if (userns)
		return NULL;
	for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
		if (!caps->set)
			return names[n];
		for (size_t i = 0; i < caps->bounding.n; i++)
			if (str_eq(caps->bounding.v[i], names[n]))
				return names[n];
	}
	return NULL;
}

/* Root of the container is root of the host's cgroup files, and needs no capability to write its number into one that it sees:
 * without a cgroup namespace of its own that is, on cgroup v2, the whole hierarchy (rootfs/mount_cgroup.c), and in one that is
 * joined whatever that has. */
static bool shows_cgroups(const struct layers_facts *f, const struct oci_mount *m)
{
	if (!str_eq(m->type ? m->type : "", "cgroup") && !str_eq(m->type ? m->type : "", "cgroup2"))
		return false;
	return !is_new(f->config, OCI_NS_CGROUP) && (!has_option(m, "ro") || has_option(m, "rw"));
}

static void look_outside(const struct layers_facts *f, struct layers *l)
{
	int fd = layers_inherited_socket(f->preserve_fds, false);
	const struct namespaces *ns = f->ns;
	const char *cap = layers_leaving_capability(&f->config->process, namespaces_has(ns, OCI_NS_USER));

	if (fd >= 0) {
		foreign(l, "descriptor %d, which is handed down, is a socket", fd);
	} else if (!namespaces_has(ns, OCI_NS_NETWORK)) {
		foreign(l, "the container shares the host's network namespace");
	} else if (!(ns->new_flags & CLONE_NEWPID)) {
		foreign(l, "the container shares a pid namespace");
	} else if (!(ns->new_flags & CLONE_NEWNS)) {
		foreign(l, "the container shares a mount namespace");
	} else if (cap) {
		foreign(l, "the container has %s, with which it can leave its cgroup", cap);
	} else {
		for (size_t i = 0; i < f->config->n_mounts; i++) {
			if (brings_sockets(f, &f->config->mounts[i])) {
				foreign(l, "mounts[%zu] shares a directory or socket of the host", i);
				return;
			}
			if (shows_cgroups(f, &f->config->mounts[i])) {
				foreign(l, "mounts[%zu] lets the container leave its cgroup (\"ro\", or a cgroup namespace, would not)", i);
				return;
			}
		}
		if (ns->join[OCI_NS_NETWORK] >= 0 && is_inhabited(ns->join[OCI_NS_NETWORK]))
			foreign(l, "the container shares its network namespace with other processes");
	}
}

/* --- the cgroup program -------------------------------------------------------------------------------------------- */

static int attach_bpf(const struct policy *p, const struct layers_facts *f, const struct cgroup *cg, struct layers *l,
		      struct err *e)
{
	int fd = layers_inherited_socket(f->preserve_fds, true);
	autofd dir = -1;

	if (!policy_get_traits(p).egress) {
		missing(l, POLICY_LAYER_BPF, "the policy says nothing of egress");
		return 0;
	}
	if (l->foreign[0]) {
		missing(l, POLICY_LAYER_BPF, "%.100s, and a cgroup program does not see sockets from outside", l->foreign);
		return 0;
	}
	/* A TCP socket: Landlock stays in its place, and so the rest as it would be without the program. */
	if (fd >= 0) {
		missing(l, POLICY_LAYER_BPF, "descriptor %d, which is handed down, is a socket, and a cgroup program does not see those "
			"from outside", fd);
		return 0;
	}
	dir = cgroup_open_v2(cg);
	if (dir < 0) {
		missing(l, POLICY_LAYER_BPF, "the container has no cgroup v2 directory");
		return 0;
	}
	if (confine_bpf_attach(p, dir, &l->bpf, &l->bpf_log, e) < 0)
		return -1;
	l->bpf_cgroup = l->bpf ? fd_steal(&dir) : -1;
	if (!l->bpf)
		missing(l, POLICY_LAYER_BPF, "the kernel refuses the cgroup programs (Linux 6.1, and CAP_BPF or CAP_SYS_ADMIN, are "
			"needed), or the list is too long for them");
	return 0;
}

static int require(const struct policy *p, const struct layers *l, struct err *e)
{
	unsigned int wanted = policy_required(p);

	for (unsigned int i = 0; i < POLICY_LAYERS; i++)
		if (wanted & 1u << i && l->missing[i][0])
			return err_text(e, ENOTSUP, "io.sandlock.require: the layer %s is not available here: %s",
					policy_layer_names[i], l->missing[i]);
	return 0;
}

int layers_choose(const struct policy *p, const struct layers_facts *f, const struct cgroup *cg, struct layers *out,
		  struct err *e)
{
	*out = (struct layers){ .bpf_log = -1, .bpf_cgroup = -1 };
	look_for_notify(p, out);
	if (!layers_check_inherited(p, f->preserve_fds, e))
		return -1;
	if (policy_get_traits(p).egress)
		look_outside(f, out);
	if (attach_bpf(p, f, cg, out, e) < 0)
		return -1;
	look_for_landlock(p, out);
	return require(p, out, e);
}

char *layers_words(const struct layers *l)
{
	return xasprintf("%s%s%s", l->notify ? "notify" : "", l->landlock ? ",landlock" : "", l->bpf ? ",bpf" : "");
}
