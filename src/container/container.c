// SPDX-License-Identifier: Apache-2.0
/* container.c - a container on disk: its state directory, its lock, whose init it has
 *
 * Owns:     what makes, finds, locks and removes <root>/<id>/.
 * Must not: know the form of the record (record.c), nor what state a container is in (status.c).
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
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "base/sys.h"
#include "container/record.h"
#include "container/stateroot.h"
#include "oci/read.h"

#define CONFIG_MAX (16 * 1024 * 1024)
#define LOCK "lock"
#define CLAIM_MS 10000 /* for a delete that has found the lock before us: it removes all */

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

void container_init(struct container *c)
{
	memset(c, 0, sizeof(*c));
	c->rootfd = c->dirfd = c->lockfd = -1;
}

static void name(struct container *c, const char *root, const char *id)
{
	container_init(c);
	c->root = xstrdup(root);
	c->id = xstrdup(id);
}

/* The file has no name any more, or the directory has gone with it. */
static bool is_unlinked(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_nlink == 0;
}

static int is_gone(const struct container *c, struct err *e)
{
	return err_text(e, ENOENT, "container does not exist: %s", c->id);
}

/* Waits at most @timeout_ms for the lock @fd, which is that of a container only as long as the file has its name. */
static int take_lock(const struct container *c, int fd, int timeout_ms, struct err *e)
{
	/* flock(2) has no deadline. The holder is another sandrun at work: it ends soon or was killed, which frees it. */
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EINTR)
			continue;
		if (errno != EWOULDBLOCK)
			return err_sys(e, "lock container %s", c->id);
		if (is_unlinked(fd))
			return is_gone(c, e);
		if (timeout_ms <= 0)
			return err_set(e, EBUSY, "container %s is being worked on by another sandrun", c->id);
		poll(NULL, 0, 10);
		timeout_ms -= 10;
	}
	return is_unlinked(fd) ? is_gone(c, e) : 0;
}

int container_lock(struct container *c, int timeout_ms, struct err *e)
{
	/* Never made here: a removal is at its end when it takes the lock's name away, and a new lock would be in its way. */
	autofd fd = openat(c->dirfd, LOCK, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0 && errno == ENOENT && is_unlinked(c->dirfd))
		return is_gone(c, e);
	if (fd < 0 && errno == ENOENT)
		return err_text(e, ENOLCK, "container %s has no lock: it is just being made or removed, or its state directory is damaged",
				c->id);
	if (fd < 0)
		return err_sys(e, "open the lock of container %s", c->id);
	if (take_lock(c, fd, timeout_ms, e) < 0)
		return -1;
	c->lockfd = fd_steal(&fd);
	return 0;
}

void container_unlock(struct container *c)
{
	if (c->lockfd >= 0)
		flock(c->lockfd, LOCK_UN);
	fd_close(&c->lockfd);
}

/* The one place that makes a lock. A delete may be faster: then there is nothing to be claimed any more. */
static int make_lock(struct container *c, struct err *e)
{
	autofd fd = openat(c->dirfd, LOCK, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_sys(e, "make the lock of container %s", c->id);
	if (take_lock(c, fd, CLAIM_MS, e) < 0)
		return -1;
	c->lockfd = fd_steal(&fd);
	return 0;
}

int container_claim(const char *root, const char *id, struct container *c, struct err *e)
{
	struct err why = { 0 };

	name(c, root, id);
	if (container_check_id(id, e) < 0)
		return -1;
	c->rootfd = stateroot_open(root, true, e);
	if (c->rootfd < 0)
		return -1;
	/* mkdir(2) is the claim: of two creates with one id, one wins. */
	if (mkdirat(c->rootfd, id, 0700) < 0) {
		if (errno == EEXIST)
			return err_text(e, EEXIST, "container with given ID already exists: %s", id);
		return err_sys(e, "make the state directory %s/%s", root, id);
	}
	c->dirfd = stateroot_open_one(c->rootfd, id, &why);
	if (c->dirfd >= 0 && make_lock(c, &why) == 0)
		return 0;
	if (why.code == ENOENT)
		return err_text(e, ECANCELED, "container %s was deleted while it was being created", id);
	unlinkat(c->rootfd, id, AT_REMOVEDIR);
	return err_text(e, why.code, "%s", why.msg);
}

int container_open(const char *root, const char *id, struct container *c, struct err *e)
{
	name(c, root, id);
	if (container_check_id(id, e) < 0)
		return -1;
	c->rootfd = stateroot_open(root, false, e);
	if (c->rootfd < 0)
		return e && e->code == ENOENT ? is_gone(c, e) : -1;
	c->dirfd = stateroot_open_one(c->rootfd, id, e);
	if (c->dirfd < 0)
		return -1;
	/* Docker gives every runtime the same root: runc's containers have a state.json and no lock of ours. */
	if (faccessat(c->dirfd, LOCK, F_OK, 0) < 0 && faccessat(c->dirfd, "state.json", F_OK, 0) == 0)
		return err_text(e, ENOENT, "container does not exist: %s (its state directory is another runtime's)", id);
	return record_read(c, e);
}

char *container_path(const struct container *c, struct err *e)
{
	char link[32], path[PATH_MAX];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", c->dirfd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n < 0) {
		err_sys(e, "find the state directory of %s", c->id);
		return NULL;
	}
	return xstrndup(path, (size_t)n);
}

