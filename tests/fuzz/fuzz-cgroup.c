// SPDX-License-Identifier: Apache-2.0
/* fuzz-cgroup.c - texts that the cgroup room reads: its line of the state file, the two /proc files,
 * devices.list, lists of processors, cgroupsPath and the annotations for systemd
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cgroup/cgroup.h"
#include "cgroup/convert.h"
#include "cgroup/device.h"
#include "cgroup/layout.h"
#include "cgroup/place.h"
#include "cgroup/sdprops.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read must be written so that it reads the same. */
static void state_line(const char *text)
{
	struct cgroup *cg = cgroup_read(text, NULL), *again;
	autofree char *first = NULL, *second = NULL;

	if (!cg)
		return;
	first = cgroup_write(cg);
	again = cgroup_read(first, NULL);
	if (!again)
		abort();
	second = cgroup_write(again);
	if (!str_eq(first, second))
		abort();
	cgroup_free(cg);
	cgroup_free(again);
}

static void layout(const char *text)
{
	const char *half = strchr(text, '|');
	autofree char *mountinfo = half ? xstrndup(text, (size_t)(half - text)) : xstrdup(text);
	struct cg_layout l;

	if (cg_layout_parse(mountinfo, half ? half + 1 : text, NULL, &l, NULL) < 0)
		return;
	for (size_t i = 0; i < l.n; i++) {
		autofree char *place = cg_place_dir(&l.v[i], NULL, "id", NULL);

		if (!place || place[0] != '/' || strstr(place, "/../"))
			abort();
	}
	cg_layout_free(&l);
}

static void path(const char *text)
{
	autofree char *clean = cg_place_clean(text, NULL);
	autofree char *unit = NULL, *slice = NULL;
	autofree char *expanded = cg_place_slice(text, NULL);

	if (expanded && strstr(expanded, "/../"))
		abort();
	if (clean && (strstr(clean, "/../") || strstr(clean, "//")))
		abort();
	cg_place_unit(text, "id", false, &unit, &slice, NULL);
}

static void devices(const char *text)
{
	struct cg_devset set;

	if (cg_devset_parse(text, &set, NULL) == 0)
		cg_devset_free(&set);
}

static void processors(const char *text)
{
	uint8_t *mask;
	size_t len;

	if (cg_convert_cpu_mask(text, &mask, &len, NULL) == 0)
		free(mask);
}

static void annotation(const char *text)
{
	const char *value = strchr(text, '=');
	autofree char *name = xstrndup(text, value ? (size_t)(value - text) : strlen(text));
	autofree char *key = xasprintf("org.systemd.property.%s", name);
	struct oci_pair pair = { key, (char *)(uintptr_t)(value ? value + 1 : "") };
	struct oci_map map = { &pair, 1 };
	struct sd_props props = { 0 };

	cg_sdprops_annotations(&props, &map, NULL);
	cg_sdprops_free(&props);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const readers[])(const char *) = { state_line, layout,	 path,
							 devices,    processors, annotation };
	autofree char *text = NULL;

	if (size == 0)
		return 0;
	text = xstrndup((const char *)data + 1, size - 1);
	readers[data[0] % ARRAY_SIZE(readers)](text);
	return 0;
}
