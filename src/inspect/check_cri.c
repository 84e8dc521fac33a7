// SPDX-License-Identifier: Apache-2.0
/* check_cri.c - containerd and CRI-O: is sandrun among their runtimes, and do annotations arrive
 *
 * Runs in:  sandrun check.
 *
 * containerd passes to the runtime only annotations that the runtime's table lists, and drops the others without a word: the container
 * then runs without a policy. So a table without the lists is wrong, not merely incomplete.
 */
#include "inspect/check.h"

#include <fnmatch.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"

#define AREA_CTD "containerd"
#define AREA_CRIO "cri-o"
#define CTD_CONF "/etc/containerd/config.toml"

/* --- containerd ------------------------------------------------------------------------------------------------------- */

/* The plugin's name in files of version 2, and of 3. */
static const char *const cri_plugins[] = { "io.containerd.grpc.v1.cri", "io.containerd.cri.v1.runtime" };

struct ctd {
	struct check *c;
	unsigned int known; /* runtimes that are sandrun */
	bool found;	    /* a file */
	bool off;	    /* the CRI plugin is switched off */
};

static bool passes_policy(const struct toml_node *runtime, const char *list)
{
	const struct toml_node *patterns = toml_get(runtime, list);

	for (const struct toml_node *m = patterns && patterns->type == TOML_ARRAY ? patterns->first : NULL; m; m = m->next)
		if (m->type == TOML_STRING && fnmatch(m->text, "io.sandlock.net-deny", 0) == 0)
			return true;
	return false;
}

static void look_at_runtime(struct ctd *d, const char *path, const struct toml_node *runtime)
{
	const char *binary = toml_string(toml_get(runtime, "options"), "BinaryName");
	bool pod, container;

	if (!binary || !check_is_sandrun(binary))
		return;
	d->known++;
	pod = passes_policy(runtime, "pod_annotations");
	container = passes_policy(runtime, "container_annotations");
	if (binary[0] == '/' && access(binary, X_OK) < 0)
		check_add(d->c, AREA_CTD, "runtime", CHECK_WRONG, xstrdup("the true path as BinaryName"), "%s, %s: %s is no program", path,
			  runtime->key, binary);
	else
		check_add(d->c, AREA_CTD, "runtime", CHECK_OK, NULL, "%s is %s", runtime->key, binary);
	if (pod)
		check_add(d->c, AREA_CTD, "annotations", container ? CHECK_OK : CHECK_NOTE,
			  container ? NULL : xasprintf("%s, in the table of %s:\ncontainer_annotations = [\"io.sandlock.*\"]", path, runtime->key),
			  container ? "%s: io.sandlock.* arrives" : "%s: io.sandlock.* of pods arrives, of single containers not", runtime->key);
	else
		check_add(d->c, AREA_CTD, "annotations", CHECK_WRONG,
			  xasprintf("%s, in the table of %s:\npod_annotations = [\"io.sandlock.*\"]\ncontainer_annotations = [\"io.sandlock.*\"]",
				    path, runtime->key),
			  "%s: containerd drops io.sandlock.* without a word, and pods run without a policy", runtime->key);
}

static void read_ctd(struct ctd *d, const char *path, unsigned int depth);

static void read_imports(struct ctd *d, const char *path, const struct toml_node *imports, unsigned int depth)
{
	for (const struct toml_node *m = imports && imports->type == TOML_ARRAY ? imports->first : NULL; m; m = m->next) {
		const char *slash = strrchr(path, '/');
		autofree char *pattern = m->type != TOML_STRING ? NULL
					 : m->text[0] == '/'	? xstrdup(m->text)
								: xasprintf("%.*s/%s", (int)(slash - path), path, m->text);
		glob_t g = { 0 };

		if (pattern && glob(pattern, 0, NULL, &g) == 0)
			for (size_t i = 0; i < g.gl_pathc; i++)
				read_ctd(d, g.gl_pathv[i], depth + 1);
		globfree(&g);
	}
}

