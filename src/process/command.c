// SPDX-License-Identifier: Apache-2.0
/* command.c - what is executed, where and with which environment: args[0], cwd, env
 *
 * Owns:     the look-up of the command with the rights of the user; HOME; the proof that cwd is inside the root.
 * Must not: change a word of the errors lightly: podman, Docker and CRI-O choose exit codes 126 and 127 by them
 *           (126 "permission denied", "is a directory"; 127 "executable file not found in", "no such file or directory").
 * Runs in:  init and exec'd processes, inside the root. Every file here belongs to whoever made the image.
 */
#include "process/process.h"

#include <ctype.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "base/sys.h"
#include "process/internal.h"

/* For an environment without PATH: what shells and the peers take. For the look-up only: it is not put into env. */
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

#define PASSWD_MAX (16u << 20) /* no more of /etc/passwd is read */
#define PASSWD_LINE 4096       /* longer lines are passed over */

int command_check(const struct oci_process *p, struct err *e)
{
	if (p->args.n == 0)
		return err_msg(e, "process.args: there is no command");
	if (!p->cwd || p->cwd[0] != '/')
		return err_msg(e, "process.cwd: \"%.64s\" is no absolute path", p->cwd ? p->cwd : "");
	if (strlen(p->cwd) >= PATH_MAX)
		return err_msg(e, "process.cwd: longer than %d bytes", PATH_MAX - 1);
	for (size_t i = 0; i < p->env.n; i++)
		if (p->env.v[i][0] == '=' || !strchr(p->env.v[i], '='))
			return err_msg(e, "process.env[%zu]: \"%.64s\" has not the form NAME=value", i, p->env.v[i]);
	return 0;
}

/* --- environment ---------------------------------------------------------------------------------------- */

static size_t name_len(const char *entry)
{
	return strcspn(entry, "=");
}

static int by_name(const void *a, const void *b)
{
	const char *x = **(char **const *)a, *y = **(char **const *)b;
	size_t nx = name_len(x), ny = name_len(y);
	int r = memcmp(x, y, nx < ny ? nx : ny);

	if (r || nx != ny)
		return r ? r : (nx < ny ? -1 : 1);
	/* Same name: by place, so that the last one of a run is the last of the document. */
	return *(char **const *)a < *(char **const *)b ? -1 : 1;
}

/* Value of @name: the last entry wins. NULL if there is none. */
static const char *env_get(const struct oci_strings *env, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = env->n; i-- > 0;)
		if (strncmp(env->v[i], name, len) == 0 && env->v[i][len] == '=')
			return env->v[i] + len + 1;
	return NULL;
}

static int open_careful(const char *path, int flags)
{
	/* No magic links: /etc/passwd could lead to a descriptor of ours through /proc/self/fd. */
	struct open_how how = { .flags = (uint64_t)(flags | O_CLOEXEC), .resolve = RESOLVE_NO_MAGICLINKS };
	int fd = sys_openat2(AT_FDCWD, path, &how);

	/* Linux before 5.6, or a seccomp profile in force that does not know the call: then no link at the end at all. */
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		fd = open(path, flags | O_NOFOLLOW | O_CLOEXEC);
	return fd;
}

/* Opens /etc/passwd only if it is a regular file: an image can hold a fifo or a device there. Descriptor or -1. */
static int open_passwd(void)
{
	autofd seen = open_careful("/etc/passwd", O_PATH);
	struct stat a, b;
	autofd fd = -1;

	if (seen < 0 || fstat(seen, &a) < 0 || !S_ISREG(a.st_mode))
		return -1;
	fd = open_careful("/etc/passwd", O_RDONLY | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &b) < 0 || a.st_dev != b.st_dev || a.st_ino != b.st_ino)
		return -1;
	return fd_steal(&fd);
}

/* Field @n (from 0) of a passwd line, cut out in place. NULL if there are not so many. */
static char *field(char *line, int n)
{
	while (n-- > 0) {
		line = strchr(line, ':');
		if (!line)
			return NULL;
		line++;
	}
	line[strcspn(line, ":")] = 0;
	return line;
}

/* The home directory in @line if it is @uid's: heap, or NULL. */
static char *home_in_line(const char *line, uint32_t uid)
{
	autofree char *for_uid = xstrdup(line);
	autofree char *for_home = xstrdup(line);
	const char *id = field(for_uid, 2);
	const char *home = field(for_home, 5);
	uint64_t v;

	if (!id || !home || !isdigit((unsigned char)id[0]) || str_to_u64(id, 10, UINT32_MAX, &v) < 0 || v != uid)
		return NULL;
	return xstrdup(home[0] ? home : "/");
}

