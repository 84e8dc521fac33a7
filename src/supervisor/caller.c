// SPDX-License-Identifier: Apache-2.0
/* caller.c - reading the task that made a call
 *
 * Owns:     memory, descriptors, identity and cgroup of the caller, by its thread id.
 * Must not: be believed before listener_valid() said, after the last read, that the notification still stands: the
 *           thread may have died and its number gone to a stranger (each handler does so at its hard edge).
 * Runs in:  a worker thread, with CAP_SYS_PTRACE.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/cgroupfs.h"
#include "base/fd.h"
#include "base/str.h"
#include "supervisor/internal.h"
#include "supervisor/rawsys.h"

/* A pidfd costs about as much as all else together, so each worker keeps a few. A stale one cannot be mistaken: it stands
 * for one task, whose number nobody else has while it lives, and says ESRCH when it does not (caller_fetch()). */
static int cached_pidfd(struct worker *w, pid_t tid)
{
	struct cached_pidfd *slot = &w->pidfds[(unsigned int)tid % PIDFDS_CACHED];

	if (slot->tid != tid) {
		int fd = sys_pidfd_open(tid, PIDFD_THREAD);

		if (fd < 0)
			return -errno;
		if (slot->tid)
			close(slot->fd);
		*slot = (struct cached_pidfd){ .tid = tid, .fd = fd };
	}
	return slot->fd;
}

static void forget_pidfd(struct worker *w, pid_t tid)
{
	struct cached_pidfd *slot = &w->pidfds[(unsigned int)tid % PIDFDS_CACHED];

	if (slot->tid == tid) {
		close(slot->fd);
		slot->tid = 0;
	}
}

int caller_open(struct caller *c, struct worker *w, pid_t tid)
{
	const struct sup *s = w->sup;
	struct caller_identity id;

	*c = (struct caller){ .sup = s, .worker = w, .tid = tid, .pidfd = -1 };
	if (s->thread_pidfds) {
		c->pidfd = cached_pidfd(w, tid);
		return c->pidfd < 0 ? c->pidfd : 0;
	}
	/* Before 6.9 a pidfd is a process, and pidfd_getfd() uses the table of its first thread. That is the caller's table,
	 * too, unless the thread has unshared it. Then a verdict would be on another socket than the caller means; it
	 * would still be on the socket that is used (the duplicate), so nothing is let out. Refused all the same. */
	if (caller_identify(s, tid, &id) < 0)
		return -ESRCH;
	if (id.tgid != tid && raw_kcmp(id.tgid, tid, KCMP_FILES) > 0)
		return -EPERM;
	c->pidfd = sys_pidfd_open(id.tgid, 0);
	return c->pidfd < 0 ? -errno : 0;
}

void caller_close(struct caller *c)
{
	if (!c->sup->thread_pidfds)
		fd_close(&c->pidfd);
	c->pidfd = -1;
}

int caller_read_vec(const struct caller *c, const struct iovec *remote, size_t n, void *buf, size_t len)
{
	struct iovec local = { .iov_base = buf, .iov_len = len };

	if (!len)
		return 0;
	/* Short: a page in the middle is not there. */
	return process_vm_readv(c->tid, &local, 1, remote, n, 0) == (ssize_t)len ? 0 : -EFAULT;
}

int caller_read2(const struct caller *c, uint64_t addr1, void *buf1, size_t len1, uint64_t addr2, void *buf2, size_t len2)
{
	struct iovec local[2] = { { buf1, len1 }, { buf2, len2 } };
	struct iovec remote[2] = { { (void *)(uintptr_t)addr1, len1 }, { (void *)(uintptr_t)addr2, len2 } };

	return process_vm_readv(c->tid, local, 2, remote, 2, 0) == (ssize_t)(len1 + len2) ? 0 : -EFAULT;
}

int caller_read(const struct caller *c, uint64_t addr, void *buf, size_t len)
{
	struct iovec remote = { .iov_base = (void *)(uintptr_t)addr, .iov_len = len };

	return caller_read_vec(c, &remote, 1, buf, len);
}

