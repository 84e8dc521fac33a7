// SPDX-License-Identifier: Apache-2.0
/* sdprops_annotations.c - org.systemd.property.NAME annotations as properties
 *
 * Owns:     the text form of their values (as much of GVariant's as engines use), and which
 *           properties an annotation may not set.
 * Must not: know limits (sdprops.c), or talk to systemd (systemd.c).
 * Runs in:  create.
 */
#include <ctype.h>
#include <string.h>

#include "base/str.h"
#include "cgroup/sdprops.h"

#define ANNOTATION "org.systemd.property."

/* Set by us alone. An annotation can come from an image (podman up to 4.5), and these decide what
 * the container may do to whom. */
static const char *const reserved[] = { "BPFProgram", "Delegate", "DeviceAllow", "DevicePolicy",
					"PIDs",	      "PIDFDs",	  "Slice" };

static const struct {
	const char *word;
	enum sd_type type;
} number_types[] = {
	{ "int32 ", SD_I32 },
	{ "uint32 ", SD_U32 },
	{ "int64 ", SD_I64 },
	{ "uint64 ", SD_U64 },
};

static const char *skip_blanks(const char *s)
{
	return s + strspn(s, " \t");
}

/* A string in either quote, with backslashes. Moves *s behind it; heap, NULL if it is none. */
static char *quoted(const char **s)
{
	char quote = **s;
	autofree char *out = xcalloc(strlen(*s) + 1, 1);
	char *w = out;

	if (quote != '\'' && quote != '"')
		return NULL;
	for (const char *c = *s + 1; *c; c++) {
		if (*c == quote) {
			*s = c + 1;
			return steal_ptr(&out);
		}
		if (*c == '\\' && c[1])
			c++;
		*w++ = *c;
	}
	return NULL;
}

static int parse_strings(struct sd_prop *x, const char *s)
{
	x->type = SD_STRINGS;
	s = skip_blanks(s + 1);
	while (*s != ']') {
		char *item = quoted(&s);

		if (!item)
			return -1;
		cg_sdprops_push(x, item);
		s = skip_blanks(s);
		if (*s == ',')
			s = skip_blanks(s + 1);
		else if (*s != ']')
			return -1;
	}
	return *skip_blanks(s + 1) ? -1 : 0;
}

static int fits(enum sd_type type, int64_t v)
{
	switch (type) {
	case SD_U32:
		return v >= 0 && v <= UINT32_MAX;
	case SD_I32:
		return v >= INT32_MIN && v <= INT32_MAX;
	case SD_BOOL:
	case SD_U64:
	case SD_I64:
	case SD_STRING:
	case SD_STRINGS:
	case SD_BYTES:
	case SD_DEVICES:
	case SD_PIDS:
		break;
	}
	return 1;
}

static int parse_number(struct sd_prop *x, const char *s)
{
	int64_t v;

	x->type = SD_I32; /* GVariant's type of a bare number */
	for (size_t i = 0; i < ARRAY_SIZE(number_types); i++) {
		if (str_starts(s, number_types[i].word)) {
			x->type = number_types[i].type;
			s = skip_blanks(s + strlen(number_types[i].word));
			break;
		}
	}
	if (x->type == SD_U64)
		return str_to_u64(s, 10, UINT64_MAX, &x->number);
	if (str_to_i64(s, &v) < 0 || !fits(x->type, v))
		return -1;
	x->number = (uint64_t)v;
	return 0;
}

/* TimeoutStopSec=30 on a unit's page is TimeoutStopUSec in µs on the bus. */
static int seconds(struct sd_prop *x)
{
	size_t len = strlen(x->name);
	bool is_number =
		x->type == SD_I32 || x->type == SD_U32 || x->type == SD_I64 || x->type == SD_U64;

	if (!is_number || len < 4 || !str_eq(x->name + len - 3, "Sec") || x->name[len - 4] == 'U')
		return 0;
	if ((x->type != SD_U64 && (int64_t)x->number < 0) ||
	    __builtin_mul_overflow(x->number, 1000000u, &x->number))
		return -1;
	x->type = SD_U64;
	x->name = xrealloc(x->name, len + 2, 1);
	memcpy(x->name + len - 3, "USec", 5);
	return 0;
}

static int parse_value(struct sd_prop *x, const char *value)
{
	const char *s = skip_blanks(value);

	if (str_starts(s, "@as "))
		s = skip_blanks(s + 4);
	if (str_eq(s, "true") || str_eq(s, "false")) {
		x->type = SD_BOOL;
		x->number = *s == 't';
		return 0;
	}
	if (*s == '[')
		return parse_strings(x, s);
	if (*s == '\'' || *s == '"') {
		x->type = SD_STRING;
		x->string = quoted(&s);
		return x->string && !*skip_blanks(s) ? 0 : -1;
	}
	return parse_number(x, s) < 0 ? -1 : seconds(x);
}

static int check_name(const char *name, const char *key, struct err *e)
{
	size_t len = 0;

	while (isalpha((unsigned char)name[len]))
		len++;
	if (name[len] || len < 3)
		return err_text(e, EINVAL, "annotation %s: \"%s\" is no name of a systemd property",
				key, name);
	for (size_t i = 0; i < ARRAY_SIZE(reserved); i++)
		if (str_eq(name, reserved[i]))
			return err_text(e, EINVAL,
					"annotation %s: this property is not for annotations", key);
	return 0;
}

int cg_sdprops_annotations(struct sd_props *p, const struct oci_map *annotations, struct err *e)
{
	for (size_t i = 0; annotations && i < annotations->n; i++) {
		const struct oci_pair *a = &annotations->v[i];
		const char *name = a->key + strlen(ANNOTATION);

		if (!str_starts(a->key, ANNOTATION))
			continue;
		if (check_name(name, a->key, e) < 0)
			return -1;
		if (parse_value(cg_sdprops_add(p, name, SD_STRING), a->value ? a->value : "") < 0)
			return err_text(e, EINVAL,
					"annotation %s: cannot read \"%s\" (a value is like true, "
					"'text', ['a', 'b'], uint64 5)",
					a->key, a->value);
	}
	return 0;
}
