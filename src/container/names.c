// SPDX-License-Identifier: Apache-2.0
/* names.c - what people call a container
 *
 * Runs in:  the commands that print containers or look for one by name; delete.
 *
 * Where the engines keep it:
 *
 *   Kubernetes (containerd)  annotations io.kubernetes.cri.container-name, .sandbox-name, .sandbox-namespace, .image-name
 *   Kubernetes (CRI-O)       annotations io.kubernetes.container.name, .pod.name, .pod.namespace, io.kubernetes.cri-o.ImageName
 *   nerdctl                  annotation nerdctl/name
 *   podman                   no annotation: STORAGE/overlay-containers/containers.json, where STORAGE/overlay-containers/ID/userdata
 *                            is the bundle
 *   Docker                   no annotation: DATA/containers/ID/config.v2.json, where DATA/containers/ID/hosts is mounted
 *
 * A workload cannot write to any of these; a user's own engine can write what it likes for its own containers.
 */
#include "container/names.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/str.h"
#include "oci/json_tree.h"
#include "oci/json_write.h"

#define STORAGE_MAX (32 * 1024 * 1024) /* containers.json: about a kilobyte for each container */
#define DOCKER_MAX (1024 * 1024)
#define CONFIG_MAX (16 * 1024 * 1024)

const char *names_annotation(const struct oci_map *annotations, const char *key)
{
	for (size_t i = 0; i < annotations->n; i++)
		if (str_eq(annotations->v[i].key, key))
			return annotations->v[i].value;
	return NULL;
}

/* --- annotations ---------------------------------------------------------------------------------------------------- */

static const struct {
	const char *engine;
	const char *name, *pod, *pod_namespace, *image; /* keys */
} dialects[] = {
	{ "cri", "io.kubernetes.cri.container-name", "io.kubernetes.cri.sandbox-name", "io.kubernetes.cri.sandbox-namespace",
	  "io.kubernetes.cri.image-name" },
	{ "cri-o", "io.kubernetes.container.name", "io.kubernetes.pod.name", "io.kubernetes.pod.namespace",
	  "io.kubernetes.cri-o.ImageName" },
	{ "nerdctl", "nerdctl/name", NULL, "nerdctl/namespace", "nerdctl/image" },
};

static char *copy_annotation(const struct oci_map *annotations, const char *key)
{
	const char *value = key ? names_annotation(annotations, key) : NULL;

	return value && *value ? xstrdup(value) : NULL;
}

static bool read_annotations(const struct oci_map *annotations, struct names *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(dialects); i++) {
		if (!names_annotation(annotations, dialects[i].name) &&
		    !(dialects[i].pod && names_annotation(annotations, dialects[i].pod)))
			continue;
		out->engine = dialects[i].engine;
		out->name = copy_annotation(annotations, dialects[i].name);
		out->pod = copy_annotation(annotations, dialects[i].pod);
		out->pod_namespace = copy_annotation(annotations, dialects[i].pod_namespace);
		out->image = copy_annotation(annotations, dialects[i].image);
		/* A pod's pause container is no container of anybody's. */
		if (!out->name && out->pod)
			out->name = xstrdup("(pause)");
		return true;
	}
	return false;
}

/* --- JSON files of engines ------------------------------------------------------------------------------------------ */

static const struct json_node *member(const struct json_node *n, const char *key)
{
	if (!n || n->type != JSON_OBJECT)
		return NULL;
	for (const struct json_node *m = n->first; m; m = m->next)
		if (str_eq(m->key, key))
			return m;
	return NULL;
}

static bool is_string(const struct json_node *n, const char *text)
{
	return n && n->type == JSON_STRING && str_eq(n->text, text);
}

static struct json_tree *read_tree(const char *path, size_t max)
{
	autofree char *text = NULL;
	char why[128];
	size_t len;

	if (file_read_regular(AT_FDCWD, path, max, &text, &len, NULL) < 0)
		return NULL;
	return json_tree_parse(text, len, why, sizeof(why));
}

/* --- podman --------------------------------------------------------------------------------------------------------- */

/* STORAGE/overlay-containers/ID/userdata -> STORAGE/overlay-containers/containers.json, or NULL. */
static char *podman_file(const char *bundle, const char *id)
{
	autofree char *end = xasprintf("-containers/%s/userdata", id);
	size_t n = strlen(bundle), m = strlen(end);

	if (n <= m || !str_eq(bundle + n - m, end))
		return NULL;
	return xasprintf("%.*s-containers/containers.json", (int)(n - m), bundle);
}

void names_cache_free(struct names_cache *c)
{
	free(c->path);
	json_tree_free(c->tree);
	*c = (struct names_cache){ 0 };
}