/* What is read from a stranger is thrown away. What is written to one is not: its number must not be what finds the memory.
 * The descriptors stand for the memory that its task has now, whatever becomes of the number. */
int caller_open_memory(const struct caller *c, struct caller_memory *out)
{
	char path[32];

	*out = (struct caller_memory){ -1, -1, 0, 0 };
	snprintf(path, sizeof(path), "%d/mem", (int)c->tid);
	out->fd = openat(c->sup->proc_fd, path, O_WRONLY | O_CLOEXEC);
	snprintf(path, sizeof(path), "%d/maps", (int)c->tid);
	out->maps = openat(c->sup->proc_fd, path, O_RDONLY | O_CLOEXEC);
	return out->fd < 0 || out->maps < 0 ? -EFAULT : 0;
}

void caller_close_memory(struct caller_memory *m)
{
	fd_close(&m->fd);
	fd_close(&m->maps);
}

/* Takes the mapping of this line, "from-to perms …", if @addr is in it and the caller itself could write there. */
static bool take_mapping(struct caller_memory *m, const char *line, uint64_t addr)
{
	char *end;
	uint64_t from = strtoull(line, &end, 16), to = *end == '-' ? strtoull(end + 1, &end, 16) : 0;

	if (addr < from || addr >= to || end[0] != ' ' || end[2] != 'w')
		return false;
	m->from = from;
	m->to = to;
	return true;
}

/* By this file the kernel writes through protections. */
static bool is_writable(struct caller_memory *m, uint64_t addr)
{
	char buf[4096];
	size_t have = 0;
	off_t at = 0;
	ssize_t n;

	if (addr >= m->from && addr < m->to)
		return true;
	while ((n = pread(m->maps, buf + have, sizeof(buf) - 1 - have, at)) > 0) {
		char *line = buf, *next;

		at += n;
		buf[have + (size_t)n] = '\0';
		for (; (next = strchr(line, '\n')); line = next + 1)
			if (take_mapping(m, line, addr))
				return true;
		have = strlen(line);
		/* A name longer than the buffer: of no interest any more. */
		if (have >= sizeof(buf) - 1)
			have = 0;
		memmove(buf, line, have);
	}
	return false;
}

int caller_write(struct caller_memory *m, uint64_t addr, const void *buf, size_t len)
{
	if (!is_writable(m, addr) || addr + len > m->to)
		return -EFAULT;
	return pwrite(m->fd, buf, len, (off_t)addr) == (ssize_t)len ? 0 : -EFAULT;
}

int caller_fetch(struct caller *c, int fd)
{
	int r = sys_pidfd_getfd(c->pidfd, fd);

	if (r < 0 && errno == ESRCH && c->sup->thread_pidfds) {
		/* The task that had this number before. */
		forget_pidfd(c->worker, c->tid);
		c->pidfd = cached_pidfd(c->worker, c->tid);
		if (c->pidfd < 0)
			return -ESRCH;
		r = sys_pidfd_getfd(c->pidfd, fd);
	}
	return r < 0 ? -errno : r;
}

bool caller_is_alone(struct caller *c, int fd, const struct sockinfo *si)
{
	struct sockinfo is_now;
	autofd again = -1;
	char path[32];
	struct stat st;

	/* The link count of task/ is 2 + the number of threads (proc_task_getattr()). The one thread is the caller, and it
	 * waits for us; a table shared without CLONE_THREAD cannot exist (notify_filter.c, restrict_clone). */
	if (!c->sup->plan.restrict_clone)
		return false;
	snprintf(path, sizeof(path), "%d/task", (int)c->tid);
	if (fstatat(c->sup->proc_fd, path, &st, 0) < 0 || st.st_nlink != 3)
		return false;
	/* Alone from here on. But another thread may have put an internet socket in the place of the one that we looked at,
	 * and ended, before we counted: what counts is what the descriptor is now. */
	again = caller_fetch(c, fd);
	return again >= 0 && sockinfo_get(again, &is_now) == 0 && is_now.domain == si->domain && is_now.type == si->type &&
	       is_now.protocol == si->protocol;
}

