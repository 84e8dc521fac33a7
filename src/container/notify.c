// SPDX-License-Identifier: Apache-2.0
/* notify.c - sd_notify(3) of a workload, handed on to the service manager that started us
 *
 * The socket is bound by "start", not by "create": a socket lives as long as its owner, and create is gone by then. The container
 * has the directory, so it sees the socket when it comes.
 *
 * Where it is in the container is crun's choice (a directory named as our own $NOTIFY_SOCKET). A program reads the variable and
 * does not care.
 *
 * Runs in:  create, start, run.
 */
#include "container/notify.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "base/unixsock.h"

#define NAME "notify"
#define ANYWHERE "/run/notify" /* our own socket is an abstract one: no path to take */
#define MESSAGE_MAX 4096
#define BARRIER_MS 30000 /* what the peers give the manager; one older than systemd 246 never answers */

static const char *manager(void)
{
	const char *path = getenv("NOTIFY_SOCKET");

	return path && (path[0] == '/' || path[0] == '@') && path[1] ? path : NULL;
}

static void add_mount(struct oci_config *config, char *source, const char *destination)
{
	static const char *const options[] = { "bind", "nosuid", "noexec", "nodev", "ro" };
	struct oci_mount *m;

	config->mounts = xrealloc(config->mounts, config->n_mounts + 1, sizeof(*config->mounts));
	m = &config->mounts[config->n_mounts++];
	*m = (struct oci_mount){ .source = source, .destination = xstrdup(destination) };
	m->options.v = xcalloc(ARRAY_SIZE(options) + 1, sizeof(*m->options.v));
	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		m->options.v[m->options.n++] = xstrdup(options[i]);
}

static void add_variable(struct oci_strings *env, char *pair)
{
	env->v = xrealloc(env->v, env->n + 2, sizeof(*env->v));
	env->v[env->n++] = pair;
	env->v[env->n] = NULL;
}

int notify_prepare(const struct container *c, struct oci_config *config, struct err *e)
{
	const char *path = manager();
	const char *inside = path && path[0] == '/' ? path : ANYWHERE;
	autofree char *state = NULL;

	if (!path)
		return 0;
	for (size_t i = 0; i < config->process.env.n; i++)
		if (str_starts(config->process.env.v[i], "NOTIFY_SOCKET="))
			return 0;
	state = container_path(c, e);
	if (!state)
		return -1;
	if (mkdirat(c->dirfd, NOTIFY_DIRECTORY, 0755) < 0 || fchmodat(c->dirfd, NOTIFY_DIRECTORY, 0755, 0) < 0)
		return err_sys(e, "make the directory of the notification socket");
	add_mount(config, xasprintf("%s/" NOTIFY_DIRECTORY, state), inside);
	add_variable(&config->process.env, xasprintf("NOTIFY_SOCKET=%s/" NAME, inside));
	return 0;
}

/* For whoever the container's user is. By the mode that it is born with: a change by name would follow what a container that can
 * write to the directory (by exec, before start) has put in its place. */
static int bind_open(int sock, const struct sockaddr_un *sa)
{
	mode_t mask = umask(0);
	int r = fchmod(sock, 0777) < 0 ? -1 : bind(sock, (const struct sockaddr *)sa, sizeof(*sa));

	umask(mask);
	return r;
}

int notify_open(const struct container *c, int *fd, struct err *e)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	autofd dir = -1, sock = -1;

	*fd = -1;
	if (!manager())
		return 0;
	dir = openat(c->dirfd, NOTIFY_DIRECTORY, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (dir < 0 && errno == ENOENT)
		return 0;
	sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	/* A state directory may be deeper than an address is long. */
	snprintf(sa.sun_path, sizeof(sa.sun_path), "/proc/self/fd/%d/" NAME, dir);
	if (dir < 0 || sock < 0 || bind_open(sock, &sa) < 0)
		return err_sys(e, "make the notification socket");
	*fd = fd_steal(&sock);
	return 0;
}

static int tell(int sock, const char *text, int passed, struct err *e)
{
	if (passed >= 0)
		return fd_send(sock, passed, text, strlen(text), e);
	return send(sock, text, strlen(text), MSG_NOSIGNAL) < 0 ? err_sys(e, "send") : 0;
}

/* systemd reads its queue in order: when it has closed this pipe it has read what came before, and knew who we were while it
 * did. Without it our message would be that of a process which is gone, and be dropped. */
static int barrier(int sock, struct err *e)
{
	struct pollfd p = { .events = POLLHUP };
	int pipefd[2];
	int r;

	if (pipe2(pipefd, O_CLOEXEC) < 0)
		return err_sys(e, "make a pipe");
	r = tell(sock, "BARRIER=1", pipefd[1], e);
	close(pipefd[1]);
	p.fd = pipefd[0];
	if (r == 0 && poll(&p, 1, BARRIER_MS) == 0)
		log_warn("NOTIFY_SOCKET: no answer in %d s", BARRIER_MS / 1000);
	close(pipefd[0]);
	return r;
}

static int tell_manager(pid_t main_pid, struct err *e)
{
	autofree char *text = main_pid ? xasprintf("READY=1\nMAINPID=%d\n", (int)main_pid) : xstrdup("READY=1\n");
	autofd sock = unixsock_connect(manager(), SOCK_DGRAM, e);

	if (sock < 0 || tell(sock, text, -1, e) < 0)
		return -1;
	return main_pid ? barrier(sock, e) : 0;
}

bool notify_relay(int fd, pid_t main_pid)
{
	char text[MESSAGE_MAX + 1];
	ssize_t n = recv(fd, text, MESSAGE_MAX, MSG_DONTWAIT);
	char *save = NULL;
	struct err e;

	if (n <= 0 || !manager())
		return false;
	text[n] = 0;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (!str_eq(line, "READY=1"))
			continue;
		if (tell_manager(main_pid, &e) < 0)
			log_warn("NOTIFY_SOCKET: %s", e.msg);
		return true;
	}
	return false;
}

void notify_drain(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	while (fd >= 0 && poll(&p, 1, 0) > 0 && !notify_relay(fd, 0))
		;
}

void notify_wait(int fd, int pidfd, pid_t main_pid)
{
	struct pollfd p[2] = { { .fd = fd, .events = POLLIN }, { .fd = pidfd, .events = POLLIN } };

	while (poll(p, 2, -1) >= 0 || errno == EINTR) {
		if ((p[0].revents & POLLIN) && notify_relay(fd, main_pid))
			return;
		/* What it said before its end comes first. */
		if (p[1].revents && !(p[0].revents & POLLIN))
			return;
	}
}
