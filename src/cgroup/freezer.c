// SPDX-License-Identifier: Apache-2.0
/* freezer.c - pause and resume
 *
 * Owns:     cgroup.freeze (v2, also that of the hybrid layout) and freezer.state (v1).
 * Runs in:  pause, resume, kill, delete.
 *
 * v2 is taken where both are there: it cannot get stuck half-way, says when it is done, and lets
 * SIGKILL through.
 */
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "cgroup/internal.h"
#include "cgroup/walk.h"

#define FREEZE_WAIT_MS 10000

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void nap_us(long us)
{
	nanosleep(&(struct timespec){ .tv_nsec = us * 1000 }, NULL);
}

/* cgroup.freeze: Linux 5.2. */
static const struct cg_dir *v2_freezer(const struct cgroup *cg)
{
	const struct cg_dir *d = cg_dir_v2(cg);
	autofree char *path = d ? xasprintf("%s/cgroup.freeze", d->path) : NULL;

	return path && access(path, F_OK) == 0 ? d : NULL;
}

/* --- v2 ----------------------------------------------------------------------------------- */

static int wait_frozen(const char *dir, int wait_ms, struct err *e)
{
	autofd fd = cg_io_open(dir, "cgroup.events", O_RDONLY);
	int64_t end = now_ms() + wait_ms;
	char buf[256];

	if (fd < 0)
		return err_sys(e, "freeze: open %s/cgroup.events", dir);
	for (;;) {
		ssize_t n = pread(fd, buf, sizeof(buf) - 1, 0);
		struct pollfd p = { .fd = fd, .events = POLLPRI };
		int64_t left = end - now_ms();
		uint64_t frozen = 0;

		if (n < 0)
			return err_sys(e, "freeze: read %s/cgroup.events", dir);
		buf[n] = 0;
		if (cg_text_key(buf, "frozen", &frozen) && frozen)
			return 0;
		if (left <= 0)
			return err_set(e, ETIMEDOUT, "freeze %s", dir);
		poll(&p, 1, (int)left);
	}
}

static int freeze_v2(const char *dir, bool freeze, int wait_ms, struct err *e)
{
	if (cg_io_write(dir, "cgroup.freeze", freeze ? "1" : "0") < 0)
		return err_sys(e, "%s: write %s/cgroup.freeze", freeze ? "freeze" : "thaw", dir);
	/* A thaw has happened with the write (unless a parent is frozen; that is not ours to wait
	 * for). */
	if (!freeze || wait_frozen(dir, wait_ms, e) == 0)
		return 0;
	cg_io_write(dir, "cgroup.freeze", "0");
	return -1;
}

/* --- v1 ----------------------------------------------------------------------------------- */

/* While processes keep appearing in it (fork, or moved in by exec), a v1 cgroup may stay FREEZING
 * for ever: the kernel looks again only when the state is written again, and now and then a thaw in
 * between is what helps. */
static int freeze_v1(const char *dir, int wait_ms, struct err *e)
{
	int64_t end = now_ms() + wait_ms;
	char state[32];

	for (int i = 1;; i++) {
		if (i % 50 == 0) {
			cg_io_write(dir, "freezer.state", "THAWED");
			nap_us(10000);
		}
		if (cg_io_write(dir, "freezer.state", "FROZEN") < 0) {
			err_sys(e, "freeze: write %s/freezer.state", dir);
			break;
		}
		if (cg_io_read(dir, "freezer.state", state, sizeof(state)) < 0) {
			err_sys(e, "freeze: read %s/freezer.state", dir);
			break;
		}
		if (str_eq(state, "FROZEN"))
			return 0;
		if (now_ms() >= end) {
			err_set(e, ETIMEDOUT, "freeze %s: it stays %s", dir, state);
			break;
		}
		nap_us(i < 10 ? 100 : 1000);
	}
	/* Half frozen is the worst of all. */
	cg_io_write(dir, "freezer.state", "THAWED");
	return -1;
}

static int thaw_v1(const char *dir, struct err *e)
{
	if (cg_io_write(dir, "freezer.state", "THAWED") < 0)
		return err_sys(e, "thaw: write %s/freezer.state", dir);
	return 0;
}

