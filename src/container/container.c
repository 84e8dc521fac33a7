// SPDX-License-Identifier: Apache-2.0
/* container.c - a container on disk: its state directory, its record, its lock
 *
 * Runs in:  the commands.
 */
#include "container/container.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <yajl/yajl_tree.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "base/sys.h"
#include "cgroup/cgroup.h"
#include "oci/json_write.h"
#include "oci/read.h"
#include "oci/state.h"
#include "supervisor/supervisor.h"

#define RECORD_MAX (1024 * 1024)
#define CONFIG_MAX (16 * 1024 * 1024)

static const char *const status_names[] = {
	[CONTAINER_CREATING] = "creating",
	[CONTAINER_CREATED] = "created",
	[CONTAINER_RUNNING] = "running",
	[CONTAINER_PAUSED] = "paused",
	[CONTAINER_STOPPED] = "stopped",
};

char *container_root(const char *option)
{
	const char *runtime_dir = getenv("XDG_RUNTIME_DIR");

	if (option && *option)
		return xstrdup(option);
	/* The variable decides only for users: podman exports an empty one as root, and sudo may keep a user's. Root
	 * inside a user namespace (rootless podman) has one of its own and may not write to /run. */
	if (geteuid() == 0 && access("/run", W_OK) == 0)
		return xstrdup("/run/sandrun");
	if (runtime_dir && *runtime_dir)
		return xasprintf("%s/sandrun", runtime_dir);
	return xasprintf("/tmp/sandrun-%u", (unsigned int)geteuid());
}

char *container_cache_dir(void)
{
	autofree char *root = container_root(NULL);
	char *path = xasprintf("%s.cache", root);

	if (mkdir(path, 0700) == 0 || errno == EEXIST)
		return path;
	free(path);
	return NULL;
}

int container_check_id(const char *id, struct err *e)
{
	size_t len = strlen(id);

	if (len == 0 || len > NAME_MAX)
		return err_text(e, EINVAL, "container id: 1 to %d characters are possible, not %zu", NAME_MAX, len);
	if (str_eq(id, ".") || str_eq(id, ".."))
		return err_text(e, EINVAL, "container id \"%s\" is not possible", id);
	for (const char *p = id; *p; p++)
		if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') ||
		      strchr("_+-.", *p)))
			return err_text(e, EINVAL,
					"container id \"%.200s\": letters, digits and _ + - . are possible, nothing else", id);
	return 0;
}

uint64_t container_start_time(pid_t pid)
{
	char path[64];
	autofree char *text = NULL;
	unsigned long long start = 0;
	char state = 0;
	char *p;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (file_read(AT_FDCWD, path, 8192, &text, NULL, NULL) < 0)
		return 0;
	/* The name in parentheses may hold anything: the last ")" ends it. */
	p = strrchr(text, ')');
	if (!p || sscanf(p + 1, " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu", &state,
			 &start) != 2)
		return 0;
	return state == 'Z' || state == 'X' ? 0 : start;
}

static void init_struct(struct container *c, const char *root, const char *id)
{
	memset(c, 0, sizeof(*c));
	c->dirfd = -1;
	c->lockfd = -1;
	c->root = xstrdup(root);
	c->id = xstrdup(id);
}

int container_lock(struct container *c, int timeout_ms, struct err *e)
{
	autofd fd = openat(c->dirfd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_sys(e, "open the lock of container %s", c->id);
	/* flock(2) has no deadline. The holder is another sandrun at work: it ends soon or was killed, which frees it. */
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EINTR)
			continue;
		if (errno != EWOULDBLOCK)
			return err_sys(e, "lock container %s", c->id);
		if (timeout_ms <= 0)
			return err_set(e, EBUSY, "container %s is being worked on by another sandrun", c->id);
		poll(NULL, 0, 10);
		timeout_ms -= 10;
	}
	c->lockfd = fd_steal(&fd);
	return 0;
}

void container_unlock(struct container *c)
{
	if (c->lockfd >= 0)
		flock(c->lockfd, LOCK_UN);
	fd_close(&c->lockfd);
}

int container_claim(const char *root, const char *id, struct container *c, struct err *e)
{
	autofree char *path = xasprintf("%s/%s", root, id);

	init_struct(c, root, id);
	if (container_check_id(id, e) < 0)
		return -1;
	if (file_mkdirs(root, 0700, e) < 0)
		return err_prefix(e, "state root");
	/* mkdir(2) is the claim: of two creates with one id, one wins. */
	if (mkdir(path, 0700) < 0) {
		if (errno == EEXIST)
			return err_text(e, EEXIST, "container with given ID already exists: %s", id);
		return err_sys(e, "make the state directory %s", path);
	}
	c->dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (c->dirfd < 0 || container_lock(c, 0, e) < 0) {
		err_sys(e, "open the state directory %s", path);
		rmdir(path);
		return -1;
	}
	return 0;
}

