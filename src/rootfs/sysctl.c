// SPDX-License-Identifier: Apache-2.0
/* sysctl.c - linux.sysctl
 *
 * What a file in /proc/sys means depends on the namespaces of who opens it, not on the procfs it is opened in. So they are
 * written through a procfs that nobody in the container can have touched: the host's before pivot_root, or one of our
 * own that is mounted nowhere. Either is verified to be procfs, and the path may not leave it by a symlink or a mount
 * (CVE-2025-52881).
 *
 * Runs in:  init, in its namespaces.
 */
#include "rootfs/sysctl.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "base/sys.h"
#include "base/trace.h"
#include "oci/names.h"
#include "rootfs/mount.h"
#include "rootfs/rootfs.h"

/* Sysctls of which every namespace has its own. Everything else is the host's. */
static const struct {
	const char *path; /* ending in "/": everything below */
	enum oci_namespace_type ns;
} namespaced[] = {
	{ "fs/mqueue/", OCI_NS_IPC },	  { "kernel/msgmax", OCI_NS_IPC },	    { "kernel/msgmnb", OCI_NS_IPC },
	{ "kernel/msgmni", OCI_NS_IPC },  { "kernel/sem", OCI_NS_IPC },		    { "kernel/shmall", OCI_NS_IPC },
	{ "kernel/shmmax", OCI_NS_IPC },  { "kernel/shmmni", OCI_NS_IPC },	    { "kernel/shm_rmid_forced", OCI_NS_IPC },
	{ "net/", OCI_NS_NETWORK },	  { "kernel/domainname", OCI_NS_UTS },	    { "kernel/hostname", OCI_NS_UTS },
	{ "user/", OCI_NS_USER },
};

char *sysctl_path(const char *key, struct err *e)
{
	autofree char *path = xstrdup(key);
	size_t first = strcspn(key, "./");

	if (key[first] == '.')
		for (char *p = path; *p; p++)
			*p = (char)(*p == '.' ? '/' : *p == '/' ? '.' : *p);
	/* openat2 would stop ".." as well; here the error says what is wrong. */
	for (const char *p = path;;) {
		size_t len = strcspn(p, "/");

		if (!len || (len == 1 && p[0] == '.') || (len == 2 && p[0] == '.' && p[1] == '.')) {
			err_msg(e, "not the name of a sysctl");
			return NULL;
		}
		if (!p[len])
			return steal_ptr(&path);
		p += len + 1;
	}
}

/* A namespace that is joined may be the host's own. */
static bool is_of_host(const struct oci_namespace *ns)
{
	static const char *const files[OCI_NS_COUNT] = {
		[OCI_NS_NETWORK] = "/proc/1/ns/net", [OCI_NS_IPC] = "/proc/1/ns/ipc", [OCI_NS_UTS] = "/proc/1/ns/uts",
		[OCI_NS_USER] = "/proc/1/ns/user",
	};
	struct stat theirs, host;

	if (!ns->path || !*ns->path || !files[ns->type])
		return false;
	/* Without the right to look at pid 1 there is none to write its sysctls either. */
	return stat(ns->path, &theirs) == 0 && stat(files[ns->type], &host) == 0 && theirs.st_ino == host.st_ino &&
	       theirs.st_dev == host.st_dev;
}

static int check_conflict(const struct oci_config *c, const char *path, const char *value, struct err *e)
{
	if (str_eq(path, "kernel/hostname"))
		return err_msg(e, "conflicts with the field \"hostname\", which is to be used instead");
	if (str_eq(path, "kernel/domainname") && c->domainname && *c->domainname && !str_eq(value, c->domainname))
		return err_msg(e, "conflicts with the field \"domainname\"");
	return 0;
}

int sysctl_check(const struct oci_config *c, const char *path, const char *value, struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(namespaced); i++) {
		const char *known = namespaced[i].path;
		const char *name = oci_namespace_name(namespaced[i].ns);
		const struct oci_namespace *ns;

		if (known[strlen(known) - 1] == '/' ? !str_starts(path, known) : !str_eq(path, known))
			continue;
		ns = oci_namespace_find(&c->linux_, namespaced[i].ns);
		if (!ns)
			return err_msg(e, "is not allowed in the host's %s namespace", name);
		if (is_of_host(ns))
			return err_msg(e, "is not allowed: the %s namespace that is joined is the host's", name);
		return check_conflict(c, path, value, e);
	}
	return err_msg(e, "is not in a separate kernel namespace");
}

/* --- writing ----------------------------------------------------------------------------------------------- */

static bool is_procfs(int fd)
{
	struct statfs sfs;

	return fstatfs(fd, &sfs) == 0 && sfs.f_type == PROC_SUPER_MAGIC;
}

/* -1 with errno. */
static int write_below(int proc, const char *path, const char *value)
{
	autofree char *name = xasprintf("sys/%s", path);
	struct open_how how = {
		.flags = O_WRONLY | O_CLOEXEC | O_NOCTTY,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV,
	};
	autofd fd = sys_openat2(proc, name, &how);
	ssize_t n;

	if (fd < 0)
		return -1;
	if (!is_procfs(fd)) {
		errno = EXDEV;
		return -1;
	}
	do {
		n = write(fd, value, strlen(value)); /* in one piece: procfs takes no second one */
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -1 : 0;
}

/* One that is ours alone: for a /proc that has masks or read-only parts (we are in a container), or none. */
static int own_procfs(int *own, struct err *e)
{
	struct mount_fs fs = { .type = "proc" };

	if (*own < 0)
		*own = mount_fs_detached(&fs, e);
	return *own < 0 ? -1 : 0;
}

static int write_one(int host, int *own, const char *path, const char *value, struct err *e)
{
	int code = EXDEV;

	trace(TRACE_PROCESS, "sysctl %s = %s", path, value);
	if (host >= 0) {
		if (write_below(host, path, value) == 0)
			return 0;
		code = errno;
	}
	if ((code == EXDEV || code == EROFS) && own_procfs(own, NULL) == 0) {
		if (write_below(*own, path, value) == 0)
			return 0;
		code = errno;
	}
	if (code == EINVAL && str_eq(path, "net/ipv4/ping_group_range"))
		return err_set(e, code, "write \"%s\" (are these groups mapped in the user namespace?)", value);
	return err_set(e, code, "write \"%s\"", value);
}

int rootfs_write_sysctls(struct rootfs *r, struct err *e)
{
	const struct oci_map *m = &r->config->linux_.sysctl;
	autofd host = -1;
	autofd own = -1;

	if (!m->n)
		return 0;
	host = open("/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (host >= 0 && !is_procfs(host))
		fd_close(&host);
	for (size_t i = 0; i < m->n; i++) {
		autofree char *path = sysctl_path(m->v[i].key, e);

		if (!path || sysctl_check(r->config, path, m->v[i].value, e) < 0 ||
		    write_one(host, &own, path, m->v[i].value, e) < 0)
			return err_prefix(e, "linux.sysctl[\"%s\"]", m->v[i].key);
	}
	return 0;
}
