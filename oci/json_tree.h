// SPDX-License-Identifier: Apache-2.0
/* json_tree.h - a JSON text as a tree of nodes
 *
 * Owns:     syntax, UTF-8, the bounds on depth and number of values. Why not yajl's own tree: it frees itself by
 *           recursion (a document nested 1,000,000 deep ends the process) and leaks when the text is broken
 *           (CVE-2023-33460); numbers there are doubles first.
 * Must not: know what the values mean.
 */
#ifndef OCI_JSON_TREE_H
#define OCI_JSON_TREE_H

#include <stdbool.h>
#include <stddef.h>

enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json_node {
	enum json_type type;
	bool truth;		 /* JSON_BOOL */
	const char *key;	 /* in an object; may hold NUL bytes like any string: see key_len */
	size_t key_len;
	const char *text;	 /* JSON_STRING: UTF-8; JSON_NUMBER: as it was written. NUL-terminated */
	size_t len;		 /* bytes of text; members of an array or object */
	struct json_node *first; /* members, in the order of the text, repeated keys and all */
	struct json_node *last;
	struct json_node *next;
	struct json_node *parent;
};

struct json_tree;

/* Deeper than any document of the specification by far; parsers of other runtimes stop at 10,000. */
#define JSON_TREE_DEPTH_MAX 1000
/* A config.json with 50,000 mounts fits. What it bounds is memory: 80 bytes for each ",0" of a hostile text. */
#define JSON_TREE_NODES_MAX (1u << 20)

/* Returns the tree, or NULL with one line about what is wrong and where in @why. */
struct json_tree *json_tree_parse(const char *text, size_t len, char *why, size_t why_size);
const struct json_node *json_tree_root(const struct json_tree *t);
void json_tree_free(struct json_tree *t); /* NULL is fine */

#endif
