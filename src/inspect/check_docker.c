// SPDX-License-Identifier: Apache-2.0
/* check_docker.c - Docker: is sandrun among its runtimes, and can a policy reach it
 *
 * Runs in:  sandrun check.
 */
#include "inspect/check.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "inspect/card.h"
#include "oci/json_tree.h"

#define AREA "docker"
#define CONFIG_MAX (1024 * 1024)
#define ANNOTATIONS_SINCE 24000 /* docker run --annotation */

/* A runtime whose path is sandrun's; its arguments, if it has any, give the policy. */
static void look_at_runtimes(struct check *c, const struct json_node *config, bool annotations)
{
	const struct json_node *all = card_member(config, "runtimes");
	const char *chosen = card_string(config, "default-runtime");
	bool any = false;

	for (const struct json_node *m = all && all->type == JSON_OBJECT ? all->first : NULL; m; m = m->next) {
		const char *path = card_string(m, "path");
		bool given = card_member(m, "runtimeArgs") != NULL;

		if (!path || !check_is_sandrun(path))
			continue;
		any = true;
		if (path[0] == '/' && access(path, X_OK) < 0)
			check_add(c, AREA, "runtime", CHECK_WRONG, xstrdup("the true path in daemon.json"), "%s: %s is no program", m->key, path);
		else
			check_add(c, AREA, "runtime", CHECK_OK, NULL, "%s is %s%s", m->key, path,
				  chosen && str_eq(chosen, m->key) ? ", the default for every container" : "");
		if (!annotations && !given)
			check_add(c, AREA, "policy", CHECK_NOTE,
				  xasprintf("/etc/docker/daemon.json:\n{ \"runtimes\": { \"%s\": { \"path\": \"%s\", \"runtimeArgs\": "
					    "[\"--annotation\", \"io.sandlock.net-deny=private\"] } } }", m->key, path),
				  "this Docker has no --annotation: the runtime's arguments have to give the policy");
	}
	if (!any)
		check_add(c, AREA, "runtime", CHECK_MISSING,
			  xstrdup("/etc/docker/daemon.json:\n{ \"runtimes\": { \"sandrun\": { \"path\": \"/usr/local/bin/sandrun\" } } }"),
			  "sandrun is not among its runtimes");
}

static void look_at_config(struct check *c, bool annotations)
{
	autofree char *text = NULL;
	struct json_tree *tree;
	char why[160];
	size_t len;

	if (access("/etc/docker/daemon.json", F_OK) < 0) {
		look_at_runtimes(c, NULL, annotations);
		return;
	}
	if (file_read_regular(AT_FDCWD, "/etc/docker/daemon.json", CONFIG_MAX, &text, &len, NULL) < 0) {
		check_add(c, AREA, "configuration", CHECK_NOTE, NULL, "/etc/docker/daemon.json cannot be read");
		return;
	}
	tree = json_tree_parse(text, len, why, sizeof(why));
	if (tree)
		look_at_runtimes(c, json_tree_root(tree), annotations);
	else
		check_add(c, AREA, "configuration", CHECK_WRONG, NULL, "/etc/docker/daemon.json: %s", why);
	json_tree_free(tree);
}

void check_docker(struct check *c)
{
	autofree char *path = check_find_program("dockerd");
	autofree char *version = path ? check_ask_program(path, "--version") : NULL;
	unsigned int v = check_version(version);
	bool annotations = !v || v >= ANNOTATIONS_SINCE;

	if (!path)
		return;
	check_add(c, AREA, "version", CHECK_OK, NULL, "%s, %u.%u", path, v / 1000, v % 1000);
	look_at_config(c, annotations);
	if (annotations)
		check_add(c, AREA, "annotations", CHECK_OK, NULL, "--annotation arrives");
}