static const struct json_node *podman_storage(struct names_cache *cache, char *path)
{
	if (cache->path && str_eq(cache->path, path)) {
		free(path);
	} else {
		names_cache_free(cache);
		cache->path = path;
		cache->tree = read_tree(path, STORAGE_MAX);
	}
	return cache->tree ? json_tree_root(cache->tree) : NULL;
}

/* "metadata" is JSON in a string. */
static char *podman_image(const struct json_node *metadata)
{
	const struct json_node *image;
	struct json_tree *tree;
	char why[128], *name;

	if (!metadata || metadata->type != JSON_STRING)
		return NULL;
	tree = json_tree_parse(metadata->text, metadata->len, why, sizeof(why));
	image = tree ? member(json_tree_root(tree), "image-name") : NULL;
	name = image && image->type == JSON_STRING && image->len ? xstrdup(image->text) : NULL;
	json_tree_free(tree);
	return name;
}

static bool read_podman(const struct names_about *about, struct names_cache *cache, struct names *out)
{
	char *path = about->bundle ? podman_file(about->bundle, about->id) : NULL;
	const struct json_node *list = path ? podman_storage(cache, path) : NULL;

	if (!path)
		return false;
	out->engine = "podman";
	if (!list || list->type != JSON_ARRAY)
		return true;
	for (const struct json_node *c = list->first; c; c = c->next) {
		const struct json_node *names = member(c, "names");

		if (!is_string(member(c, "id"), about->id))
			continue;
		if (names && names->type == JSON_ARRAY && names->first && names->first->type == JSON_STRING)
			out->name = xstrdup(names->first->text);
		out->image = podman_image(member(c, "metadata"));
		return true;
	}
	return true;
}

/* --- Docker --------------------------------------------------------------------------------------------------------- */

/* DATA/containers/ID/config.v2.json, from the source of a mount in the container's configuration; NULL. */
static char *docker_file(int state_dir, const char *id)
{
	autofree char *dir = xasprintf("/containers/%s/", id);
	autofree char *text = NULL;
	char *at, *begin;

	if (state_dir < 0 || file_read(state_dir, "config.json", CONFIG_MAX, &text, NULL, NULL) < 0)
		return NULL;
	at = strstr(text, dir);
	if (!at)
		return NULL;
	for (begin = at; begin > text && begin[-1] != '"'; begin--)
		;
	if (*begin != '/')
		return NULL;
	return xasprintf("%.*s%sconfig.v2.json", (int)(at - begin), begin, dir);
}

static void read_docker(const struct names_about *about, struct names *out)
{
	autofree char *path = docker_file(about->state_dir, about->id);
	struct json_tree *tree = path ? read_tree(path, DOCKER_MAX) : NULL;
	const struct json_node *name = tree ? member(json_tree_root(tree), "Name") : NULL;
	const struct json_node *config = tree ? member(json_tree_root(tree), "Config") : NULL;
	const struct json_node *image = member(config, "Image");

	out->engine = "docker";
	if (name && name->type == JSON_STRING)
		out->name = xstrdup(name->text[0] == '/' ? name->text + 1 : name->text);
	if (image && image->type == JSON_STRING)
		out->image = xstrdup(image->text);
	json_tree_free(tree);
}

/* -------------------------------------------------------------------------------------------------------------------- */

void names_find(const struct names_about *about, struct names_cache *cache, struct names *out)
{
	*out = (struct names){ 0 };
	if (read_annotations(about->annotations, out) || read_podman(about, cache, out))
		return;
	if (about->bundle && strstr(about->bundle, "/moby/"))
		read_docker(about, out);
	else if (about->bundle && strstr(about->bundle, "/io.containerd.runtime."))
		out->engine = "containerd";
}

bool names_of_podman(const char *bundle, const char *id, char **name)
{
	const struct names_about about = { .id = id, .bundle = bundle };
	struct names_cache cache = { 0 };
	struct names found = { 0 };
	bool podman = read_podman(&about, &cache, &found);

	*name = steal_ptr(&found.name);
	names_free(&found);
	names_cache_free(&cache);
	return podman;
}

void names_free(struct names *n)
{
	free(n->name);
	free(n->pod);
	free(n->pod_namespace);
	free(n->image);
	*n = (struct names){ 0 };
}

void names_write(const struct names *n, struct json_out *j)
{
	if (n->name)
		json_kv_string(j, "name", n->name);
	if (n->pod)
		json_kv_string(j, "pod", n->pod);
	if (n->pod_namespace)
		json_kv_string(j, "podNamespace", n->pod_namespace);
	if (n->image)
		json_kv_string(j, "image", n->image);
}
