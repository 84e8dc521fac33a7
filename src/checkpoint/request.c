// SPDX-License-Identifier: Apache-2.0
/* request.c - a request to CRIU being put together: what dump and restore say alike
 *
 * Runs in:  checkpoint and restore.
 */
#include "checkpoint/request.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/hostfile.h"
#include "base/log.h"
#include "base/str.h"
#include "oci/names.h"

#define LOG_LEVEL 4 /* debug, as the peers: the log is all that is left of a failed attempt */
#define LOG_MAX (64 * 1024 * 1024)

/* A word of an option and CRIU's number for it. */
struct word {
	const char *word;
	int32_t number;
};

static const struct word cgroup_modes[] = { { "ignore", 0 }, { "soft", 3 }, { "full", 4 }, { "strict", 5 } };
static const struct word network_locks[] = { { "iptables", 1 }, { "nftables", 2 }, { "skip", 3 } };

static int find_word(const struct word *words, size_t n, const char *word, const char *option, int32_t *out, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		if (str_eq(words[i].word, word)) {
			*out = words[i].number;
			return 0;
		}
	}
	return err_msg(e, "%s %.50s: %s, %s%s%s or %s is expected", option, word, words[0].word, words[1].word,
		       n > 3 ? ", " : "", n > 3 ? words[2].word : "", words[n - 1].word);
}

/* --- lists ------------------------------------------------------------------------------------------------------- */

static void append(void *list, size_t *n, void *item)
{
	void ***v = list;

	*v = xrealloc(*v, *n + 1, sizeof(**v));
	(*v)[(*n)++] = item;
}

void request_add_mount(struct request *q, const char *key, const char *val)
{
	CriuMount *m = xcalloc(1, sizeof(*m));

	criu_mount__init(m);
	m->key = xstrdup(key);
	m->val = xstrdup(val);
	append(&q->options->mounts, &q->options->n_mounts, m);
	log_debug("CRIU mount %s: %s", key, val);
}

void request_add_external(struct request *q, const char *text)
{
	append(&q->options->external, &q->options->n_external, xstrdup(text));
	log_debug("CRIU external %s", text);
}

void request_add_join(struct request *q, const char *kind, const char *path)
{
	CriuJoin *j = xcalloc(1, sizeof(*j));

	criu_join__init(j);
	j->kind = xstrdup(kind);
	j->path = xstrdup(path);
	append(&q->options->join, &q->options->n_join, j);
}

void request_add_inherit(struct request *q, const char *key, int fd)
{
	CriuInherit *i = xcalloc(1, sizeof(*i));

	criu_inherit__init(i);
	i->key = xstrdup(key);
	i->fd = fd;
	append(&q->options->inherit, &q->options->n_inherit, i);
	log_debug("CRIU inherits descriptor %d as %s", fd, key);
}

void request_add_cgroup(struct request *q, const char *controller, const char *path)
{
	CriuCgroup *c = xcalloc(1, sizeof(*c));

	criu_cgroup__init(c);
	c->controller = xstrdup(controller);
	c->path = xstrdup(path);
	append(&q->options->cgroups, &q->options->n_cgroups, c);
	log_debug("CRIU cgroup %s: %s", controller, path);
}

/* --- what both say ------------------------------------------------------------------------------------------------ */

