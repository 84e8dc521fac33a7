# SPDX-License-Identifier: Apache-2.0
# oci/local.mk - a leaf: nothing of src/ is in here
noinst_LIBRARIES += liboci.a
liboci_a_SOURCES = \
	oci/check.c oci/check.h \
	oci/config.h \
	oci/end.c \
	oci/fault.c oci/fault.h \
	oci/features.c oci/features.h \
	oci/fields.c oci/fields.h \
	oci/json_tree.c oci/json_tree.h \
	oci/json_write.c oci/json_write.h \
	oci/names.c oci/names.h \
	oci/read.c oci/read.h \
	oci/spec.c oci/spec.h \
	oci/state.c oci/state.h \
	oci/utf8.c oci/utf8.h
