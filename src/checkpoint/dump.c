// SPDX-License-Identifier: Apache-2.0
/* dump.c - a running container into files
 *
 * Owns:     which containers can be dumped; descriptors.json, which restore needs.
 * Must not: end the container: CRIU does, when everything is written.
 * Runs in:  checkpoint.
 */
#include "checkpoint/checkpoint.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/str.h"
#include "checkpoint/external.h"
#include "checkpoint/place.h"
#include "checkpoint/request.h"
#include "checkpoint/rpc.h"
#include "oci/json_write.h"
#include "oci/read.h"

#define LOCK_MS 3000

static int check_container(const struct container *c, struct err *e)
{
	enum container_status s = container_status(c);

	if (rpc_check_root(e) < 0)
		return -1;
	if (s == CONTAINER_STOPPED || s == CONTAINER_CREATING)
		return err_text(e, ESRCH, "container not running: %s", c->id);
	if (s == CONTAINER_CREATED)
		return err_msg(e, "container %s has not been started: there is nothing to checkpoint", c->id);
	if (c->enforcement)
		return err_msg(e, "container %s has a network policy: it cannot be checkpointed (its filter and its supervisor "
			       "would not be in the images)", c->id);
	return 0;
}

/* --- what the request says ------------------------------------------------------------------------------------- */

/* Absolute paths are refused by CRIU too, in words that do not help. */
static int say_parent(struct request *q, const char *parent, struct err *e)
{
	struct stat st;

	if (!parent)
		return 0;
	if (*parent == '/')
		return err_msg(e, "--parent-path %s: it has to be relative to --image-path", parent);
	if (fstatat(q->images, parent, &st, 0) < 0)
		return err_sys(e, "--parent-path %s (in --image-path)", parent);
	if (!S_ISDIR(st.st_mode))
		return err_set(e, ENOTDIR, "--parent-path %s", parent);
	q->options->parent = xstrdup(parent);
	return 0;
}

/* ADDRESS:PORT; the address may be an IPv6 one. */
static int say_page_server(struct request *q, const char *text, struct err *e)
{
	const char *colon = text ? strrchr(text, ':') : NULL;
	uint64_t port;
	CriuPageServer *s;

	if (!text)
		return 0;
	if (!colon || colon == text || str_to_u64(colon + 1, 10, 65535, &port) < 0)
		return err_msg(e, "--page-server %.200s: ADDRESS:PORT is expected", text);
	s = xcalloc(1, sizeof(*s));
	criu_page_server__init(s);
	s->address = xstrndup(text, (size_t)(colon - text));
	s->has_port = 1;
	s->port = (int32_t)port;
	q->options->page_server = s;
	return 0;
}

/* With a freezer nothing can be forked away from under CRIU; without one it stops each process by itself. */
static void say_freezer(struct request *q, const struct container *c)
{
	struct cgroup *cg = c->cgroup ? cgroup_read(c->cgroup, NULL) : NULL;
	const char *dir = cg ? cgroup_freezer(cg) : NULL;

	if (dir)
		q->options->freezer = xstrdup(dir);
	cgroup_free(cg);
}

static int say(struct request *q, const struct container *c, const struct checkpoint_options *o,
	       const struct oci_config *config, struct err *e)
{
	q->options->has_pid = 1;
	q->options->pid = c->pid;
	q->options->root = xstrdup(c->rootfs);
	q->options->has_leave_running = 1;
	q->options->leave_running = o->leave_running;
	q->options->has_track_memory = 1;
	q->options->track_memory = o->pre_dump || o->parent_path;
	if (say_parent(q, o->parent_path, e) < 0 || say_page_server(q, o->page_server, e) < 0)
		return -1;
	say_freezer(q, c);
	return external_dump(q, config, c, e);
}

/* The three standard descriptors as they were when the container was made. A pipe's other end is the engine's, and so is a file
 * of the host: restore gives the container its own in their place. */
