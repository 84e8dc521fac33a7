// SPDX-License-Identifier: Apache-2.0
/* end.c - freeing what a walk has made, by the same tables
 *
 * Owns:     the way back: all that read.c has allocated, also of a struct that was read by half.
 * Must not: know any field by name.
 * Runs in:  the commands.
 */
#include <stdlib.h>
#include <string.h>

#include "oci/config.h"
#include "oci/fields.h"

static void free_object(const struct oci_object *o, char *obj);

static void free_elements(const struct oci_field *f, char *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char *element = v + i * f->of->size;

		if (f->kind == OCI_KEYED)
			free(*(char **)(void *)(element + f->of->key));
		free_object(f->of, element);
	}
	free(v);
}

static void free_strings(struct oci_strings *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->v[i]);
	free(s->v);
}

static void free_map(struct oci_map *m)
{
	for (size_t i = 0; i < m->n; i++) {
		free(m->v[i].key);
		free(m->v[i].value);
	}
	free(m->v);
}

static void free_object(const struct oci_object *o, char *obj)
{
	for (size_t i = 0; i < o->n_fields; i++) {
		const struct oci_field *f = &o->fields[i];
		void *at = obj + f->offset;

		switch (f->kind) {
		case OCI_STRING:
		case OCI_U32S:
			free(*(void **)at);
			break;
		case OCI_STRINGS:
			free_strings(at);
			break;
		case OCI_MAP:
			free_map(at);
			break;
		case OCI_OBJECT:
			free_object(f->of, at);
			break;
		case OCI_OBJECTS:
		case OCI_KEYED:
			free_elements(f, *(char **)at, *(size_t *)(void *)(obj + f->count));
			break;
		case OCI_BOOL:
		case OCI_OPT_BOOL:
		case OCI_ENUM:
		case OCI_I32:
		case OCI_I64:
		case OCI_U32:
		case OCI_U64:
		case OCI_OPT_I64:
		case OCI_OPT_U32:
		case OCI_OPT_U64:
			break;
		}
	}
}

void oci_object_end(const struct oci_object *o, void *obj)
{
	free_object(o, obj);
	memset(obj, 0, o->size);
}
