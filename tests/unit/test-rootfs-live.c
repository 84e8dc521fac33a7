// SPDX-License-Identifier: Apache-2.0
/* test-rootfs-live.c - whole roots, built in namespaces of their own below a temporary directory
 *
 * Each test makes an image (often a hostile one), runs the steps of rootfs.h in a child with new namespaces, looks
 * around in there, and checks that the host's files and mounts are as they were. Needs root and a static busybox; the
 * last ones drop to an unprivileged user and a user namespace.
 */

/* The strings of a config are char *; here they are literals, which nobody writes to. */
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"

#include "child.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <linux/filter.h>
#include <limits.h>
#include <poll.h>
#include <pty.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <time.h>

#include <arpa/inet.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/str.h"
#include "base/sys.h"
#include "rootfs/mount.h"
#include "rootfs/rootfs.h"

#define MAX_MOUNTS 64
#define MAX_WORDS 8

/* An image, a config, and what the child does when it is inside. */
struct box {
	char dir[64];  /* the bundle; "rootfs" in it is the root, "host" what stands for the host */
	struct oci_config c;
	struct oci_mount mounts[MAX_MOUNTS];
	char *words[MAX_MOUNTS][MAX_WORDS];
	char *masked[16], *readonly[16];
	struct oci_namespace ns[8];
	struct oci_pair sysctl[8];
	struct oci_device devices[8];
	struct oci_id_mapping map[1];
	struct policy_host hosts[1];
	struct in6_addr addr[1];
	bool no_pivot, no_mount_ns, no_cgroupns;
	uid_t uid; /* not 0: become this user first, and make a user namespace */
	bool userns;
	void (*before)(struct report *r, const struct box *b);  /* in the child, in the new mount namespace, before the steps */
	void (*inside)(struct report *r, const struct box *b);
	void (*outside)(struct report *r, const struct box *b); /* after the mounts, before pivot_root */
};

/* --- an image --------------------------------------------------------------------------------------------------- */

static char *in(const struct box *b, const char *path)
{
	static char buf[8][PATH_MAX];
	static unsigned int turn;
	char *p = buf[turn++ % 8];

	snprintf(p, PATH_MAX, "%s/%s", b->dir, path);
	return p;
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static bool holds(const char *path, const char *text)
{
	char buf[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	if (n < 0)
		return false;
	buf[n] = 0;
	return strcmp(buf, text) == 0;
}

static struct oci_mount *add(struct box *b, const char *dest, const char *type, const char *source, ...)
{
	struct oci_mount *m = &b->mounts[b->c.n_mounts];
	char **words = b->words[b->c.n_mounts++];
	va_list ap;

	m->destination = (char *)dest;
	m->type = (char *)type;
	m->source = (char *)source;
	va_start(ap, source);
	for (char *w; (w = va_arg(ap, char *));)
		words[m->options.n++] = w;
	va_end(ap);
	m->options.v = words;
	return m;
}

static struct box *new_box(void)
{
	static const char *const dirs[] = {
		"rootfs", "rootfs/bin", "rootfs/etc", "rootfs/tmp", "rootfs/proc", "rootfs/dev", "rootfs/sys", "host", "host/dir",
	};
	struct box *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	snprintf(b->dir, sizeof(b->dir), "/tmp/rootfs-live-XXXXXX");
	assert_non_null(mkdtemp(b->dir));
	assert_int_equal(chmod(b->dir, 0755), 0);
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		assert_int_equal(mkdir(in(b, dirs[i]), 0755), 0);
	put(in(b, "host/file"), "of the host");
	put(in(b, "host/dir/inner"), "inner");
	put(in(b, "rootfs/etc/hosts"), "127.0.0.1 localhost\n1.1.1.1 pinned.example other\n");
	b->c.root.path = "rootfs";
	b->c.has_linux = true;
	b->c.linux_.masked_paths.v = b->masked;
	b->c.linux_.readonly_paths.v = b->readonly;
	b->c.linux_.namespaces = b->ns;
	b->c.linux_.sysctl.v = b->sysctl;
	b->c.linux_.devices = b->devices;
	b->c.mounts = b->mounts;
	for (size_t i = 0; i < 3; i++)
		b->ns[b->c.linux_.n_namespaces++].type = (enum oci_namespace_type[]){ OCI_NS_MOUNT, OCI_NS_IPC, OCI_NS_NETWORK }[i];
	inet_pton(AF_INET6, "::ffff:10.9.8.7", &b->addr[0]);
	return b;
}

/* What an engine would ask for. */
static struct box *new_usual_box(void)
{
	struct box *b = new_box();

	add(b, "/proc", "proc", "proc", NULL);
	add(b, "/dev", "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k", NULL);
	add(b, "/dev/pts", "devpts", "devpts", "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", NULL);
	add(b, "/dev/shm", "tmpfs", "shm", "nosuid", "noexec", "nodev", "mode=1777", "size=65536k", NULL);
	add(b, "/dev/mqueue", "mqueue", "mqueue", "nosuid", "noexec", "nodev", NULL);
	add(b, "/sys", "sysfs", "sysfs", "nosuid", "noexec", "nodev", "ro", NULL);
	add(b, "/sys/fs/cgroup", "cgroup", "cgroup", "nosuid", "noexec", "nodev", "relatime", "ro", NULL);
	return b;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *f)
{
	(void)st;
	(void)type;
	(void)f;
	return remove(path) && errno != ENOENT;
}

static void end_box(struct box *b)
{
	nftw(b->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	free(b);
}

/* --- the child --------------------------------------------------------------------------------------------------- */

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		_exit(3);
	close(fd);
}

static void become_user(const struct box *b)
{
	char map[64];

	if (unshare(CLONE_NEWUSER) < 0)
		_exit(5);
	write_text("/proc/self/setgroups", "deny");
	snprintf(map, sizeof(map), "0 %u 1", (unsigned int)b->uid);
	write_text("/proc/self/uid_map", map);
	write_text("/proc/self/gid_map", map);
}

static void drop_user(const struct box *b)
{
	if (setgroups(0, NULL) < 0 || setresgid(b->uid, b->uid, b->uid) < 0 || setresuid(b->uid, b->uid, b->uid) < 0)
		_exit(4);
	prctl(PR_SET_DUMPABLE, 1);
}

static void steps(struct report *rep, const struct box *b, struct rootfs_source *sources)
{
	struct rootfs r = {
		.sources = sources,
		.config = &b->c, .bundle = b->dir, .rootfd = -1, .no_pivot = b->no_pivot, .new_mount_ns = !b->no_mount_ns,
		.userns = b->userns, .cgroupns = !b->no_cgroupns,
	};
	struct err *e = &rep->err;

	if (b->before)
		b->before(rep, b);
	if (rootfs_enter(&r, e) < 0 || rootfs_mount_all(&r, e) < 0 || rootfs_make_devices(&r, e) < 0 ||
	    rootfs_pin_hosts(&r, b->hosts, b->hosts[0].name ? 1 : 0, e) < 0 || rootfs_write_sysctls(&r, e) < 0)
		_exit(1);
	if (b->outside)
		b->outside(rep, b);
	if (rootfs_pivot(&r, e) < 0 || rootfs_seal(&r, e) < 0)
		_exit(1);
	rootfs_sources_free(r.sources, b->c.n_mounts);
	if (b->inside)
		b->inside(rep, b);
	_exit(0);
}

static void body(struct report *rep, const void *arg)
{
	const struct box *b = arg;
	int flags = CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWUTS;
	struct rootfs_source *sources;
	int status;
	pid_t pid;

	if (b->uid)
		drop_user(b);
	if (rootfs_open_sources(&b->c, b->dir, &sources, &rep->err) < 0)
		_exit(1);
	if (b->userns)
		become_user(b);
	if (!b->no_mount_ns)
		flags |= CLONE_NEWNS;
	if (!b->no_cgroupns)
		flags |= CLONE_NEWCGROUP;
	expect(rep, unshare(flags) == 0);
	pid = fork();
	expect(rep, pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		steps(rep, b, sources);
	}
	waitpid(pid, &status, 0);
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 9);
}

/* Mounts of others (an engine's overlays below /var or /tmp) are left out: the kernel takes them away when somebody removes
 * their directory. */
static char *mounts_of_host(const struct box *b)
{
	autofree char *text = NULL;
	char *kept, *save = NULL;

	assert_int_equal(file_read(AT_FDCWD, "/proc/self/mountinfo", 1 << 24, &text, NULL, NULL), 0);
	kept = xcalloc(1, strlen(text) + 1);
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char place[1024];

		assert_int_equal(sscanf(line, "%*d %*d %*s %*s %1023s", place), 1);
		if (str_eq(place, "/") || str_starts(place, "/proc") || str_starts(place, "/sys") || str_starts(place, "/dev") ||
		    str_starts(place, b->dir))
			strcat(strcat(kept, line), "\n");
	}
	return kept;
}

