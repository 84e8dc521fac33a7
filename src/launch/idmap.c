// SPDX-License-Identifier: Apache-2.0
/* idmap.c - write uid_map, gid_map and setgroups of a new user namespace
 *
 * Owns:     the order of the three writes; direct write or newuidmap and newgidmap.
 *           What is mapped where the configuration does not say.
 * Must not: keep a descriptor after return.
 * Runs in:  create, after the clone, before init is told to go on, with host privileges; idmap_become_maker() in what enters.
 *
 * user_namespaces(7): a writer without CAP_SETUID in the parent namespace may map only its own id, and the gid map only
 * after "deny" was written to setgroups. Larger maps of a user are the business of newuidmap(1) and newgidmap(1), which
 * check /etc/subuid and /etc/subgid.
 */
#include "launch/idmap.h"

#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <pwd.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/hide.h"
#include "base/str.h"

/* The kernel takes at most 340 lines in one write(2) of less than a page (before 4.15: five). */
static char *map_text(const struct oci_id_mapping *v, size_t n)
{
	char *text = xstrdup("");

	for (size_t i = 0; i < n; i++) {
		char *more = xasprintf("%s%u %u %u\n", text, v[i].container_id, v[i].host_id, v[i].size);

		free(text);
		text = more;
	}
	return text;
}

/* What the helper says of a refusal, on one line: into @said. Ends when it and all that it started have closed their stderr. */
static void hear(int fd, char *said, size_t size)
{
	char rest[256];
	size_t len = 0;
	ssize_t n;

	while ((n = read(fd, said + len, size - 1 - len)) > 0)
		len += (size_t)n;
	while (n >= 0 && len == size - 1 && read(fd, rest, sizeof(rest)) > 0)
		;
	while (len > 0 && said[len - 1] == '\n')
		len--;
	said[len] = '\0';
	for (char *c = said; *c; c++)
		if (*c == '\n')
			*c = ';';
}

/* posix_spawnp(3) with stderr into a pipe. The pid, and the pipe's end in @from; -1 with errno. */
static pid_t spawn_helper(char **argv, int *from)
{
	posix_spawn_file_actions_t actions;
	int ends[2], r;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
	r = posix_spawnp(&child, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	*from = ends[0];
	if (!r)
		return child;
	close(ends[0]);
	errno = r;
	return -1;
}

static int run_helper(const char *program, pid_t pid, const struct oci_id_mapping *v, size_t n, struct err *e)
{
	char **argv = xcalloc(n * 3 + 3, sizeof(*argv));
	size_t argc = 0;
	char said[300] = "";
	int status = 0, r = 0;
	autofd from = -1;
	pid_t child;

	argv[argc++] = xstrdup(program);
	argv[argc++] = xasprintf("%d", (int)pid);
	for (size_t i = 0; i < n; i++) {
		argv[argc++] = xasprintf("%u", v[i].container_id);
		argv[argc++] = xasprintf("%u", v[i].host_id);
		argv[argc++] = xasprintf("%u", v[i].size);
	}
	child = spawn_helper(argv, &from);
	if (child < 0)
		r = err_sys(e, "run %s (package uidmap), which maps more than one id for a user", program);
	else
		hear(from, said, sizeof(said));
	if (r == 0 && waitpid(child, &status, 0) < 0)
		r = err_sys(e, "wait for %s", program);
	if (r == 0 && (!WIFEXITED(status) || WEXITSTATUS(status)))
		r = err_msg(e, "%s refused the mapping (status %d): see /etc/subuid and /etc/subgid%s%s", program,
			    WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), *said ? "; " : "", said);
	for (size_t i = 0; i < argc; i++)
		free(argv[i]);
	free(argv);
	return r;
}

/* True if the map is what a user may write alone: one id, his own. */
static bool is_own_id(const struct oci_id_mapping *v, size_t n, uint32_t own)
{
	return n == 1 && v[0].size == 1 && v[0].host_id == own;
}

static int write_one(const char *file, pid_t pid, const struct oci_id_mapping *v, size_t n, uint32_t own,
		     const char *helper, struct err *e)
{
	autofree char *path = xasprintf("/proc/%d/%s", (int)pid, file);
	autofree char *text = map_text(v, n);

	if (file_write(AT_FDCWD, path, text, e) == 0)
		return 0;
	if (e->code == EPERM && geteuid() != 0 && !is_own_id(v, n, own))
		return run_helper(helper, pid, v, n, e);
	return -1;
}

