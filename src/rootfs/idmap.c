// SPDX-License-Identifier: Apache-2.0
/* idmap.c - id mappings of mounts
 *
 * A mount is idmapped by handing the kernel a user namespace, of which only the mappings count. So a child is forked
 * into a new one, the maps are written, its namespace is opened, and the child ends: the descriptor keeps it.
 *
 * The kernel lets only the owner of a filesystem idmap its mounts: the host's root, which init in a user namespace is not. But a
 * source may be there only since an earlier entry of the same container was mounted, where only init sees it. So init takes
 * the copy, detached, and create, for whom it need not be in the same mount namespace, puts the mappings on it.
 *
 * Runs in:  create, with its rights: before clone (what can be refused early), and when init asks.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/str.h"
#include "base/sys.h"
#include "oci/names.h"
#include "rootfs/idmap.h"
#include "rootfs/rootfs.h"

/* --- the maps as the text of uid_map and gid_map -------------------------------------------------------- */

static char *format_map(const struct oci_id_mapping *m, size_t n)
{
	char *text = xcalloc(n + 1, 36); /* three numbers of up to ten digits, and their separators */
	char *p = text;

	for (size_t i = 0; i < n; i++)
		p += sprintf(p, "%u %u %u\n", m[i].container_id, m[i].host_id, m[i].size);
	return text;
}

/* "@": the second number is an id of the container. */
static int to_host(const struct oci_id_mapping *m, size_t n, uint64_t *id, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		if (*id >= m[i].container_id && *id - m[i].container_id < m[i].size) {
			*id = m[i].host_id + (*id - m[i].container_id);
			return 0;
		}
	}
	return err_msg(e, "option \"idmap\": id %llu is not in the container's mappings", (unsigned long long)*id);
}

/* One "0-1000-10", "@0-0-10". */
static int parse_triple(char *s, const struct oci_id_mapping *m, size_t n, uint64_t v[3], struct err *e)
{
	bool relative = *s == '@';
	char *save = NULL;
	size_t k = 0;

	for (char *t = strtok_r(s + relative, "-", &save); t; t = strtok_r(NULL, "-", &save)) {
		if (k == 3 || str_to_u64(t, 10, UINT32_MAX, &v[k]) < 0)
			return err_msg(e, "option \"idmap\": \"%s\" is no number of a mapping (ID-HOSTID-SIZE)", t);
		k++;
	}
	if (k != 3)
		return err_msg(e, "option \"idmap\": a mapping needs three numbers (ID-HOSTID-SIZE)");
	return relative ? to_host(m, n, &v[1], e) : 0;
}

char *idmap_parse_triples(const char *text, const struct oci_id_mapping *m, size_t n, struct err *e)
{
	autofree char *copy = xstrdup(text);
	autofree char *out = xcalloc(strlen(text) + 1, 36);
	char *save = NULL, *p = out;

	for (char *t = strtok_r(copy, "#", &save); t; t = strtok_r(NULL, "#", &save)) {
		uint64_t v[3];

		if (parse_triple(t, m, n, v, e) < 0)
			return NULL;
		p += sprintf(p, "%u %u %u\n", (unsigned int)v[0], (unsigned int)v[1], (unsigned int)v[2]);
	}
	if (p == out) {
		err_msg(e, "option \"idmap\": empty list of mappings");
		return NULL;
	}
	return steal_ptr(&out);
}

/* "uids=0-1000-10#10-2000-5;gids=@0-0-10": the dialect of crun and podman. */
static int parse_option(const char *text, const struct oci_linux *l, char **uids, char **gids, struct err *e)
{
	autofree char *copy = xstrdup(text);
	char *save = NULL;

	for (char *t = strtok_r(copy, ";", &save); t; t = strtok_r(NULL, ";", &save)) {
		bool uid = str_starts(t, "uids=");
		char **out = uid ? uids : gids;

		if (!uid && !str_starts(t, "gids="))
			return err_msg(e, "option \"idmap\": \"%s\" is neither uids= nor gids=", t);
		free(*out);
		*out = uid ? idmap_parse_triples(t + 5, l->uid_mappings, l->n_uid_mappings, e)
			   : idmap_parse_triples(t + 5, l->gid_mappings, l->n_gid_mappings, e);
		if (!*out)
			return -1;
	}
	if (!*uids || !*gids)
		return err_msg(e, "option \"idmap\": both uids= and gids= are needed");
	return 0;
}

static int make_maps(const struct oci_config *c, const struct oci_mount *m, const struct mount_options *o, char **uids,
		     char **gids, struct err *e)
{
	const struct oci_linux *l = &c->linux_;

	if (m->n_uid_mappings || m->n_gid_mappings) {
		if (!m->n_uid_mappings || !m->n_gid_mappings)
			return err_msg(e, "uidMappings and gidMappings must be given together");
		*uids = format_map(m->uid_mappings, m->n_uid_mappings);
		*gids = format_map(m->gid_mappings, m->n_gid_mappings);
		return 0;
	}
	if (o->idmap && *o->idmap)
		return parse_option(o->idmap, l, uids, gids, e);
	if (!l->n_uid_mappings || !l->n_gid_mappings)
		return err_msg(e, "option \"idmap\" without uidMappings and gidMappings, and the container has no user "
				  "namespace to take them from");
	*uids = format_map(l->uid_mappings, l->n_uid_mappings);
	*gids = format_map(l->gid_mappings, l->n_gid_mappings);
	return 0;
}

/* --- the user namespace -------------------------------------------------------------------------------- */

