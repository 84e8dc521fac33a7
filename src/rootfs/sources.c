// SPDX-License-Identifier: Apache-2.0
/* sources.c - bind sources that a mapped root may not reach, opened outside
 *
 * Owns:     where the source of a bind is; the copies that are made of it before clone; what of the mounts is refused then.
 * Must not: fail because a source is missing: it may be there for init.
 * Runs in:  create, with its rights, before clone.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>

#include "base/fd.h"
#include "base/str.h"
#include "oci/names.h"
#include "rootfs/idmap.h"
#include "rootfs/mount.h"
#include "rootfs/propagation.h"
#include "rootfs/rootfs.h"
#include "rootfs/sources.h"

char *sources_path(const char *bundle, const char *source)
{
	return source[0] == '/' || !bundle ? xstrdup(source) : xasprintf("%s/%s", bundle, source);
}

/* For init in a user namespace, where it cannot reach the source itself. Not being able to is no error here: init tries
 * by itself first, and says what is wrong. */
static int open_plain(const char *bundle, const struct oci_mount *m, const struct mount_options *o,
		      unsigned long propagation)
{
	autofree char *path = sources_path(bundle, m->source);
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
	return m->source && mount_options_are_bind(m, o) && !(o->flags & MOUNT_OPT_COPY_SYMLINK);
}

static int open_one(const struct oci_config *c, const char *bundle, size_t i, bool userns, unsigned long propagation,
		    int *fd, struct err *e)
{
	const struct oci_mount *m = &c->mounts[i];
	struct mount_options o;
	int r;

	if (mount_options_parse(&m->options, &o, e) < 0)
		return -1;
	r = idmap_is_asked(m, &o) ? idmap_check(c, m, &o, e) : 0;
	if (r == 0 && userns && has_source(m, &o))
		*fd = open_plain(bundle, m, &o, propagation);
	mount_options_free(&o);
	return r;
}

int rootfs_open_sources(const struct oci_config *config, const char *bundle, struct rootfs_source **out, struct err *e)
{
	bool userns = oci_namespace_find(&config->linux_, OCI_NS_USER) != NULL;
	struct rootfs_source *s;
	unsigned long propagation;

	*out = NULL;
	if (propagation_of(config, &propagation, e) < 0)
		return -1;
	s = xcalloc(config->n_mounts, sizeof(*s));
	for (size_t i = 0; i < config->n_mounts; i++)
		s[i].fd = -1;
	for (size_t i = 0; i < config->n_mounts; i++) {
		if (open_one(config, bundle, i, userns, propagation, &s[i].fd, e) < 0) {
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
