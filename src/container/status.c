// SPDX-License-Identifier: Apache-2.0
/* status.c - what a container is at this moment, and the document that "state" prints
 *
 * Owns:     the status, which is nowhere written down: it follows from the record, from init, its cgroup and start.sock.
 * Must not: change anything of the container.
 * Runs in:  the commands.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "cgroup/cgroup.h"
#include "container/bell.h"
#include "container/container.h"
#include "oci/state.h"
#include "supervisor/supervisor.h"

static const char *const status_names[] = {
	[CONTAINER_CREATING] = "creating",
	[CONTAINER_CREATED] = "created",
	[CONTAINER_RUNNING] = "running",
	[CONTAINER_PAUSED] = "paused",
	[CONTAINER_STOPPED] = "stopped",
};

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
	return faccessat(c->dirfd, BELL_START, F_OK, 0) == 0 ? CONTAINER_CREATED : CONTAINER_RUNNING;
}

const char *container_status_name(enum container_status s)
{
	return status_names[s];
}

/* The annotations of the configuration and, with a policy, what the supervisor says of itself. */
#define STATE_TEXTS 4
#define STATE_OWN (STATE_TEXTS + 2)
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

static void state_annotations(const struct container *c, bool ended, struct oci_map *out, char text[STATE_TEXTS][128])
{
	struct supervisor_status sup = { 0 };

	out->v = xcalloc(c->annotations.n + STATE_OWN, sizeof(*out->v));
	for (; out->n < c->annotations.n; out->n++)
		out->v[out->n] = c->annotations.v[out->n];
	if (c->policy_files)
		add_own(out, "io.sandlock.policy-files", c->policy_files);
	if (c->policy_sources)
		add_own(out, "io.sandlock.policy-sources", c->policy_sources);
	if (!c->enforcement)
		return;
	supervisor_get_status(c->dirfd, &sup, NULL);
	/* What the last supervisor has left behind tells what it did. */
	if (!sup.alive)
		supervisor_get_counts(c->dirfd, &sup.denied, &sup.restarts);
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
	char text[STATE_TEXTS][128];
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