static bool frozen_v1(const char *dir)
{
	char state[32], self[8];

	if (cg_io_read(dir, "freezer.state", state, sizeof(state)) < 0 || str_eq(state, "THAWED"))
		return false;
	/* Frozen with a parent is not frozen by us: resume would do nothing. */
	return cg_io_read(dir, "freezer.self_freezing", self, sizeof(self)) < 0 ||
	       str_eq(self, "1");
}

/* Other results of a walk are 0 and -1. */
#define WALK_FOUND 1

static int find_frozen(int dir, void *arg)
{
	autofd fd = openat(dir, "freezer.state", O_RDONLY | O_CLOEXEC);
	char state[32];
	ssize_t n = fd < 0 ? -1 : read(fd, state, sizeof(state) - 1);

	(void)arg;
	if (n < 0)
		return 0; /* gone meanwhile */
	state[n] = 0;
	return str_starts(state, "THAWED") ? 0 : WALK_FOUND;
}

static int thaw_one(int dir, void *arg)
{
	autofd fd = openat(dir, "freezer.state", O_WRONLY | O_CLOEXEC);

	(void)arg;
	if (fd >= 0)
		(void)!write(fd, "THAWED", strlen("THAWED"));
	return 0;
}

/* The container may be changing the tree. */
static int walk_v1(const char *dir, int (*look)(int dir, void *arg))
{
	int r = -1;

	for (int tries = 0; tries < 20; tries++) {
		r = cg_walk(dir, look, NULL, NULL);
		if (r >= 0 || !cg_gone(errno))
			break;
	}
	return r;
}

/* --- either ------------------------------------------------------------------------------- */

bool cg_freezer_any_frozen(const struct cgroup *cg)
{
	const struct cg_dir *v1 = cg_dir_with(cg, CG_FREEZER);

	return v1 && walk_v1(v1->path, find_frozen) == WALK_FOUND;
}

int cg_freezer_set(const struct cgroup *cg, bool freeze, int wait_ms, struct err *e)
{
	const struct cg_dir *v2 = v2_freezer(cg);
	const struct cg_dir *v1 = cg_dir_with(cg, CG_FREEZER);

	/* v2 would wait for ever for a process that v1's freezer holds (hybrid layout). */
	if (freeze && v2 && !cg_freezer_any_frozen(cg))
		return freeze_v2(v2->path, true, wait_ms, e);
	if (freeze && v1)
		return freeze_v1(v1->path, wait_ms, e);
	if (freeze || (!v1 && !v2))
		return err_text(e, EOPNOTSUPP, "the container has no cgroup with a freezer");
	/* Both: somebody else (an administrator, another runtime) may have used the other one. */
	if (v1 && (!v2 || frozen_v1(v1->path)) && thaw_v1(v1->path, e) < 0)
		return -1;
	return v2 ? freeze_v2(v2->path, false, 0, e) : 0;
}

void cg_freezer_release(const struct cgroup *cg)
{
	const struct cg_dir *v1 = cg_dir_with(cg, CG_FREEZER);

	(void)cg_freezer_set(cg, false, 0, NULL);
	if (v1)
		(void)walk_v1(v1->path, thaw_one);
}

int cgroup_freeze(const struct cgroup *cg, bool freeze, struct err *e)
{
	return cg_freezer_set(cg, freeze, FREEZE_WAIT_MS, e);
}

bool cg_freezer_frozen(const struct cgroup *cg)
{
	const struct cg_dir *v2 = v2_freezer(cg);
	const struct cg_dir *v1 = cg_dir_with(cg, CG_FREEZER);
	char state[8];

	if (v2 && cg_io_read(v2->path, "cgroup.freeze", state, sizeof(state)) > 0 &&
	    str_eq(state, "1"))
		return true;
	return v1 && frozen_v1(v1->path);
}

const char *cgroup_freezer(const struct cgroup *cg)
{
	const struct cg_dir *v2 = v2_freezer(cg);
	const struct cg_dir *v1 = cg_dir_with(cg, CG_FREEZER);

	return v2 ? v2->path : v1 ? v1->path : NULL;
}

bool cgroup_frozen(const struct cgroup *cg)
{
	return cg_freezer_frozen(cg);
}
