// SPDX-License-Identifier: Apache-2.0
/* rootfs-box.c - a root filesystem under test: an image, a config, and a child that takes the steps of rootfs.h with them */
#include "rootfs-box.h"

/* --- an image --------------------------------------------------------------------------------------------------- */

char *box_in(const struct box *b, const char *path)
{
	static char buf[8][PATH_MAX];
	static unsigned int turn;
	char *p = buf[turn++ % 8];

	snprintf(p, PATH_MAX, "%s/%s", b->dir, path);
	return p;
}

void box_put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

bool box_holds(const char *path, const char *text)
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

struct oci_mount *box_add(struct box *b, const char *dest, const char *type, const char *source, ...)
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

struct box *box_new(void)
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
		assert_int_equal(mkdir(box_in(b, dirs[i]), 0755), 0);
	box_put(box_in(b, "host/file"), "of the host");
	box_put(box_in(b, "host/dir/inner"), "inner");
	box_put(box_in(b, "rootfs/etc/hosts"), "127.0.0.1 localhost\n1.1.1.1 pinned.example other\n");
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

struct box *box_new_usual(void)
{
	struct box *b = box_new();

	box_add(b, "/proc", "proc", "proc", NULL);
	box_add(b, "/dev", "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k", NULL);
	box_add(b, "/dev/pts", "devpts", "devpts", "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", NULL);
	box_add(b, "/dev/shm", "tmpfs", "shm", "nosuid", "noexec", "nodev", "mode=1777", "size=65536k", NULL);
	box_add(b, "/dev/mqueue", "mqueue", "mqueue", "nosuid", "noexec", "nodev", NULL);
	box_add(b, "/sys", "sysfs", "sysfs", "nosuid", "noexec", "nodev", "ro", NULL);
	box_add(b, "/sys/fs/cgroup", "cgroup", "cgroup", "nosuid", "noexec", "nodev", "relatime", "ro", NULL);
	return b;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *f)
{
	(void)st;
	(void)type;
	(void)f;
	return remove(path) && errno != ENOENT;
}

void box_end(struct box *b)
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

/* As between init and create: the tree and its number go to body(), which answers when the mappings are on it. */
static int ask_idmap(void *ctx, size_t i, int tree, struct err *e)
{
	char go;

	if (fd_send(*(int *)ctx, tree, &i, sizeof(i), e) < 0)
		return -1;
	return read(*(int *)ctx, &go, 1) == 1 ? 0 : err_msg(e, "no id mappings");
}

static void answer(struct report *rep, const struct box *b, int sock)
{
	struct rootfs_idmaps maps = ROOTFS_IDMAPS_INIT;
	int tree = -1;
	size_t i;

	while (fd_recv(sock, &i, sizeof(i), &tree, &rep->err) == sizeof(i)) {
		expect(rep, rootfs_idmap(&b->c, &maps, i, tree, &rep->err) == 0 && write(sock, "g", 1) == 1);
		fd_close(&tree);
	}
	rootfs_idmaps_free(&maps);
}

static void steps(struct report *rep, const struct box *b, struct rootfs_source *sources, int sock)
{
	struct rootfs r = {
		.sources = sources, .idmap = ask_idmap, .idmap_ctx = &sock,
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
	int status, sock[2];
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
	expect(rep, socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sock) == 0);
	pid = fork();
	expect(rep, pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(sock[0]);
		steps(rep, b, sources, sock[1]);
	}
	close(sock[1]);
	answer(rep, b, sock[0]);
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

bool box_run(struct box *b, struct report **rep)
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
	assert_true(box_holds(box_in(b, "host/file"), "of the host"));
	assert_true(box_holds(box_in(b, "host/dir/inner"), "inner"));
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 1)
		return false;
	assert_int_equal(WEXITSTATUS(status), 0);
	return true;
}

void box_works(struct box *b)
{
	struct report *rep;

	if (!box_run(b, &rep))
		fail_msg("%s", rep->err.msg);
	if (*rep->skip) {
		box_end(b);
		skip();
	}
	if (*rep->failed)
		fail_msg("%s", rep->failed);
	box_end(b);
}

void box_fails(struct box *b, const char *text)
{
	struct report *rep;

	if (box_run(b, &rep))
		fail_msg("worked, but should say \"%s\"; %s", text, rep->failed);
	if (!strstr(rep->err.msg, text))
		fail_msg("\"%s\" instead of \"%s\"", rep->err.msg, text);
	box_end(b);
}


/* --- looking around ------------------------------------------------------------------------------------------------ */

const char *look_options(const char *place)
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

bool look_has(const char *place, const char *word)
{
	const char *o = look_options(place);

	return o && strstr(o, word);
}

bool look_is_dev(const char *path, unsigned int major_, unsigned int minor_, unsigned int mode)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(major_, minor_) &&
	       (st.st_mode & 07777) == mode;
}

bool look_links_to(const char *path, const char *text)
{
	char buf[256];
	ssize_t n = readlink(path, buf, sizeof(buf) - 1);

	return n >= 0 && (buf[n] = 0, strcmp(buf, text) == 0);
}

bool look_is_on(const char *path, long magic)
{
	struct statfs sfs;

	return statfs(path, &sfs) == 0 && sfs.f_type == magic;
}

void box_copy_busybox(const struct box *b)
{
	char cmd[PATH_MAX * 2];

	snprintf(cmd, sizeof(cmd), "cp /bin/busybox %s/rootfs/bin/busybox && ln -s busybox %s/rootfs/bin/sh", b->dir, b->dir);
	assert_int_equal(system(cmd), 0);
}

void box_mask_usual(struct box *b)
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

/* --- the program ----------------------------------------------------------------------------------------------- */

int box_tests(const char *name, const struct CMUnitTest *tests, size_t n)
{
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
	/* Where it is a mount of its own (Debian 13: nosuid, nodev), device nodes of images can be opened in ours all the same. */
	if (mount(NULL, "/tmp", NULL, MS_REMOUNT | MS_BIND | MS_RELATIME, NULL) < 0 && errno != EINVAL) {
		perror("take nodev off /tmp");
		return 1;
	}
	return _cmocka_run_group_tests(name, tests, n, NULL, NULL);
}
