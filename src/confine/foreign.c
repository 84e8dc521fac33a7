// SPDX-License-Identifier: Apache-2.0
/* foreign.c - can a socket come in that was made outside of the container, or a process leave its cgroup?
 *
 * Runs in:  create, exec.
 *
 * Landlock goes by the task and knows TCP only; the cgroup program goes by the cgroup in which a socket was made, the wall by the network
 * namespace. All are as good as a trap only for sockets that the container has made itself. Another's can come in
 *
 *   - as a descriptor that is handed down;
 *   - by SCM_RIGHTS over a unix socket with an end outside: one that is handed down; one in a directory of the host (or of
 *     another container) that is handed down, mounted, or part of the root directory; an abstract one, in a network namespace that
 *     others are in, too;
 *   - by pidfd_getfd(2) or ptrace(2), in a pid namespace that others are in, too, or by a pidfd that is handed down.
 *
 * What is handed down is always judged: each send with an address is trapped then ("foreign" in confine/plan.h). For the rest it takes
 * io.sandlock.outside=judge: who hands a socket in could as well forward what he is sent. Files do not count, for a file that is no
 * socket does not become one. Those of cgroup hierarchies are a way out of the cgroup program's sight.
 */
#include "confine/foreign.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "oci/names.h"

static bool is_any_of(const char *word, const char *const *list)
{
	for (; *list; list++)
		if (str_eq(word, *list))
			return true;
	return false;
}

static bool is_cgroup_file(const struct statfs *sfs)
{
	return sfs->f_type == CGROUP_SUPER_MAGIC || sfs->f_type == CGROUP2_SUPER_MAGIC;
}

/* --- descriptors --------------------------------------------------------------------------------------------------- */

static int socket_option(int fd, int name)
{
	socklen_t len = sizeof(int);
	int v = -1;

	return getsockopt(fd, SOL_SOCKET, name, &v, &len) == 0 ? v : -1;
}

/* Its packets go by another way than their address says. */
static bool has_route(int fd)
{
	char buf[256];
	socklen_t len = sizeof(buf);

	if (getsockopt(fd, IPPROTO_IP, 4 /* IP_OPTIONS */, buf, &len) == 0 && len > 0)
		return true;
	len = sizeof(buf);
	return getsockopt(fd, IPPROTO_IPV6, 57 /* IPV6_RTHDR */, buf, &len) == 0 && len > 0;
}

/* @landlock: which goes by who uses a socket, and not, as all others, by who made it or where. */
static const char *look_at_socket(int fd, bool landlock)
{
	int domain = socket_option(fd, SO_DOMAIN);
	bool inet = domain == AF_INET || domain == AF_INET6;

	if (domain == -1)
		return "the path of a socket"; /* O_PATH: one can connect to it */
	if (domain == AF_NETLINK)
		return NULL;
	/* Standard streams lead to who called us (several languages use socket pairs for them), who would have other ways. */
	if (domain == AF_UNIX)
		return fd > 2 ? "a socket" : NULL;
	return !landlock || !inet || socket_option(fd, SO_PROTOCOL) != IPPROTO_TCP || has_route(fd) ? "a socket" : NULL;
}

/* Files without a name: those that hold nothing but numbers. A pidfd leads to sockets of its process; what is not in the list is
 * taken to be no better. */
static const char *look_at_anonymous(int fd)
{
	static const char *const harmless[] = { "anon_inode:[eventfd]",	 "anon_inode:[timerfd]", "anon_inode:[signalfd]",
						"anon_inode:[eventpoll]", "anon_inode:inotify",	  "anon_inode:[perf_event]", NULL };
	char path[32], link[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, link, sizeof(link) - 1);
	link[n > 0 ? n : 0] = '\0';
	return is_any_of(link, harmless) ? NULL : "a file without a name";
}

/* What is wrong with it, or NULL. */
static const char *look_at_descriptor(int fd, bool landlock)
{
	struct statfs sfs;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return NULL;
	switch (st.st_mode & S_IFMT) {
	case S_IFSOCK:
		return look_at_socket(fd, landlock);
	case S_IFDIR:
		return "a directory";
	case S_IFREG:
		if (fstatfs(fd, &sfs) < 0 || sfs.f_type == 0x50494446 /* PID_FS_MAGIC, Linux 6.9 */)
			return "a pidfd";
		return is_cgroup_file(&sfs) ? "a file of a cgroup" : NULL;
	case 0:
		return look_at_anonymous(fd);
	default:
		return NULL;
	}
}

int foreign_descriptor(int preserve_fds, bool landlock, const char **what)
{
	for (int fd = 0; fd < 3 + preserve_fds; fd++) {
		*what = look_at_descriptor(fd, landlock);
		if (*what)
			return fd;
	}
	return -1;
}

