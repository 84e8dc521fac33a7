// SPDX-License-Identifier: Apache-2.0
/* rdt.c - linux.intelRdt: a group of the resctrl file system for the container
 *
 * Runs in:  create (make, join), exec (join), delete (remove). Host privileges.
 *
 * A directory of resctrl is a class of service (CLOS); the kernel fills it with "schemata" (its share of caches and memory
 * bandwidth), "tasks", and "mon_groups", whose directories only count. There are about sixteen classes, often four.
 *
 * Whose directory is it? Without closID it bears the container's id and is ours, if it was not there. With closID it is the
 * administrator's, or shared by containers that agree on it: the first one makes it, nobody removes it. The monitoring group
 * always bears the id and is always ours.
 *
 * The record is lines of "join PATH" and "remove PATH", in the order in which they are to be done.
 */
#include "host/rdt.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"

#define DEFAULT_ROOT "/sys/fs/resctrl"
#define FILE_MAX (1024 * 1024)

/* --- where it is ------------------------------------------------------------------------------------------- */

/* mountinfo writes blank, tab, line feed and backslash as \ooo. */
static void unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' && s[3] >= '0' && s[3] <= '7') {
			*to++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 3;
		} else {
			*to++ = *s;
		}
	}
	*to = 0;
}

/* The mount point in one line if the mount is resctrl, heap; else NULL. proc(5): the type follows a lonely "-". */
static char *resctrl_of(char *line)
{
	char *dash = strstr(line, " - "), *save = NULL, *word;

	if (!dash || !str_starts(dash + 3, "resctrl "))
		return NULL;
	word = strtok_r(line, " ", &save);
	for (int field = 1; word && field < 5; field++) {
		word = strtok_r(NULL, " ", &save);
		/* The fourth is the root of the mount: a single group that is mounted somewhere is not the tree. */
		if (field == 3 && word && !str_eq(word, "/"))
			return NULL;
	}
	if (!word)
		return NULL;
	unescape(word);
	/* Ours are lines, too. */
	return strchr(word, '\n') ? NULL : xstrdup(word);
}

char *rdt_find_in(const char *mountinfo)
{
	autofree char *copy = xstrdup(mountinfo);
	char *save = NULL, *found = NULL;

	for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *path = resctrl_of(line);

		if (!path)
			continue;
		if (!found || str_eq(path, DEFAULT_ROOT)) {
			free(found);
			found = path;
		} else {
			free(path);
		}
	}
	return found;
}

char *rdt_find(struct err *e)
{
	autofree char *text = NULL;
	char *root;

	if (file_read(AT_FDCWD, "/proc/self/mountinfo", 64 * FILE_MAX, &text, NULL, e) < 0)
		return NULL;
	root = rdt_find_in(text);
	if (!root)
		err_msg(e, "linux.intelRdt: resctrl is not mounted (mount -t resctrl resctrl " DEFAULT_ROOT
			   "; needs a processor with RDT and a kernel with CONFIG_X86_CPU_RESCTRL)");
	return root;
}

/* Not "no such file": for the engines that is a command that is missing. */
static const char *words(int code)
{
	return code == ENOENT ? "it is not there" : err_words(code);
}

/* --- schemata -------------------------------------------------------------------------------------------------- */

static const char *skip_blanks(const char *s)
{
	return s + strspn(s, " \t");
}

/* The line of @schemata for the resource of @line ("L3:"), behind the colon; NULL. The kernel right-aligns the names. */
static const char *line_for(const char *schemata, const char *line)
{
	size_t len = strcspn(line, ":") + 1;

	for (const char *s = schemata; s; s = strchr(s, '\n')) {
		s = skip_blanks(*s == '\n' ? s + 1 : s);
		if (strncmp(s, line, len) == 0)
			return s + len;
	}
	return NULL;
}

/* Reads "ID=VALUE" at *s and goes behind the ";". The value is hexadecimal for a cache and decimal for a bandwidth: for
 * equality it is all the same. False at the end of the line or at something else. */
static bool next_domain(const char **s, unsigned long *id, unsigned long long *value)
{
	const char *p = skip_blanks(*s);
	char *end;

	if (*p < '0' || *p > '9')
		return false;
	*id = strtoul(p, &end, 10);
	if (*end != '=')
		return false;
	p = end + 1;
	*value = strtoull(p, &end, 16);
	if (end == p)
		return false;
	end += strspn(end, " \t");
	*s = *end == ';' ? end + 1 : end;
	return true;
}

