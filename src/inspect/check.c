// SPDX-License-Identifier: Apache-2.0
/* check.c - the findings, and what looks for them has in common
 *
 * Runs in:  sandrun check.
 */
#include "inspect/check.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/str.h"

#define ASK_MS 3000

const char *const check_state_names[CHECK_STATES] = {
	[CHECK_OK] = "ok", [CHECK_NOTE] = "note", [CHECK_MISSING] = "missing", [CHECK_WRONG] = "wrong",
};

void check_add(struct check *c, const char *area, const char *name, enum check_state state, char *cure, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	c->v = xrealloc(c->v, c->n + 1, sizeof(*c->v));
	c->v[c->n++] = (struct check_line){ area, name, state, xvasprintf(fmt, ap), cure };
	va_end(ap);
}

bool check_is_good(const struct check *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->v[i].state == CHECK_WRONG)
			return false;
	return true;
}

void check_free(struct check *c)
{
	for (size_t i = 0; i < c->n; i++) {
		free(c->v[i].what);
		free(c->v[i].cure);
	}
	free(c->v);
	*c = (struct check){ 0 };
}

void check_machine(struct check *c)
{
	check_kernel(c);
	check_host(c);
	check_podman(c);
	check_docker(c);
	check_containerd(c);
	check_crio(c);
}

/* --- programs --------------------------------------------------------------------------------------------------------- */

char *check_find_program(const char *name)
{
	const char *path = getenv("PATH");
	autofree char *all = xasprintf("%s:/usr/local/sbin:/usr/sbin:/sbin", path ? path : "/usr/local/bin:/usr/bin:/bin");
	char *save = NULL;

	for (char *dir = strtok_r(all, ":", &save); dir; dir = strtok_r(NULL, ":", &save)) {
		char *file = xasprintf("%s/%s", dir, name);

		if (access(file, X_OK) == 0)
			return file;
		free(file);
	}
	return NULL;
}

__attribute__((noreturn)) static void run_program(const char *path, const char *option, int out)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	dup2(null, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	execl(path, path, option, (char *)NULL);
	_exit(127);
}

/* Until the first line is whole, or time is up. */
static size_t read_line(int fd, char *buf, size_t size)
{
	size_t n = 0;

	while (n < size - 1 && !memchr(buf, '\n', n)) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		ssize_t r = poll(&p, 1, ASK_MS) > 0 ? read(fd, buf + n, size - 1 - n) : 0;

		if (r <= 0)
			break;
		n += (size_t)r;
	}
	buf[n] = '\0';
	return n;
}

char *check_ask_program(const char *path, const char *option)
{
	char buf[512];
	int p[2];
	pid_t pid;

	if (pipe2(p, O_CLOEXEC) < 0)
		return NULL;
	pid = fork();
	if (pid == 0)
		run_program(path, option, p[1]);
	close(p[1]);
	if (pid > 0 && read_line(p[0], buf, sizeof(buf)) == 0)
		buf[0] = '\0';
	close(p[0]);
	if (pid < 0)
		return NULL;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	buf[strcspn(buf, "\r\n")] = '\0';
	return buf[0] ? xstrdup(buf) : NULL;
}

unsigned int check_version(const char *text)
{
	for (const char *s = text ? text : ""; *s; s++) {
		unsigned int major, minor;

		if (*s >= '0' && *s <= '9' && sscanf(s, "%u.%u", &major, &minor) == 2 && major < 1000 && minor < 1000)
			return major * 1000 + minor;
	}
	return 0;
}

bool check_is_sandrun(const char *path)
{
	const char *last = strrchr(path, '/');

	return str_eq(last ? last + 1 : path, "sandrun");
}

/* --- configuration files ---------------------------------------------------------------------------------------------- */

struct toml *check_read_toml(struct check *c, const char *area, const char *path)
{
	autofree char *text = NULL;
	struct toml *t;
	struct err e;
	size_t len;

	if (access(path, F_OK) < 0)
		return NULL;
	if (file_read_regular(AT_FDCWD, path, TOML_TEXT_MAX, &text, &len, &e) < 0) {
		check_add(c, area, "configuration", CHECK_NOTE, NULL, "%s", e.msg);
		return NULL;
	}
	t = toml_parse(text, len, &e);
	if (!t)
		check_add(c, area, "configuration", CHECK_WRONG, NULL, "%s: %s", path, e.msg);
	return t;
}

bool check_has_string(const struct toml_node *list, const char *s)
{
	if (!list || list->type != TOML_ARRAY)
		return false;
	for (const struct toml_node *m = list->first; m; m = m->next)
		if (m->type == TOML_STRING && str_eq(m->text, s))
			return true;
	return false;
}
