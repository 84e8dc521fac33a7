// SPDX-License-Identifier: Apache-2.0
/* restore.c - a container out of files
 *
 * Owns:     what is made, in which order, and that all of it is undone on failure.
 * Must not: start anything in the container: what was running runs on.
 * Runs in:  restore.
 *
 * Theory of operation. As in create, what can be refused is refused first; then come the state directory, the cgroup, and CRIU,
 * which takes the place of init: it is put into the cgroup and gets a mount namespace with the root in it (place.c). On our
 * request it forks the new init beside itself, so that init is our child, rebuilds everything, and tells of the phases:
 *
 *   setup-namespaces    init has its namespaces: prestart and createRuntime hooks, as at create
 *   orphan-pts-master   the master of the container's terminal, which is the engine's
 *   post-restore        everything is there and has not moved yet: the record now names init, and mount flags that CRIU forgot
 *                       are set (flags.c)
 */
#include "checkpoint/checkpoint.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yajl/yajl_tree.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "checkpoint/external.h"
#include "checkpoint/flags.h"
#include "checkpoint/place.h"
#include "checkpoint/request.h"
#include "checkpoint/rpc.h"
#include "host/rdt.h"
#include "launch/bundle.h"
#include "launch/making.h"
#include "launch/namespaces.h"
#include "launch/parent.h"
#include "launch/places.h"
#include "oci/read.h"
#include "policy/policy.h"

#define DESCRIPTORS_MAX 65536
#define STDIO_FIRST 10 /* CRIU has its own 0 to 2; copies of ours begin here */

struct restoration {
	const struct create_options *o;
	const struct checkpoint_options *options;
	struct container *c;
	struct oci_config config;
	char *config_text;
	char *bundle;
	struct place place;
	struct namespaces ns;
	struct cgroup *cgroup;
	struct request q;
	struct rpc rpc;
	struct parent p; /* init, and its terminal */
	int stdio[CONTAINER_STDIO]; /* copies of ours */
	bool claimed;
};

bool checkpoint_supported(void)
{
	return true;
}

/* --- before anything is made -------------------------------------------------------------------------------------- */

static int check(const struct restoration *k, struct err *e)
{
	if (rpc_check_root(e) < 0)
		return -1;
	if (policy_wanted(&k->config.annotations))
		return err_msg(e, "the configuration has a network policy: such a container cannot be restored (no filter would "
			       "be in force)");
	if (bundle_check_terminal(&k->config.process, k->o->console_socket, k->o->foreground, e) < 0)
		return -1;
	if (!namespaces_has(&k->ns, OCI_NS_MOUNT))
		return err_msg(e, "linux.namespaces: a container without a mount namespace of its own cannot be restored");
	return 0;
}

static int prepare(struct restoration *k, struct err *e)
{
	const struct oci_linux *l = &k->config.linux_;
	CriuFeatures features = CRIU_FEATURES__INIT;

	k->bundle = bundle_read(k->o->bundle, k->o->config_file, &k->config, &k->config_text, 0, e);
	if (!k->bundle)
		return -1;
	if (namespaces_prepare(l, &k->ns, e) < 0 || check(k, e) < 0)
		return -1;
	features.has_lazy_pages = features.lazy_pages = k->options->lazy_pages;
	if (rpc_check(k->options->criu, &features, e) < 0)
		return -1;
	if (request_open(&k->q, CRIU_KIND__CRIU_RESTORE, k->options, &k->config, e) < 0)
		return -1;
	if (!namespaces_has(&k->ns, OCI_NS_USER))
		return 0;
	return request_open_images_to(&k->q, making_host_root(l->gid_mappings, l->n_gid_mappings), e);
}

/* --- making ----------------------------------------------------------------------------------------------------- */

