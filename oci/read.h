// SPDX-License-Identifier: Apache-2.0
/* read.h - reading the OCI documents into their structs
 *
 * Owns:     the declarative field tables and the walker over yajl's tree.
 * Must not: act on anything it read.
 */
#ifndef OCI_READ_H
#define OCI_READ_H

#include "oci/config.h"

/* Where the document is wrong: "process.capabilities.bounding[3]: unknown capability …". */
struct oci_error {
	char msg[960];
};

/* Each takes the whole text (NUL-terminated, @len bytes), fills a struct that the caller frees with the matching
 * …_free() (also safe on a zeroed struct), and returns 0, or -1 with @e filled and nothing to free.
 * A missing required field, a wrong type, a number out of its type's range, an unknown value where the specification
 * lists the values: errors. Unknown fields are ignored (spec.md, "Extensibility"); duplicate keys: the last one wins;
 * null, and an empty string where the field is optional, are an absent field. fields.c says it field by field. */
int oci_config_parse(const char *text, size_t len, struct oci_config *out, struct oci_error *e);
void oci_config_free(struct oci_config *c);

/* The "process" object alone: exec --process. */
int oci_process_parse(const char *text, size_t len, struct oci_process *out, struct oci_error *e);
void oci_process_free(struct oci_process *p);

/* LinuxResources alone: update --resources. */
int oci_resources_parse(const char *text, size_t len, struct oci_resources *out, struct oci_error *e);
void oci_resources_free(struct oci_resources *r);

#endif
