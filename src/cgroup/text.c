// SPDX-License-Identifier: Apache-2.0
/* text.c - a cgroup as one line of the state file, and back
 *
 * Owns:     the form: "1 cgroupfs init=123 dir=KEY:MOUNTLEN:PATH …", blanks and the like as %XX.
 * Must not: believe what it reads: the state directory is ours, but a path from it is removed with
 *           rmdir.
 * Runs in:  create (write); every later command (read).
 */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "cgroup/internal.h"

#define VERSION "1"

static const char *const manager_names[] = {
	[CGROUP_CGROUPFS] = "cgroupfs",
	[CGROUP_SYSTEMD] = "systemd",
	[CGROUP_DISABLED] = "disabled",
};

/* --- writing ------------------------------------------------------------------------------ */

static char *escape(const char *s)
{
	char *out = xcalloc(strlen(s) + 1, 3), *w = out;

	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c <= ' ' || c == '%' || c == ':' || c == '"' || c == '\\' || c >= 0x7f)
			w += sprintf(w, "%%%02x", c);
		else
			*w++ = (char)c;
	}
	return out;
}

static void append(char **line, char *more)
{
	char *longer = xasprintf("%s %s", *line, more);

	free(*line);
	free(more);
	*line = longer;
}

static void append_text(char **line, const char *key, const char *value)
{
	autofree char *esc = NULL;

	if (!value)
		return;
	esc = escape(value);
	append(line, xasprintf("%s=%s", key, esc));
}

char *cgroup_write(const struct cgroup *cg)
{
	char *line = xasprintf(VERSION " %s", manager_names[cg->manager]);

	if (cg->rootless)
		append(&line, xstrdup("rootless"));
	if (cg->init > 0)
		append(&line, xasprintf("init=%d", (int)cg->init));
	append_text(&line, "unit", cg->unit);
	append_text(&line, "slice", cg->slice);
	for (size_t i = 0; i < cg->n_dirs; i++) {
		const struct cg_dir *d = &cg->dirs[i];
		autofree char *key = escape(d->key), *path = escape(d->path);

		append(&line, xasprintf("dir=%s:%zu:%s", key, d->mount_len, path));
	}
	return line;
}

/* --- reading ------------------------------------------------------------------------------ */

static int hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static char *unescape(const char *s, size_t len)
{
	autofree char *out = xcalloc(len + 1, 1);
	char *w = out;

	for (size_t i = 0; i < len; i++) {
		if (s[i] != '%') {
			*w++ = s[i];
			continue;
		}
		if (len - i < 3 || hex(s[i + 1]) < 0 || hex(s[i + 2]) < 0 ||
		    !(hex(s[i + 1]) | hex(s[i + 2])))
			return NULL;
		*w++ = (char)(hex(s[i + 1]) * 16 + hex(s[i + 2]));
		i += 2;
	}
	return steal_ptr(&out);
}

static bool path_is_sane(const char *path, uint64_t mount_len)
{
	size_t len = strlen(path);

	if (path[0] != '/' || mount_len >= len || path[mount_len] != '/' || path[len - 1] == '/')
		return false;
	for (const char *s = path; (s = strchr(s, '/')); s++)
		if (s[1] == '/' || (s[1] == '.' && (s[2] == '/' || !s[2] ||
						    (s[2] == '.' && (s[3] == '/' || !s[3])))))
			return false;
	return true;
}

static int read_dir(struct cgroup *cg, const char *s, size_t len)
{
	const char *c1 = memchr(s, ':', len);
	const char *c2 = c1 ? memchr(c1 + 1, ':', len - (size_t)(c1 + 1 - s)) : NULL;
	autofree char *key = NULL, *number = NULL, *path = NULL;
	uint64_t mount_len;
	bool v2;

	if (!c2)
		return -1;
	key = unescape(s, (size_t)(c1 - s));
	number = xstrndup(c1 + 1, (size_t)(c2 - c1 - 1));
	path = unescape(c2 + 1, len - (size_t)(c2 + 1 - s));
	if (!key || !path || str_to_u64(number, 10, 4096, &mount_len) < 0 ||
	    !path_is_sane(path, mount_len))
		return -1;
	v2 = !*key;
	if (v2 && cg_dir_v2(cg))
		return -1;
	cg_dir_append(cg, v2, key, v2 ? 0 : cg_controllers_parse(key, ",", false), steal_ptr(&path),
		      mount_len);
	return 0;
}

static int read_word(struct cgroup *cg, const char *w, size_t len)
{
	uint64_t pid;

	if (len == 8 && strncmp(w, "rootless", len) == 0) {
		cg->rootless = true;
		return 0;
	}
	if (len > 4 && strncmp(w, "dir=", 4) == 0)
		return read_dir(cg, w + 4, len - 4);
	if (len > 5 && strncmp(w, "unit=", 5) == 0 && !cg->unit)
		return (cg->unit = unescape(w + 5, len - 5)) ? 0 : -1;
	if (len > 6 && strncmp(w, "slice=", 6) == 0 && !cg->slice)
		return (cg->slice = unescape(w + 6, len - 6)) ? 0 : -1;
	if (len > 5 && strncmp(w, "init=", 5) == 0) {
		autofree char *text = xstrndup(w + 5, len - 5);

		if (str_to_u64(text, 10, INT32_MAX, &pid) < 0)
			return -1;
		cg->init = (pid_t)pid;
		return 0;
	}
	return -1;
}

static int read_manager(struct cgroup *cg, const char *w, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(manager_names); i++) {
		if (strlen(manager_names[i]) == len && strncmp(w, manager_names[i], len) == 0) {
			cg->manager = (enum cgroup_manager)i;
			return 0;
		}
	}
	return -1;
}

struct cgroup *cgroup_read(const char *text, struct err *e)
{
	struct cgroup *cg = xcalloc(1, sizeof(*cg));
	const char *s = text;
	int r = 0;

	for (int i = 0; r == 0 && *s; i++) {
		size_t len = strcspn(s, " ");

		if (i == 0)
			r = len == strlen(VERSION) && strncmp(s, VERSION, len) == 0 ? 0 : -1;
		else
			r = i == 1 ? read_manager(cg, s, len) : read_word(cg, s, len);
		if (r < 0)
			err_text(e, EINVAL,
				 "the container's state: cannot read \"%.*s\" of its cgroup",
				 (int)len, s);
		s += len;
		s += *s == ' ';
		if (i == 0 && r == 0 && !*s)
			r = err_text(e, EINVAL, "the container's state: its cgroup is cut short");
	}
	if (r == 0 && !*text)
		r = err_text(e, EINVAL, "the container's state says nothing of its cgroup");
	if (r == 0 && cg->manager == CGROUP_SYSTEMD && !cg->unit)
		r = err_text(e, EINVAL,
			     "the container's state: a cgroup of systemd without its unit");
	if (r < 0) {
		cgroup_free(cg);
		return NULL;
	}
	return cg;
}
