// SPDX-License-Identifier: Apache-2.0
/* hosts.c - the names that net-allow pinned, in the container's /etc/hosts
 *
 * Resolvers give all addresses that /etc/hosts has for a name, not only the first. So the engine's lines for a pinned name
 * go, and what the policy was compiled with is what programs find.
 *
 * The engine's file is not touched: it is bound into the container, and often shared by the containers of a pod. A copy in
 * a small tmpfs of its own is mounted over it, which works below a read-only root as well.
 *
 * Runs in:  init, before pivot_root. The file is the image's or the engine's: it may be a FIFO, huge, or a symlink.
 */
#include "rootfs/hosts.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "base/sys.h"
#include "rootfs/mount.h"
#include "rootfs/rootfs.h"
#include "rootfs/state.h"
#include "rootfs/target.h"

#define HOSTS_MAX (1u << 20)
#define BLANK " \t\r\v\f"

/* --- the text ------------------------------------------------------------------------------------------- */

static bool same_name(const char *a, size_t a_len, const char *b)
{
	size_t b_len = strlen(b);

	a_len -= a_len && a[a_len - 1] == '.';
	b_len -= b_len && b[b_len - 1] == '.';
	return a_len == b_len && !strncasecmp(a, b, a_len);
}

static bool is_pinned(const char *name, size_t len, const struct policy_host *hosts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (same_name(name, len, hosts[i].name))
			return true;
	return false;
}

static void print_pinned(FILE *f, const struct policy_host *hosts, size_t n)
{
	fputs("# Pinned by the network policy of this container.\n", f);
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < hosts[i].n; k++) {
			const struct in6_addr *a = &hosts[i].addrs[k];
			char text[INET6_ADDRSTRLEN];

			if (IN6_IS_ADDR_V4MAPPED(a))
				inet_ntop(AF_INET, &a->s6_addr[12], text, sizeof(text));
			else
				inet_ntop(AF_INET6, a, text, sizeof(text));
			fprintf(f, "%s\t%s\n", text, hosts[i].name);
		}
	}
}

/* A line without pinned names, as it was; else only its other names, or nothing if it has none. @end: of its names, before
 * a comment. */
static void print_line(FILE *f, const char *line, size_t len, const struct policy_host *hosts, size_t n)
{
	const char *hash = memchr(line, '#', len);
	size_t end = hash ? (size_t)(hash - line) : len;
	size_t at = 0, names = 0, pinned = 0;
	autofree char *kept = xcalloc(1, end + 1);
	size_t used = 0;

	for (size_t field = 0; at < end; field++) {
		size_t start;

		while (at < end && strchr(BLANK, line[at]) && line[at])
			at++;
		for (start = at; at < end && (!line[at] || !strchr(BLANK, line[at]));)
			at++;
		if (start == at)
			break;
		if (field && is_pinned(line + start, at - start, hosts, n)) {
			pinned++;
			continue;
		}
		names += field > 0;
		if (used)
			kept[used++] = names <= 1 ? '\t' : ' ';
		memcpy(kept + used, line + start, at - start);
		used += at - start;
	}
	if (!pinned)
		fwrite(line, 1, len, f);
	else if (names)
		fwrite(kept, 1, used, f);
	else
		return;
	fputc('\n', f);
}

char *hosts_merge(const char *old, size_t len, const struct policy_host *hosts, size_t n, size_t *out_len)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, out_len);

	if (!f)
		abort(); /* only for want of memory */
	print_pinned(f, hosts, n);
	for (size_t at = 0; at < len;) {
		const char *nl = memchr(old + at, '\n', len - at);
		size_t end = nl ? (size_t)(nl - old) : len;

		print_line(f, old + at, end - at, hosts, n);
		at = end + 1;
	}
	if (fclose(f) != 0)
		abort();
	return text;
}

/* --- the file -------------------------------------------------------------------------------------------- */

/* Reads @target (O_PATH). What is no file counts as empty: it is mounted over, not opened. */
static int read_old(int target, char **text, size_t *len, struct err *e)
{
	char path[32];
	autofree char *buf = NULL;
	autofd fd = -1;
	struct stat st;
	ssize_t n;

	*len = 0;
	if (fstat(target, &st) < 0)
		return err_sys(e, "stat");
	if (S_ISDIR(st.st_mode))
		return err_set(e, EISDIR, "a file is expected");
	*text = xstrdup("");
	if (!S_ISREG(st.st_mode))
		return 0;
	/* By the descriptor that was looked at. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", target);
	fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open");
	buf = xcalloc(1, HOSTS_MAX + 1);
	n = fd_read_all(fd, buf, HOSTS_MAX + 1);
	if (n < 0)
		return err_sys(e, "read");
	if (n > (ssize_t)HOSTS_MAX)
		return err_set(e, EFBIG, "more than %u bytes", HOSTS_MAX);
	*len = (size_t)n;
	free(*text);
	*text = steal_ptr(&buf);
	return 0;
}

static int make_tmpfs(const struct rootfs *r, size_t len, struct err *e)
{
	autofree char *size = xasprintf("size=%zu", len + (256u << 10)); /* room for edits of the workload */
	char *data[] = { size, (char *)"nr_inodes=4", (char *)"mode=755" };
	struct mount_options o = {
		.set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
		.data = data,
		.n_data = ARRAY_SIZE(data),
	};
	struct mount_fs fs = { .type = "tmpfs", .options = &o, .label = r->state ? r->state->label : NULL };

	return mount_fs_detached(&fs, e);
}