/* Runs the box; false and *e where a step failed. The host's mounts and its stand-in must be untouched in any case. */
static bool run(struct box *b, struct report **rep)
{
	char *before = mounts_of_host(b);
	char *after;
	int status;

	b->c.linux_.masked_paths.n = b->c.linux_.readonly_paths.n = 0;
	while (b->masked[b->c.linux_.masked_paths.n])
		b->c.linux_.masked_paths.n++;
	while (b->readonly[b->c.linux_.readonly_paths.n])
		b->c.linux_.readonly_paths.n++;
	while (b->sysctl[b->c.linux_.sysctl.n].key)
		b->c.linux_.sysctl.n++;
	while (b->devices[b->c.linux_.n_devices].path)
		b->c.linux_.n_devices++;
	status = child_run(body, b, rep);
	after = mounts_of_host(b);
	assert_string_equal(before, after);
	free(before);
	free(after);
	assert_true(holds(in(b, "host/file"), "of the host"));
	assert_true(holds(in(b, "host/dir/inner"), "inner"));
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 1)
		return false;
	assert_int_equal(WEXITSTATUS(status), 0);
	return true;
}

static void works(struct box *b)
{
	struct report *rep;

	if (!run(b, &rep))
		fail_msg("%s", rep->err.msg);
	if (*rep->skip) {
		end_box(b);
		skip();
	}
	if (*rep->failed)
		fail_msg("%s", rep->failed);
	end_box(b);
}

static void fails(struct box *b, const char *text)
{
	struct report *rep;

	if (run(b, &rep))
		fail_msg("worked, but should say \"%s\"; %s", text, rep->failed);
	if (!strstr(rep->err.msg, text))
		fail_msg("\"%s\" instead of \"%s\"", rep->err.msg, text);
	end_box(b);
}

/* --- looking around ------------------------------------------------------------------------------------------------ */

/* The options of the topmost mount at @place (of the mount and of the superblock), or NULL. */
static const char *options_at(const char *place)
{
	static char found[1024];
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char line[4096];

	found[0] = 0;
	while (f && fgets(line, sizeof(line), f)) {
		char where[1024], mnt[512], *dash = strstr(line, " - ");

		if (dash && sscanf(line, "%*d %*d %*s %*s %1023s %511s", where, mnt) == 2 && !strcmp(where, place)) {
			line[strcspn(line, "\n")] = 0;
			snprintf(found, sizeof(found), ",%s,%.200s,%.200s", mnt, dash, strstr(line, "shared:") ? "SHARED" : "");
		}
	}
	if (f)
		fclose(f);
	return found[0] ? found : NULL;
}

static bool has(const char *place, const char *word)
{
	const char *o = options_at(place);

	return o && strstr(o, word);
}

static bool is_dev(const char *path, unsigned int major_, unsigned int minor_, unsigned int mode)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(major_, minor_) &&
	       (st.st_mode & 07777) == mode;
}

static bool links_to(const char *path, const char *text)
{
	char buf[256];
	ssize_t n = readlink(path, buf, sizeof(buf) - 1);

	return n >= 0 && (buf[n] = 0, strcmp(buf, text) == 0);
}

static bool is_on(const char *path, long magic)
{
	struct statfs sfs;

	return statfs(path, &sfs) == 0 && sfs.f_type == magic;
}

/* --- the usual ------------------------------------------------------------------------------------------------------- */

static void look_at_usual(struct report *r, const struct box *b)
{
	struct stat st;

	(void)b;
	expect(r, is_on("/proc", 0x9fa0));
	expect(r, getpid() == 1 && access("/proc/1/stat", F_OK) == 0 && access("/proc/2/stat", F_OK) < 0);
	expect(r, has("/dev", ",nosuid") && has("/dev", "size=65536k"));
	expect(r, has("/sys", ",ro,nosuid,nodev,noexec"));
	expect(r, has("/dev/shm", "nosuid,nodev,noexec"));
	expect(r, stat("/dev/shm", &st) == 0 && (st.st_mode & 07777) == 01777);
	expect(r, has("/dev/mqueue", "mqueue"));
	expect(r, is_dev("/dev/null", 1, 3, 0666) && is_dev("/dev/zero", 1, 5, 0666) && is_dev("/dev/full", 1, 7, 0666));
	expect(r, is_dev("/dev/random", 1, 8, 0666) && is_dev("/dev/urandom", 1, 9, 0666) && is_dev("/dev/tty", 5, 0, 0666));
	expect(r, links_to("/dev/ptmx", "pts/ptmx") && is_dev("/dev/pts/ptmx", 5, 2, 0666));
	expect(r, links_to("/dev/fd", "/proc/self/fd") && links_to("/dev/stdin", "/proc/self/fd/0"));
	expect(r, is_dev("/proc/kcore", 1, 3, 0666) || access("/proc/kcore", F_OK) < 0);
	expect(r, has("/proc/keys", ",ro") || access("/proc/keys", F_OK) < 0);
	expect(r, has("/proc/sys", ",ro"));
	expect(r, open("/proc/sys/kernel/core_pattern", O_WRONLY) < 0 && errno == EROFS);
	expect(r, mkdir("/x", 0755) < 0 && errno == EROFS);
	expect(r, access("/host", F_OK) < 0 && access("/tmp", F_OK) == 0);
	expect(r, options_at("/sys/fs/cgroup") != NULL && has("/sys/fs/cgroup", ",ro"));
	expect(r, mkdir("/sys/fs/cgroup/x", 0755) < 0 && errno == EROFS);
	expect(r, chdir("..") == 0 && access("bin/busybox", X_OK) == 0);
}

static void copy_busybox(const struct box *b)
{
	char cmd[PATH_MAX * 2];

	snprintf(cmd, sizeof(cmd), "cp /bin/busybox %s/rootfs/bin/busybox && ln -s busybox %s/rootfs/bin/sh", b->dir, b->dir);
	assert_int_equal(system(cmd), 0);
}

static void mask_usual(struct box *b)
{
	static const char *const masked[] = {
		"/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/timer_list", "/sys/firmware", "/proc/scsi",
		"/proc/kcore", "/not/there",
	};
	static const char *const readonly[] = { "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger", "/nope" };

	for (size_t i = 0; i < ARRAY_SIZE(masked); i++)
		b->masked[i] = (char *)masked[i];
	for (size_t i = 0; i < ARRAY_SIZE(readonly); i++)
		b->readonly[i] = (char *)readonly[i];
}

static void a_usual_container_has_what_the_specification_says(void **state)
{
	struct box *b = new_usual_box();

	(void)state;
	copy_busybox(b);
	mask_usual(b);
	b->c.root.readonly = true;
	b->inside = look_at_usual;
	works(b);
}

