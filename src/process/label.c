// SPDX-License-Identifier: Apache-2.0
/* label.c - process.apparmorProfile and process.selinuxLabel: the label for the coming exec
 *
 * Owns:     finding the right attribute file, and proof that it is one.
 * Must not: ignore a label that cannot be given; say "not found" or "no such file" (podman would report a missing
 *           command), or name the attribute file in back-quotes (it has a pattern for that, too).
 * Runs in:  init and exec'd processes: opened while a trusted procfs is there, written last. The label waits in the
 *           task until its next exec, and a fork inherits it: written early it would label the hooks.
 *
 * What is kept open is the attribute *directory* of this process, checked to be procfs: a container may have put another
 * file system, or another procfs file, in the place of the one we want (CVE-2019-16884).
 */
#include "process/process.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "base/sys.h"
#include "process/internal.h"

#define LABEL_MAX 4096		/* what the kernel reads in one write: a page */
#define PROC_ROOT_INODE 1	/* fs/proc: the root directory of every procfs */

static bool wanted(const char *label)
{
	return label && *label;
}

static int check_one(const char *path, const char *label, struct err *e)
{
	if (!wanted(label))
		return 0;
	if (strlen(label) >= LABEL_MAX - sizeof("stack "))
		return err_msg(e, "%s: longer than %d bytes", path, LABEL_MAX);
	for (const char *c = label; *c; c++)
		if ((unsigned char)*c < ' ')
			return err_msg(e, "%s: control character at byte %zu", path, (size_t)(c - label));
	return 0;
}

int label_check(const struct oci_process *p, struct err *e)
{
	if (check_one("process.apparmorProfile", p->apparmor_profile, e) < 0)
		return -1;
	return check_one("process.selinuxLabel", p->selinux_label, e);
}