static int write_descriptors(struct request *q, const struct container *c, struct err *e)
{
	struct json_out *j = json_out_new(false);
	autofree char *text = NULL;

	json_open_array(j);
	for (size_t i = 0; i < CONTAINER_STDIO; i++) {
		const char *what = c->stdio[i] ? c->stdio[i] : "";

		json_string(j, what);
		if (str_starts(what, "file["))
			request_add_external(q, what);
	}
	json_close_array(j);
	text = json_out_finish(j);
	return file_replace(q->images, REQUEST_DESCRIPTORS, text, strlen(text), 0600, e);
}

/* --- doing it ---------------------------------------------------------------------------------------------------- */

static int on_notice(void *ctx, const char *phase, pid_t pid, int fd, struct err *e)
{
	const struct checkpoint_options *o = ctx;

	(void)pid;
	(void)fd;
	(void)e;
	/* The page server answers now: who copies the images may begin. */
	if (str_eq(phase, "status-ready") && o->status_fd >= 0)
		(void)!write(o->status_fd, "", 1);
	return 0;
}

static int ask(struct request *q, struct place *p, const struct checkpoint_options *o, struct err *e)
{
	struct rpc_child child = { .program = o->criu, .prepare = place_enter, .ctx = p };
	struct rpc r = RPC_INIT;
	CriuAnswer *a = NULL;

	request_keep(q, &child);
	if (rpc_start(&r, &child, e) == 0) {
		a = rpc_ask(&r, &q->message, on_notice, (void *)(uintptr_t)o, e);
		rpc_end(&r);
		if (!a)
			request_explain(q, &r, e);
	}
	rpc_close(&r);
	if (!a)
		return -1;
	criu_answer__free_unpacked(a, NULL);
	return 0;
}

static int check_status_fd(const struct checkpoint_options *o, struct err *e)
{
	int flags = o->status_fd < 0 ? O_WRONLY : fcntl(o->status_fd, F_GETFL);

	if (flags < 0)
		return err_sys(e, "--status-fd %d", o->status_fd);
	return (flags & O_ACCMODE) == O_RDONLY ? err_msg(e, "--status-fd %d: it cannot be written to", o->status_fd) : 0;
}

static int dump(struct container *c, const struct checkpoint_options *o, const struct oci_config *config,
		struct request *q, struct err *e)
{
	CriuFeatures features = CRIU_FEATURES__INIT;
	struct place p = { 0 };
	int ret;

	features.has_memory_tracking = features.memory_tracking = o->pre_dump || o->parent_path;
	features.has_lazy_pages = features.lazy_pages = o->lazy_pages;
	if (rpc_check(o->criu, &features, e) < 0 || check_status_fd(o, e) < 0)
		return -1;
	if (request_open(q, o->pre_dump ? CRIU_KIND__CRIU_PRE_DUMP : CRIU_KIND__CRIU_DUMP, o, config, e) < 0)
		return -1;
	if (say(q, c, o, config, e) < 0)
		return -1;
	/* A pre-dump is memory only. */
	if (!o->pre_dump && write_descriptors(q, c, e) < 0)
		return -1;
	ret = place_make(&p, c, q, e);
	if (ret == 0)
		ret = ask(q, &p, o, e);
	place_remove(&p, c);
	return ret;
}

int checkpoint_dump(struct container *c, const struct checkpoint_options *o, struct err *e)
{
	struct request q = REQUEST_INIT;
	struct oci_config config = { 0 };
	int ret;

	if (check_container(c, e) < 0)
		return err_prefix(e, "checkpoint");
	/* No start and no delete meanwhile. */
	if (container_lock(c, LOCK_MS, e) < 0)
		return -1;
	ret = container_reload(c, e);
	if (ret == 0)
		ret = check_container(c, e);
	if (ret == 0)
		ret = container_read_config(c, &config, e);
	if (ret == 0)
		ret = dump(c, o, &config, &q, e);
	request_close(&q);
	oci_config_free(&config);
	container_unlock(c);
	return ret < 0 ? err_prefix(e, "checkpoint") : 0;
}