static const char *tree_string(yajl_val tree, const char *key)
{
	const char *path[] = { key, NULL };
	yajl_val v = yajl_tree_get(tree, path, yajl_t_string);

	return v ? YAJL_GET_STRING(v) : NULL;
}

static uint64_t tree_number(yajl_val tree, const char *key)
{
	const char *path[] = { key, NULL };
	yajl_val v = yajl_tree_get(tree, path, yajl_t_number);

	return v ? strtoull(YAJL_GET_NUMBER(v), NULL, 10) : 0;
}

static bool tree_true(yajl_val tree, const char *key)
{
	const char *path[] = { key, NULL };

	return yajl_tree_get(tree, path, yajl_t_true) != NULL;
}

static char *dup_or_null(const char *s)
{
	return s ? xstrdup(s) : NULL;
}

static void take_annotations(struct container *c, yajl_val tree)
{
	const char *path[] = { "annotations", NULL };
	yajl_val v = yajl_tree_get(tree, path, yajl_t_object);

	if (!v)
		return;
	c->annotations.v = xcalloc(v->u.object.len, sizeof(*c->annotations.v));
	for (size_t i = 0; i < v->u.object.len; i++) {
		if (!YAJL_IS_STRING(v->u.object.values[i]))
			continue;
		c->annotations.v[c->annotations.n].key = xstrdup(v->u.object.keys[i]);
		c->annotations.v[c->annotations.n++].value = xstrdup(YAJL_GET_STRING(v->u.object.values[i]));
	}
}

static int load_record(struct container *c, struct err *e)
{
	autofree char *text = NULL;
	char why[256] = "";
	yajl_val tree;

	if (faccessat(c->dirfd, CONTAINER_RECORD, F_OK, 0) < 0 && errno == ENOENT) {
		c->creating = true;
		return 0;
	}
	if (file_read(c->dirfd, CONTAINER_RECORD, RECORD_MAX, &text, NULL, e) < 0)
		return err_prefix(e, "container %s", c->id);
	tree = yajl_tree_parse(text, why, sizeof(why));
	if (!tree)
		return err_msg(e, "container %s: its record is damaged: %s", c->id, why);
	c->creating = tree_true(tree, "creating");
	c->bpf = tree_true(tree, "bpf");
	c->foreign = tree_true(tree, "foreign");
	c->cgroup_planned = tree_true(tree, "cgroupPlanned");
	c->private_pid = tree_true(tree, "privatePid");
	c->poststart = tree_true(tree, "poststart");
	c->poststop = tree_true(tree, "poststop");
	c->pid = (pid_t)tree_number(tree, "pid");
	c->start_time = tree_number(tree, "startTime");
	c->bundle = dup_or_null(tree_string(tree, "bundle"));
	c->rootfs = dup_or_null(tree_string(tree, "rootfs"));
	c->created = dup_or_null(tree_string(tree, "created"));
	c->owner = dup_or_null(tree_string(tree, "owner"));
	c->cgroup = dup_or_null(tree_string(tree, "cgroup"));
	c->rdt = dup_or_null(tree_string(tree, "rdt"));
	c->supervisor_pid = (pid_t)tree_number(tree, "supervisorPid");
	c->supervisor_start_time = tree_number(tree, "supervisorStartTime");
	c->enforcement = dup_or_null(tree_string(tree, "enforcement"));
	take_annotations(c, tree);
	yajl_tree_free(tree);
	return 0;
}

int container_open(const char *root, const char *id, struct container *c, struct err *e)
{
	autofree char *path = xasprintf("%s/%s", root, id);

	init_struct(c, root, id);
	if (container_check_id(id, e) < 0)
		return -1;
	c->dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (c->dirfd < 0) {
		/* The engines match these words (containerd, podman, CRI-O). */
		if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)
			return err_text(e, ENOENT, "container does not exist: %s", id);
		return err_sys(e, "open the state directory %s", path);
	}
	/* Docker gives every runtime the same root: runc's containers have a state.json and no lock of ours. */
	if (faccessat(c->dirfd, "lock", F_OK, 0) < 0 && faccessat(c->dirfd, "state.json", F_OK, 0) == 0)
		return err_text(e, ENOENT, "container does not exist: %s (its state directory is another runtime's)", id);
	return load_record(c, e);
}