static void read_ctd(struct ctd *d, const char *path, unsigned int depth)
{
	struct toml *t = depth < 4 ? check_read_toml(d->c, AREA_CTD, path) : NULL;
	const struct toml_node *root = t ? toml_root(t) : NULL;

	d->found = d->found || t;
	for (size_t i = 0; i < ARRAY_SIZE(cri_plugins); i++) {
		const struct toml_node *all = toml_at(root, "plugins", cri_plugins[i], "containerd", "runtimes");

		for (const struct toml_node *m = all && all->type == TOML_TABLE ? all->first : NULL; m; m = m->next)
			look_at_runtime(d, path, m);
		if (check_has_string(toml_get(root, "disabled_plugins"), cri_plugins[i]))
			d->off = true;
	}
	if (check_has_string(toml_get(root, "disabled_plugins"), "cri"))
		d->off = true;
	read_imports(d, path, toml_get(root, "imports"), depth);
	toml_free(t);
}

static char *ctd_lines(unsigned int version)
{
	const char *table = version && version < 2000 ? "io.containerd.grpc.v1.cri" : "io.containerd.cri.v1.runtime";

	return xasprintf(CTD_CONF ":\n[plugins.'%s'.containerd.runtimes.sandrun]\n  runtime_type = \"io.containerd.runc.v2\"\n"
				  "  pod_annotations = [\"io.sandlock.*\"]\n  container_annotations = [\"io.sandlock.*\"]\n"
				  "  [plugins.'%s'.containerd.runtimes.sandrun.options]\n    BinaryName = \"/usr/local/bin/sandrun\"",
			 table, table);
}

void check_containerd(struct check *c)
{
	autofree char *path = check_find_program("containerd");
	autofree char *version = path ? check_ask_program(path, "--version") : NULL;
	/* "containerd github.com/containerd/containerd 1.6.20~ds1 …": the number behind the name. */
	unsigned int v = check_version(version);
	struct ctd d = { .c = c };

	if (!path)
		return;
	check_add(c, AREA_CTD, "version", CHECK_OK, NULL, "%s, %u.%u; ctr run --runc-binary sandrun passes --annotation", path, v / 1000, v % 1000);
	read_ctd(&d, CTD_CONF, 0);
	if (d.off)
		check_add(c, AREA_CTD, "kubernetes", CHECK_NOTE, NULL, "its CRI plugin is switched off (disabled_plugins): no pods");
	else if (!d.known)
		check_add(c, AREA_CTD, "runtime", CHECK_MISSING, ctd_lines(v), "sandrun is not among the runtimes of its CRI plugin: no pods with it");
}

/* --- CRI-O ------------------------------------------------------------------------------------------------------------ */

static unsigned int read_crio(struct check *c, const char *path)
{
	struct toml *t = check_read_toml(c, AREA_CRIO, path);
	const struct toml_node *all = t ? toml_at(toml_root(t), "crio", "runtime", "runtimes") : NULL;
	unsigned int known = 0;

	for (const struct toml_node *m = all && all->type == TOML_TABLE ? all->first : NULL; m; m = m->next) {
		const char *binary = toml_string(m, "runtime_path");

		if (!binary || !check_is_sandrun(binary))
			continue;
		known++;
		if (access(binary, X_OK) < 0)
			check_add(c, AREA_CRIO, "runtime", CHECK_WRONG, xstrdup("the true path as runtime_path"), "%s, %s: %s is no program", path, m->key,
				  binary);
		else
			check_add(c, AREA_CRIO, "runtime", CHECK_OK, NULL, "%s is %s; annotations arrive", m->key, binary);
	}
	toml_free(t);
	return known;
}

void check_crio(struct check *c)
{
	autofree char *path = check_find_program("crio");
	unsigned int known = 0;
	glob_t g = { 0 };

	if (!path)
		return;
	known += read_crio(c, "/etc/crio/crio.conf");
	if (glob("/etc/crio/crio.conf.d/*", 0, NULL, &g) == 0)
		for (size_t i = 0; i < g.gl_pathc; i++)
			known += read_crio(c, g.gl_pathv[i]);
	globfree(&g);
	if (!known)
		check_add(c, AREA_CRIO, "runtime", CHECK_MISSING,
			  xstrdup("/etc/crio/crio.conf.d/10-sandrun.conf:\n[crio.runtime.runtimes.sandrun]\nruntime_path = \"/usr/local/bin/sandrun\"\n"
				  "runtime_root = \"/run/sandrun\"\nmonitor_path = \"/usr/bin/conmon\""),
			  "sandrun is not among its runtimes");
}