static int make_state(struct restoration *k, struct err *e)
{
	struct container *c = k->c;

	if (container_claim(k->o->root, k->o->id, c, e) < 0)
		return -1;
	k->claimed = true;
	making_fill_record(c, &k->config, k->bundle, &k->ns);
	if (!k->config.process.terminal)
		making_note_stdio(c);
	if (file_replace(c->dirfd, CONTAINER_CONFIG, k->config_text, strlen(k->config_text), 0600, e) < 0)
		return -1;
	k->place = (struct place){ .config = &k->config, .bundle = k->bundle, .rootfs = c->rootfs };
	return place_make(&k->place, c, &k->q, e);
}

static int make_limits(struct restoration *k, struct err *e)
{
	autofree char *rdt = NULL;

	if (making_cgroup(k->c, &k->config, &k->ns, k->o->cgroup_manager, false, &k->cgroup, e) < 0)
		return -1;
	if (!k->config.linux_.intel_rdt.set)
		return 0;
	rdt = rdt_find(e);
	return rdt ? making_rdt(k->c, &k->config, rdt, e) : -1;
}

/* Pipes and files of the host were named in the images when they were dumped: ours take their places. */
static int inherit_stdio(struct restoration *k, struct rpc_child *child, struct err *e)
{
	autofree char *text = NULL;
	yajl_val tree;

	if (faccessat(k->q.images, REQUEST_DESCRIPTORS, F_OK, 0) < 0 && errno == ENOENT)
		return 0;
	if (file_read_regular(k->q.images, REQUEST_DESCRIPTORS, DESCRIPTORS_MAX, &text, NULL, e) < 0)
		return err_prefix(e, "--image-path");
	tree = yajl_tree_parse(text, NULL, 0);
	if (!YAJL_IS_ARRAY(tree)) {
		yajl_tree_free(tree);
		return err_msg(e, "--image-path: %s is damaged", REQUEST_DESCRIPTORS);
	}
	for (size_t i = 0; i < tree->u.array.len && i < CONTAINER_STDIO; i++) {
		const char *what = YAJL_GET_STRING(tree->u.array.values[i]);

		if (!what || (!strstr(what, "pipe:") && !str_starts(what, "file[")))
			continue;
		k->stdio[i] = fcntl((int)i, F_DUPFD_CLOEXEC, STDIO_FIRST);
		if (k->stdio[i] < 0)
			continue; /* closed: CRIU will say that it misses it */
		child->keep[child->n_keep++] = k->stdio[i];
		request_add_inherit(&k->q, what, k->stdio[i]);
	}
	yajl_tree_free(tree);
	return 0;
}

static int start_criu(struct restoration *k, struct err *e)
{
	struct rpc_child child = { .program = k->options->criu, .prepare = place_enter, .ctx = &k->place };

	if (inherit_stdio(k, &child, e) < 0)
		return -1;
	request_keep(&k->q, &child);
	for (size_t t = 0; t < OCI_NS_COUNT; t++)
		if (k->ns.join[t] >= 0)
			child.keep[child.n_keep++] = k->ns.join[t];
	if (rpc_start(&k->rpc, &child, e) < 0 || cgroup_add(k->cgroup, k->rpc.pid, e) < 0)
		return -1;
	if (k->c->rdt && rdt_join(k->c->rdt, k->rpc.pid, e) < 0)
		return -1;
	return making_note_cgroup(k->c, k->cgroup, e);
}

/* --- the conversation ----------------------------------------------------------------------------------------------- */

static int know_init(struct restoration *k, pid_t pid, struct err *e)
{
	char who[16];

	if (pid <= 0)
		return err_msg(e, "CRIU does not tell which process it restored");
	k->p.pid = pid;
	k->c->pid = pid;
	k->c->start_time = container_start_time(pid);
	snprintf(who, sizeof(who), "%d", (int)pid);
	free(k->c->namespaces);
	k->c->namespaces = places_note(who);
	return container_save(k->c, e);
}

static int take_terminal(struct restoration *k, int fd, struct err *e)
{
	if (k->config.process.terminal)
		return parent_take_console(&k->p, fd, e);
	return 0; /* a terminal that some process opened by itself: it hangs up */
}

