// SPDX-License-Identifier: Apache-2.0
/* fields.h - how the reader's tables look: one row a field, one table an object of the specification
 *
 * Owns:     the form of a row. Inside oci/ only: others see config.h and read.h.
 */
#ifndef OCI_FIELDS_H
#define OCI_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct oci_walk;
struct json_node;

/* What the row's member is. */
enum oci_kind {
	OCI_STRING, /* char *; an empty one is an absent one, as in the Go structs that the engines write from */
	OCI_BOOL,
	OCI_OPT_BOOL,
	OCI_ENUM, /* an enum whose numbers are the positions in .words */
	OCI_I32,
	OCI_I64,
	OCI_U32,
	OCI_U64,
	OCI_OPT_I64,
	OCI_OPT_U32,
	OCI_OPT_U64,
	OCI_STRINGS, /* struct oci_strings */
	OCI_U32S,    /* uint32_t * and .count */
	OCI_MAP,     /* struct oci_map: an object of strings */
	OCI_OBJECT,  /* a struct in place */
	OCI_OBJECTS, /* pointer to structs and .count: an array of objects */
	OCI_KEYED,   /* the same from an object of objects; the key goes into the struct */
};

#define OCI_REQUIRED 1u
#define OCI_NONEMPTY 2u /* an array with at least one element */

struct oci_field {
	const char *name; /* in the JSON text */
	enum oci_kind kind;
	unsigned int flags;
	size_t offset;
	size_t count;		     /* OCI_U32S, OCI_OBJECTS, OCI_KEYED: offset of the size_t */
	size_t present;		     /* OCI_OBJECT with .has_present: offset of the bool that says it is there */
	bool has_present;
	const struct oci_object *of; /* the table of the object, or of each element */
	const char *const *words;    /* a string (or each of the strings) is one of these … */
	const char *what;	     /* … and is called so in the error: "namespace", which is then unknown; or "invalid …" */
	/* A further rule for a string, or each of the strings: NULL, or what it must be ("must be …"). */
	const char *(*wrong)(const char *value);
	int64_t min; /* a number's range; both 0: all that the member holds */
	uint64_t max;
};

struct oci_object {
	const struct oci_field *fields;
	size_t n_fields;
	size_t size;		/* of the struct */
	size_t key;		/* in OCI_KEYED: offset of the char * for the key */
	const char *known_keys; /* not NULL: any other key is an error, and these are the right ones */
	/* What one row cannot say. Runs when all rows are read; may normalize. 0, or -1 from oci_walk_fail(). */
	int (*check)(struct oci_walk *w, const struct json_node *in, void *obj);
};

#define OCI_FIELDS_MAX 40

/* Frees everything that hangs off @obj (also one that is half read, or zeroed) and zeroes it, so that to do it twice is
 * no harm. */
void oci_object_end(const struct oci_object *o, void *obj);

extern const struct oci_object oci_object_config;
extern const struct oci_object oci_object_process;
extern const struct oci_object oci_object_resources;

/* Fills the error with the path of the object that is being checked, then @below ("hard", "namespaces[2].type"; "" for
 * the object itself), then the message. Returns -1. */
int oci_walk_fail(struct oci_walk *w, const char *below, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Whether the object has a value for that key (null is none). */
bool oci_walk_has(const struct json_node *in, const char *key);

#endif
