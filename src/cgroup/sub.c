// SPDX-License-Identifier: Apache-2.0
/* sub.c - cgroups below the container's: which one "exec --cgroup" means, hierarchy by hierarchy; the one that is delegated to it
 *
 * Owns:     the form of the option: runc's, which may name controllers, and crun's, which is a path only.
 * Must not: leave the container's cgroup.
 * Runs in:  exec; create.
 */
#include <string.h>

#include "base/str.h"
#include "cgroup/internal.h"
#include "cgroup/place.h"

/* Is @name (of @len bytes) one of @list's words, which are parted by commas? */
static bool has_word(const char *list, const char *name, size_t len)
{
	while (*list) {
		size_t n = strcspn(list, ",");

		if (n == len && memcmp(list, name, len) == 0)
			return true;
		list += n + (list[n] == ',');
	}
	return false;
}

/* "cpu,cpuacct:a" speaks of a hierarchy that has one of the two. Without a colon, of every one. */
static bool speaks_of(const char *spec, const struct cg_dir *d)
{
	const char *colon = strchr(spec, ':');

	if (!colon)
		return true;
	while (spec < colon) {
		size_t n = strcspn(spec, ",:");

		if (has_word(d->key, spec, n))
			return true;
		spec += n + 1;
	}
	return false;
}

char *cg_sub_of(const struct cg_dir *d, const struct cgroup_subs *subs, struct err *e)
{
	const char *spec = NULL, *path = "";
	autofree char *clean = NULL;

	for (size_t i = 0; subs && i < subs->n; i++)
		if (speaks_of(subs->v[i], d))
			spec = subs->v[i];
	if (spec)
		path = strchr(spec, ':') ? strchr(spec, ':') + 1 : spec;
	clean = cg_place_clean(path, NULL);
	if (!clean) {
		err_text(e, EINVAL, "--cgroup: bad sub cgroup path \"%s\": it is not below the container's cgroup", spec);
		return NULL;
	}
	/* "/" is the container's own. */
	if (str_eq(clean, "/"))
		*clean = 0;
	return xasprintf("%s%s", *clean && clean[0] != '/' ? "/" : "", clean);
}

static int check_controllers(const struct cgroup *cg, const char *spec, struct err *e)
{
	const char *colon = strchr(spec, ':');

	for (const char *s = spec; colon && s < colon;) {
		size_t len = strcspn(s, ",:");
		bool found = false;

		for (size_t i = 0; i < cg->n_dirs; i++)
			found |= has_word(cg->dirs[i].key, s, len);
		if (!found)
			return err_text(e, EINVAL, "--cgroup \"%s\": unknown controller \"%.*s\"", spec, (int)len, s);
		s += len + 1;
	}
	return 0;
}

int cgroup_delegate(struct cgroup *cg, const char *name, pid_t pid, struct err *e)
{
	const struct cg_dir *d = cg_dir_v2(cg);
	autofree char *clean = cg_place_clean(name, NULL);
	autofree char *path = NULL;
	struct cg_dir sub;

	if (!cg_is_pure_v2(cg))
		return err_text(e, EOPNOTSUPP, "it needs cgroup v2, and a cgroup of the container");
	if (!clean || !*clean)
		return err_text(e, EINVAL, "\"%.64s\" is no place below the container's cgroup", name);
	path = xasprintf("%s%s%s", d->path, *clean == '/' ? "" : "/", clean);
	sub = (struct cg_dir){ .v2 = true, .path = path, .mount_len = d->mount_len };
	if (cg_tree_make(cg, &sub, e) < 0 || (cg->owner && cg_tree_chown(&sub, cg->owner, e) < 0))
		return -1;
	if (cg_procs_add(path, pid) < 0)
		return err_sys(e, "put process %d into the cgroup %s", (int)pid, path);
	/* Only now: a cgroup with processes passes nothing on. */
	cg_tree_enable(cg, &sub);
	return 0;
}

int cg_sub_check(const struct cgroup *cg, const struct cgroup_subs *subs, struct err *e)
{
	for (size_t i = 0; subs && i < subs->n; i++) {
		if (check_controllers(cg, subs->v[i], e) < 0)
			return -1;
		if (!cg->n_dirs && !str_eq(subs->v[i], "/"))
			return err_text(e, EOPNOTSUPP, "--cgroup: the container has no cgroup");
	}
	return 0;
}