static void the_same_without_pivot(void **state)
{
	struct box *b = new_usual_box();

	(void)state;
	copy_busybox(b);
	mask_usual(b);
	b->c.root.readonly = true;
	b->no_pivot = true;
	b->inside = look_at_usual;
	works(b);
}

static void the_same_without_a_cgroup_namespace(void **state)
{
	struct box *b = new_usual_box();

	(void)state;
	copy_busybox(b);
	mask_usual(b);
	b->c.root.readonly = true;
	b->no_cgroupns = true;
	b->inside = look_at_usual;
	works(b);
}

/* Linux 5.6 to 5.11: attributes by a remount, after the mount. */
static void forbid_mount_setattr(struct report *r, const struct box *b)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mount_setattr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { ARRAY_SIZE(code), code };

	(void)b;
	expect(r, sys_seccomp(SECCOMP_SET_MODE_FILTER, 0, &prog) == 0);
}

/* No fsopen(2), as below an older seccomp profile: filesystems by mount(2). */
static void forbid_fsopen(struct report *r, const struct box *b)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fsopen, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { ARRAY_SIZE(code), code };

	(void)b;
	expect(r, sys_seccomp(SECCOMP_SET_MODE_FILTER, 0, &prog) == 0);
}

static void the_same_on_kernels_without_the_newer_calls(void **state)
{
	void (*const lacks[])(struct report *, const struct box *) = { forbid_mount_setattr, forbid_fsopen };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lacks); i++) {
		struct box *b = new_usual_box();

		copy_busybox(b);
		mask_usual(b);
		if (lacks[i] == forbid_fsopen) /* the mask of directories is a detached tmpfs */
			b->masked[0] = (char *)"/proc/kcore", b->masked[1] = (char *)"/proc/keys", b->masked[2] = NULL;
		b->c.root.readonly = true;
		b->before = lacks[i];
		b->inside = look_at_usual;
		works(b);
	}
}

/* A host with cgroup v2 only: the hierarchy where a v1 host has its tmpfs. */
static void pretend_unified(struct report *r, const struct box *b)
{
	(void)b;
	expect(r, mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	if (mount("cgroup2", "/sys/fs/cgroup", "cgroup2", 0, NULL) < 0)
		child_skip(r, "no cgroup v2 in this kernel");
}

static void look_at_unified(struct report *r, const struct box *b)
{
	look_at_usual(r, b);
	expect(r, is_on("/sys/fs/cgroup", 0x63677270) && access("/sys/fs/cgroup/cgroup.procs", F_OK) == 0);
}

static void the_same_with_cgroup_v2(void **state)
{
	for (int i = 0; i < 2; i++) {
		struct box *b = new_usual_box();

		(void)state;
		copy_busybox(b);
		mask_usual(b);
		b->c.root.readonly = true;
		b->no_cgroupns = i == 1;
		b->before = pretend_unified;
		b->inside = look_at_unified;
		works(b);
	}
}

static void run_shell(struct report *r, const struct box *b)
{
	static char *argv[] = { (char *)"sh", (char *)"-c", (char *)"test $$ = 1 && echo hi >/dev/null && test -c /dev/tty && "
					      "test \"$(busybox head -c 3 /dev/zero | busybox wc -c)\" = 3", NULL };
	static char *envp[] = { (char *)"PATH=/bin", NULL };

	(void)b;
	execve("/bin/sh", argv, envp);
	expect(r, !"exec");
}

static void a_program_of_the_image_runs_in_it(void **state)
{
	struct box *b = new_usual_box();

	(void)state;
	copy_busybox(b);
	b->inside = run_shell;
	works(b);
}

static void no_mount_is_in_the_namespace_but_ours(struct report *r, const struct box *b)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char line[4096];

	(void)b;
	while (f && fgets(line, sizeof(line), f)) {
		char where[1024];

		expect(r, sscanf(line, "%*d %*d %*s %*s %1023s", where) == 1);
		expect(r, !strcmp(where, "/") || !strncmp(where, "/proc", 5) || !strncmp(where, "/dev", 4) ||
				  !strncmp(where, "/sys", 4));
	}
	expect(r, f);
	fclose(f);
}

static void the_host_is_gone_after_pivot(void **state)
{
	struct box *b = new_usual_box();

	(void)state;
	b->inside = no_mount_is_in_the_namespace_but_ours;
	works(b);
}

static void look_at_chroot(struct report *r, const struct box *b)
{
	(void)b;
	expect(r, access("/etc/hosts", F_OK) == 0 && access("/host", F_OK) < 0);
	expect(r, access("/proc/self", F_OK) < 0 && is_dev("/dev/null", 1, 3, 0666));
}

static void without_a_mount_namespace_there_is_only_the_chroot(void **state)
{
	struct box *b = new_usual_box();

	(void)state;
	b->no_mount_ns = true;
	b->inside = look_at_chroot;
	works(b);
	b = new_usual_box();
	b->no_mount_ns = true;
	b->masked[0] = "/proc/kcore";
	fails(b, "linux.maskedPaths needs a new mount namespace");
}

/* --- hostile images ----------------------------------------------------------------------------------------------------- */

static void look_at_bound(struct report *r, const struct box *b)
{
	(void)b;
	expect(r, holds("/etc/name", "of the host"));
}

static void a_target_behind_a_symlink_out_of_the_root_stays_in_the_root(void **state)
{
	struct box *b = new_box();
	struct stat st;

	(void)state;
	assert_int_equal(unlink(in(b, "rootfs/etc/hosts")), 0);
	assert_int_equal(rmdir(in(b, "rootfs/etc")), 0);
	assert_int_equal(symlink("../../../../../../../../elsewhere/deep", in(b, "rootfs/etc")), 0);
	add(b, "/etc/name", "bind", in(b, "host/file"), "bind", "ro", NULL);
	b->inside = look_at_bound;
	assert_int_not_equal(lstat("/elsewhere", &st), 0);
	/* Checked before the image is removed. */
	{
		struct report *rep;

		if (!run(b, &rep))
			fail_msg("%s", rep->err.msg);
		assert_string_equal(rep->failed, "");
		assert_int_equal(lstat(in(b, "rootfs/elsewhere/deep/name"), &st), 0);
		assert_int_not_equal(lstat("/elsewhere", &st), 0);
	}
	end_box(b);
}

static void an_absolute_dangling_symlink_is_followed_inside(void **state)
{
	struct box *b = new_box();

	(void)state;
	assert_int_equal(symlink("/run/systemd/resolve/stub.conf", in(b, "rootfs/etc/name")), 0);
	add(b, "/etc/name", "bind", in(b, "host/file"), "rbind", "rprivate", NULL);
	b->inside = look_at_bound;
	works(b);
}

static void a_symlink_loop_is_an_error(void **state)
{
	struct box *b = new_box();

	(void)state;
	assert_int_equal(symlink("name", in(b, "rootfs/etc/name")), 0);
	add(b, "/etc/name", "bind", in(b, "host/file"), "bind", NULL);
	fails(b, "mounts[0] (/etc/name): ");
}

static void proc_on_a_symlink_is_refused(void **state)
{
	struct box *b = new_usual_box();

	(void)state;
	assert_int_equal(rmdir(in(b, "rootfs/proc")), 0);
	assert_int_equal(symlink("/tmp", in(b, "rootfs/proc")), 0);
	fails(b, "must be mounted on ordinary directory");
	b = new_usual_box();
	assert_int_equal(rmdir(in(b, "rootfs/sys")), 0);
	assert_int_equal(symlink("tmp", in(b, "rootfs/sys")), 0);
	fails(b, "must be mounted on ordinary directory");
	b = new_usual_box();
	assert_int_equal(rmdir(in(b, "rootfs/proc")), 0);
	put(in(b, "rootfs/proc"), "");
	fails(b, "must be mounted on ordinary directory");
}