int idmap_write(pid_t pid, const struct oci_linux *l, struct err *e)
{
	if (l->n_uid_mappings == 0 || l->n_gid_mappings == 0)
		return err_msg(e, "linux.%s: a new user namespace needs mappings",
			       l->n_uid_mappings ? "gidMappings" : "uidMappings");
	if (geteuid() != 0 && is_own_id(l->gid_mappings, l->n_gid_mappings, getegid())) {
		autofree char *path = xasprintf("/proc/%d/setgroups", (int)pid);

		if (file_write(AT_FDCWD, path, "deny", e) < 0)
			return err_prefix(e, "linux.gidMappings");
	}
	if (write_one("gid_map", pid, l->gid_mappings, l->n_gid_mappings, getegid(), "newgidmap", e) < 0)
		return err_prefix(e, "linux.gidMappings");
	if (write_one("uid_map", pid, l->uid_mappings, l->n_uid_mappings, geteuid(), "newuidmap", e) < 0)
		return err_prefix(e, "linux.uidMappings");
	return 0;
}

/* --- who is there ------------------------------------------------------------------------------------------------ */

static bool covers(uint32_t first, uint32_t size, uint32_t id)
{
	return id >= first && id - first < size;
}

/* Of a namespace that others made. In a mount namespace of theirs /proc may be anything. */
static uint32_t maker_in(const char *who, const char *file)
{
	autofree char *path = xasprintf("/proc/%s/%s", who, file);
	autofd fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct statfs fs;
	char text[16384];
	uint32_t first = 0;
	char *save = NULL;
	bool any = false;
	ssize_t n;

	if (fd < 0 || fstatfs(fd, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC)
		return 0;
	n = fd_read_all(fd, text, sizeof(text) - 1);
	text[n < 0 ? 0 : n] = 0;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		uint32_t inside, size;

		if (sscanf(line, "%" SCNu32 " %*u %" SCNu32, &inside, &size) != 2)
			continue;
		if (covers(inside, size, 0))
			return 0;
		first = any ? first : inside;
		any = true;
	}
	return first;
}

uint32_t idmap_maker(const struct oci_id_mapping *v, size_t n, const char *who, const char *file)
{
	for (size_t i = 0; i < n; i++)
		if (covers(v[i].container_id, v[i].size, 0))
			return 0;
	return n ? v[0].container_id : maker_in(who, file);
}

int idmap_become_maker(uint32_t uid, uint32_t gid, struct err *e)
{
	/* The uid first: with the host's, and hidden from nobody for a moment, we would be worth most. EINVAL: not mapped, after all;
	 * nobody, with all capabilities, can do most of what follows. */
	if ((hide_setresuid(uid) < 0 || hide_setresgid(gid) < 0) && errno != EINVAL)
		return err_sys(e, "become user %u of the user namespace", uid);
	return 0;
}

/* --- where nothing is said -------------------------------------------------------------------------------------- */

/* The first range of user @uid in @file ("name:start:count", or with the uid as the name). */
static bool find_range(const char *file, uid_t uid, struct oci_id_mapping *out)
{
	const struct passwd *pw = getpwuid(uid);
	autofree char *text = NULL, *number = xasprintf("%u", (unsigned int)uid);
	char *save = NULL;

	if (file_read(AT_FDCWD, file, 1 << 20, &text, NULL, NULL) < 0)
		return false;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *start = strchr(line, ':'), *count = start ? strchr(start + 1, ':') : NULL;
		uint64_t a, n;

		if (!count)
			continue;
		*start++ = *count++ = 0;
		if ((!pw || !str_eq(line, pw->pw_name)) && !str_eq(line, number))
			continue;
		if (str_to_u64(start, 10, UINT32_MAX - 1, &a) < 0 || str_to_u64(count, 10, UINT32_MAX - a, &n) < 0 || n == 0)
			continue;
		*out = (struct oci_id_mapping){ .host_id = (uint32_t)a, .size = (uint32_t)n };
		return true;
	}
	return false;
}

static void add_default(const char *file, uint32_t own, uint32_t inside, struct oci_id_mapping **v, size_t *n)
{
	struct oci_id_mapping range = { 0 };
	uint32_t below;

	if (*n)
		return;
	*v = xcalloc(3, sizeof(**v));
	(void)find_range(file, geteuid(), &range);
	below = inside < range.size ? inside : range.size;
	if (below)
		(*v)[(*n)++] = (struct oci_id_mapping){ .container_id = 0, .host_id = range.host_id, .size = below };
	(*v)[(*n)++] = (struct oci_id_mapping){ .container_id = inside, .host_id = own, .size = 1 };
	if (range.size > below)
		(*v)[(*n)++] = (struct oci_id_mapping){ .container_id = inside + 1,
							.host_id = range.host_id + below,
							.size = range.size - below };
}

void idmap_add_default(struct oci_linux *l, const struct oci_user *u)
{
	add_default("/etc/subuid", geteuid(), u->uid, &l->uid_mappings, &l->n_uid_mappings);
	add_default("/etc/subgid", getegid(), u->gid, &l->gid_mappings, &l->n_gid_mappings);
}
