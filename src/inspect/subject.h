// SPDX-License-Identifier: Apache-2.0
/* subject.h - the policy that a question is about: of a container, of annotations, of a bundle
 *
 * Must not: make a policy by other means than create does.
 * Runs in:  sandrun policy.
 */
#ifndef INSPECT_SUBJECT_H
#define INSPECT_SUBJECT_H

#include "base/error.h"
#include "inspect/card.h"
#include "inspect/roots.h"
#include "oci/config.h"
#include "policy/policy.h"

struct subject {
	struct policy *policy; /* NULL: none */
	struct card card;      /* of a container; else its id is NULL */
	struct oci_map annotations; /* the io.sandlock. keys that made it */
	char *title;	       /* "web (829a2da4582b)", "the bundle /x" */
};

/* The one container that @word means. */
int subject_of_container(const char *named_root, const char *word, struct subject *out, struct err *e);
/* "KEY=VALUE", with "io.sandlock." or without. @host_network: not in a network of its own. */
int subject_of_annotations(char *const *pairs, size_t n, bool host_network, struct subject *out, struct err *e);
int subject_of_bundle(const char *dir, struct subject *out, struct err *e);
void subject_free(struct subject *s);

/* Takes "KEY=VALUE" apart into a new pair of @map. */
int subject_add_pair(struct oci_map *map, const char *text, struct err *e);
void subject_free_map(struct oci_map *map);

#endif
