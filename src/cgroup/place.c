// SPDX-License-Identifier: Apache-2.0
/* place.c - where a container's cgroup goes
 *
 * Owns:     the meaning of cgroupsPath, and the place when it is absent.
 * Must not: touch the filesystem.
 * Runs in:  create, and exec --cgroup.
 *
 * An absolute path is taken below the mount point. A relative one, and the container's id where
 * there is none, go below the caller's own cgroup on v1, so that what limits the caller limits its
 * containers. On v2 processes live in leaves only: controllers could never be switched on below
 * the caller, who is in the way himself. So there it is the caller's parent, in which the
 * container becomes his sibling (as with runc).
 */
#include "cgroup/place.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

#define COMPONENT_MAX 255

static int check_component(const char *path, const char *c, size_t len, struct err *e)
{
	/* Also harmless ones: whoever writes ".." means a place that he does not name. */
	if (len == 2 && c[0] == '.' && c[1] == '.')
		return err_text(e, EINVAL, "linux.cgroupsPath: \"%s\" contains \"..\"", path);
	if (len > COMPONENT_MAX)
		return err_text(e, ENAMETOOLONG,
				"linux.cgroupsPath: a part of \"%s\" is longer than %d bytes", path,
				COMPONENT_MAX);
	for (size_t i = 0; i < len; i++)
		if (c[i] ==
		    '\n') /* the kernel refuses it: it would break the lines of /proc/PID/cgroup */
			return err_text(e, EINVAL, "linux.cgroupsPath: a line break in the name");
	return 0;
}

char *cg_place_clean(const char *path, struct err *e)
{
	autofree char *out = xcalloc(strlen(path) + 2, 1);
	const char *s = path;
	size_t n = 0;

	while (*s) {
		size_t len;

		s += strspn(s, "/");
		len = strcspn(s, "/");
		if (len == 0)
			break;
		if (!(len == 1 && s[0] == '.')) {
			if (check_component(path, s, len, e) < 0)
				return NULL;
			if (n || path[0] == '/')
				out[n++] = '/';
			memcpy(out + n, s, len);
			n += len;
		}
		s += len;
	}
	return steal_ptr(&out);
}

char *cg_place_own(const struct cg_hier *h)
{
	const char *self = h->self, *root = h->root;
	size_t n = strlen(root);

	/* Only a part of the hierarchy is mounted: the rest of the path is what lies below it. */
	if (!str_eq(root, "/")) {
		if (strncmp(self, root, n) == 0 && (self[n] == '/' || !self[n]))
			self += n;
		else
			self = ""; /* a part elsewhere ("/.." from inside a cgroup namespace): its
				      top is all we know */
	}
	return xstrdup(str_eq(self, "/") || strstr(self, "/..") ? "" : self);
}

static char *below_own(const struct cg_hier *h, const char *rest)
{
	autofree char *own = cg_place_own(h);
	char *slash = strrchr(own, '/');

	if (h->v2 && slash)
		*slash = 0;
	return xasprintf("%s/%s", own, rest);
}

char *cg_place_dir(const struct cg_hier *h, const char *cgroups_path, const char *id, struct err *e)
{
	autofree char *clean = NULL;

	if (!cgroups_path || !*cgroups_path)
		return below_own(h, id);
	clean = cg_place_clean(cgroups_path, e);
	if (!clean)
		return NULL;
	if (!*clean) {
		err_text(e, EINVAL,
			 "linux.cgroupsPath: \"%s\" is the root of the hierarchy, no place for a "
			 "container",
			 cgroups_path);
		return NULL;
	}
	return clean[0] == '/' ? steal_ptr(&clean) : below_own(h, clean);
}

/* --- systemd ------------------------------------------------------------------------------ */

static bool unit_char(char c)
{
	return isalnum((unsigned char)c) || strchr(":-_.\\@", c);
}

static int check_unit(const char *name, const char *what, struct err *e)
{
	if (strlen(name) > COMPONENT_MAX)
		return err_text(e, ENAMETOOLONG, "%s: the unit name \"%s\" is longer than %d bytes",
				what, name, COMPONENT_MAX);
	for (const char *s = name; *s; s++)
		if (!unit_char(*s))
			return err_text(
				e, EINVAL,
				"%s: \"%c\" cannot be in the name of a systemd unit (\"%s\")", what,
				*s, name);
	return 0;
}

char *cg_place_slice(const char *slice, struct err *e)
{
	static const char suffix[] = ".slice";
	size_t len = strlen(slice);
	autofree char *out = NULL;

	if (len <= strlen(suffix) || !str_eq(slice + len - strlen(suffix), suffix) ||
	    strchr(slice, '/')) {
		err_text(e, EINVAL,
			 "linux.cgroupsPath: \"%s\" is no slice (its name ends with .slice)",
			 slice);
		return NULL;
	}
	if (check_unit(slice, "linux.cgroupsPath", e) < 0)
		return NULL;
	if (str_eq(slice, "-.slice"))
		return xstrdup("");
	out = xstrdup("");
	len -= strlen(suffix);
	/* a-b-c.slice lies in a-b.slice, that in a.slice. */
	for (size_t i = 0; i <= len; i++) {
		char *longer;

		if (i < len && slice[i] != '-')
			continue;
		if (i == 0 || slice[i - 1] == '-') {
			err_text(e, EINVAL,
				 "linux.cgroupsPath: \"%s\" has an empty part between dashes",
				 slice);
			return NULL;
		}
		longer = xasprintf("%s/%.*s%s", out, (int)i, slice, suffix);
		free(out);
		out = longer;
	}
	return steal_ptr(&out);
}

/* An id may have characters (+) that a unit name may not: written as \x2b, as systemd-escape does.
 */
static char *escape_id(const char *id)
{
	char *out = xcalloc(strlen(id) + 1, 4), *w = out;

	for (; *id; id++) {
		if (unit_char(*id) && *id != '\\')
			*w++ = *id;
		else
			w += sprintf(w, "\\x%02x", (unsigned char)*id);
	}
	return out;
}

int cg_place_unit(const char *cgroups_path, const char *id, bool user, char **unit, char **slice,
		  struct err *e)
{
	autofree char *u = NULL, *s = NULL, *expanded = NULL;
	const char *prefix, *name;

	if (!cgroups_path || !*cgroups_path) {
		autofree char *escaped = escape_id(id);

		u = xasprintf("sandrun-%s.scope", escaped);
		s = xstrdup("");
	} else {
		prefix = strchr(cgroups_path, ':');
		name = prefix ? strchr(prefix + 1, ':') : NULL;
		if (!name || strchr(cgroups_path, '/') || !name[1])
			return err_text(e, EINVAL,
					"linux.cgroupsPath: \"%s\" is not of the form "
					"slice:prefix:name, which the systemd "
					"cgroup manager takes",
					cgroups_path);
		if (strlen(name) > 6 && str_eq(name + strlen(name) - 6, ".slice"))
			return err_text(e, EINVAL,
					"linux.cgroupsPath: \"%s\": a container cannot be a slice",
					cgroups_path);
		s = xstrndup(cgroups_path, (size_t)(prefix - cgroups_path));
		u = xasprintf("%.*s-%s.scope", (int)(name - prefix - 1), prefix + 1, name + 1);
	}
	if (!*s) {
		free(s);
		s = xstrdup(user ? "user.slice" : "system.slice");
	}
	expanded = cg_place_slice(s, e);
	if (!expanded || check_unit(u, "linux.cgroupsPath", e) < 0)
		return -1;
	*unit = steal_ptr(&u);
	*slice = steal_ptr(&s);
	return 0;
}