static void dev_that_is_a_symlink_is_refused(void **state)
{
	struct box *b = new_box();

	(void)state;
	assert_int_equal(rmdir(in(b, "rootfs/dev")), 0);
	assert_int_equal(symlink(in(b, "host/dir"), in(b, "rootfs/dev")), 0);
	fails(b, "/dev must be an ordinary directory");
}

static void a_planted_device_is_refused(void **state)
{
	struct box *b = new_box();

	(void)state;
	put(in(b, "rootfs/dev/null"), "");
	fails(b, "default device /dev/null: something else");
	b = new_box();
	assert_int_equal(symlink(in(b, "host/file"), in(b, "rootfs/dev/null")), 0);
	fails(b, "default device /dev/null: something else");
	b = new_box();
	assert_int_equal(mknod(in(b, "rootfs/dev/zero"), S_IFCHR | 0666, makedev(1, 3)), 0);
	fails(b, "default device /dev/zero: something else");
	b = new_box();
	assert_int_equal(mkdir(in(b, "rootfs/dev/tty"), 0755), 0);
	fails(b, "default device /dev/tty: something else");
}

static void look_at_own_null(struct report *r, const struct box *b)
{
	(void)b;
	expect(r, is_dev("/dev/null", 1, 3, 0666));
	expect(r, links_to("/dev/ptmx", "pts/ptmx"));
}

static void a_right_device_of_the_image_gets_the_right_mode(void **state)
{
	struct box *b = new_box();

	(void)state;
	assert_int_equal(mknod(in(b, "rootfs/dev/null"), S_IFCHR | 0600, makedev(1, 3)), 0);
	assert_int_equal(mknod(in(b, "rootfs/dev/ptmx"), S_IFCHR | 0666, makedev(5, 2)), 0);
	b->inside = look_at_own_null;
	works(b);
}

static void a_volume_cannot_become_the_root_through_a_symlink(void **state)
{
	struct box *b = new_box();

	(void)state;
	assert_int_equal(symlink("/etc/..", in(b, "rootfs/data")), 0);
	add(b, "/data", "bind", in(b, "host/dir"), "bind", NULL);
	fails(b, "mounts[0] (/data): the destination leads to the root itself");
}

static void mounts_inside_proc_are_refused(void **state)
{
	struct box *b = new_usual_box();

	(void)state;
	add(b, "/proc/sys", "bind", in(b, "host/dir"), "bind", NULL);
	fails(b, "inside /proc");
	b = new_usual_box();
	assert_int_equal(symlink("/proc/sys/kernel", in(b, "rootfs/data")), 0);
	add(b, "/data", "bind", in(b, "host/dir"), "bind", NULL);
	fails(b, "inside /proc");
	b = new_box();
	add(b, "/proc", "tmpfs", "tmpfs", NULL);
	fails(b, "only a filesystem of type proc");
	b = new_box();
	add(b, "/proc", "bind", "/sys", "rbind", NULL);
	fails(b, "only a filesystem of type proc");
	b = new_usual_box();
	add(b, "/proc/self/attr/exec", "bind", in(b, "host/file"), "bind", NULL);
	fails(b, "mounts[7] (/proc/self/attr/exec): ");
	b = new_usual_box();
	add(b, "/proc/self", "bind", in(b, "host/file"), "bind", "dest-nofollow", NULL);
	fails(b, "mounts[7] (/proc/self): ");
	b = new_usual_box();
	add(b, "/proc/uptime", "bind", in(b, "host/file"), "bind", NULL);
	works(b);
}

/* The container's /dev/null is replaced after the devices are made, as a hook or a neighbour might: the masks are still the
 * null device. */
static void swap_null(struct report *r, const struct box *b)
{
	expect(r, unlink(in(b, "rootfs/dev/null")) == 0);
	expect(r, symlink("/proc/sys/kernel/core_pattern", in(b, "rootfs/dev/null")) == 0);
}

/* Else the replaced one is noticed when stdio is moved to the container's (another test). */
static void no_null_on_stdio(struct report *r, const struct box *b)
{
	int pipefd[2];

	(void)b;
	expect(r, pipe(pipefd) == 0);
	for (int fd = 0; fd <= 2; fd++)
		expect(r, dup2(pipefd[fd > 0], fd) == fd);
}

static void look_at_mask(struct report *r, const struct box *b)
{
	(void)b;
	expect(r, is_dev("/etc/hosts", 1, 3, 0666));
	expect(r, has("/etc/hosts", ",ro,nosuid,noexec"));
	expect(r, is_on("/tmp", 0x1021994) && has("/tmp", ",ro,nosuid,nodev,noexec"));
	expect(r, access("/tmp/x", F_OK) < 0);
	expect(r, is_dev("/etc/passwd", 1, 3, 0666));
}

static void masks_use_the_real_null_device(void **state)
{
	struct box *b = new_box();

	(void)state;
	add(b, "/proc", "proc", "proc", NULL);
	put(in(b, "rootfs/tmp/x"), "secret");
	put(in(b, "rootfs/etc/passwd"), "secret");
	b->outside = swap_null;
	b->inside = look_at_mask;
	b->masked[0] = "/etc/hosts";
	b->masked[1] = "/tmp";
	b->masked[2] = "/etc/passwd";
	b->masked[3] = "/etc/hosts";
	b->before = no_null_on_stdio;
	works(b);
}

static void null_on_stdin(struct report *r, const struct box *b)
{
	int fd = open("/dev/null", O_RDWR);

	(void)b;
	expect(r, fd >= 0 && dup2(fd, 0) == 0);
}

static void replaced_null_on_stdin_is_refused(void **state)
{
	struct box *b = new_box();

	(void)state;
	b->before = null_on_stdin;
	b->outside = swap_null;
	fails(b, "/dev/null of the container");
}

static void look_at_stdin(struct report *r, const struct box *b)
{
	struct stat a, c;

	(void)b;
	expect(r, fstat(0, &a) == 0 && stat("/dev/null", &c) == 0);
	expect(r, a.st_dev == c.st_dev && a.st_ino == c.st_ino);
}

static void the_null_device_of_the_host_is_not_left_on_stdin(void **state)
{
	struct box *b = new_usual_box();

	(void)state;
	b->before = null_on_stdin;
	b->inside = look_at_stdin;
	works(b);
}

/* CVE-2021-30465: somebody swaps a directory of a shared volume with a symlink to the host's root while we mount below it. */
static pid_t start_swapper(const struct box *b)
{
	char *dir = in(b, "rootfs/vol/dir"), *link = in(b, "rootfs/vol/link");
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			syscall(SYS_renameat2, AT_FDCWD, dir, AT_FDCWD, link, 2 /* RENAME_EXCHANGE */);
	}
	return pid;
}

static void a_racing_symlink_does_not_lead_out(void **state)
{
	char out[PATH_MAX];
	unsigned int worked = 0, refused = 0;

	(void)state;
	for (unsigned int i = 0; i < 60; i++) {
		struct box *b = new_box();
		struct report *rep;
		pid_t swapper;

		snprintf(out, sizeof(out), "/../../../../../../../..%s/host", b->dir);
		assert_int_equal(mkdir(in(b, "rootfs/vol"), 0755), 0);
		assert_int_equal(mkdir(in(b, "rootfs/vol/dir"), 0755), 0);
		assert_int_equal(symlink(out, in(b, "rootfs/vol/link")), 0);
		add(b, "/vol/dir/a/b", "tmpfs", "tmpfs", NULL);
		add(b, "/vol/dir/file", "bind", in(b, "host/file"), "bind", NULL);
		add(b, "/vol/dir/dir", "bind", in(b, "host/dir"), "bind", "ro", NULL);
		add(b, "/vol/dir/p", "proc", "proc", NULL);
		swapper = start_swapper(b);
		assert_true(swapper > 0);
		if (run(b, &rep)) {
			assert_string_equal(rep->failed, "");
			worked++;
		} else {
			assert_non_null(strstr(rep->err.msg, "mounts["));
			refused++;
		}
		kill(swapper, SIGKILL);
		waitpid(swapper, NULL, 0);
		/* Nothing was made where the symlink would lead to on the host. */
		assert_int_not_equal(access(in(b, "host/a"), F_OK), 0);
		assert_int_not_equal(access(in(b, "host/p"), F_OK), 0);
		end_box(b);
	}
	print_message("%u worked, %u refused\n", worked, refused);
}