/* The home directory of @uid by the container's /etc/passwd: heap, or NULL. Not getpwuid(): that would load NSS modules,
 * which are code, from the container. */
static char *home_of(uint32_t uid)
{
	char line[PASSWD_LINE], block[16384];
	size_t len = 0, total = 0;
	bool too_long = false;
	autofd fd = open_passwd();
	char *home = NULL;
	ssize_t n = 0;

	while (!home && fd >= 0 && total < PASSWD_MAX && (n = fd_read_all(fd, block, sizeof(block))) > 0) {
		total += (size_t)n;
		for (ssize_t i = 0; i < n && !home; i++) {
			if (block[i] != '\n') {
				if (len < sizeof(line) - 1)
					line[len++] = block[i];
				else
					too_long = true;
				continue;
			}
			line[len] = 0;
			if (!too_long)
				home = home_in_line(line, uid);
			len = 0;
			too_long = false;
		}
	}
	/* A last line without its line break. */
	if (!home && len && !too_long && n == 0) {
		line[len] = 0;
		home = home_in_line(line, uid);
	}
	return home;
}

char **process_make_env(const struct oci_process *p, struct err *e)
{
	size_t n = p->env.n, out = 0;
	autofree char ***sorted = xcalloc(n, sizeof(*sorted));
	autofree bool *skip = xcalloc(n, sizeof(*skip));
	autofree char *home = NULL;
	const char *given = env_get(&p->env, "HOME");
	char **env;

	for (size_t i = 0; i < n; i++) {
		if (p->env.v[i][0] == '=' || !strchr(p->env.v[i], '=')) {
			err_msg(e, "process.env[%zu]: \"%.64s\" has not the form NAME=value", i, p->env.v[i]);
			return NULL;
		}
		sorted[i] = &p->env.v[i];
	}
	/* Of a name that is there twice getenv() finds the first and shells take the last. One is left: the last. */
	qsort(sorted, n, sizeof(*sorted), by_name);
	for (size_t i = 0; i + 1 < n; i++) {
		size_t len = name_len(*sorted[i]);

		if (len == name_len(*sorted[i + 1]) && memcmp(*sorted[i], *sorted[i + 1], len) == 0)
			skip[sorted[i] - p->env.v] = true;
	}
	env = xcalloc(n + 2, sizeof(*env));
	for (size_t i = 0; i < n; i++) {
		/* An empty HOME is none: sh would make "~" the root directory of relative paths. */
		if (skip[i] || (given && !*given && str_starts(p->env.v[i], "HOME=")))
			continue;
		env[out++] = xstrdup(p->env.v[i]);
	}
	if (!given || !*given) {
		home = home_of(p->user.uid);
		env[out++] = xasprintf("HOME=%s", home ? home : "/");
	}
	return env;
}

char **process_add_listen_fds(char **env, int n, pid_t pid)
{
	size_t out = 0, i;

	/* The configuration may have some of its own, which are of other descriptors. */
	for (i = 0; env[i]; i++) {
		if (str_starts(env[i], "LISTEN_FDS=") || str_starts(env[i], "LISTEN_PID=") ||
		    str_starts(env[i], "LISTEN_FDNAMES="))
			free(env[i]);
		else
			env[out++] = env[i];
	}
	env = xrealloc(env, out + 3, sizeof(*env));
	env[out++] = xasprintf("LISTEN_FDS=%d", n);
	env[out++] = xasprintf("LISTEN_PID=%d", (int)pid);
	env[out] = NULL;
	return env;
}

/* --- working directory ----------------------------------------------------------------------------------- */

int process_enter_cwd(const char *cwd, struct err *e)
{
	char buf[PATH_MAX];
	long n;

	if (chdir(cwd) < 0)
		return err_command(e, errno, "chdir to cwd `%s`", cwd);
	/* CVE-2024-21626: a cwd such as /proc/self/fd/7 leads to a host directory that somebody left open. The kernel's
	 * name for a place that the root does not reach begins with "(unreachable)". */
	n = sys_getcwd(buf, sizeof(buf));
	if (n > 0 && buf[0] == '/')
		return 0;
	if (n < 0 && errno == ERANGE) /* deeper than PATH_MAX, but reachable names begin with "/", too: cannot be told */
		errno = ENAMETOOLONG;
	if (n < 0) {
		err_sys(e, "find out where cwd `%s` is", cwd);
	} else {
		/* Not one of the phrases: this is no missing command but an attack or a leak. */
		err_text(e, EXDEV, "process.cwd: `%s` leads out of the container's root", cwd);
	}
	/* Whatever the caller does with the error: not there. */
	(void)!chdir("/");
	return -1;
}

