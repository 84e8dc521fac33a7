// SPDX-License-Identifier: Apache-2.0
/* idmap.c - mount sources that must be opened outside: idmapped mounts, and binds for a mapped root
 *
 * A mount is idmapped by handing the kernel a user namespace, of which only the mappings count. So a child is forked
 * into a new one, the maps are written, its namespace is opened, and the child ends: the descriptor keeps it.
 *
 * Runs in:  create, with its rights, before clone.
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
#include "rootfs/mount.h"
#include "rootfs/propagation.h"
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
	char c = 'r';

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

/* --- the sources ----------------------------------------------------------------------------------------- */

/* The last user namespace made: engines give all volumes of a container the same mappings. */
struct cache {
	char *uids, *gids;
	int userns;
};

static void cache_end(struct cache *c)
{
	free(c->uids);
	free(c->gids);
	fd_close(&c->userns);
}

static int cached_userns(struct cache *c, char *uids, char *gids, struct err *e)
{
	autofree char *u = uids;
	autofree char *g = gids;

	if (c->userns >= 0 && str_eq(c->uids, u) && str_eq(c->gids, g))
		return 0;
	cache_end(c);
	c->uids = steal_ptr(&u);
	c->gids = steal_ptr(&g);
	c->userns = idmap_make_userns(c->uids, c->gids, e);
	return c->userns < 0 ? -1 : 0;
}

char *idmap_source_path(const char *bundle, const char *source)
{
	return source[0] == '/' || !bundle ? xstrdup(source) : xasprintf("%s/%s", bundle, source);
}

static int open_idmapped(const struct oci_config *c, const char *bundle, const struct oci_mount *m,
			 const struct mount_options *o, struct cache *cache, struct err *e)
{
	autofree char *path = NULL;
	autofd tree = -1;
	char *uids = NULL, *gids = NULL;
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP };

	if (!(o->flags & MOUNT_OPT_BIND))
		return err_msg(e, "only bind mounts can have id mappings");
	if (!m->source)
		return err_msg(e, "a bind mount needs a source");
	if (make_maps(c, m, o, &uids, &gids, e) < 0) {
		free(uids);
		free(gids);
		return -1;
	}
	if (cached_userns(cache, uids, gids, e) < 0)
		return -1;
	path = idmap_source_path(bundle, m->source);
	tree = mount_clone(AT_FDCWD, path, o->flags & MOUNT_OPT_REC, o->flags & MOUNT_OPT_SRC_NOFOLLOW);
	if (tree < 0)
		return err_sys(e, "bind source %s", path);
	attr.userns_fd = (uint64_t)cache->userns;
	if (sys_mount_setattr(tree, "", AT_EMPTY_PATH | (o->flags & MOUNT_OPT_RIDMAP ? AT_RECURSIVE : 0), &attr) < 0) {
		if (errno == EINVAL)
			return err_sys(e, "id mappings on %s (this kernel cannot idmap its filesystem?)", path);
		if (errno == EPERM)
			return err_sys(e, "id mappings on %s (only root may idmap a mount)", path);
		return err_sys(e, "id mappings on %s", path);
	}
	return fd_steal(&tree);
}

/* For init in a user namespace, where it cannot reach the source itself. Not being able to is no error here: init tries
 * by itself first, and says what is wrong. */
static int open_plain(const char *bundle, const struct oci_mount *m, const struct mount_options *o,
		      unsigned long propagation)
{
	autofree char *path = idmap_source_path(bundle, m->source);
	autofd tree = -1;

	tree = mount_clone(AT_FDCWD, path, o->flags & MOUNT_OPT_REC, o->flags & MOUNT_OPT_SRC_NOFOLLOW);
	if (tree < 0)
		return -1;
	/* The copy is still a peer of the host's mount. In init, the whole namespace has had its propagation set
	 * before the first bind; this one must look the same. */
	if (!(propagation & MS_SHARED) && mount_set_propagation(tree, propagation | MS_REC, NULL) < 0)
		return -1;
	return fd_steal(&tree);
}

static bool has_source(const struct oci_mount *m, const struct mount_options *o)
{
	return m->source && (o->flags & MOUNT_OPT_BIND) && !(o->flags & MOUNT_OPT_COPY_SYMLINK);
}

static int open_one(const struct oci_config *c, const char *bundle, size_t i, bool userns, unsigned long propagation,
		    struct cache *cache, int *fd, struct err *e)
{
	const struct oci_mount *m = &c->mounts[i];
	struct mount_options o;

	if (mount_options_parse(&m->options, &o, e) < 0)
		return -1;
	if (m->n_uid_mappings || m->n_gid_mappings || (o.flags & MOUNT_OPT_IDMAP)) {
		*fd = open_idmapped(c, bundle, m, &o, cache, e);
		/* As above; idmapped ones too must not send what is mounted below them back to the host. */
		if (*fd >= 0 && !(propagation & MS_SHARED) &&
		    mount_set_propagation(*fd, propagation | MS_REC, e) < 0)
			fd_close(fd);
		mount_options_free(&o);
		return *fd < 0 ? -1 : 0;
	}
	if (userns && has_source(m, &o))
		*fd = open_plain(bundle, m, &o, propagation);
	mount_options_free(&o);
	return 0;
}

int rootfs_open_sources(const struct oci_config *config, const char *bundle, struct rootfs_source **out, struct err *e)
{
	bool userns = oci_namespace_find(&config->linux_, OCI_NS_USER) != NULL;
	__attribute__((cleanup(cache_end))) struct cache cache = { .userns = -1 };
	struct rootfs_source *s;
	unsigned long propagation;

	*out = NULL;
	if (propagation_of(config, &propagation, e) < 0)
		return -1;
	s = xcalloc(config->n_mounts, sizeof(*s));
	for (size_t i = 0; i < config->n_mounts; i++)
		s[i].fd = -1;
	for (size_t i = 0; i < config->n_mounts; i++) {
		if (open_one(config, bundle, i, userns, propagation, &cache, &s[i].fd, e) < 0) {
			rootfs_sources_free(s, config->n_mounts);
			return err_prefix(e, "mounts[%zu] (%s)", i, config->mounts[i].destination);
		}
	}
	*out = s;
	return 0;
}

void rootfs_sources_free(struct rootfs_source *s, size_t n)
{
	for (size_t i = 0; s && i < n; i++)
		fd_close(&s[i].fd);
	free(s);
}

void rootfs_strip_root(struct oci_config *config, const char *root)
{
	size_t len = strlen(root);

	while (len && root[len - 1] == '/')
		len--;
	for (size_t i = 0; len && i < config->n_mounts; i++) {
		char *d = config->mounts[i].destination;

		if (strncmp(d, root, len) == 0 && d[len] == '/')
			memmove(d, d + len, strlen(d + len) + 1);
	}
}