/* --- /proc/TID/status ------------------------------------------------------------------------------------------ */

/* The file letter by letter: the line of groups alone may have 700 KB. */
struct status {
	struct caller_identity *id;
	char key[16];
	size_t key_len, comm_len;
	bool in_value, digits;
	unsigned int index; /* of the number on this line */
	uint64_t v;
};

static bool key_is(const struct status *st, const char *name)
{
	return strlen(name) == st->key_len && memcmp(st->key, name, st->key_len) == 0;
}

static unsigned int base_of(const struct status *st)
{
	if (key_is(st, "CapEff") || key_is(st, "SigPnd") || key_is(st, "ShdPnd") || key_is(st, "SigBlk") || key_is(st, "SigIgn"))
		return 16;
	return key_is(st, "Umask") ? 8 : 10;
}

static void take_ids(struct status *st, uint32_t ids[4])
{
	if (st->index < 4)
		ids[st->index] = (uint32_t)st->v;
}

static void take_group(struct status *st)
{
	struct caller_identity *id = st->id;

	if (id->groups && st->index < GROUPS_MAX)
		id->groups[st->index] = (gid_t)st->v;
	id->ngroups = st->index + 1;
}

static void take_number(struct status *st)
{
	struct caller_identity *id = st->id;
	uint32_t ids[4] = { id->uid, id->euid, id->suid, id->fsuid }, gids[4] = { id->gid, id->egid, id->sgid, id->fsgid };

	if (key_is(st, "Groups"))
		take_group(st);
	else if (key_is(st, "Uid"))
		take_ids(st, ids);
	else if (key_is(st, "Gid"))
		take_ids(st, gids);
	else if (key_is(st, "NStgid")) /* the last one counts */
		id->ns_tgid = (pid_t)st->v;
	else if (st->index > 0)
		return;
	else if (key_is(st, "Tgid"))
		id->tgid = (pid_t)st->v;
	else if (key_is(st, "Threads"))
		id->threads = (unsigned int)st->v;
	else if (key_is(st, "Umask"))
		id->umask = (mode_t)st->v;
	else if (key_is(st, "CapEff"))
		id->cap_eff = st->v;
	else if (key_is(st, "SigPnd"))
		id->sig_pending = st->v;
	else if (key_is(st, "ShdPnd"))
		id->sig_pending_shared = st->v;
	else if (key_is(st, "SigBlk"))
		id->sig_blocked = st->v;
	else if (key_is(st, "SigIgn"))
		id->sig_ignored = st->v;
	id->uid = ids[0], id->euid = ids[1], id->suid = ids[2], id->fsuid = ids[3];
	id->gid = gids[0], id->egid = gids[1], id->sgid = gids[2], id->fsgid = gids[3];
}

static void end_number(struct status *st)
{
	if (st->digits)
		take_number(st);
	st->index += st->digits;
	st->digits = false;
	st->v = 0;
}

static void take_value(struct status *st, char ch)
{
	unsigned int base = base_of(st), digit = ch >= '0' && ch <= '9' ? (unsigned int)(ch - '0') : (unsigned int)(ch - 'a') + 10;

	if (key_is(st, "Name")) {
		if (ch != '\t' && st->comm_len < sizeof(st->id->comm) - 1)
			st->id->comm[st->comm_len++] = ch;
	} else if (digit < base) {
		st->v = st->v * base + digit;
		st->digits = true;
	} else {
		end_number(st);
	}
}

static void take_letter(struct status *st, char ch)
{
	if (ch == '\n') {
		end_number(st);
		st->in_value = false;
		st->key_len = st->index = 0;
	} else if (st->in_value) {
		take_value(st, ch);
	} else if (ch == ':') {
		st->in_value = true;
	} else if (st->key_len < sizeof(st->key)) {
		st->key[st->key_len++] = ch;
	}
}

