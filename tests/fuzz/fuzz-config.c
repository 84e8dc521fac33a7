// SPDX-License-Identifier: Apache-2.0
/* fuzz-config.c - config.json, process and resources documents through the reader
 *
 * What must hold: no crash, no leak, an error has a path or a place and is one line of valid UTF-8 short enough for an
 * engine's log, a document that was read can be freed twice.
 */
#include <stdint.h>

#include "../../oci/check.c"
#include "../../oci/end.c"
#include "../../oci/fault.c"
#include "../../oci/json_tree.c"
#include "../../oci/names.c"
#include "../../oci/read.c"
#include "../../oci/utf8.c"
/* Last: its tables have short names. */
#include "../../oci/fields.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_error(int r, const struct oci_error *e)
{
	size_t len = strlen(e->msg);

	if (r == 0)
		return;
	if (r != -1 || !len || !strstr(e->msg, ": ") || strpbrk(e->msg, "\r\n"))
		abort();
	for (size_t i = 0, l; i < len; i += l) {
		l = utf8_length(e->msg + i, len - i);
		if (!l)
			abort();
	}
}

static void check_strings(const struct oci_strings *s)
{
	if (s->v && s->v[s->n])
		abort();
}

static void check_linux_promises(const struct oci_linux *l)
{
	for (size_t i = 0; i < l->n_namespaces; i++)
		if (!oci_namespace_name(l->namespaces[i].type))
			abort();
	for (size_t i = 0; i < l->seccomp.n_syscalls; i++)
		if (!l->seccomp.syscalls[i].action || !l->seccomp.syscalls[i].names.n)
			abort();
	for (size_t i = 0; i < l->n_devices; i++)
		if (!l->devices[i].type || !l->devices[i].path)
			abort();
}

/* What the rest of the program takes for granted. */
static void check_promises(const struct oci_config *c)
{
	if (!c->oci_version || !c->root.path)
		abort();
	for (size_t i = 0; i < c->n_mounts; i++) {
		if (!c->mounts[i].destination)
			abort();
		check_strings(&c->mounts[i].options);
	}
	if (c->has_process && (!c->process.cwd || !c->process.args.n || !c->process.args.v[0]))
		abort();
	check_strings(&c->process.args);
	check_strings(&c->process.env);
	for (size_t i = 0; i < c->annotations.n; i++)
		if (!c->annotations.v[i].key || !c->annotations.v[i].value)
			abort();
	check_linux_promises(&c->linux_);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Not NUL-terminated, on purpose: the length is what counts. */
	const char *text = (const char *)data;
	struct oci_config config;
	struct oci_process process;
	struct oci_resources resources;
	struct oci_error e = { "" };
	int r;

	r = oci_config_parse(text, size, &config, &e);
	check_error(r, &e);
	if (r == 0)
		check_promises(&config);
	oci_config_free(&config);
	oci_config_free(&config);

	r = oci_process_parse(text, size, &process, &e);
	check_error(r, &e);
	oci_process_free(&process);

	r = oci_resources_parse(text, size, &resources, &e);
	check_error(r, &e);
	oci_resources_free(&resources);
	return 0;
}
