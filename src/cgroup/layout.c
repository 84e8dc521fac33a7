// SPDX-License-Identifier: Apache-2.0
/* layout.c - find the cgroup hierarchies in /proc/self/mountinfo and /proc/self/cgroup
 *
 * Owns:     the two text formats, and which mount is taken where a hierarchy has several.
 * Must not: guess from path names: co-mounted controllers come in any order ("cpu,cpuacct",
 *           "cpuacct,cpu") and any place.
 * Runs in:  create, once; later commands use the directories written down in the state file.
 */
#include "cgroup/layout.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cgroupfs.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/str.h"
#include "cgroup/internal.h"

#define MOUNTINFO_MAX ((size_t)64 << 20)

static const struct {
	const char *v1, *v2;
} controller_names[] = {
	[CG_CPU] = { "cpu", "cpu" },
	[CG_CPUACCT] = { "cpuacct", NULL },
	[CG_CPUSET] = { "cpuset", "cpuset" },
	[CG_MEMORY] = { "memory", "memory" },
	[CG_DEVICES] = { "devices", NULL },
	[CG_FREEZER] = { "freezer", NULL },
	[CG_BLKIO] = { "blkio", "io" },
	[CG_PIDS] = { "pids", "pids" },
	[CG_HUGETLB] = { "hugetlb", "hugetlb" },
	[CG_NET_CLS] = { "net_cls", NULL },
	[CG_NET_PRIO] = { "net_prio", NULL },
	[CG_PERF_EVENT] = { "perf_event", NULL },
	[CG_RDMA] = { "rdma", "rdma" },
	[CG_MISC] = { "misc", "misc" },
};
_Static_assert(ARRAY_SIZE(controller_names) == CG_COUNT, "a controller has no name");

const char *cg_controller_name(enum cg_controller c, bool v2)
{
	const char *v2_name = controller_names[c].v2;

	return v2 && v2_name ? v2_name : controller_names[c].v1;
}

static bool same_word(const char *s, size_t len, const char *word)
{
	return word && strlen(word) == len && strncmp(s, word, len) == 0;
}

uint32_t cg_controllers_parse(const char *list, const char *sep, bool v2)
{
	uint32_t set = 0;

	while (*list) {
		size_t len = strcspn(list, sep);

		for (unsigned int c = 0; c < CG_COUNT; c++)
			if (same_word(list, len,
				      v2 ? controller_names[c].v2 : controller_names[c].v1))
				set |= CG_BIT(c);
		list += len;
		list += strspn(list, sep);
	}
	return set;
}

/* Takes the word up to @sep off the front of *s. */
static char *take(char **s, char sep)
{
	char *word = *s, *end;

	if (!word)
		return NULL;
	end = strchr(word, sep);
	if (end)
		*end++ = 0;
	*s = end;
	return word;
}

/* mountinfo writes space, tab, newline and backslash as \ooo. In place. */
static void unescape(char *s)
{
	char *w = s;

	for (; *s; s++) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' &&
		    s[3] >= '0' && s[3] <= '7') {
			*w++ = (char)((s[1] - '0') * 64 + (s[2] - '0') * 8 + (s[3] - '0'));
			s += 3;
		} else {
			*w++ = *s;
		}
	}
	*w = 0;
}

/* "cpuacct,cpu" against "rw,cpu,cpuacct,xattr": a controller belongs to one hierarchy only, so the
 * first decides. */
static bool options_have(const char *options, const char *key)
{
	size_t key_len = str_starts(key, "name=") ? strlen(key) : strcspn(key, ",");

	while (*options) {
		size_t len = strcspn(options, ",");

		if (len == key_len && strncmp(options, key, len) == 0)
			return true;
		options += len;
		options += *options == ',';
	}
	return false;
}

static struct cg_hier *find(struct cg_layout *l, bool v2, const char *options)
{
	for (size_t i = 0; i < l->n; i++) {
		if (l->v[i].v2 != v2)
			continue;
		if (v2 || options_have(options, l->v[i].key))
			return &l->v[i];
	}
	return NULL;
}

static bool under_usual_root(const char *mount)
{
	size_t n = strlen(CGROUPFS_ROOT);

	return strncmp(mount, CGROUPFS_ROOT, n) == 0 && (mount[n] == '/' || !mount[n]);
}

/* A hierarchy can be mounted many times (also bind mounts into other containers' trees): the usual
 * place wins, then a mount of the whole of it, then the first. */
static bool better(const struct cg_hier *h, const char *mount, const char *root)
{
	if (!h->mount)
		return true;
	if (under_usual_root(mount) != under_usual_root(h->mount))
		return under_usual_root(mount);
	return str_eq(root, "/") && !str_eq(h->root, "/");
}