static int read_status(const struct sup *s, pid_t tid, struct caller_identity *out)
{
	struct status st = { .id = out };
	char path[32], buf[4096];
	autofd fd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "%d/status", (int)tid);
	fd = openat(s->proc_fd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	while ((n = read(fd, buf, sizeof(buf))) > 0 || (n < 0 && errno == EINTR))
		for (ssize_t i = 0; i < n; i++)
			take_letter(&st, buf[i]);
	return n == 0 && out->tgid > 0 ? 0 : -1;
}

int caller_identify(const struct sup *s, pid_t tid, struct caller_identity *out)
{
	memset(out, 0, sizeof(*out));
	return read_status(s, tid, out);
}

int caller_identify_all(const struct sup *s, pid_t tid, struct caller_identity *out)
{
	gid_t *groups = out->groups;

	memset(out, 0, sizeof(*out));
	out->groups = groups;
	return read_status(s, tid, out) < 0 || out->ngroups > GROUPS_MAX ? -1 : 0;
}

int caller_find_nofile(const struct sup *s, pid_t tid, rlim_t *out)
{
	static const char name[] = "Max open files";
	char path[32], buf[4096];
	autofd fd = -1;
	const char *at;
	ssize_t n;

	snprintf(path, sizeof(path), "%d/limits", (int)tid);
	fd = openat(s->proc_fd, path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : fd_read_all(fd, buf, sizeof(buf) - 1);
	if (n <= 0)
		return -1;
	buf[n] = '\0';
	at = strstr(buf, name);
	if (!at)
		return -1;
	/* "unlimited" has no digits. */
	*out = strtoull(at + sizeof(name) - 1, NULL, 10);
	if (!*out)
		*out = strstr(at, "unlimited") ? RLIM_INFINITY : 0;
	return 0;
}

/* --- its cgroup ------------------------------------------------------------------------------------------------------ */

/* The directory of @mount that @path, as /proc/TID/cgroup has it, names; or a file in it. */
static int open_cgroup(int mount, const char *path, const char *file, uint64_t flags)
{
	const struct open_how how = { .flags = flags | O_CLOEXEC, .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV };
	char full[4096];
	int n = snprintf(full, sizeof(full), ".%s%s%s", path, file ? "/" : "", file ? file : "");

	return mount < 0 || n < 0 || (size_t)n >= sizeof(full) ? -1 : sys_openat2(mount, full, &how);
}

static bool has_memory(const char *controllers)
{
	for (const char *p = controllers; (p = strstr(p, "memory")); p++)
		if ((p == controllers || p[-1] == ',') && (p[6] == ',' || !p[6]))
			return true;
	return false;
}

struct caller_cgroup caller_find_cgroup(const struct sup *s, pid_t tid)
{
	struct caller_cgroup cg = { -1, -1 };
	char name[32], buf[4096], *rest = buf, *controllers, *path;
	autofd fd = -1;
	ssize_t n;

	snprintf(name, sizeof(name), "%d/cgroup", (int)tid);
	fd = openat(s->proc_fd, name, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : fd_read_all(fd, buf, sizeof(buf) - 1);
	buf[n > 0 ? n : 0] = '\0';
	while (cgroupfs_next(&rest, &controllers, &path)) {
		if (!*controllers && cg.v2 < 0)
			cg.v2 = open_cgroup(s->cgroup_v2, path, NULL, O_PATH | O_DIRECTORY);
		else if (has_memory(controllers) && cg.memory < 0)
			cg.memory = open_cgroup(s->cgroup_memory, path, "tasks", O_WRONLY);
	}
	return cg;
}

void caller_close_cgroup(struct caller_cgroup *cg)
{
	fd_close(&cg->v2);
	fd_close(&cg->memory);
}
