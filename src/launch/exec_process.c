// SPDX-License-Identifier: Apache-2.0
/* exec_process.c - which process exec is to run
 *
 * Owns:     the two ways to say it: a document (--process), or the container's own process with the changes of the options.
 * Must not: run anything, or look at the container.
 * Runs in:  exec, before anything is made.
 */
#include "launch/exec_process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "container/foreground.h"
#include "oci/names.h"
#include "oci/read.h"
#include "process/process.h"

#define PROCESS_MAX (4 * 1024 * 1024)

static void replace_string(char **dst, const char *src)
{
	free(*dst);
	*dst = xstrdup(src);
}

static void strings_add(struct oci_strings *s, const char *value)
{
	s->v = xrealloc(s->v, s->n + 2, sizeof(*s->v));
	s->v[s->n++] = xstrdup(value);
	s->v[s->n] = NULL;
}

static void strings_clear(struct oci_strings *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->v[i]);
	free(s->v);
	memset(s, 0, sizeof(*s));
}

static void set_env(struct oci_strings *env, const char *pair)
{
	size_t key = strcspn(pair, "=");

	for (size_t i = 0; i < env->n; i++) {
		if (strncmp(env->v[i], pair, key) == 0 && env->v[i][key] == '=') {
			replace_string(&env->v[i], pair);
			return;
		}
	}
	strings_add(env, pair);
}

static int set_user(struct oci_user *u, const char *spec, struct err *e)
{
	autofree char *copy = xstrdup(spec);
	char *gid = strchr(copy, ':');
	uint64_t v;

	if (gid)
		*gid++ = 0;
	if (str_to_u64(copy, 10, UINT32_MAX - 1, &v) < 0)
		return err_text(e, EINVAL, "--user \"%s\": UID or UID:GID in numbers is expected", spec);
	u->uid = (uint32_t)v;
	if (gid && str_to_u64(gid, 10, UINT32_MAX - 1, &v) < 0)
		return err_text(e, EINVAL, "--user \"%s\": UID or UID:GID in numbers is expected", spec);
	if (gid)
		u->gid = (uint32_t)v;
	return 0;
}

static int add_gids(struct oci_user *u, const char *list, struct err *e)
{
	autofree char *copy = xstrdup(list);
	char *save = NULL;

	for (char *t = strtok_r(copy, ",", &save); t; t = strtok_r(NULL, ",", &save)) {
		uint64_t v;

		if (str_to_u64(t, 10, UINT32_MAX - 1, &v) < 0)
			return err_text(e, EINVAL, "--additional-gids \"%s\": numbers are expected", list);
		u->additional_gids = xrealloc(u->additional_gids, u->n_additional_gids + 1, sizeof(*u->additional_gids));
		u->additional_gids[u->n_additional_gids++] = (uint32_t)v;
	}
	return 0;
}

static bool listed(const struct oci_strings *list, const char *name)
{
	for (size_t i = 0; i < list->n; i++)
		if (str_eq(list->v[i], name))
			return true;
	return false;
}

static int add_caps(struct oci_capabilities *caps, char **names, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		if (oci_capability_number(names[i]) < 0)
			return err_text(e, EINVAL, "--cap \"%s\": it is no capability (CAP_NET_RAW, for example, is one)", names[i]);
		caps->set = true;
		strings_add(&caps->bounding, names[i]);
		strings_add(&caps->effective, names[i]);
		strings_add(&caps->permitted, names[i]);
		/* Else a user other than root would lose it by execve. Where the configuration has it inheritable only. */
		if (listed(&caps->inheritable, names[i]))
			strings_add(&caps->ambient, names[i]);
	}
	return 0;
}

int exec_process_from_args(struct oci_process *p, const struct exec_options *o, struct err *e)
{
	strings_clear(&p->args);
	for (char **a = o->args; *a; a++)
		strings_add(&p->args, *a);
	for (size_t i = 0; i < o->n_env; i++)
		set_env(&p->env, o->env[i]);
	/* The container may have no process, which is of concern only to start. */
	if (o->cwd || !p->cwd)
		replace_string(&p->cwd, o->cwd ? o->cwd : "/");
	if (o->apparmor)
		replace_string(&p->apparmor_profile, o->apparmor);
	if (o->process_label)
		replace_string(&p->selinux_label, o->process_label);
	p->terminal = o->tty;
	memset(&p->console_size, 0, sizeof(p->console_size));
	if (o->no_new_privs)
		p->no_new_privileges = true;
	if (o->user && set_user(&p->user, o->user, e) < 0)
		return -1;
	for (size_t i = 0; i < o->n_gids; i++)
		if (add_gids(&p->user, o->additional_gids[i], e) < 0)
			return -1;
	return add_caps(&p->capabilities, o->caps, o->n_caps, e);
}

int container_exec_read_process(struct exec_options *o, struct err *e)
{
	if (file_read(AT_FDCWD, o->process_file, PROCESS_MAX, &o->process_text, &o->process_len, e) < 0)
		return err_prefix(e, "--process");
	return 0;
}

/* Moves @field of the container's process into @p's. */
#define INHERIT(p, container, field)                                                           \
	do {                                                                                   \
		(p)->field = (container)->field;                                               \
		memset(&(container)->field, 0, sizeof((container)->field));                    \
	} while (0)

/* What the document is silent about is the container's: capabilities and labels with both peers, the oom score with runc. A
 * process without limits in a container that has them would be the way around them. */
static void inherit(struct oci_process *p, struct oci_process *container)
{
	if (!p->capabilities.set)
		INHERIT(p, container, capabilities);
	if (!p->rlimits) {
		INHERIT(p, container, rlimits);
		INHERIT(p, container, n_rlimits);
	}
	if (!p->oom_score_adj.set)
		INHERIT(p, container, oom_score_adj);
	if (!p->apparmor_profile)
		INHERIT(p, container, apparmor_profile);
	if (!p->selinux_label)
		INHERIT(p, container, selinux_label);
	if (!p->scheduler.set)
		INHERIT(p, container, scheduler);
	if (!p->io_priority.set)
		INHERIT(p, container, io_priority);
	if (!p->exec_cpu_affinity.initial && !p->exec_cpu_affinity.final)
		INHERIT(p, container, exec_cpu_affinity);
}

int exec_process_from_file(struct oci_process *p, struct oci_process *container, const struct exec_options *o, struct err *e)
{
	struct oci_error oe;

	if (oci_process_parse(o->process_text, o->process_len, p, &oe) < 0)
		return err_msg(e, "--process %s: %s", o->process_file, oe.msg);
	inherit(p, container);
	if (o->no_new_privs)
		p->no_new_privileges = true;
	return 0;
}

int exec_process_check(const struct oci_process *p, const struct exec_options *o, struct err *e)
{
	if (!p->args.n)
		return err_msg(e, "process.args: it is missing or empty");
	if (!p->cwd || p->cwd[0] != '/')
		return err_msg(e, "process.cwd: an absolute path is needed");
	if (p->terminal && !o->console_socket && !o->foreground)
		return err_msg(e, "the process wants a terminal: a detached exec needs --console-socket");
	if (p->terminal && !o->console_socket && foreground_check_terminal(e) < 0)
		return -1;
	if (!p->terminal && o->console_socket)
		return err_msg(e, "--console-socket is given, but the process wants no terminal");
	return process_validate(p, e);
}