/* --- command --------------------------------------------------------------------------------------------- */

enum found { FOUND, NOT_EXECUTABLE, A_DIRECTORY, NOT_REGULAR, OTHER_ERROR };

/* Whether @path can be executed with the effective ids. OTHER_ERROR: errno says why. */
static enum found look_at(const char *path)
{
	struct stat st;
	int r;

	if (fstatat(AT_FDCWD, path, &st, 0) < 0)
		return OTHER_ERROR;
	if (S_ISDIR(st.st_mode))
		return A_DIRECTORY;
	if (!S_ISREG(st.st_mode))
		return NOT_REGULAR;
	r = faccessat(AT_FDCWD, path, X_OK, AT_EACCESS);
	/* faccessat2 (Linux 5.8) may be beyond the kernel or the seccomp profile that is already in force. Real and
	 * effective ids are the same by now: the old call answers the same. Not faccessat() without flags: glibc makes
	 * it of faccessat2, too. */
	if (r < 0 && (errno == ENOSYS || errno == EPERM))
		r = access(path, X_OK);
	/* A profile that knows neither: not known, so execve says it. */
	return r == 0 || errno == EPERM || errno == ENOSYS ? FOUND : NOT_EXECUTABLE;
}

static char *say(enum found f, const char *path, int code, struct err *e)
{
	switch (f) {
	case A_DIRECTORY:
		err_set(e, EACCES, "exec `%s`: is a directory", path);
		break;
	case NOT_REGULAR:
		err_set(e, EACCES, "exec `%s`: is not a regular file", path);
		break;
	case NOT_EXECUTABLE:
		err_set(e, EACCES, "exec `%s`: is not executable", path);
		break;
	case FOUND:
	case OTHER_ERROR:
		err_command(e, code, "exec `%s`: stat %s", path, path);
		break;
	}
	return NULL;
}

int process_exec_error(const char *command, int code, bool may_look, struct err *e)
{
	bool there = may_look && look_at(command) == FOUND;

	if (code == ENOENT)
		return err_text(e, code, "exec %s: no such file or directory%s", command,
				there	   ? " (its interpreter or loader is missing)" :
				!may_look ? " (it, its interpreter or its loader is missing)" :
					    "");
	if (code == EACCES && there)
		return err_text(e, code, "exec %s: permission denied (for its interpreter or loader)", command);
	return err_command(e, code, "exec %s", command);
}

static char *search(const char *name, const char *path, struct err *e)
{
	autofree char *seen = NULL; /* the first one that is there but cannot be executed */
	enum found why = OTHER_ERROR;

	for (;;) {
		size_t len = strcspn(path, ":");
		/* An empty element is the working directory (POSIX). */
		autofree char *full = xasprintf("%.*s/%s", len ? (int)len : 1, len ? path : ".", name);
		enum found f = look_at(full);

		if (f == FOUND)
			return steal_ptr(&full);
		/* Not what execvp() does: a PATH element that this user may not search does not turn "missing" into
		 * "permission denied" (a non-root user with /root/bin in PATH). */
		if (f != OTHER_ERROR && !seen) {
			seen = steal_ptr(&full);
			why = f;
		}
		if (!path[len])
			break;
		path += len + 1;
	}
	if (seen)
		return say(why, seen, 0, e);
	err_command(e, ENOENT, "executable file `%s` not found in $PATH", name);
	return NULL;
}

char *process_find_command(const struct oci_process *p, struct err *e)
{
	const char *name = p->args.n ? p->args.v[0] : NULL;
	const char *path = env_get(&p->env, "PATH");
	enum found f;

	if (!name || !*name) {
		err_command(e, ENOENT, "cannot find `` in $PATH");
		return NULL;
	}
	if (!strchr(name, '/'))
		return search(name, path ? path : DEFAULT_PATH, e);
	/* Relative ones are relative to cwd, where this process is. */
	f = look_at(name);
	return f == FOUND ? xstrdup(name) : say(f, name, errno, e);
}