/* The child that lives in the new namespace until @life ends. Only async-signal-safe calls. */
static void __attribute__((noreturn)) child(int ready, int life)
{
	int keep[] = { ready, life };
	char c = 'r';

	/* Hidden as we are by our creator: who may look into the new namespace could else take what this process has open. */
	fd_close_from_but_all(0, keep, ARRAY_SIZE(keep));
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (unshare(CLONE_NEWUSER) < 0)
		c = (char)errno;
	if (write(ready, &c, 1) == 1 && c == 'r')
		while (read(life, &c, 1) < 0 && errno == EINTR)
			;
	_exit(0);
}

static int write_maps(pid_t pid, const char *uids, const char *gids, struct err *e)
{
	char path[48];

	snprintf(path, sizeof(path), "/proc/%d/uid_map", (int)pid);
	if (file_write(AT_FDCWD, path, uids, e) < 0)
		return -1;
	snprintf(path, sizeof(path), "/proc/%d/gid_map", (int)pid);
	return file_write(AT_FDCWD, path, gids, e);
}

static int open_namespace(pid_t pid, int ready, const char *uids, const char *gids, struct err *e)
{
	char path[48];
	char c = 0;
	int fd;

	if (fd_read_all(ready, &c, 1) != 1)
		return err_msg(e, "the helper for id mappings ended early");
	if (c != 'r')
		return err_set(e, c, "make a user namespace for id mappings");
	if (write_maps(pid, uids, gids, e) < 0)
		return err_prefix(e, "id mappings of the mount");
	snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? err_sys(e, "open %s", path) : fd;
}

int idmap_make_userns(const char *uids, const char *gids, struct err *e)
{
	int ready[2], life[2];
	pid_t pid;
	int fd;

	if (pipe2(ready, O_CLOEXEC) < 0)
		return err_sys(e, "make a pipe");
	autofd ready_r = ready[0];
	autofd ready_w = ready[1];

	if (pipe2(life, O_CLOEXEC) < 0)
		return err_sys(e, "make a pipe");
	autofd life_r = life[0];
	autofd life_w = life[1];

	pid = fork();
	if (pid < 0)
		return err_sys(e, "fork a helper for id mappings");
	if (pid == 0) {
		close(life_w);
		child(ready_w, life_r);
	}
	fd_close(&ready_w);
	fd = open_namespace(pid, ready_r, uids, gids, e);
	fd_close(&life_w);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return fd;
}

/* --- on a mount ------------------------------------------------------------------------------------------- */

void rootfs_idmaps_free(struct rootfs_idmaps *c)
{
	free(c->uids);
	free(c->gids);
	fd_close(&c->userns);
	*c = (struct rootfs_idmaps)ROOTFS_IDMAPS_INIT;
}

static int cached_userns(struct rootfs_idmaps *c, char *uids, char *gids, struct err *e)
{
	if (c->userns >= 0 && str_eq(c->uids, uids) && str_eq(c->gids, gids))
		return 0;
	rootfs_idmaps_free(c);
	c->uids = xstrdup(uids);
	c->gids = xstrdup(gids);
	c->userns = idmap_make_userns(uids, gids, e);
	return c->userns < 0 ? -1 : 0;
}

bool idmap_is_asked(const struct oci_mount *m, const struct mount_options *o)
{
	return m->n_uid_mappings || m->n_gid_mappings || (o->flags & MOUNT_OPT_IDMAP);
}

int idmap_check(const struct oci_config *c, const struct oci_mount *m, const struct mount_options *o, struct err *e)
{
	autofree char *uids = NULL, *gids = NULL;

	if (!mount_options_are_bind(m, o))
		return err_msg(e, "only bind mounts can have id mappings");
	return make_maps(c, m, o, &uids, &gids, e);
}

static int set_idmap(const struct oci_config *c, const struct oci_mount *m, const struct mount_options *o,
		     struct rootfs_idmaps *cache, int tree, struct err *e)
{
	autofree char *uids = NULL, *gids = NULL;
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP };
	const char *source = m->source ? m->source : "";

	if (!idmap_is_asked(m, o))
		return err_msg(e, "no id mappings are asked for");
	if (make_maps(c, m, o, &uids, &gids, e) < 0 || cached_userns(cache, uids, gids, e) < 0)
		return -1;
	attr.userns_fd = (uint64_t)cache->userns;
	if (sys_mount_setattr(tree, "", AT_EMPTY_PATH | (o->flags & MOUNT_OPT_RIDMAP ? AT_RECURSIVE : 0), &attr) == 0)
		return 0;
	if (errno == EINVAL)
		return err_sys(e, "id mappings on %s (this kernel cannot idmap its filesystem?)", source);
	if (errno == EPERM)
		return err_sys(e, "id mappings on %s (only root may idmap a mount, and each only once)", source);
	return err_sys(e, "id mappings on %s", source);
}

int rootfs_idmap(const struct oci_config *config, struct rootfs_idmaps *cache, size_t i, int tree, struct err *e)
{
	const struct oci_mount *m;
	struct mount_options o;
	int r;

	if (i >= config->n_mounts || tree < 0)
		return err_msg(e, "id mappings are asked for a mount that is not there");
	m = &config->mounts[i];
	if (mount_options_parse(&m->options, &o, e) < 0)
		return -1;
	r = set_idmap(config, m, &o, cache, tree, e);
	mount_options_free(&o);
	return r < 0 ? err_prefix(e, "mounts[%zu] (%s)", i, m->destination) : 0;
}