/* The real root of a procfs at /proc, or -1 with errno. */
static int open_proc(void)
{
	autofd fd = open("/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct statfs fs;
	struct stat st;

	if (fd < 0 || fstatfs(fd, &fs) < 0 || fstat(fd, &st) < 0)
		return -1;
	if (fs.f_type != PROC_SUPER_MAGIC || st.st_ino != PROC_ROOT_INODE) {
		errno = EXDEV;
		return -1;
	}
	return fd_steal(&fd);
}

/* @path below a verified procfs directory: nothing mounted over any part of it is entered. */
static int open_below(int proc, const char *path, int flags)
{
	struct open_how how = {
		.flags = (uint64_t)flags | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS,
	};

	return sys_openat2(proc, path, &how);
}

static ssize_t read_some(int dir, const char *path, char *buf, size_t size)
{
	autofd fd = open_below(dir, path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : fd_read_all(fd, buf, size - 1);

	buf[n > 0 ? n : 0] = 0;
	return n;
}

/* The directory of attributes that AppArmor listens to, or -1: the kernel has it not, or it is switched off. */
static int open_apparmor(int proc)
{
	autofd dir = open_below(proc, "self/attr/apparmor", O_PATH | O_DIRECTORY);
	char buf[256];

	/* Linux 5.8: its own directory, there whenever it is compiled in; reading works only when it is on. */
	if (dir >= 0)
		return read_some(dir, "current", buf, sizeof(buf)) > 0 ? fd_steal(&dir) : -1;
	/* Before, the files are shared, and belong to whichever module is on. */
	autofd sys = open("/sys/module/apparmor/parameters/enabled", O_RDONLY | O_CLOEXEC);

	if (sys < 0 || read(sys, buf, 1) != 1 || buf[0] != 'Y')
		return -1;
	return open_below(proc, "self/attr", O_PATH | O_DIRECTORY);
}

static int open_selinux(int proc)
{
	char fs[8192];

	/* The file system type is registered only when SELinux is on. */
	if (read_some(proc, "filesystems", fs, sizeof(fs)) <= 0 || !strstr(fs, "\tselinuxfs\n"))
		return -1;
	return open_below(proc, "self/attr", O_PATH | O_DIRECTORY);
}

int process_open_label_fd(const struct oci_process *p, int *fd, struct err *e)
{
	autofd proc = -1;
	autofd apparmor = -1;
	autofd selinux = -1;

	*fd = -1;
	if (!wanted(p->apparmor_profile) && !wanted(p->selinux_label))
		return 0;
	proc = open_proc();
	if (proc < 0)
		return err_msg(e, "a security label is wanted, but /proc is not a proper procfs (%s)",
			       errno == ENOENT ? "there is none" : err_words(errno));
	if (wanted(p->apparmor_profile)) {
		apparmor = open_apparmor(proc);
		/* "unconfined" is what everything is where there is no AppArmor: engines say it for privileged ones. */
		if (apparmor < 0 && !str_eq(p->apparmor_profile, "unconfined"))
			return err_msg(e, "AppArmor profile `%s` cannot be applied: the kernel has no AppArmor (or it is off)",
				       p->apparmor_profile);
	}
	if (wanted(p->selinux_label)) {
		selinux = open_selinux(proc);
		if (selinux < 0)
			return err_msg(e, "SELinux label `%s` cannot be applied: the kernel has no SELinux (or it is off)",
				       p->selinux_label);
	}
	if (apparmor >= 0 && selinux >= 0)
		return err_msg(e, "process.apparmorProfile and process.selinuxLabel cannot be applied together");
	*fd = apparmor >= 0 ? fd_steal(&apparmor) : fd_steal(&selinux);
	return 0;
}

/* With no_new_privs a confined task may only add a profile to its own, not change over. Unsure counts as confined. */
static const char *apparmor_verb(const struct oci_process *p, int dir)
{
	static const char unconfined[] = "unconfined";
	char now[64];
	size_t len = sizeof(unconfined) - 1;

	if (!p->no_new_privileges)
		return "exec";
	if (read_some(dir, "current", now, sizeof(now)) <= 0 || strncmp(now, unconfined, len) != 0)
		return "stack";
	return now[len] == 0 || now[len] == '\n' || now[len] == ' ' ? "exec" : "stack";
}

/* errno without the words that engines take for a missing command. */
static const char *reason(int code)
{
	switch (code) {
	case ENOENT:
		return "no profile of that name is loaded";
	case EINVAL:
		return "the kernel does not know it";
	case EACCES:
	case EPERM:
		return "the present label does not permit the change";
	default:
		return err_words(code);
	}
}

int process_write_label(const struct oci_process *p, int fd, struct err *e)
{
	bool apparmor = wanted(p->apparmor_profile) && !wanted(p->selinux_label);
	autofree char *text = NULL;
	autofd attr = -1;
	struct statfs fs;
	size_t len;
	ssize_t n;

	if (fd < 0)
		return 0;
	/* Both are set, and @fd is there for one: the other was "unconfined" without AppArmor. */
	text = apparmor ? xasprintf("%s %s", apparmor_verb(p, fd), p->apparmor_profile) : xstrdup(p->selinux_label);
	len = strlen(text);
	attr = open_below(fd, "exec", O_WRONLY);
	if (attr < 0 || fstatfs(attr, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC)
		return err_msg(e, "%s `%s` cannot be applied: the attribute file of this process does not open",
			       apparmor ? "AppArmor profile" : "SELinux label",
			       apparmor ? p->apparmor_profile : p->selinux_label);
	do {
		n = write(attr, text, len);
	} while (n < 0 && errno == EINTR);
	if (n == (ssize_t)len)
		return 0;
	return err_msg(e, "%s `%s` cannot be applied: %s", apparmor ? "AppArmor profile" : "SELinux label",
		       apparmor ? p->apparmor_profile : p->selinux_label, n < 0 ? reason(errno) : "it was cut short");
}