int container_reload(struct container *c, struct err *e)
{
	struct container fresh;
	struct stat st;

	/* The directory that we hold may have been removed by the create that made it. */
	if (fstat(c->dirfd, &st) == 0 && st.st_nlink == 0)
		return err_text(e, ENOENT, "container does not exist: %s", c->id);
	if (container_open(c->root, c->id, &fresh, e) < 0) {
		container_close(&fresh);
		return -1;
	}
	fresh.lockfd = fd_steal(&c->lockfd);
	container_close(c);
	*c = fresh;
	return 0;
}

int container_save(const struct container *c, struct err *e)
{
	struct json_out *j = json_out_new(false);
	autofree char *text = NULL;

	json_open_map(j);
	json_kv_string(j, "id", c->id);
	json_kv_bool(j, "creating", c->creating);
	json_kv_bool(j, "bpf", c->bpf);
	json_kv_bool(j, "foreign", c->foreign);
	json_kv_bool(j, "cgroupPlanned", c->cgroup_planned);
	json_kv_bool(j, "privatePid", c->private_pid);
	json_kv_bool(j, "poststart", c->poststart);
	json_kv_bool(j, "poststop", c->poststop);
	json_kv_int(j, "pid", c->pid);
	json_kv_uint(j, "startTime", c->start_time);
	json_kv_string(j, "bundle", c->bundle);
	json_kv_string(j, "rootfs", c->rootfs);
	json_kv_string(j, "created", c->created);
	json_kv_string(j, "owner", c->owner);
	if (c->cgroup)
		json_kv_string(j, "cgroup", c->cgroup);
	if (c->rdt)
		json_kv_string(j, "rdt", c->rdt);
	if (c->supervisor_pid) {
		json_kv_int(j, "supervisorPid", c->supervisor_pid);
		json_kv_uint(j, "supervisorStartTime", c->supervisor_start_time);
	}
	if (c->enforcement)
		json_kv_string(j, "enforcement", c->enforcement);
	json_key(j, "annotations");
	json_open_map(j);
	for (size_t i = 0; i < c->annotations.n; i++)
		json_kv_string(j, c->annotations.v[i].key, c->annotations.v[i].value);
	json_close_map(j);
	json_close_map(j);
	text = json_out_finish(j);
	return file_replace(c->dirfd, CONTAINER_RECORD, text, strlen(text), 0600, e);
}

int container_remove(struct container *c, struct err *e)
{
	autofree char *path = xasprintf("%s/%s", c->root, c->id);
	int copy = dup(c->dirfd);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *de;

	if (!d)
		return err_sys(e, "read the state directory %s", path);
	rewinddir(d);
	while ((de = readdir(d)))
		if (!str_eq(de->d_name, ".") && !str_eq(de->d_name, ".."))
			unlinkat(c->dirfd, de->d_name, 0);
	closedir(d);
	if (rmdir(path) < 0 && errno != ENOENT)
		return err_sys(e, "remove the state directory %s", path);
	return 0;
}

void container_close(struct container *c)
{
	for (size_t i = 0; i < c->annotations.n; i++) {
		free(c->annotations.v[i].key);
		free(c->annotations.v[i].value);
	}
	free(c->annotations.v);
	free(c->root);
	free(c->id);
	free(c->bundle);
	free(c->rootfs);
	free(c->created);
	free(c->owner);
	free(c->cgroup);
	free(c->rdt);
	free(c->enforcement);
	fd_close(&c->dirfd);
	fd_close(&c->lockfd);
	memset(c, 0, sizeof(*c));
	c->dirfd = c->lockfd = -1;
}

bool container_alive(const struct container *c)
{
	return c->pid > 0 && container_start_time(c->pid) == c->start_time;
}

int container_pidfd(const struct container *c)
{
	autofd fd = c->pid > 0 ? sys_pidfd_open(c->pid, 0) : -1;

	/* The check after the open: the pidfd then stands for the process whose start time was read. */
	if (fd < 0 || !container_alive(c)) {
		errno = ESRCH;
		return -1;
	}
	return fd_steal(&fd);
}