/* Whether each domain that @wanted names has the value it names. Domains that it does not name would not be written. */
static bool schema_holds(const char *schemata, const char *wanted)
{
	const char *there = line_for(schemata, wanted), *w = strchr(wanted, ':');
	unsigned long id, i;
	unsigned long long value, v;

	if (!there || !w)
		return false;
	w++;
	while (next_domain(&w, &id, &value)) {
		const char *t = there;
		bool same = false;

		while (next_domain(&t, &i, &v))
			same |= i == id && v == value;
		if (!same)
			return false;
	}
	return *skip_blanks(w) == 0;
}

static int compare(const char *dir, const char *field, const char *wanted, struct err *e)
{
	autofree char *path = xasprintf("%s/schemata", dir);
	autofree char *schemata = NULL;
	struct err why;

	if (!wanted || !*wanted)
		return 0;
	if (file_read(AT_FDCWD, path, FILE_MAX, &schemata, NULL, &why) < 0)
		return err_msg(e, "%s: read %s (%s)", field, path, words(why.code));
	if (schema_holds(schemata, wanted))
		return 0;
	for (char *p = schemata; *p; p++)
		if (*p == '\n')
			*p = p[1] ? ',' : 0;
	return err_msg(e, "%s: \"%s\" is not what the group %s has (%s)", field, wanted, dir, schemata);
}

/* The kernel's reason for the last refusal in @root: one line in info/last_cmd_status (Linux 4.14). */
static int refused(struct err *e, int code, const char *root, const char *what)
{
	autofree char *path = xasprintf("%s/info/last_cmd_status", root);
	autofree char *why = NULL;

	if (file_read(AT_FDCWD, path, 4096, &why, NULL, NULL) == 0) {
		why[strcspn(why, "\n")] = 0;
		if (*why && !str_eq(why, "ok"))
			return err_msg(e, "%s (%s): %s", what, words(code), why);
	}
	return err_msg(e, "%s (%s)", what, words(code));
}

static char *add_line(char *text, const char *line)
{
	char *more = line && *line ? xasprintf("%s%s\n", text, line) : xstrdup(text);

	free(text);
	return more;
}

/* l3CacheSchema first, then memBwSchema, schemata last: config-linux.md. One write, as the peers: the kernel goes line by
 * line through it and stops at the first one that it does not take. */
static int write_schemata(const char *root, const char *dir, const struct oci_intel_rdt *r, struct err *e)
{
	autofree char *path = xasprintf("%s/schemata", dir);
	autofree char *what = xasprintf("write %s", path);
	char *text = add_line(add_line(xstrdup(""), r->l3_cache_schema), r->mem_bw_schema);
	struct err why;
	int result = 0;

	for (size_t i = 0; i < r->schemata.n; i++)
		text = add_line(text, r->schemata.v[i]);
	/* "If none … is set, runtimes MUST NOT write to schemata files". */
	if (*text && file_write(AT_FDCWD, path, text, &why) < 0)
		result = refused(e, why.code, root, what);
	free(text);
	return result;
}

/* --- groups ---------------------------------------------------------------------------------------------------- */

static bool has_schema(const struct oci_intel_rdt *r)
{
	return (r->l3_cache_schema && *r->l3_cache_schema) || (r->mem_bw_schema && *r->mem_bw_schema) || r->schemata.n;
}

static bool is_group(const char *dir)
{
	autofree char *tasks = xasprintf("%s/tasks", dir);

	return access(tasks, F_OK) == 0;
}

/* @made: it was not there. */
static int make_group(const char *root, const char *dir, bool *made, struct err *e)
{
	autofree char *what = xasprintf("make the group %s", dir);

	*made = mkdir(dir, 0755) == 0;
	if (!*made && errno != EEXIST) /* ENOSPC: no class of service is free; the kernel's line says so */
		return refused(e, errno, root, what);
	/* "info", "mon_data" and the like are resctrl's own. */
	return is_group(dir) ? 0 : err_msg(e, "\"%s\" is not a group and cannot be one", dir);
}

static int make_monitoring(const char *root, const char *dir, const char *id, char **out, struct err *e)
{
	autofree char *groups = xasprintf("%s/mon_groups", dir);
	autofree char *path = xasprintf("%s/%s", groups, id);
	autofree char *what = xasprintf("enableMonitoring: make the monitoring group %s", path);

	if (access(groups, F_OK) < 0)
		return err_msg(e, "enableMonitoring: the resctrl of this machine has no monitoring");
	/* EEXIST is an error, too: the group is to be the container's alone. */
	if (mkdir(path, 0755) < 0)
		return refused(e, errno, root, what);
	*out = steal_ptr(&path);
	return 0;
}

