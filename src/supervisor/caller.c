// SPDX-License-Identifier: Apache-2.0
/* caller.c - reading the task that made a call
 *
 * Owns:     memory, descriptors and identity of the caller, by its thread id.
 * Must not: be believed before listener_valid() said, after the last read, that the notification still stands: the
 *           thread may have died and its number gone to a stranger (each handler does so at its hard edge).
 * Runs in:  a worker thread, with CAP_SYS_PTRACE.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

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
 * The descriptor stands for the memory that its task has now, whatever becomes of the number. */
int caller_open_memory(const struct caller *c)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "%d/mem", (int)c->tid);
	fd = openat(c->sup->proc_fd, path, O_WRONLY | O_CLOEXEC);
	return fd < 0 ? -EFAULT : fd;
}

int caller_write(int memory, uint64_t addr, const void *buf, size_t len)
{
	return pwrite(memory, buf, len, (off_t)addr) == (ssize_t)len ? 0 : -EFAULT;
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

static void read_numbers(const char *s, int base, uint64_t *out, unsigned int max, unsigned int *n)
{
	*n = 0;
	while (*n < max) {
		char *end;

		while (*s == ' ' || *s == '\t')
			s++;
		if (*s == '\n' || !*s)
			return;
		out[*n] = strtoull(s, &end, base);
		if (end == s)
			return;
		s = end;
		(*n)++;
	}
}

/* One line of the file; @v its numbers. */
static void take_line(const char *line, struct caller_identity *id)
{
	const char *colon = strchr(line, ':');
	uint64_t v[64];
	unsigned int n;
	size_t key;
	bool hex;

	if (!colon)
		return;
	key = (size_t)(colon - line);
#define KEY(name) (key == sizeof(name) - 1 && memcmp(line, name, key) == 0)
	if (KEY("Name")) {
		snprintf(id->comm, sizeof(id->comm), "%.15s", colon + 2);
		id->comm[strcspn(id->comm, "\n")] = '\0';
		return;
	}
	hex = KEY("CapEff") || key == 6;
	read_numbers(colon + 1, hex ? 16 : 10, v, ARRAY_SIZE(v), &n);
	if (KEY("Groups")) {
		id->ngroups = n;
		for (unsigned int i = 0; i < n; i++)
			id->groups[i] = (gid_t)v[i];
		return;
	}
	if (!n)
		return;
	if (KEY("Tgid"))
		id->tgid = (pid_t)v[0];
	else if (KEY("NStgid"))
		id->ns_tgid = (pid_t)v[n - 1];
	else if (KEY("Threads"))
		id->threads = (unsigned int)v[0];
	else if (KEY("CapEff"))
		id->cap_eff = v[0];
	else if (KEY("SigPnd"))
		id->sig_pending = v[0];
	else if (KEY("ShdPnd"))
		id->sig_pending_shared = v[0];
	else if (KEY("SigBlk"))
		id->sig_blocked = v[0];
	else if (KEY("SigIgn"))
		id->sig_ignored = v[0];
	else if (KEY("Uid") && n >= 4) {
		id->uid = (uid_t)v[0], id->euid = (uid_t)v[1], id->suid = (uid_t)v[2], id->fsuid = (uid_t)v[3];
	} else if (KEY("Gid") && n >= 4) {
		id->gid = (gid_t)v[0], id->egid = (gid_t)v[1], id->sgid = (gid_t)v[2], id->fsgid = (gid_t)v[3];
	}
#undef KEY
}

int caller_identify(const struct sup *s, pid_t tid, struct caller_identity *out)
{
	char path[32], buf[4096];
	autofd fd = -1;
	ssize_t n;

	memset(out, 0, sizeof(*out));
	snprintf(path, sizeof(path), "%d/status", (int)tid);
	fd = openat(s->proc_fd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = fd_read_all(fd, buf, sizeof(buf) - 1);
	if (n <= 0)
		return -1;
	buf[n] = '\0';
	for (char *line = buf; line && *line;) {
		char *next = strchr(line, '\n');

		take_line(line, out);
		line = next ? next + 1 : NULL;
	}
	return out->tgid > 0 ? 0 : -1;
}