/* 36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue */
static void mount_line(struct cg_layout *l, char *line, bool (*visible)(const char *, dev_t))
{
	char *dash = strstr(line, " - cgroup");
	unsigned int major_, minor_;
	char *root, *mount, *fstype, *tail;
	struct cg_hier *h;
	bool v2;
	dev_t dev;

	if (!dash)
		return;
	*dash = 0;
	tail = dash + 3;
	fstype = take(&tail, ' ');
	take(&tail, ' '); /* source */
	v2 = str_eq(fstype, "cgroup2");
	if (!tail || (!v2 && !str_eq(fstype, "cgroup")))
		return;
	h = find(l, v2, tail);
	if (!h)
		return;
	take(&line, ' ');
	take(&line, ' ');
	if (!line || sscanf(line, "%u:%u", &major_, &minor_) != 2)
		return;
	dev = makedev(major_, minor_);
	take(&line, ' ');
	root = take(&line, ' ');
	mount = take(&line, ' ');
	if (!root || !mount)
		return;
	unescape(root);
	unescape(mount);
	if (!better(h, mount, root) || (visible && !visible(mount, dev)))
		return;
	free(h->mount);
	free(h->root);
	h->mount = xstrdup(mount);
	h->root = xstrdup(root);
	h->dev = dev;
}

/* 4:memory:/user.slice */
static void self_line(struct cg_layout *l, char *line)
{
	char *id = take(&line, ':');
	char *key = take(&line, ':');
	char *end;
	struct cg_hier *h;

	if (!id || !key || !line || line[0] != '/')
		return;
	/* The caller outlived his cgroup. */
	end = strstr(line, " (deleted)");
	if (end && !end[strlen(" (deleted)")])
		*end = 0;
	l->v = xrealloc(l->v, l->n + 1, sizeof(*l->v));
	h = &l->v[l->n++];
	*h = (struct cg_hier){ .v2 = str_eq(id, "0") && !*key,
			       .key = xstrdup(key),
			       .self = xstrdup(line) };
	h->controllers = h->v2 ? 0 : cg_controllers_parse(key, ",", false);
}

static void hier_free(struct cg_hier *h)
{
	free(h->key);
	free(h->mount);
	free(h->root);
	free(h->self);
}

void cg_layout_free(struct cg_layout *l)
{
	for (size_t i = 0; i < l->n; i++)
		hier_free(&l->v[i]);
	free(l->v);
	*l = (struct cg_layout){ 0 };
}

static void drop_unmounted(struct cg_layout *l)
{
	size_t kept = 0;

	for (size_t i = 0; i < l->n; i++) {
		if (l->v[i].mount)
			l->v[kept++] = l->v[i];
		else
			hier_free(&l->v[i]);
	}
	l->n = kept;
}

static void each_line(struct cg_layout *l, const char *text, bool mounts,
		      bool (*visible)(const char *, dev_t))
{
	autofree char *copy = xstrdup(text);
	char *rest = copy;

	while (rest && *rest) {
		char *line = take(&rest, '\n');

		if (mounts)
			mount_line(l, line, visible);
		else
			self_line(l, line);
	}
}

int cg_layout_parse(const char *mountinfo, const char *self_cgroup,
		    bool (*visible)(const char *mount, dev_t dev), struct cg_layout *out,
		    struct err *e)
{
	*out = (struct cg_layout){ 0 };
	each_line(out, self_cgroup, false, NULL);
	each_line(out, mountinfo, true, visible);
	drop_unmounted(out);
	if (out->n)
		return 0;
	cg_layout_free(out);
	return err_text(e, ENODEV, "no cgroup filesystem is mounted (usually on " CGROUPFS_ROOT ")");
}

bool cg_layout_pure_v2(const struct cg_layout *l)
{
	return l->n == 1 && l->v[0].v2;
}

/* mountinfo also lists mounts that another one covers; what one gets at the mount point is another
 * device then. */
static bool really_there(const char *mount, dev_t dev)
{
	struct stat st;

	return stat(mount, &st) == 0 && st.st_dev == dev;
}

/* Where only a part of the hierarchy is mounted (a container that kept its host's cgroup
 * namespace), the caller's path is not below the mount point, and the mount table must tell which
 * part it is. */
static bool self_is_below(const char *mount, const char *self)
{
	autofree char *procs = xasprintf("%s%s/cgroup.procs", mount, self);

	return str_eq(self, "/") || access(procs, F_OK) == 0;
}

/* Most hosts today. A mount table grows with every container; on this path it is not read. */
static bool load_pure_v2(const char *self_cgroup, struct cg_layout *out)
{
	if (!cgroupfs_v2_alone())
		return false;
	each_line(out, self_cgroup, false, NULL);
	for (size_t i = 0; i < out->n; i++) {
		if (!out->v[i].v2 || !self_is_below(CGROUPFS_ROOT, out->v[i].self))
			continue;
		out->v[i].mount = xstrdup(CGROUPFS_ROOT);
		out->v[i].root = xstrdup("/");
	}
	/* Others (name=systemd is possible beside it) count as not mounted: nothing can be below a
	 * v2 root. */
	drop_unmounted(out);
	if (out->n == 1)
		return true;
	cg_layout_free(out);
	return false;
}

int cg_layout_load(struct cg_layout *out, struct err *e)
{
	autofree char *self = NULL, *mountinfo = NULL;

	*out = (struct cg_layout){ 0 };
	if (file_read(AT_FDCWD, "/proc/self/cgroup", MOUNTINFO_MAX, &self, NULL, e) < 0)
		return -1;
	if (load_pure_v2(self, out))
		return 0;
	if (file_read(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_MAX, &mountinfo, NULL, e) < 0)
		return -1;
	return cg_layout_parse(mountinfo, self, really_there, out, e);
}