static int on_notice(void *ctx, const char *phase, pid_t pid, int fd, struct err *e)
{
	struct restoration *k = ctx;

	if (str_eq(phase, "setup-namespaces"))
		return making_hooks(k->c, &k->config, pid, e);
	if (str_eq(phase, "post-restore"))
		return know_init(k, pid, e) < 0 ? -1 : flags_renew(&k->config, pid, e);
	if (str_eq(phase, "orphan-pts-master"))
		return take_terminal(k, fd, e);
	return 0;
}

static int say(struct restoration *k, struct err *e)
{
	CriuOptions *p = k->q.options;

	p->has_rst_sibling = p->rst_sibling = 1;
	/* A device that was opened by a name that is gone is found by another one. */
	p->has_evasive_devices = p->evasive_devices = 1;
	if (k->options->lsm_profile)
		p->lsm_profile = xstrdup(k->options->lsm_profile);
	if (k->options->lsm_mount_context)
		p->lsm_mount_context = xstrdup(k->options->lsm_mount_context);
	return external_restore(&k->q, &k->config, k->c, &k->ns, k->rpc.pid, e);
}

static int restore(struct restoration *k, struct err *e)
{
	CriuAnswer *a;
	int ret = 0;

	if (start_criu(k, e) < 0 || say(k, e) < 0)
		return -1;
	a = rpc_ask(&k->rpc, &k->q.message, on_notice, k, e);
	rpc_end(&k->rpc);
	if (!a) {
		request_explain(&k->q, &k->rpc, e);
		return -1;
	}
	if (k->p.pid <= 0)
		ret = know_init(k, a->restored ? a->restored->pid : 0, e);
	criu_answer__free_unpacked(a, NULL);
	return ret;
}

static int make_all(struct restoration *k, struct err *e)
{
	if (prepare(k, e) < 0 || make_state(k, e) < 0 || make_limits(k, e) < 0 || restore(k, e) < 0)
		return -1;
	place_remove(&k->place, k->c);
	k->c->creating = false;
	if (container_save(k->c, e) < 0)
		return -1;
	return k->o->pid_file ? parent_write_pid_file(&k->p, k->o->pid_file, e) : 0;
}

/* --- undoing -------------------------------------------------------------------------------------------------------- */

static void undo(struct restoration *k)
{
	struct err e;

	rpc_end(&k->rpc);
	parent_undo(&k->p);
	if (k->cgroup && cgroup_signal(k->cgroup, SIGKILL, &e) < 0 && e.code != EOPNOTSUPP)
		log_warn("%s", e.msg);
	making_undo(k->claimed ? k->c : NULL, k->cgroup, &k->config.hooks.poststop);
}

static void free_all(struct restoration *k)
{
	for (size_t i = 0; i < CONTAINER_STDIO; i++)
		fd_close(&k->stdio[i]);
	rpc_close(&k->rpc);
	request_close(&k->q);
	cgroup_free(k->cgroup);
	namespaces_close(&k->ns);
	oci_config_free(&k->config);
	free(k->config_text);
	free(k->bundle);
	free(k->place.dir);
	parent_close(&k->p);
}

int checkpoint_restore(const struct create_options *create, const struct checkpoint_options *o, struct container *c,
		       int *master, struct err *e)
{
	struct restoration k = { .o = create, .options = o, .c = c, .q = REQUEST_INIT, .rpc = RPC_INIT,
				 .stdio = { -1, -1, -1 } };
	int r;

	k.p = (struct parent)PARENT_INIT(&k.config.process, create->console_socket);
	container_init(c);
	namespaces_init(&k.ns);
	*master = -1;
	if (container_check_id(create->id, e) < 0)
		return -1;
	r = make_all(&k, e);
	if (r < 0) {
		undo(&k);
		container_close(c);
		err_prefix(e, "restore");
	} else {
		container_unlock(c);
		*master = fd_steal(&k.p.master);
	}
	free_all(&k);
	return r;
}
