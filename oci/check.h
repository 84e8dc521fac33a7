// SPDX-License-Identifier: Apache-2.0
/* check.h - the specification's rules that a type cannot say, named for use in the tables */
#ifndef OCI_CHECK_H
#define OCI_CHECK_H

#include "oci/fields.h"

/* For one string: NULL, or what it must be. */
const char *oci_check_version(const char *s);
const char *oci_check_absolute(const char *s);
const char *oci_check_cpu_list(const char *s);
const char *oci_check_device_access(const char *s);
const char *oci_check_page_size(const char *s);
const char *oci_check_mb_schema(const char *s);
const char *oci_check_clos_id(const char *s);
const char *oci_check_one_line(const char *s);
const char *oci_check_no_flag(const char *s);

/* For an object whose rows are read. */
int oci_check_id_mapping(struct oci_walk *w, const struct json_node *in, void *obj);
int oci_check_mount(struct oci_walk *w, const struct json_node *in, void *obj);
int oci_check_rlimit(struct oci_walk *w, const struct json_node *in, void *obj);
int oci_check_process(struct oci_walk *w, const struct json_node *in, void *obj);
int oci_check_device(struct oci_walk *w, const struct json_node *in, void *obj);
int oci_check_memory_policy(struct oci_walk *w, const struct json_node *in, void *obj);
int oci_check_memory(struct oci_walk *w, const struct json_node *in, void *obj);
int oci_check_weight_device(struct oci_walk *w, const struct json_node *in, void *obj);
int oci_check_rdma(struct oci_walk *w, const struct json_node *in, void *obj);
int oci_check_seccomp(struct oci_walk *w, const struct json_node *in, void *obj);
int oci_check_seccomp_syscall(struct oci_walk *w, const struct json_node *in, void *obj);
int oci_check_linux(struct oci_walk *w, const struct json_node *in, void *obj);

#endif
