// SPDX-License-Identifier: Apache-2.0
/* dir.c - the directories that are a container's cgroup, as a list
 *
 * Owns:     struct cg_dir in struct cgroup; which directory answers for a controller.
 * Must not: touch a file.
 * Runs in:  every command that has to do with cgroups, on the host's side.
 */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cgroup/internal.h"

struct cg_dir *cg_dir_append(struct cgroup *cg, bool v2, const char *key, uint32_t controllers,
			     char *path, size_t mount_len)
{
	struct cg_dir *d;

	cg->dirs = xrealloc(cg->dirs, cg->n_dirs + 1, sizeof(*cg->dirs));
	d = &cg->dirs[cg->n_dirs++];
	*d = (struct cg_dir){ .v2 = v2,
			      .controllers = controllers,
			      .key = xstrdup(key),
			      .path = path,
			      .mount_len = mount_len };
	return d;
}

void cg_dir_free(struct cg_dir *d)
{
	free(d->key);
	free(d->path);
}

void cg_dir_drop(struct cgroup *cg, size_t i)
{
	cg_dir_free(&cg->dirs[i]);
	memmove(&cg->dirs[i], &cg->dirs[i + 1], (--cg->n_dirs - i) * sizeof(*cg->dirs));
}

const struct cg_dir *cg_dir_with(const struct cgroup *cg, enum cg_controller c)
{
	const struct cg_dir *v2 = NULL;

	for (size_t i = 0; i < cg->n_dirs; i++) {
		if (!(cg->dirs[i].controllers & CG_BIT(c)))
			continue;
		if (!cg->dirs[i].v2)
			return &cg->dirs[i];
		v2 = &cg->dirs[i];
	}
	return v2;
}

const struct cg_dir *cg_dir_v2(const struct cgroup *cg)
{
	for (size_t i = 0; i < cg->n_dirs; i++)
		if (cg->dirs[i].v2)
			return &cg->dirs[i];
	return NULL;
}

bool cg_is_pure_v2(const struct cgroup *cg)
{
	return cg->n_dirs == 1 && cg->dirs[0].v2;
}

const struct cg_dir *cg_dir_members(const struct cgroup *cg)
{
	const struct cg_dir *d = cg_dir_v2(cg);

	/* systemd's own and the pids hierarchy are those that nobody leaves out. */
	if (!d)
		d = cg_dir_with(cg, CG_PIDS);
	if (!d)
		d = cg_dir_with(cg, CG_MEMORY);
	return d || !cg->n_dirs ? d : &cg->dirs[0];
}
