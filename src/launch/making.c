// SPDX-License-Identifier: Apache-2.0
/* making.c - the steps in making a container that create and restore have in common
 *
 * Runs in:  create, run and restore.
 */
#include "launch/making.h"

#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "base/sys.h"
#include "container/delete.h"
#include "container/hooks.h"
#include "host/rdt.h"
#include "launch/bundle.h"
#include "launch/places.h"
#include "oci/names.h"
#include "oci/state.h"

void making_fill_record(struct container *c, const struct oci_config *config, const char *bundle,
			const struct namespaces *ns)
{
	struct passwd *pw = getpwuid(geteuid());
	struct timespec ts;
	struct tm tm;
	char stamp[40];

	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &tm);
	c->created = xasprintf("%s.%09ldZ", stamp, ts.tv_nsec);
	c->creating = true;
	c->bundle = xstrdup(bundle);
	c->rootfs = bundle_root(config, bundle);
	c->root_note = namespaces_has(ns, OCI_NS_MOUNT) ? NULL : places_note_root(c->rootfs);
	c->private_pid = (ns->new_flags & CLONE_NEWPID) != 0;
	c->start_hooks = config->hooks.start_container.n > 0;
	c->poststart = config->hooks.poststart.n > 0;
	c->poststop = config->hooks.poststop.n > 0;
	c->owner = pw ? xstrdup(pw->pw_name) : xasprintf("%u", (unsigned int)geteuid());
	c->annotations.n = config->annotations.n;
	c->annotations.v = xcalloc(c->annotations.n, sizeof(*c->annotations.v));
	for (size_t i = 0; i < c->annotations.n; i++) {
		c->annotations.v[i].key = xstrdup(config->annotations.v[i].key);
		c->annotations.v[i].value = xstrdup(config->annotations.v[i].value);
	}
}

/* "mnt_id:" of /proc/self/fdinfo, Linux 3.15. */
static char *file_name_for_criu(int fd)
{
	autofree char *path = xasprintf("/proc/self/fdinfo/%d", fd);
	autofree char *text = NULL;
	unsigned int mount;
	struct stat st;
	char *at;

	if (fstat(fd, &st) < 0 || !(S_ISREG(st.st_mode) || S_ISFIFO(st.st_mode)) || file_read(AT_FDCWD, path, 4096, &text, NULL, NULL) < 0)
		return NULL;
	at = strstr(text, "mnt_id:");
	if (!at || sscanf(at, "mnt_id: %u", &mount) != 1)
		return NULL;
	return xasprintf("file[%x:%llx]", mount, (unsigned long long)st.st_ino);
}

void making_note_stdio(struct container *c)
{
	for (int i = 0; i < CONTAINER_STDIO; i++) {
		autofree char *path = xasprintf("/proc/self/fd/%d", i);
		char link[PATH_MAX];
		ssize_t n = readlink(path, link, sizeof(link) - 1);

		c->stdio[i] = n > 0 && link[0] == '/' ? file_name_for_criu(i) : NULL;
		if (n > 0 && !c->stdio[i])
			c->stdio[i] = xstrndup(link, (size_t)n);
	}
}

static bool host_id(const struct oci_id_mapping *v, size_t n, uint32_t id, uint32_t *out)
{
	for (size_t i = 0; i < n; i++) {
		if (id >= v[i].container_id && id - v[i].container_id < v[i].size) {
			*out = v[i].host_id + (id - v[i].container_id);
			return true;
		}
	}
	return false;
}

uint32_t making_host_root(const struct oci_id_mapping *v, size_t n)
{
	uint32_t id;

	return host_id(v, n, 0, &id) ? id : n ? v[0].host_id : 0;
}

static bool is_writable_cgroup(const struct oci_mount *m)
{
	if (!m->source || !str_eq(m->source, "cgroup") || !str_eq(m->destination, "/sys/fs/cgroup"))
		return false;
	return !oci_mount_has_option(m, "ro");
}

/* config-linux.md, "Cgroup ownership": for whom a container that may write to /sys/fs/cgroup finds it to be its own. 0: nobody. */
static uid_t cgroup_owner(const struct oci_config *config, const struct namespaces *ns)
{
	const struct oci_linux *l = &config->linux_;
	uint32_t uid = config->process.user.uid;
	bool writable = false;

	for (size_t i = 0; i < config->n_mounts; i++)
		writable |= is_writable_cgroup(&config->mounts[i]);
	if (!ns->new_cgroup || !writable)
		return 0;
	if (namespaces_has(ns, OCI_NS_USER) && !host_id(l->uid_mappings, l->n_uid_mappings, uid, &uid))
		return 0;
	return geteuid() == 0 ? uid : 0; /* others cannot give anything away */
}

int making_cgroup(struct container *c, const struct oci_config *config, const struct namespaces *ns,
		  enum cgroup_manager manager, bool early, struct cgroup **out, struct err *e)
{
	struct cgroup_request req = {
		.manager = manager,
		.path = config->linux_.cgroups_path,
		.id = c->id,
		.rootless = geteuid() != 0 || access("/proc/1/root", R_OK) < 0,
		.resources = &config->linux_.resources,
		.annotations = &config->annotations,
		.owner = cgroup_owner(config, ns),
		.early = early,
	};
	struct cgroup *cg;

	cg = cgroup_plan(&req, e);
	if (!cg)
		return -1;
	c->cgroup = cgroup_write(cg);
	c->cgroup_planned = true;
	if (container_save(c, e) < 0 || cgroup_make(cg, e) < 0) {
		cgroup_free(cg);
		return -1;
	}
	*out = cg;
	c->cgroup_planned = false;
	free(c->cgroup);
	c->cgroup = cgroup_write(cg); /* rootless, a directory that could not be made is left out */
	return container_save(c, e);
}

int making_note_cgroup(struct container *c, const struct cgroup *cg, struct err *e)
{
	autofree char *text = cgroup_write(cg);

	if (str_eq(text, c->cgroup))
		return 0;
	free(c->cgroup);
	c->cgroup = steal_ptr(&text);
	return container_save(c, e);
}

int making_rdt(struct container *c, const struct oci_config *config, const char *rdt_root, struct err *e)
{
	c->rdt = rdt_make(rdt_root, &config->linux_.intel_rdt, c->id, e);
	return c->rdt ? container_save(c, e) : -1;
}

int making_hooks(const struct container *c, const struct oci_config *config, pid_t pid, struct err *e)
{
	struct oci_state s = { .id = c->id, .status = "creating", .pid = pid, .bundle = c->bundle,
			       .annotations = &config->annotations };
	autofree char *creating = oci_state_write(&s, false);
	autofree char *created = NULL;

	/* "After the start operation is called" (config.md, for the sake of old hooks): they are to see it made. */
	s.status = "created";
	created = oci_state_write(&s, false);
	if (hooks_run(&config->hooks.prestart, "prestart", created, &config->annotations, e) < 0)
		return -1;
	return hooks_run(&config->hooks.create_runtime, "createRuntime", creating, &config->annotations, e);
}

void making_undo(struct container *c, struct cgroup *cg, const struct oci_hook_list *poststop)
{
	struct err e;

	if (cg && cgroup_destroy(cg, &e) < 0)
		log_warn("%s", e.msg);
	if (c && c->rdt && rdt_remove(c->rdt, &e) < 0)
		log_warn("%s", e.msg);
	if (c && container_remove(c, &e) < 0)
		log_warn("%s", e.msg);
	if (c && c->pid > 0)
		container_poststop(c, poststop);
}
