// SPDX-License-Identifier: Apache-2.0
/* policy_format.c - a policy's annotations as each place wants them
 *
 * Runs in:  sandrun policy.
 */
#include "inspect/policy_format.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "oci/json_write.h"
#include "toml/toml.h"

#define PREFIX "io.sandlock."

static void put_annotations(FILE *out, const struct oci_map *m)
{
	for (size_t i = 0; i < m->n; i++)
		fprintf(out, "%s=%s\n", m->v[i].key, m->v[i].value);
}

/* In single quotes, as a shell reads it. */
static void put_shell(FILE *out, const char *s)
{
	fputc('\'', out);
	for (; *s; s++) {
		if (*s == '\'')
			fputs("'\\''", out);
		else
			fputc(*s, out);
	}
	fputc('\'', out);
}

/* podman 4.3 cuts values at commas; white space is as good in rule lists, and ";" in all lists. */
static char *without_commas(const char *s)
{
	char *copy = xstrdup(s);

	for (char *c = copy; *c; c++)
		if (*c == ',')
			*c = ';';
	return copy;
}

static void put_podman(FILE *out, const struct oci_map *m)
{
	for (size_t i = 0; i < m->n; i++) {
		autofree char *value = without_commas(m->v[i].value), *pair = xasprintf("%s=%s", m->v[i].key, value);

		fprintf(out, "%s--annotation ", i ? " " : "");
		put_shell(out, pair);
	}
	fputc('\n', out);
}

/* JSON strings are YAML. */
static void put_kubernetes(FILE *out, const struct oci_map *m)
{
	fprintf(out, "metadata:\n  annotations:\n");
	for (size_t i = 0; i < m->n; i++) {
		struct json_out *j = json_out_new(false);
		autofree char *value = NULL;

		json_string(j, m->v[i].value);
		value = json_out_finish(j);
		fprintf(out, "    %s: %s\n", m->v[i].key, value);
	}
}

/* --- a policy file ---------------------------------------------------------------------------------------------------- */

/* Where a key stands in a policy file, and how its value is written there. */
static const struct {
	const char *key;   /* behind the prefix */
	const char *alias; /* the other spelling */
	const char *table, *name;
	bool is_bool;
} places[] = {
	{ "net-allow", "network.allow", "network", "allow", false },
	{ "net-deny", "network.deny", "network", "deny", false },
	{ "net-allow-bind", "network.allow_bind", "network", "allow_bind", false },
	{ "net-deny-bind", "network.deny_bind", "network", "deny_bind", false },
	{ "allow-udp", NULL, "network", "allow_udp", true },
	{ "allow-icmp", NULL, "network", "allow_icmp", true },
	{ "dns", NULL, "network", "dns", false },
	{ "mode", NULL, "network", "mode", false },
	{ "outside", NULL, "network", "outside", false },
	{ "errno", NULL, "network", "errno", false },
	{ "require", NULL, "network", "require", false },
	{ "tell", NULL, "network", "tell", true },
	{ "log", NULL, "log", "to", false },
	{ "log-allowed", NULL, "log", "allowed", true },
	{ "http-allow", "http.allow", "http", "allow", false },
	{ "http-deny", "http.deny", "http", "deny", false },
	{ "http-ports", "http.ports", "http", "ports", false },
};

static bool is_true(const char *s)
{
	return str_eq(s, "true") || str_eq(s, "1") || str_eq(s, "yes") || str_eq(s, "on");
}

static void put_toml_table(FILE *out, const struct oci_map *m, const char *table)
{
	bool any = false;

	for (size_t k = 0; k < ARRAY_SIZE(places); k++) {
		for (size_t i = 0; i < m->n && str_eq(places[k].table, table); i++) {
			const char *key = m->v[i].key + strlen(PREFIX);
			autofree char *quoted = NULL;

			if (!str_eq(key, places[k].key) && !(places[k].alias && str_eq(key, places[k].alias)))
				continue;
			if (!any)
				fprintf(out, "[%s]\n", table);
			any = true;
			quoted = toml_quote(m->v[i].value);
			fprintf(out, "%s = %s\n", places[k].name,
				places[k].is_bool ? (is_true(m->v[i].value) ? "true" : "false") : quoted);
		}
	}
}

static void put_toml(FILE *out, const struct oci_map *m)
{
	put_toml_table(out, m, "network");
	put_toml_table(out, m, "http");
	put_toml_table(out, m, "log");
}

/* --------------------------------------------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	void (*put)(FILE *out, const struct oci_map *m);
} formats[] = { { "annotations", put_annotations }, { "podman", put_podman }, { "kubernetes", put_kubernetes }, { "toml", put_toml } };

char *policy_format(const struct oci_map *annotations, const char *format, struct err *e)
{
	char *text = NULL;
	size_t size = 0;

	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		FILE *out;

		if (!str_eq(format, formats[i].name))
			continue;
		out = open_memstream(&text, &size);
		if (!out)
			abort();
		formats[i].put(out, annotations);
		fclose(out);
		return text;
	}
	err_text(e, EINVAL, "--format %.100s: " POLICY_FORMATS " is expected", format);
	return NULL;
}