bool foreign_check_rings(const struct policy *p, int preserve_fds, struct err *e)
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

/* --- mounts and the root directory --------------------------------------------------------------------------------------- */

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

/* Filesystems that are new with each mount (or namespace), and those of the kernel, in which nobody can make a socket. An overlay
 * has inodes of its own, so that nobody is behind the sockets of its layers (tried on 6.18: ECONNREFUSED). All others, devtmpfs
 * and those on block devices among them, may be mounted elsewhere, too, and are then the same. */
static bool is_private(const char *type)
{
	static const char *const types[] = { "proc",	  "sysfs",   "tmpfs",	 "devpts",	"mqueue",     "cgroup",	  "cgroup2",
					     "overlay",	  "ramfs",   "hugetlbfs", "securityfs", "selinuxfs",  "debugfs",  "tracefs",
					     "configfs",  "fusectl", "efivarfs", "pstore",	"binfmt_misc", "bpf",	  NULL };

	return is_any_of(type, types);
}

static bool is_bind(const struct oci_mount *m)
{
	return str_eq(m->type ? m->type : "", "bind") || oci_mount_has_option(m, "bind") || oci_mount_has_option(m, "rbind");
}

/* Heap; NULL: it has none. */
static char *source_of(const struct foreign_facts *f, const struct oci_mount *m)
{
	if (!m->source)
		return NULL;
	return m->source[0] == '/' ? xstrdup(m->source) : xasprintf("%s/%s", f->bundle, m->source);
}

static bool brings_sockets(const struct foreign_facts *f, const struct oci_mount *m)
{
	autofree char *path = source_of(f, m);
	struct stat st;

	if (!is_bind(m))
		return !is_private(m->type ? m->type : "") && !oci_mount_has_option(m, "remount");
	if (!path)
		return false;
	if (str_eq(m->destination ? m->destination : "", "/dev/shm") && is_new(f->config, OCI_NS_IPC) && is_own_shm(path))
		return false;
	/* What is not there is an error of its own, later; or made as a directory. */
	return stat(path, &st) < 0 || S_ISDIR(st.st_mode) || S_ISSOCK(st.st_mode);
}

/* mountinfo writes white space and backslashes as "\040". */
static bool escaped_starts(const char *s, const char *prefix)
{
	for (; *prefix; prefix++) {
		unsigned int c = (unsigned char)*s++;

		if (c == '\\' && s[0] && s[1] && s[2]) {
			c = (unsigned int)((s[0] - '0') * 64 + (s[1] - '0') * 8 + (s[2] - '0'));
			s += 3;
		}
		if (c != (unsigned char)*prefix)
			return false;
	}
	return true;
}

/* The word of a line of mountinfo that stands @n words behind @from. */
static const char *word_behind(const char *from, int n)
{
	for (; n > 0 && from; n--) {
		from = strchr(from, ' ');
		from = from ? from + 1 : NULL;
	}
	return from;
}

/* The type of the filesystem stands behind a dash, which ends the optional words. */
static bool is_cgroup_line(const char *line)
{
	const char *dash = strstr(line, " - ");

	return dash && str_starts(dash + 3, "cgroup");
}

/* Something is mounted below @dir (with @cgroups: a hierarchy of cgroups): it comes with a bind mount of that. */
static bool has_mounts_below(const char *dir, bool cgroups)
{
	autofree char *prefix = xasprintf("%s/", str_eq(dir, "/") ? "" : dir);
	autofree char *text = NULL;
	char *save = NULL;

	if (file_read(AT_FDCWD, "/proc/self/mountinfo", 64u << 20, &text, NULL, NULL) < 0)
		return true;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		const char *place = word_behind(line, 4);

		if (place && escaped_starts(place, prefix) && (!cgroups || is_cgroup_line(place)))
			return true;
	}
	return false;
}

/* A file of a hierarchy, or a directory that has one in it. */
static bool leads_to_cgroups(const char *path)
{
	autofree char *real = realpath(path, NULL);
	struct statfs sfs;
	struct stat st;

	if (!real || stat(real, &st) < 0)
		return false; /* an error of its own, later */
	return statfs(real, &sfs) < 0 || is_cgroup_file(&sfs) || (S_ISDIR(st.st_mode) && has_mounts_below(real, true));
}

/* Root of the container is root of the host's cgroup files, and needs no capability to write its number into one that it sees:
 * without a cgroup namespace of its own that is, on cgroup v2, the whole hierarchy (rootfs/mount_cgroup.c), and in one that is
 * joined whatever that has. */