static bool is_locked(const struct container *c)
{
	autofd fd = openat(c->dirfd, "lock", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	return c->lockfd < 0 && fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

enum container_status container_status(const struct container *c)
{
	struct cgroup *cg;
	bool frozen;

	/* A create that died leaves its mark, but not its lock. */
	if (c->creating)
		return is_locked(c) ? CONTAINER_CREATING : CONTAINER_STOPPED;
	if (!container_alive(c))
		return CONTAINER_STOPPED;
	cg = c->cgroup ? cgroup_read(c->cgroup, NULL) : NULL;
	frozen = cg && cgroup_frozen(cg);
	cgroup_free(cg);
	if (frozen)
		return CONTAINER_PAUSED;
	return faccessat(c->dirfd, CONTAINER_START_FIFO, F_OK, 0) == 0 ? CONTAINER_CREATED : CONTAINER_RUNNING;
}

const char *container_status_name(enum container_status s)
{
	return status_names[s];
}

/* The annotations of the configuration and, with a policy, what the supervisor says of itself. */
#define STATE_OWN 4
static void add_own(struct oci_map *out, const char *key, const char *text)
{
	out->v[out->n++] = (struct oci_pair){ (char *)(uintptr_t)key, (char *)(uintptr_t)text };
}

/* What happened to the supervisor, if anything. */
static const char *supervisor_words(const struct container *c, const struct supervisor_status *sup, bool ended)
{
	if (!c->supervisor_pid || ended)
		return "";
	if (!sup->alive)
		return " (supervisor gone: what it served is denied)";
	return sup->watcher ? "" : " (watcher gone: if the supervisor ends, what it serves is denied)";
}

static void state_annotations(const struct container *c, bool ended, struct oci_map *out, char text[STATE_OWN][128])
{
	struct supervisor_status sup = { 0 };

	out->v = xcalloc(c->annotations.n + STATE_OWN, sizeof(*out->v));
	memcpy(out->v, c->annotations.v, c->annotations.n * sizeof(*out->v));
	out->n = c->annotations.n;
	if (!c->enforcement)
		return;
	supervisor_get_status(c->dirfd, &sup, NULL);
	snprintf(text[0], sizeof(text[0]), "%d", sup.alive ? (int)sup.pid : 0);
	snprintf(text[1], sizeof(text[1]), "%s%s", c->enforcement, supervisor_words(c, &sup, ended));
	snprintf(text[2], sizeof(text[2]), "%llu", (unsigned long long)sup.denied);
	snprintf(text[3], sizeof(text[3]), "%u", sup.restarts);
	add_own(out, "io.sandlock.supervisor-pid", text[0]);
	add_own(out, "io.sandlock.enforcement", text[1]);
	add_own(out, "io.sandlock.denied", text[2]);
	if (sup.restarts)
		add_own(out, "io.sandlock.supervisor-restarts", text[3]);
}

char *container_state_json(const struct container *c, enum container_status s)
{
	char text[STATE_OWN][128];
	struct oci_map annotations = { 0 };
	struct oci_state state = {
		.id = c->id,
		.status = container_status_name(s),
		.pid = s == CONTAINER_STOPPED ? 0 : c->pid,
		.bundle = c->bundle ? c->bundle : "",
		.rootfs = c->rootfs,
		.created = c->created,
		.owner = c->owner,
		.annotations = &annotations,
	};
	char *json;

	state_annotations(c, s == CONTAINER_STOPPED, &annotations, text);
	json = oci_state_write(&state, true);
	free(annotations.v);
	return json;
}

int container_list_ids(const char *root, char ***ids, size_t *n, struct err *e)
{
	DIR *d = opendir(root);
	struct dirent *de;

	*ids = NULL;
	*n = 0;
	if (!d)
		return errno == ENOENT ? 0 : err_sys(e, "read the state root %s", root);
	while ((de = readdir(d))) {
		autofree char *lock = xasprintf("%s/lock", de->d_name);

		if (container_check_id(de->d_name, NULL) < 0 || faccessat(dirfd(d), lock, F_OK, 0) < 0)
			continue;
		*ids = xrealloc(*ids, *n + 1, sizeof(**ids));
		(*ids)[(*n)++] = xstrdup(de->d_name);
	}
	closedir(d);
	return 0;
}

int container_read_config(const struct container *c, struct oci_config *out, struct err *e)
{
	autofree char *text = NULL;
	struct oci_error oe;
	size_t len;

	if (file_read(c->dirfd, CONTAINER_CONFIG, CONFIG_MAX, &text, &len, e) < 0)
		return err_prefix(e, "container %s", c->id);
	if (oci_config_parse(text, len, out, &oe) < 0)
		return err_msg(e, "container %s: its configuration: %s", c->id, oe.msg);
	return 0;
}
