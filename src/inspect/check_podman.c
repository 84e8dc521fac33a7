// SPDX-License-Identifier: Apache-2.0
/* check_podman.c - podman: does it know sandrun by name, and what it does with annotations
 *
 * Runs in:  sandrun check.
 *
 * containers.conf comes in pieces, of which a later one wins key by key: the distribution's, the machine's, each with a directory beside
 * it, and for a user his own; or only what $CONTAINERS_CONF names.
 */
#include "inspect/check.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"

#define AREA "podman"

struct podman_conf {
	bool knows;	 /* [engine.runtimes] sandrun */
	bool is_default; /* [engine] runtime */
	bool json_said, json;
	char *path;	 /* the first of [engine.runtimes] sandrun that is there; NULL */
	char *annotations; /* io.sandlock.* that every container gets; NULL */
};

static void take_runtimes(const struct toml_node *list, struct podman_conf *p)
{
	if (!list || list->type != TOML_ARRAY)
		return;
	p->knows = true;
	free(p->path);
	p->path = NULL;
	for (const struct toml_node *m = list->first; m && !p->path; m = m->next)
		if (m->type == TOML_STRING && access(m->text, X_OK) == 0)
			p->path = xstrdup(m->text);
}

static void take_annotations(const struct toml_node *list, struct podman_conf *p)
{
	if (!list || list->type != TOML_ARRAY)
		return;
	free(p->annotations);
	p->annotations = NULL;
	for (const struct toml_node *m = list->first; m; m = m->next) {
		char *longer;

		if (m->type != TOML_STRING || !str_starts(m->text, "io.sandlock."))
			continue;
		longer = xasprintf("%s%s%s", p->annotations ? p->annotations : "", p->annotations ? " " : "", m->text);
		free(p->annotations);
		p->annotations = longer;
	}
}

static void read_conf(struct check *c, const char *path, struct podman_conf *p)
{
	struct toml *t = check_read_toml(c, AREA, path);
	const struct toml_node *engine = t ? toml_get(toml_root(t), "engine") : NULL;
	const char *runtime = toml_string(engine, "runtime");
	const struct toml_node *json = toml_get(engine, "runtime_supports_json");

	take_runtimes(toml_at(engine, "runtimes", "sandrun"), p);
	if (runtime)
		p->is_default = check_is_sandrun(runtime);
	if (json) {
		p->json_said = true;
		p->json = check_has_string(json, "sandrun");
	}
	if (t)
		take_annotations(toml_at(toml_root(t), "containers", "annotations"), p);
	toml_free(t);
}

static void read_with_directory(struct check *c, const char *path, struct podman_conf *p)
{
	autofree char *pattern = xasprintf("%s.d/*.conf", path);
	glob_t g = { 0 };

	read_conf(c, path, p);
	if (glob(pattern, 0, NULL, &g) == 0)
		for (size_t i = 0; i < g.gl_pathc; i++)
			read_conf(c, g.gl_pathv[i], p);
	globfree(&g);
}

static void read_all(struct check *c, struct podman_conf *p)
{
	const char *named = getenv("CONTAINERS_CONF"), *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	if (named && *named) {
		read_conf(c, named, p);
		return;
	}
	read_conf(c, "/usr/share/containers/containers.conf", p);
	read_with_directory(c, "/etc/containers/containers.conf", p);
	if (geteuid() != 0 && ((config && *config) || home)) {
		autofree char *path = config && *config ? xasprintf("%s/containers/containers.conf", config)
							: xasprintf("%s/.config/containers/containers.conf", home);

		read_with_directory(c, path, p);
	}
}

static const char *conf_dir(void)
{
	return geteuid() == 0 ? "/etc/containers/containers.conf.d/sandrun.conf" : "~/.config/containers/containers.conf.d/sandrun.conf";
}

static void tell(struct check *c, const struct podman_conf *p)
{
	if (!p->knows)
		check_add(c, AREA, "runtime", CHECK_MISSING,
			  xasprintf("%s:\n[engine.runtimes]\nsandrun = [\"/usr/local/bin/sandrun\", \"/usr/bin/sandrun\"]", conf_dir()),
			  "sandrun is not among its runtimes: --runtime wants the whole path");
	else if (!p->path)
		check_add(c, AREA, "runtime", CHECK_WRONG, xstrdup("the true path in [engine.runtimes]"),
			  "[engine.runtimes] sandrun: none of its paths is a program");
	else
		check_add(c, AREA, "runtime", CHECK_OK, NULL, "sandrun is %s%s", p->path,
			  p->is_default ? ", the default for every container" : " (podman --runtime sandrun)");
	if (p->knows && !p->json)
		check_add(c, AREA, "messages", CHECK_NOTE,
			  xasprintf("%s:\n[engine]\nruntime_supports_json = [\"crun\", \"runc\", \"kata\", \"runsc\", \"youki\", \"krun\", \"sandrun\"]",
				    conf_dir()),
			  "runtime_supports_json lacks sandrun: podman's messages of a failure are longer than need be");
	if (p->annotations)
		check_add(c, AREA, "default policy", CHECK_OK, NULL, "every container gets %s", p->annotations);
}

void check_podman(struct check *c)
{
	autofree char *path = check_find_program("podman");
	autofree char *version = path ? check_ask_program(path, "--version") : NULL;
	unsigned int v = check_version(version);
	struct podman_conf p = { 0 };

	if (!path)
		return;
	check_add(c, AREA, "version", CHECK_OK, NULL, "%s, %u.%u", path, v / 1000, v % 1000);
	read_all(c, &p);
	tell(c, &p);
	check_add(c, AREA, "annotations", v && v < 5001 ? CHECK_NOTE : CHECK_OK,
		  v && v < 5001 ? xstrdup("use podman run itself, or --runtime-flag annotation=KEY=VALUE") : NULL,
		  v && v < 5001 ? "--annotation arrives; podman's Docker-compatible API drops annotations before version 5.1"
				: "--annotation arrives");
	if (v && v <= 4005)
		check_add(c, AREA, "images", CHECK_NOTE, xstrdup("set allow-udp and allow-icmp, too: what you give wins over the image, key by key"),
			  "before 4.5.1 annotations of an image come into its containers: it may say more than you did");
	free(p.path);
	free(p.annotations);
}