static bool shows_cgroups(const struct foreign_facts *f, const struct oci_mount *m)
{
	const char *type = m->type ? m->type : "";
	autofree char *path = is_bind(m) ? source_of(f, m) : NULL;

	if (path)
		return leads_to_cgroups(path);
	if (!str_eq(type, "cgroup") && !str_eq(type, "cgroup2"))
		return false;
	return !is_new(f->config, OCI_NS_CGROUP) && (!oci_mount_has_option(m, "ro") || oci_mount_has_option(m, "rw"));
}

/* A root directory is the container's own, as engines make it (an overlay, a copy); who uses one that has others in it runs them on
 * the same root (docs/security.md, limits). What can be seen is seen: the host's root, and mounts of the host in it. */
static const char *look_at_root(const struct foreign_facts *f)
{
	const char *given = f->config->root.path ? f->config->root.path : "";
	autofree char *path = given[0] == '/' ? xstrdup(given) : xasprintf("%s/%s", f->bundle, given);
	autofree char *real = realpath(path, NULL);
	struct stat st, host;

	if (!real || stat(real, &st) < 0 || stat("/", &host) < 0)
		return NULL; /* an error of its own, later */
	if (st.st_dev == host.st_dev && st.st_ino == host.st_ino)
		return "the container's root directory is the host's";
	return has_mounts_below(real, false) ? "something of the host is mounted in the container's root directory" : NULL;
}

/* --- namespaces and capabilities ------------------------------------------------------------------------------------------- */

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

bool foreign_shares_network(const struct foreign_facts *f)
{
	return !f->own_net || (f->joined_net >= 0 && is_inhabited(f->joined_net));
}

static bool may_have(const struct oci_process *p, const char *capability)
{
	const struct oci_capabilities *caps = &p->capabilities;

	for (size_t i = 0; caps->set && i < caps->bounding.n; i++)
		if (str_eq(caps->bounding.v[i], capability))
			return true;
	return !caps->set;
}

/* With these over the host's user namespace a process leaves its cgroup: it mounts the hierarchy, or opens the root's directory by
 * a handle, and writes its number there. What it makes afterwards is no longer the container's to the cgroup program. */
const char *foreign_capability(const struct oci_process *p, bool userns)
{
	static const char *const names[] = { "CAP_SYS_ADMIN", "CAP_DAC_READ_SEARCH" };

	for (size_t n = 0; !userns && n < sizeof(names) / sizeof(names[0]); n++)
		if (may_have(p, names[n]))
			return names[n];
	return NULL;
}

bool foreign_owns_network(const struct foreign_facts *f)
{
	/* The host's is not owned from within a user namespace; whose a namespace is that is joined, nobody asks. */
	return may_have(&f->config->process, "CAP_NET_ADMIN") &&
	       (f->own_net || !f->own_user);
}

/* --- all of it ----------------------------------------------------------------------------------------------------------------- */

static void say(char *why, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void say(char *why, size_t size, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, size, fmt, ap);
	va_end(ap);
}

static void look_at_mounts(const struct foreign_facts *f, char *why, size_t size)
{
	for (size_t i = 0; i < f->config->n_mounts && !*why; i++)
		if (brings_sockets(f, &f->config->mounts[i]))
			say(why, size, is_bind(&f->config->mounts[i])
					       ? "mounts[%zu] shares a directory or socket of the host"
					       : "mounts[%zu] is of a filesystem that may be mounted elsewhere, too",
			    i);
}

void foreign_look(const struct foreign_facts *f, char *why, size_t size)
{
	const char *what;

	*why = '\0';
	if (!f->own_net)
		say(why, size, "the container shares the host's network namespace");
	else if (!f->own_pid)
		say(why, size, "the container shares a pid namespace");
	else if (!f->own_mount)
		say(why, size, "the container shares a mount namespace");
	else
		look_at_mounts(f, why, size);
	if (!*why && (what = look_at_root(f)))
		say(why, size, "%s", what);
	if (!*why && foreign_shares_network(f))
		say(why, size, "the container shares its network namespace with other processes");
}

void foreign_look_for_exits(const struct foreign_facts *f, char *why, size_t size)
{
	const char *cap = foreign_capability(&f->config->process, f->own_user), *root = look_at_root(f);

	*why = '\0';
	if (!f->own_mount)
		say(why, size, "the container shares a mount namespace");
	else if (cap)
		say(why, size, "the container has %s, with which it can leave its cgroup", cap);
	else if (root)
		say(why, size, "%s, and with it perhaps a way out of its cgroup", root);
	for (size_t i = 0; i < f->config->n_mounts && !*why; i++)
		if (shows_cgroups(f, &f->config->mounts[i]))
			say(why, size, "mounts[%zu] lets the container leave its cgroup (\"ro\", or a cgroup namespace, would not)", i);
}