/* A file in a new tmpfs, as a detached mount of its own. */
static int make_file(struct rootfs *r, const char *text, size_t len, struct err *e)
{
	autofd tmpfs = make_tmpfs(r, len, e);
	autofd file = -1;
	int tree, code;

	if (tmpfs < 0)
		return -1;
	file = openat(tmpfs, "hosts", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (file < 0 || fd_write_all(file, text, len) < 0)
		return err_sys(e, "write the copy");
	/* Before Linux 6.15 only an attached mount can be copied. So the tmpfs hangs on top of the root for a moment;
	 * our descriptors of the root are under it, and nobody else is in this mount namespace. */
	if (mount_attach(tmpfs, r->rootfd, e) < 0)
		return -1;
	tree = mount_clone(tmpfs, "hosts", false, true);
	code = errno;
	if (mount_detach(tmpfs) < 0) {
		fd_close(&tree);
		return err_sys(e, "detach the tmpfs");
	}
	return tree < 0 ? err_set(e, code, "copy the mount") : tree;
}

/* Where the workload could not have written the engine's file, it cannot write ours. */
static bool is_readonly(const struct rootfs *r, int target)
{
	struct statvfs st;
	struct statx file, root;

	if (fstatvfs(target, &st) == 0 && (st.f_flag & ST_RDONLY))
		return true;
	if (!r->config->root.readonly)
		return false;
	return statx(target, "", AT_EMPTY_PATH, STATX_TYPE, &file) == 0 &&
	       statx(r->rootfd, "", AT_EMPTY_PATH, STATX_TYPE, &root) == 0 &&
	       file.stx_dev_major == root.stx_dev_major && file.stx_dev_minor == root.stx_dev_minor;
}

/* Mounts what @merge makes of the file @file of the container over it. */
static int cover(struct rootfs *r, const char *file, char *(*merge)(const void *ctx, const char *old, size_t len, size_t *out_len),
		 const void *ctx, struct err *e)
{
	autofd target = target_open(r->rootfd, file, TARGET_FILE, e);
	autofree char *old = NULL;
	autofree char *text = NULL;
	char path[PATH_MAX];
	size_t len = 0, text_len;
	autofd tree = -1;

	if (target < 0 || target_path(r->rootfd, target, path, e) < 0 ||
	    target_check_proc(r->rootfd, target, path, false, e) < 0 || read_old(target, &old, &len, e) < 0)
		return -1;
	text = merge(ctx, old, len, &text_len);
	tree = make_file(r, text, text_len, e);
	if (tree < 0)
		return -1;
	return mount_attach_with(tree, target, false, is_readonly(r, target) ? MOUNT_ATTR_RDONLY : 0, e);
}

struct pinned {
	const struct policy_host *hosts;
	size_t n;
};

static char *merge_hosts(const void *ctx, const char *old, size_t len, size_t *out_len)
{
	const struct pinned *p = ctx;

	return hosts_merge(old, len, p->hosts, p->n, out_len);
}

int rootfs_pin_hosts(struct rootfs *r, const struct policy_host *hosts, size_t n, struct err *e)
{
	const struct pinned p = { hosts, n };
	bool any = false;

	for (size_t i = 0; i < n; i++)
		any |= hosts[i].n > 0;
	if (!any)
		return 0;
	if (!r->new_mount_ns)
		return err_msg(e, "hostnames in net-allow need a new mount namespace, for an /etc/hosts of the container's own");
	if (cover(r, "/etc/hosts", merge_hosts, &p, e) < 0)
		return err_prefix(e, "pin the hostnames of net-allow in /etc/hosts");
	return 0;
}

static bool is_server_line(const char *line, size_t len)
{
	static const char word[] = "nameserver";

	while (len && (*line == ' ' || *line == '\t')) {
		line++;
		len--;
	}
	return len >= strlen(word) && memcmp(line, word, strlen(word)) == 0;
}

/* The search list and the options stay the engine's. */
char *hosts_merge_resolv(const char *server, const char *old, size_t len, size_t *out_len)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, out_len);

	if (!f)
		abort(); /* only for want of memory */
	fprintf(f, "# the name service of this container's network policy; it asks the servers that stood here\nnameserver %s\n", server);
	for (size_t at = 0; at < len;) {
		const char *nl = memchr(old + at, '\n', len - at);
		size_t end = nl ? (size_t)(nl - old) : len;

		if (!is_server_line(old + at, end - at))
			fprintf(f, "%.*s\n", (int)(end - at), old + at);
		at = end + 1;
	}
	if (fclose(f) != 0)
		abort();
	return text;
}

static char *merge_resolv(const void *ctx, const char *old, size_t len, size_t *out_len)
{
	return hosts_merge_resolv(ctx, old, len, out_len);
}

int rootfs_point_resolv(struct rootfs *r, const char *server, struct err *e)
{
	if (!r->new_mount_ns)
		return err_msg(e, "a name service needs a new mount namespace, for an /etc/resolv.conf of the container's own");
	if (cover(r, "/etc/resolv.conf", merge_resolv, server, e) < 0)
		return err_prefix(e, "point /etc/resolv.conf to the container's name service");
	return 0;
}