static int open_directory(const char *path, const char *option, bool make, int *fd, struct err *e)
{
	if (make && mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_sys(e, "%s: make %s", option, path);
	*fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *fd < 0 ? err_sys(e, "%s %s", option, path) : 0;
}

/* What stands in the file overrides what we say, and may name programs that root then runs. The annotation is runc's and podman's;
 * empty means none at all. */
static int choose_config_file(CriuOptions *p, const struct oci_map *annotations, struct err *e)
{
	static const char *const usual[] = { "/etc/criu/sandrun.conf", "/etc/criu/crun.conf", "/etc/criu/runc.conf" };
	const char *named = oci_map_get(annotations, "org.criu.config");

	if (named && *named) {
		/* Nobody but root can change what is there, so CRIU finds what was looked at. */
		autofd fd = hostfile_open(HOSTFILE_CRIU, named, e);

		if (fd < 0)
			return err_prefix(e, "annotation org.criu.config");
		p->config_file = xstrdup(named);
	}
	for (size_t i = 0; !named && i < ARRAY_SIZE(usual) && !p->config_file; i++)
		if (access(usual[i], R_OK) == 0)
			p->config_file = xstrdup(usual[i]);
	return 0;
}

#define SAY(p, field, value)            \
	do {                            \
		(p)->has_##field = 1;   \
		(p)->field = (value);   \
	} while (0)

static int say_words(CriuOptions *p, const struct checkpoint_options *o, struct err *e)
{
	const char *mode = o->cgroups_mode && *o->cgroups_mode ? o->cgroups_mode : "soft";

	/* The older word for it, which runc says, too. */
	SAY(p, manage_cgroups, true);
	p->has_cgroups_mode = 1;
	if (find_word(cgroup_modes, ARRAY_SIZE(cgroup_modes), mode, "--manage-cgroups-mode", &p->cgroups_mode, e) < 0)
		return -1;
	if (!o->network_lock)
		return 0;
	p->has_network_lock = 1;
	return find_word(network_locks, ARRAY_SIZE(network_locks), o->network_lock, "--network-lock", &p->network_lock, e);
}

static void say_flags(CriuOptions *p, const struct checkpoint_options *o)
{
	SAY(p, shell_job, o->shell_job);
	SAY(p, ext_unix_sk, o->ext_unix_sk);
	SAY(p, tcp_established, o->tcp_established);
	SAY(p, tcp_skip_in_flight, o->tcp_skip_in_flight);
	SAY(p, tcp_close, o->tcp_close);
	SAY(p, file_locks, o->file_locks);
	SAY(p, lazy_pages, o->lazy_pages);
	SAY(p, auto_dedup, o->auto_dedup);
	SAY(p, link_remap, o->link_remap);
	/* A terminal whose master is outside is told to us by a notice, whoever has it then. */
	SAY(p, orphan_terminal, true);
	SAY(p, notices, true);
	SAY(p, log_level, LOG_LEVEL);
	if (o->empty_namespaces)
		SAY(p, empty_namespaces, o->empty_namespaces);
}

int request_open(struct request *q, CriuKind kind, const struct checkpoint_options *o, const struct oci_config *config,
		 struct err *e)
{
	bool dump = kind != CRIU_KIND__CRIU_RESTORE;
	CriuOptions *p = xcalloc(1, sizeof(*p));

	criu_options__init(p);
	q->options = p;
	q->message.kind = kind;
	q->message.options = p;
	q->log_name = dump ? "dump.log" : "restore.log";
	p->log_file = xstrdup(q->log_name);
	q->images_path = o->image_path && *o->image_path ? o->image_path : "checkpoint";
	q->work_path = o->work_path && *o->work_path ? o->work_path : NULL;
	if (open_directory(q->images_path, "--image-path", dump, &q->images, e) < 0)
		return -1;
	p->images_fd = q->images;
	if (q->work_path) {
		if (open_directory(q->work_path, "--work-path", true, &q->work, e) < 0)
			return -1;
		SAY(p, work_fd, q->work);
	}
	/* What an earlier attempt left must not explain the failure of this one. */
	unlinkat(q->work >= 0 ? q->work : q->images, q->log_name, 0);
	say_flags(p, o);
	if (choose_config_file(p, &config->annotations, e) < 0)
		return -1;
	return say_words(p, o, e);
}

void request_keep(const struct request *q, struct rpc_child *child)
{
	child->keep[child->n_keep++] = q->images;
	if (q->work >= 0)
		child->keep[child->n_keep++] = q->work;
}

static int reopen(const char *path, int number, struct err *e)
{
	autofd fd = path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (path && (fd < 0 || dup3(fd, number, O_CLOEXEC) < 0))
		return err_sys(e, "open %s for CRIU", path);
	return 0;
}

int request_reopen(const struct request *q, struct err *e)
{
	return reopen(q->images_path, q->images, e) < 0 ? -1 : reopen(q->work_path, q->work, e);
}

int request_open_images_to(struct request *q, gid_t gid, struct err *e)
{
	struct stat st;

	if (fstat(q->images, &st) < 0)
		return err_sys(e, "--image-path %s", q->images_path);
	if (st.st_mode & S_IXOTH)
		return 0;
	if (fchown(q->images, (uid_t)-1, gid) < 0 || fchmod(q->images, (st.st_mode & 07777) | S_IXGRP) < 0)
		return err_sys(e, "--image-path %s: open it to group %u (root of the user namespace)", q->images_path, gid);
	q->mode = st.st_mode & 07777;
	q->group = st.st_gid;
	q->opened = true;
	return 0;
}

void request_close(struct request *q)
{
	if (q->opened && (fchown(q->images, (uid_t)-1, q->group) < 0 || fchmod(q->images, q->mode) < 0))
		log_warn("--image-path %s: it stays open to another group", q->images_path);
	q->opened = false;
	if (q->options)
		criu_options__free_unpacked(q->options, NULL);
	q->options = NULL;
	q->message.options = NULL;
	fd_close(&q->images);
	fd_close(&q->work);
}

/* --- when it failed --------------------------------------------------------------------------------------------- */

/* "(00.070877) Error (criu/files-reg.c:1790): Can't look it up" -> what follows the place. NULL: no error. */
static const char *error_of(char *line)
{
	char *at = strstr(line, "Error (");
	char *text = at ? strstr(at, "): ") : NULL;

	return text ? text + 3 : NULL;
}

void request_explain(const struct request *q, const struct rpc *r, struct err *e)
{
	int dir = q->work >= 0 ? q->work : q->images;
	autofree char *text = NULL;
	size_t len = strlen(e->msg);
	char *save = NULL;
	bool first = true;

	if (r->refused)
		return;
	if (dir < 0 || file_read_regular(dir, q->log_name, LOG_MAX, &text, NULL, NULL) < 0 || !strstr(text, "Error (")) {
		free(text);
		text = rpc_output(r, 4096);
	}
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		const char *why = error_of(line);

		/* CRIU wants more descriptors than it needs and goes on without. */
		if (!why || str_starts(why, "rlimit: ") || strstr(e->msg, why))
			continue;
		if (len + strlen(why) + 3 >= sizeof(e->msg))
			break;
		len += (size_t)snprintf(e->msg + len, sizeof(e->msg) - len, "%s%s", first ? ": " : "; ", why);
		first = false;
	}
}