/* The group's directory as the rules want it. */
static int settle_group(const char *root, const char *dir, const struct oci_intel_rdt *r, bool *made, struct err *e)
{
	bool named = r->clos_id && *r->clos_id;

	*made = false;
	if (named && !has_schema(r)) {
		if (!is_group(dir))
			return err_msg(e, "closID: there is no group \"%s\", and no schema to make it with", r->clos_id);
		return 0;
	}
	if (!(named && str_eq(r->clos_id, "/")) && make_group(root, dir, made, e) < 0)
		return -1;
	if (named && !*made &&
	    (compare(dir, "l3CacheSchema", r->l3_cache_schema, e) < 0 || compare(dir, "memBwSchema", r->mem_bw_schema, e) < 0))
		return -1;
	return write_schemata(root, dir, r, e);
}

char *rdt_make(const char *root, const struct oci_intel_rdt *r, const char *id, struct err *e)
{
	bool named = r->clos_id && *r->clos_id, made;
	const char *name = named ? r->clos_id : id;
	autofree char *dir = str_eq(name, "/") ? xstrdup(root) : xasprintf("%s/%s", root, name);
	autofree char *monitoring = NULL;
	char *record;

	if (settle_group(root, dir, r, &made, e) < 0 ||
	    (r->enable_monitoring && make_monitoring(root, dir, id, &monitoring, e) < 0)) {
		err_prefix(e, "linux.intelRdt");
		/* Just made, with nobody in it; also one with a closID, which would stay if this container came to be. */
		if (made)
			rmdir(dir);
		return NULL;
	}
	record = xasprintf("join %s\n", dir);
	/* A task has to be in the class before it can be in one of its monitoring groups. */
	if (monitoring) {
		char *more = xasprintf("%sjoin %s\nremove %s\n", record, monitoring, monitoring);

		free(record);
		record = more;
	}
	if (made && !named) {
		char *more = xasprintf("%sremove %s\n", record, dir);

		free(record);
		record = more;
	}
	return record;
}

/* --- later ------------------------------------------------------------------------------------------------------ */

/* Calls @step for each line that begins with @verb, up to the first failure (or, with @all, to the end). */
static int each_line(const char *record, const char *verb, bool all, int (*step)(const char *path, void *arg, struct err *e),
		     void *arg, struct err *e)
{
	autofree char *copy = xstrdup(record);
	char *save = NULL;
	size_t len = strlen(verb);
	int r = 0;

	for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (strncmp(line, verb, len) != 0 || line[len] != ' ')
			continue;
		if (step(line + len + 1, arg, e) < 0)
			r = -1;
		if (r < 0 && !all)
			break;
	}
	return r;
}

static int join_one(const char *dir, void *arg, struct err *e)
{
	const pid_t *pid = arg;
	autofree char *path = xasprintf("%s/tasks", dir);
	struct err why;
	char text[24];

	snprintf(text, sizeof(text), "%d", (int)*pid);
	if (file_write(AT_FDCWD, path, text, &why) < 0)
		return err_msg(e, "linux.intelRdt: put process %s into the group %s (%s)", text, dir, words(why.code));
	return 0;
}

int rdt_join(const char *record, pid_t pid, struct err *e)
{
	return each_line(record, "join", false, join_one, &pid, e);
}

/* Processes that are still in it go to the default group, says the kernel. */
static int remove_one(const char *dir, void *arg, struct err *e)
{
	(void)arg;
	if (rmdir(dir) < 0 && errno != ENOENT)
		return err_sys(e, "linux.intelRdt: remove the group %s", dir);
	return 0;
}

int rdt_remove(const char *record, struct err *e)
{
	return each_line(record, "remove", true, remove_one, NULL, e);
}

struct update {
	const struct oci_intel_rdt *r;
	bool done;
};

/* The first line is the group; the second, if there is one, only counts. */
static int update_one(const char *dir, void *arg, struct err *e)
{
	struct update *u = arg;
	autofree char *info = xasprintf("%s/info", dir);
	autofree char *root = xstrdup(dir);

	if (u->done)
		return 0;
	u->done = true;
	if (access(info, F_OK) < 0)
		root[strrchr(root, '/') - root] = 0;
	return write_schemata(root, dir, u->r, e) < 0 ? err_prefix(e, "linux.intelRdt") : 0;
}

int rdt_update(const char *record, const struct oci_intel_rdt *r, struct err *e)
{
	struct update u = { .r = r };

	return each_line(record, "join", false, update_one, &u, e);
}