void container_salvage(struct container *c)
{
	struct err e;

	if (record_read_copy(c, &e) < 0)
		log_warn("%s; neither is there a copy: a process or a cgroup of it may be left", e.msg);
}

int container_reload(struct container *c, struct err *e)
{
	struct container fresh;

	/* The directory that we hold may have been removed by the create that made it. */
	if (is_unlinked(c->dirfd))
		return is_gone(c, e);
	name(&fresh, c->root, c->id);
	fresh.dirfd = fcntl(c->dirfd, F_DUPFD_CLOEXEC, 0);
	if (record_read(&fresh, e) < 0) {
		container_close(&fresh);
		return -1;
	}
	fresh.rootfd = fd_steal(&c->rootfd);
	fresh.lockfd = fd_steal(&c->lockfd);
	container_close(c);
	*c = fresh;
	return 0;
}

/* In this order: without its record it is a create that has died, and without its lock nobody's. */
static const char *const last[] = { CONTAINER_RECORD_COPY, CONTAINER_RECORD, LOCK };

static bool is_last(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(last); i++)
		if (str_eq(name, last[i]))
			return true;
	return false;
}

int container_remove_empty(const struct container *c, struct err *e)
{
	return unlinkat(c->rootfd, c->id, AT_REMOVEDIR) == 0 || errno == ENOENT ? 0 : err_sys(e, "remove the state directory of %s", c->id);
}

int container_remove(struct container *c, struct err *e)
{
	int copy = dup(c->dirfd);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *de;
	int r = 0;

	if (!d)
		return err_sys(e, "read the state directory of %s", c->id);
	rewinddir(d);
	while ((de = readdir(d)))
		if (!str_eq(de->d_name, ".") && !str_eq(de->d_name, "..") && !is_last(de->d_name) &&
		    file_remove_tree(c->dirfd, de->d_name, r ? NULL : e) < 0)
			r = -1;
	closedir(d);
	/* Killed anywhere, we leave what the next one understands: a container, or an empty directory. */
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(last); i++)
		r = file_remove_tree(c->dirfd, last[i], e);
	if (r < 0)
		return err_prefix(e, "the state directory of %s", c->id);
	if (container_remove_empty(c, e) < 0)
		return -1;
	/* Who waits for the lock need not wait for what we do afterwards (hooks). */
	container_unlock(c);
	return 0;
}

void container_close(struct container *c)
{
	record_free(c);
	free(c->root);
	free(c->id);
	fd_close(&c->rootfd);
	fd_close(&c->dirfd);
	fd_close(&c->lockfd);
	container_init(c);
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

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int container_list_ids(const char *root, char ***ids, size_t *n, struct err *e)
{
	DIR *d = opendir(root);
	struct dirent *de;

	*ids = NULL;
	*n = 0;
	if (!d)
		return err_sys(e, "read the state root %s", root);
	while ((de = readdir(d))) {
		autofree char *lock = xasprintf("%s/" LOCK, de->d_name);

		if (container_check_id(de->d_name, NULL) < 0 || faccessat(dirfd(d), lock, F_OK, 0) < 0)
			continue;
		*ids = xrealloc(*ids, *n + 1, sizeof(**ids));
		(*ids)[(*n)++] = xstrdup(de->d_name);
	}
	closedir(d);
	if (*n)
		qsort(*ids, *n, sizeof(**ids), by_name);
	return 0;
}

int container_read_config(const struct container *c, struct oci_config *out, struct err *e)
{
	autofree char *text = NULL;
	struct oci_error oe;
	size_t len;

	if (file_read_regular(c->dirfd, CONTAINER_CONFIG, CONFIG_MAX, &text, &len, e) < 0)
		return err_prefix(e, "container %s", c->id);
	if (oci_config_parse(text, len, out, &oe) < 0)
		return err_msg(e, "container %s: its configuration: %s", c->id, oe.msg);
	return 0;
}
