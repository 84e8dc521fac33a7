// SPDX-License-Identifier: Apache-2.0
/* names.h - what people call a container: the name, pod and image that its engine knows it by
 *
 * Owns:     where each engine writes that down.
 * Must not: ask an engine; follow what is no regular file.
 * Runs in:  the commands that print containers or look for one by name; delete.
 */
#ifndef CONTAINER_NAMES_H
#define CONTAINER_NAMES_H

#include <stdbool.h>

#include "oci/config.h"

struct names {
	const char *engine; /* "podman", "docker", "cri", "cri-o", "nerdctl", "containerd"; NULL: unknown. Constant */
	char *name;	    /* NULL: none but the id */
	char *pod;	    /* NULL: none */
	char *pod_namespace;
	char *image;
};

/* Files that name many containers are read once. Begin with zeros; names_cache_free(). */
struct names_cache {
	char *path;
	struct json_tree *tree;
};
void names_cache_free(struct names_cache *c);

struct names_about {
	const char *id;
	const char *bundle; /* may be NULL */
	int state_dir;	    /* where its config.json is; -1: nowhere any more */
	const struct oci_map *annotations;
};
/* Never fails: what cannot be found out is NULL. */
void names_find(const struct names_about *about, struct names_cache *cache, struct names *out);
void names_free(struct names *n);

/* True if @bundle is podman's, whose annotations may be an image's: then *name is the name that podman itself has written down (heap),
 * or NULL. */
bool names_of_podman(const char *bundle, const char *id, char **name);

/* The value of annotation @key, NULL if it is not there. */
const char *names_annotation(const struct oci_map *annotations, const char *key);

struct json_out;
/* What is known of them, as members of the open map of @j: name, pod, podNamespace, image. */
void names_write(const struct names *n, struct json_out *j);

#endif