/* --- binds and their options ---------------------------------------------------------------------------------------------- */

static void tmpfs_below_host(struct report *r, const struct box *b)
{
	expect(r, mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	expect(r, mkdir(in(b, "host/dir/sub"), 0755) == 0 || errno == EEXIST);
	expect(r, mount("t", in(b, "host/dir"), "tmpfs", MS_NODEV | MS_NOEXEC | MS_NOATIME, NULL) == 0);
	expect(r, mkdir(in(b, "host/dir/sub"), 0755) == 0);
	expect(r, mount("t", in(b, "host/dir/sub"), "tmpfs", 0, NULL) == 0);
}

static void look_at_flags(struct report *r, const struct box *b)
{
	(void)b;
	expect(r, has("/plain", ",rw,nodev,noexec,noatime,") && !options_at("/plain/sub"));
	expect(r, has("/ro", ",ro,nodev,noexec,noatime,") && has("/ro/sub", ",rw,relatime,"));
	expect(r, has("/rro", ",ro,nodev,noexec,noatime,") && has("/rro/sub", ",ro,relatime,"));
	expect(r, has("/clear", ",rw,nosuid,relatime,"));
	expect(r, has("/rec", ",ro,nosuid,nodev,noexec,noatime,") && has("/rec/sub", ",rw,nosuid,noexec,noatime,"));
	expect(r, has("/strict", "nodev,noexec,") && !has("/strict", "atime,"));
	expect(r, has("/nosym", "nosymfollow"));
	expect(r, has("/passed-over", ",rw,nodev,noexec,noatime,"));
}

static void flags_of_binds_are_what_the_words_say(void **state)
{
	struct box *b = new_box();
	char *dir = strdup(in(b, "host/dir"));

	(void)state;
	add(b, "/proc", "proc", "proc", NULL);
	add(b, "/plain", "bind", dir, "bind", NULL);
	add(b, "/ro", "none", dir, "rbind", "ro", NULL);
	add(b, "/rro", "bind", "host/dir", "rbind", "rro", NULL);
	add(b, "/clear", "bind", dir, "bind", "dev", "exec", "nosuid", "relatime", NULL);
	add(b, "/rec", NULL, dir, "rbind", "ro", "rnosuid", "rnoexec", "rnoatime", NULL);
	add(b, "/strict", "bind", dir, "bind", "strictatime", NULL);
	add(b, "/nosym", "bind", dir, "bind", "nosymfollow", NULL);
	add(b, "/passed-over", "bind", dir, "bind", "mode=755", "size=1k", NULL);
	b->before = tmpfs_below_host;
	b->inside = look_at_flags;
	works(b);
	free(dir);
}

static void mistakes_are_said_with_their_place(void **state)
{
	struct box *b = new_usual_box();

	(void)state;
	add(b, "/data", "bind", "/no/such", "bind", NULL);
	fails(b, "mounts[7] (/data): bind source /no/such: no such file or directory");
	b = new_box();
	add(b, "/tmp", "bind", in(b, "host/file"), "bind", NULL);
	fails(b, "on a directory: not a directory");
	b = new_box();
	add(b, "/etc/hosts", "bind", in(b, "host/dir"), "bind", NULL);
	fails(b, "on a file: not a directory");
	b = new_box();
	add(b, "/data", "bind", in(b, "host/dir"), "bind", "nosiud", NULL);
	fails(b, "option \"nosiud\" means nothing to a bind mount");
	b = new_box();
	add(b, "/data", "nofs", "x", NULL);
	fails(b, "type nofs");
	b = new_box();
	add(b, "/data", "tmpfs", "x", "sizzle=4", NULL);
	fails(b, "sizzle");
	b = new_box();
	add(b, "/data", NULL, "x", "ro", NULL);
	fails(b, "neither a type nor");
	b = new_box();
	b->c.root.path = "nothing";
	fails(b, "root.path: open directory");
	b = new_box();
	b->c.root.path = "host/file";
	fails(b, "not a directory");
	b = new_box();
	b->c.linux_.rootfs_propagation = "sharde";
	fails(b, "linux.rootfsPropagation: unknown value");
}

static void look_at_tmpfs(struct report *r, const struct box *b)
{
	struct stat st;

	(void)b;
	expect(r, has("/ro", ",ro,") && is_on("/ro/sub", 0x1021994) && has("/ro/sub", ",rw,"));
	expect(r, stat("/mode", &st) == 0 && (st.st_mode & 07777) == 0712);
	expect(r, stat("/explicit", &st) == 0 && (st.st_mode & 07777) == 01500);
	expect(r, stat("/new", &st) == 0 && (st.st_mode & 07777) == 01777);
	expect(r, has("/dev", ",ro,") && is_dev("/dev/null", 1, 3, 0666));
}

static void tmpfs_modes_and_late_readonly(void **state)
{
	struct box *b = new_box();

	(void)state;
	add(b, "/proc", "proc", "proc", NULL);
	assert_int_equal(mkdir(in(b, "rootfs/mode"), 0755) | chmod(in(b, "rootfs/mode"), 0712), 0);
	assert_int_equal(mkdir(in(b, "rootfs/explicit"), 0755), 0);
	add(b, "/ro", "tmpfs", "tmpfs", "ro", NULL);
	add(b, "/ro/sub", "tmpfs", "tmpfs", NULL);
	add(b, "/mode", "tmpfs", "tmpfs", NULL);
	add(b, "/explicit", "tmpfs", "tmpfs", "mode=1500", NULL);
	add(b, "/new", "tmpfs", "tmpfs", "size=64k,nr_inodes=20", NULL);
	add(b, "/dev", "tmpfs", "tmpfs", "ro", "mode=755", NULL);
	b->inside = look_at_tmpfs;
	works(b);
}

static void look_at_copy(struct report *r, const struct box *b)
{
	struct stat st;

	(void)b;
	expect(r, is_on("/up", 0x1021994) && has("/up", ",ro,"));
	expect(r, holds("/up/file", "text") && stat("/up/file", &st) == 0 && (st.st_mode & 07777) == 04751 && st.st_uid == 7);
	expect(r, links_to("/up/link", "/etc/shadow"));
	expect(r, holds("/up/a/b/deep", "deep") && stat("/up/a", &st) == 0 && (st.st_mode & 07777) == 0777);
	expect(r, lstat("/up/fifo", &st) == 0 && S_ISFIFO(st.st_mode));
	expect(r, stat("/up", &st) == 0 && (st.st_mode & 07777) == 0750);
}

static void tmpcopyup_copies_and_does_not_hang(void **state)
{
	struct box *b = new_box();

	(void)state;
	add(b, "/proc", "proc", "proc", NULL);
	assert_int_equal(mkdir(in(b, "rootfs/up"), 0750) | mkdir(in(b, "rootfs/up/a"), 0755), 0);
	assert_int_equal(chmod(in(b, "rootfs/up/a"), 0777) | mkdir(in(b, "rootfs/up/a/b"), 0755), 0);
	put(in(b, "rootfs/up/file"), "text");
	assert_int_equal(chown(in(b, "rootfs/up/file"), 7, 7) | chmod(in(b, "rootfs/up/file"), 04751), 0);
	put(in(b, "rootfs/up/a/b/deep"), "deep");
	assert_int_equal(symlink("/etc/shadow", in(b, "rootfs/up/link")), 0);
	assert_int_equal(mkfifo(in(b, "rootfs/up/fifo"), 0600), 0);
	add(b, "/up", "tmpfs", "tmpfs", "tmpcopyup", "ro", NULL);
	b->inside = look_at_copy;
	works(b);
	b = new_box();
	add(b, "/", "tmpfs", "tmpfs", "tmpcopyup", NULL);
	fails(b, "tmpcopyup is not possible on /");
}

static void look_at_new_root(struct report *r, const struct box *b)
{
	(void)b;
	expect(r, holds("/inner", "inner") && holds("/inner2", "of the host"));
	expect(r, access("/bin", F_OK) < 0 && access("/proc/self", F_OK) == 0);
}

static void a_mount_on_the_root_is_the_root(void **state)
{
	struct box *b = new_box();

	(void)state;
	add(b, "/", "tmpfs", "tmpfs", "mode=755", NULL);
	add(b, "/proc", "proc", "proc", NULL);
	add(b, "/inner", "bind", in(b, "host/dir/inner"), "bind", NULL);
	add(b, "inner2", "bind", in(b, "host/file"), "bind", NULL);
	b->inside = look_at_new_root;
	works(b);
}

static void look_at_links(struct report *r, const struct box *b)
{
	(void)b;
	expect(r, links_to("/a/sym/link", "to-nowhere"));
	expect(r, links_to("/t1", "to-nowhere"));
	expect(r, holds("/t2", "of the host"));
}

static void symlinks_can_be_copied_and_mounted(void **state)
{
	struct box *b = new_box();

	(void)state;
	assert_int_equal(symlink("to-nowhere", in(b, "host/link")), 0);
	assert_int_equal(symlink("x", in(b, "rootfs/t1")) | symlink("x", in(b, "rootfs/t2")), 0);
	add(b, "/a/sym/link", "bind", in(b, "host/link"), "rbind", "copy-symlink", NULL);
	add(b, "/t1", "bind", in(b, "host/link"), "bind", "dest-nofollow", "src-nofollow", NULL);
	add(b, "/t2", "bind", in(b, "host/file"), "bind", "dest-nofollow", NULL);
	b->inside = look_at_links;
	works(b);
}

static void look_at_overlay(struct report *r, const struct box *b)
{
	(void)b;
	expect(r, holds("/o/inner", "inner"));
}

static void an_overlay_with_long_options_is_mounted(void **state)
{
	struct box *b = new_box();
	char opt[1024] = "lowerdir=";

	(void)state;
	for (int i = 0; i < 8; i++) {
		char name[96];

		snprintf(name, sizeof(name), "host/dir-with-a-rather-long-name-to-exceed-the-limit-%d", i);
		assert_int_equal(mkdir(in(b, name), 0755), 0);
		strcat(strcat(opt, in(b, name)), ":");
	}
	strcat(opt, in(b, "host/dir"));
	assert_true(strlen(opt) > 300);
	add(b, "/o", "overlay", "overlay", "ro", opt, NULL);
	b->inside = look_at_overlay;
	works(b);
}

/* --- propagation ------------------------------------------------------------------------------------------------------------- */

static void share_everything(struct report *r, const struct box *b)
{
	(void)b;
	expect(r, mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	expect(r, mount("t", in(b, "host/dir"), "tmpfs", 0, NULL) == 0);
	expect(r, mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL) == 0);
}

static void look_at_shared(struct report *r, const struct box *b)
{
	expect(r, has("/", "SHARED") == (b->c.linux_.rootfs_propagation != NULL));
	expect(r, has("/vol", "SHARED"));
	expect(r, !has("/private", "SHARED"));
}

static void mount_inside(struct report *r, const struct box *b)
{
	(void)b;
	expect(r, has("/", "SHARED") == (b->c.linux_.rootfs_propagation != NULL));
	/* rshared makes a new peer group of everything, at the end. */
	expect(r, has("/vol", "SHARED") == (b->c.linux_.rootfs_propagation && b->c.linux_.rootfs_propagation[0] == 'r'));
	expect(r, has("/sys", "SHARED") == has("/vol", "SHARED"));
	expect(r, mount("t", "/vol", "tmpfs", 0, NULL) == 0 && mount("t", "/tmp", "tmpfs", 0, NULL) == 0);
}

/* run() compares the mounts of the host. */
static void what_happens_inside_does_not_reach_a_shared_host(void **state)
{
	static const char *const words[] = { NULL, "rshared", "shared" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		for (int no_pivot = 0; no_pivot < 2; no_pivot++) {
			struct box *b = new_box();

			(void)state;
			b->c.linux_.rootfs_propagation = (char *)words[i];
			b->no_pivot = no_pivot;
			add(b, "/proc", "proc", "proc", NULL);
			add(b, "/vol", "bind", in(b, "host/dir"), "rbind", words[i] ? "rprivate" : NULL, NULL);
			add(b, "/sys", "bind", "/sys", "rbind", words[i] ? "rprivate" : NULL, NULL); /* another mount */
			b->inside = mount_inside;
			works(b);
		}
	}
}

static void propagation_of_root_and_binds(void **state)
{
	for (int shared = 0; shared < 2; shared++) {
		struct box *b = new_box();

		(void)state;
		b->c.linux_.rootfs_propagation = shared ? "rshared" : NULL;
		add(b, "/proc", "proc", "proc", NULL);
		add(b, "/vol", "bind", in(b, "host/dir"), "rbind", "rshared", NULL);
		if (!shared)
			add(b, "/private", "bind", in(b, "host/dir"), "rbind", "rprivate", NULL);
		b->before = share_everything;
		b->inside = look_at_shared;
		works(b);
	}
}

/* --- devices, console, sysctl, hosts ------------------------------------------------------------------------------------------ */

static void look_at_devices(struct report *r, const struct box *b)
{
	struct stat st;

	(void)b;
	expect(r, is_dev("/dev/fuse", 10, 229, 0775) && stat("/dev/fuse", &st) == 0 && st.st_uid == 3 && st.st_gid == 4);
	expect(r, is_dev("/srv/deep/full", 1, 7, 0666));
	expect(r, lstat("/dev/pipe", &st) == 0 && S_ISFIFO(st.st_mode) && (st.st_mode & 07777) == 0666);
	expect(r, is_dev("/dev/null", 1, 3, 0600));
}

static void listed_devices_have_their_modes_and_owners(void **state)
{
	struct box *b = new_usual_box();

	(void)state;
	b->devices[0] = (struct oci_device){ .type = "c", .path = "/dev/fuse/", .major = 10, .minor = 229,
					     .file_mode = { true, 0775 }, .uid = { true, 3 }, .gid = { true, 4 } };
	b->devices[1] = (struct oci_device){ .type = "u", .path = "/srv/deep/full", .major = 1, .minor = 7 };
	b->devices[2] = (struct oci_device){ .type = "p", .path = "/dev/pipe" };
	b->devices[3] = (struct oci_device){ .type = "c", .path = "/dev/null", .major = 1, .minor = 3, .file_mode = { true, 0600 } };
	b->devices[4] = (struct oci_device){ .type = "c", .path = "/dev/ptmx", .major = 5, .minor = 2 };
	b->inside = look_at_devices;
	works(b);
	b = new_usual_box();
	b->devices[0] = (struct oci_device){ .type = "x", .path = "/dev/fuse", .major = 10, .minor = 229 };
	fails(b, "linux.devices[0] (/dev/fuse): unknown type");
}

static void bind_a_terminal(struct report *r, const struct box *b)
{
	struct rootfs root = { .config = &b->c, .bundle = b->dir, .new_mount_ns = true };
	int master, slave;

	root.rootfd = open(in(b, "rootfs"), O_PATH | O_DIRECTORY);
	expect(r, openpty(&master, &slave, NULL, NULL, NULL) == 0);
	if (rootfs_bind_console(&root, slave, &r->err) < 0)
		_exit(1);
}

static void look_at_console(struct report *r, const struct box *b)
{
	int fd = open("/dev/console", O_RDWR | O_NOCTTY);

	(void)b;
	expect(r, fd >= 0 && isatty(fd) && has("/dev/console", "nosuid,noexec"));
}

static void the_console_is_bound_and_not_through_a_symlink(void **state)
{
	struct box *b = new_box();

	(void)state;
	add(b, "/proc", "proc", "proc", NULL);
	b->outside = bind_a_terminal;
	b->inside = look_at_console;
	works(b);
	b = new_box();
	assert_int_equal(symlink("/proc/sys/kernel/core_pattern", in(b, "rootfs/dev/console")), 0);
	b->outside = bind_a_terminal;
	fails(b, "/dev/console: a symlink is in its place");
}

static void look_at_sysctl(struct report *r, const struct box *b)
{
	(void)b;
	expect(r, holds("/proc/sys/net/core/somaxconn", "77\n"));
	expect(r, holds("/proc/sys/kernel/shmmni", "99\n"));
}

static void sysctls_are_written_in_the_own_namespaces_only(void **state)
{
	struct box *b = new_usual_box();
	char host[64] = "";
	int fd = open("/proc/sys/kernel/shmmni", O_RDONLY);

	(void)state;
	assert_true(read(fd, host, sizeof(host) - 1) > 0);
	close(fd);
	b->sysctl[0] = (struct oci_pair){ "net.core.somaxconn", "77" };
	b->sysctl[1] = (struct oci_pair){ "kernel/shmmni", "99" };
	b->inside = look_at_sysctl;
	works(b);
	assert_true(holds("/proc/sys/kernel/shmmni", host));
	b = new_usual_box();
	b->sysctl[0] = (struct oci_pair){ "kernel.core_pattern", "|/x" };
	fails(b, "linux.sysctl[\"kernel.core_pattern\"]: is not in a separate kernel namespace");
	b = new_usual_box();
	b->sysctl[0] = (struct oci_pair){ "net.no.such", "1" };
	fails(b, "linux.sysctl[\"net.no.such\"]: write");
}

/* /proc is covered in part, as in a container: a procfs of our own is used. */
static void cover_sysctls(struct report *r, const struct box *b)
{
	(void)b;
	expect(r, mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	expect(r, mount("/proc/sys", "/proc/sys", NULL, MS_BIND, NULL) == 0);
	expect(r, mount(NULL, "/proc/sys", NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL) == 0);
}

static void sysctls_are_written_below_a_covered_proc(void **state)
{
	struct box *b = new_usual_box();

	(void)state;
	b->sysctl[0] = (struct oci_pair){ "net.core.somaxconn", "77" };
	b->sysctl[1] = (struct oci_pair){ "kernel/shmmni", "99" };
	b->before = cover_sysctls;
	b->inside = look_at_sysctl;
	works(b);
}

static const char pinned[] = "# Pinned by the network policy of this container.\n10.9.8.7\tpinned.example\n";

static void look_at_hosts(struct report *r, const struct box *b)
{
	char *want = xasprintf("%s127.0.0.1 localhost\n1.1.1.1\tother\n", pinned);

	expect(r, holds("/etc/hosts", want));
	expect(r, (open("/etc/hosts", O_WRONLY) < 0) == b->c.root.readonly);
	free(want);
}

static void look_at_hosts_alone(struct report *r, const struct box *b)
{
	struct statvfs st;

	(void)b;
	expect(r, holds("/etc/hosts", pinned));
	expect(r, statvfs("/etc/hosts", &st) == 0 && (st.f_flag & ST_NOSUID) && (st.f_flag & ST_NODEV));
}

static struct box *new_pinning_box(void)
{
	struct box *b = new_box();

	add(b, "/proc", "proc", "proc", NULL);
	b->hosts[0] = (struct policy_host){ "pinned.example", b->addr, 1 };
	return b;
}

static void pinned_hosts_are_mounted_over_what_is_there(void **state)
{
	struct box *b;

	(void)state;
	for (int readonly = 0; readonly < 2; readonly++) {
		struct report *rep;

		b = new_pinning_box();
		b->c.root.readonly = readonly;
		b->inside = look_at_hosts;
		if (!run(b, &rep))
			fail_msg("%s", rep->err.msg);
		assert_string_equal(rep->failed, "");
		assert_true(holds(in(b, "rootfs/etc/hosts"), "127.0.0.1 localhost\n1.1.1.1 pinned.example other\n"));
		end_box(b);
	}
	b = new_pinning_box(); /* not there */
	assert_int_equal(unlink(in(b, "rootfs/etc/hosts")), 0);
	b->inside = look_at_hosts_alone;
	works(b);
	b = new_pinning_box(); /* a FIFO that nobody writes to */
	assert_int_equal(unlink(in(b, "rootfs/etc/hosts")) | mkfifo(in(b, "rootfs/etc/hosts"), 0644), 0);
	b->inside = look_at_hosts_alone;
	works(b);
	b = new_pinning_box(); /* a symlink to a file of the host, which in the root is another one */
	assert_int_equal(unlink(in(b, "rootfs/etc/hosts")), 0);
	assert_int_equal(symlink(in(b, "host/file"), in(b, "rootfs/etc/hosts")), 0);
	b->inside = look_at_hosts_alone;
	works(b);
	b = new_pinning_box(); /* huge */
	assert_int_equal(truncate(in(b, "rootfs/etc/hosts"), 1L << 40), 0);
	fails(b, "pin the hostnames of net-allow in /etc/hosts: more than");
	b = new_pinning_box();
	assert_int_equal(unlink(in(b, "rootfs/etc/hosts")) | mkdir(in(b, "rootfs/etc/hosts"), 0755), 0);
	fails(b, "pin the hostnames");
}

/* --- id maps, user namespaces ---------------------------------------------------------------------------------------------------- */

static void look_at_owner(struct report *r, const struct box *b)
{
	struct stat st;

	(void)b;
	expect(r, stat("/mapped/inner", &st) == 0 && st.st_uid == 1000 && st.st_gid == 1000);
	expect(r, !has("/mapped", "SHARED"));
	expect(r, stat("/mapped2/inner", &st) == 0 && st.st_uid == 2000 && st.st_gid == 3000);
}

static void an_idmapped_bind_shows_mapped_owners(void **state)
{
	static struct oci_id_mapping map = { 0, 1000, 10 };
	struct box *b = new_box();
	struct oci_mount *m;

	(void)state;
	add(b, "/proc", "proc", "proc", NULL);
	m = add(b, "/mapped", "bind", in(b, "host/dir"), "bind", "idmap", NULL);
	m->uid_mappings = m->gid_mappings = &map;
	m->n_uid_mappings = m->n_gid_mappings = 1;
	add(b, "/mapped2", "bind", in(b, "host/dir"), "rbind", "ridmap=uids=0-2000-1;gids=0-3000-1", "ro", NULL);
	b->inside = look_at_owner;
	works(b);
	b = new_box();
	add(b, "/mapped", "bind", in(b, "host/dir"), "bind", "idmap", NULL);
	fails(b, "mounts[0] (/mapped): option \"idmap\" without");
}

static void look_at_rootless(struct report *r, const struct box *b)
{
	struct stat st;

	(void)b;
	expect(r, getuid() == 0 && is_on("/proc", 0x9fa0));
	expect(r, stat("/dev/null", &st) == 0 && st.st_rdev == makedev(1, 3) && has("/dev/null", "nosuid,noexec"));
	expect(r, stat("/dev/urandom", &st) == 0 && st.st_rdev == makedev(1, 9));
	expect(r, is_on("/sys", 0x62656572) && has("/sys", ",ro,"));
	expect(r, options_at("/sys/fs/cgroup") != NULL);
	expect(r, holds("/vol/inner", "inner") && has("/vol", ",ro,"));
	expect(r, holds("/up/file", "text"));
	expect(r, stat("/proc/keys", &st) < 0 || st.st_rdev == makedev(1, 3));
	expect(r, open("/proc/sys/kernel/core_pattern", O_WRONLY) < 0);
	expect(r, mkdir("/x", 0755) < 0 && errno == EROFS);
	expect(r, links_to("/dev/ptmx", "pts/ptmx") && open("/dev/ptmx", O_RDWR | O_NOCTTY) >= 0);
	expect(r, umount2("/proc/keys", MNT_DETACH) < 0 || access("/proc/keys", F_OK) == 0);
}

static int give_away(const char *path, const struct stat *st, int type, struct FTW *f)
{
	(void)st;
	(void)type;
	(void)f;
	return lchown(path, 65534, 65534);
}

static struct box *new_rootless_box(void)
{
	struct box *b = new_usual_box();

	mask_usual(b);
	assert_int_equal(mkdir(in(b, "rootfs/up"), 0755), 0);
	put(in(b, "rootfs/up/file"), "text");
	add(b, "/vol", "bind", in(b, "host/dir"), "rbind", "rprivate", "ro", NULL);
	add(b, "/up", "tmpfs", "tmpfs", "tmpcopyup", NULL);
	b->ns[b->c.linux_.n_namespaces++].type = OCI_NS_USER;
	b->hosts[0] = (struct policy_host){ "pinned.example", b->addr, 1 };
	b->sysctl[0] = (struct oci_pair){ "net.core.somaxconn", "77" };
	b->c.root.readonly = true;
	b->userns = true;
	b->uid = 65534;
	b->inside = look_at_rootless;
	assert_int_equal(nftw(b->dir, give_away, 16, FTW_PHYS), 0);
	return b;
}

static void an_unprivileged_user_gets_a_container_too(void **state)
{
	(void)state;
	works(new_rootless_box());
}

static void the_same_for_the_unprivileged_user_without_pivot(void **state)
{
	struct box *b = new_rootless_box();

	(void)state;
	b->no_pivot = true;
	works(b);
}

static void lock_flags(struct report *r, const struct box *b)
{
	expect(r, mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	expect(r, mount("t", in(b, "host/dir"), "tmpfs", MS_NOSUID | MS_NODEV | MS_RDONLY | MS_NOATIME, NULL) == 0);
	/* Into a user namespace of its own: the flags are locked then. */
	expect(r, unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0);
}

static void look_at_locked(struct report *r, const struct box *b)
{
	(void)b;
	expect(r, has("/a", ",ro,nosuid,nodev,noatime,") && has("/b", ",ro,nosuid,nodev,noexec,noatime,"));
}

static void locked_flags_stay(void **state)
{
	struct box *b = new_box();

	(void)state;
	add(b, "/a", "bind", in(b, "host/dir"), "bind", "rw", "dev", "suid", "relatime", NULL);
	add(b, "/b", "bind", in(b, "host/dir"), "rbind", "noexec", "rw", NULL);
	add(b, "/dev", "bind", "/dev", "rbind", NULL);
	add(b, "/proc", "bind", "/proc", "rbind", NULL);
	b->before = lock_flags;
	b->inside = look_at_locked;
	works(b);
}

/* --- cost -------------------------------------------------------------------------------------------------------------------------- */

static struct timespec begin;

static void start_clock(struct report *r, const struct box *b)
{
	(void)r;
	(void)b;
	clock_gettime(CLOCK_MONOTONIC, &begin);
}

static void stop_clock(struct report *r, const struct box *b)
{
	struct timespec end;

	(void)b;
	clock_gettime(CLOCK_MONOTONIC, &end);
	r->value[0] = (end.tv_sec - begin.tv_sec) * 1000000 + (end.tv_nsec - begin.tv_nsec) / 1000;
}

static void thirty_binds_cost_little(void **state)
{
	for (int n = 0; n <= 30; n += 30) {
		struct box *b = new_usual_box();
		struct report *rep;
		char dest[30][24];

		(void)state;
		mask_usual(b);
		for (int i = 0; i < n; i++) {
			snprintf(dest[i], sizeof(dest[i]), "/vol/%d", i);
			add(b, dest[i], "bind", "host/dir", "rbind", "rprivate", "ro", NULL);
		}
		b->before = start_clock;
		b->inside = stop_clock;
		if (!run(b, &rep))
			fail_msg("%s", rep->err.msg);
		print_message("all steps with %d binds: %ld us\n", n, rep->value[0]);
		end_box(b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_usual_container_has_what_the_specification_says),
		cmocka_unit_test(the_same_without_pivot),
		cmocka_unit_test(the_same_without_a_cgroup_namespace),
		cmocka_unit_test(the_same_on_kernels_without_the_newer_calls),
		cmocka_unit_test(the_same_with_cgroup_v2),
		cmocka_unit_test(a_program_of_the_image_runs_in_it),
		cmocka_unit_test(the_host_is_gone_after_pivot),
		cmocka_unit_test(without_a_mount_namespace_there_is_only_the_chroot),
		cmocka_unit_test(a_target_behind_a_symlink_out_of_the_root_stays_in_the_root),
		cmocka_unit_test(an_absolute_dangling_symlink_is_followed_inside),
		cmocka_unit_test(a_symlink_loop_is_an_error),
		cmocka_unit_test(proc_on_a_symlink_is_refused),
		cmocka_unit_test(dev_that_is_a_symlink_is_refused),
		cmocka_unit_test(a_planted_device_is_refused),
		cmocka_unit_test(a_right_device_of_the_image_gets_the_right_mode),
		cmocka_unit_test(a_volume_cannot_become_the_root_through_a_symlink),
		cmocka_unit_test(mounts_inside_proc_are_refused),
		cmocka_unit_test(masks_use_the_real_null_device),
		cmocka_unit_test(replaced_null_on_stdin_is_refused),
		cmocka_unit_test(the_null_device_of_the_host_is_not_left_on_stdin),
		cmocka_unit_test(a_racing_symlink_does_not_lead_out),
		cmocka_unit_test(flags_of_binds_are_what_the_words_say),
		cmocka_unit_test(mistakes_are_said_with_their_place),
		cmocka_unit_test(tmpfs_modes_and_late_readonly),
		cmocka_unit_test(tmpcopyup_copies_and_does_not_hang),
		cmocka_unit_test(a_mount_on_the_root_is_the_root),
		cmocka_unit_test(symlinks_can_be_copied_and_mounted),
		cmocka_unit_test(an_overlay_with_long_options_is_mounted),
		cmocka_unit_test(propagation_of_root_and_binds),
		cmocka_unit_test(what_happens_inside_does_not_reach_a_shared_host),
		cmocka_unit_test(listed_devices_have_their_modes_and_owners),
		cmocka_unit_test(the_console_is_bound_and_not_through_a_symlink),
		cmocka_unit_test(sysctls_are_written_in_the_own_namespaces_only),
		cmocka_unit_test(sysctls_are_written_below_a_covered_proc),
		cmocka_unit_test(pinned_hosts_are_mounted_over_what_is_there),
		cmocka_unit_test(an_idmapped_bind_shows_mapped_owners),
		cmocka_unit_test(locked_flags_stay),
		cmocka_unit_test(an_unprivileged_user_gets_a_container_too),
		cmocka_unit_test(the_same_for_the_unprivileged_user_without_pivot),
		cmocka_unit_test(thirty_binds_cost_little),
	};

	if (geteuid() != 0 || access("/bin/busybox", X_OK) < 0) {
		fprintf(stderr, "skipped: needs root and /bin/busybox\n");
		return getenv("SANDRUN_MUST_RUN") ? 1 : 77;
	}
	/* The "host" of the tests: its mounts are shared, as systemd leaves them, so that what a container lets out
	 * appears; and nobody else mounts in it meanwhile. */
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL) < 0) {
		perror("make a mount namespace");
		return 1;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
