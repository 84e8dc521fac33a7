// SPDX-License-Identifier: Apache-2.0
/* fault.h - the path of a walk, and the errors that name it. For read.c; checks use oci_walk_fail() of fields.h. */
#ifndef OCI_FAULT_H
#define OCI_FAULT_H

#include <stddef.h>

#include "oci/fields.h"
#include "oci/json_tree.h"
#include "oci/read.h"

/* linux.resources.blockIO.throttleReadBpsDevice[0].rate is 6 frames deep. */
#define FAULT_FRAMES_MAX 16

struct fault_frame {
	enum { FRAME_FIELD, FRAME_INDEX, FRAME_KEY } kind;
	const char *name; /* FRAME_FIELD, FRAME_KEY */
	size_t len;	  /* FRAME_KEY */
	size_t index;	  /* FRAME_INDEX */
};

struct oci_walk {
	struct oci_error *e;
	struct fault_frame path[FAULT_FRAMES_MAX];
	unsigned int depth;
};

/* A frame of the path: "name", "[3]", "[\"key of a map\"]". Not left again when the walk fails. */
void fault_enter_field(struct oci_walk *w, const char *name);
void fault_enter_index(struct oci_walk *w, size_t i);
void fault_enter_key(struct oci_walk *w, const struct json_node *n);
void fault_leave(struct oci_walk *w);

/* Each fills the error at the path and returns -1. */
int fault_type(struct oci_walk *w, const char *expected, const struct json_node *n);
int fault_word(struct oci_walk *w, const struct oci_field *f, const char *value);
int fault_wrong(struct oci_walk *w, const char *wrong, const char *value);
int fault_key(struct oci_walk *w, const struct oci_object *o, const struct json_node *n);

#endif
