// SPDX-License-Identifier: Apache-2.0
/* sdprops.h - the properties of a container's scope, as data */
#ifndef CGROUP_SDPROPS_H
#define CGROUP_SDPROPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "oci/config.h"

enum sd_type {
	SD_BOOL,    /* b */
	SD_U32,	    /* u */
	SD_I32,	    /* i */
	SD_U64,	    /* t */
	SD_I64,	    /* x */
	SD_STRING,  /* s */
	SD_STRINGS, /* as */
	SD_BYTES,   /* ay */
	SD_DEVICES, /* a(ss): pairs in strings */
	SD_PIDS,    /* au: one, in number */
};

struct sd_prop {
	char *name;
	enum sd_type type;
	bool optional; /* an old systemd may not know it: left out then, for the limit is written to
			  the file as well */
	uint64_t number; /* also bool and the signed ones */
	char *string;
	char **strings;
	size_t n; /* of strings or bytes */
	uint8_t *bytes;
};

struct sd_props {
	struct sd_prop *v;
	size_t n;
};

/* Appends one without a value. Valid until the next one is appended. */
struct sd_prop *cg_sdprops_add(struct sd_props *p, const char *name, enum sd_type type);
/* Appends to the strings of @x; takes @s (heap). */
void cg_sdprops_push(struct sd_prop *x, char *s);
void cg_sdprops_free(struct sd_props *p); /* what hangs off it */
/* Drops the property of that name if it is an optional one. */
bool cg_sdprops_drop(struct sd_props *p, const char *name);

/* What every scope of ours gets: slice, process, delegation, accounting. */
void cg_sdprops_scope(struct sd_props *p, const char *description, const char *slice, uint32_t pid,
		      bool v2);
/* org.systemd.property.NAME annotations, whose values are GVariant text. */
int cg_sdprops_annotations(struct sd_props *p, const struct oci_map *annotations, struct err *e);
/* linux.resources. Fails for what cannot be read (a list of cpus), not for what systemd has no
 * property for. */
int cg_sdprops_resources(struct sd_props *p, const struct oci_resources *res, bool v2, bool update,
			 struct err *e);

#endif
