// SPDX-License-Identifier: Apache-2.0
/* sync.c - the conversation between create (or exec) and the process that becomes the workload
 *
 * Owns:     the framing, and the descriptors and errors that travel in it. The messages and their order are in sync.h.
 * Runs in:  create, exec, the stage and init, also under a loaded seccomp filter: read(2) and write(2) only,
 *           but for sync_send_fd().
 */
#include "launch/sync.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"

int sync_pair(int fds[2], struct err *e)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return err_sys(e, "make a socket pair");
	return 0;
}

/* The error's text is most of a message: the rest travels without it. */
#define SHORT_LEN offsetof(struct sync_msg, err)

static int write_msg(int fd, const void *m, size_t len)
{
	ssize_t n;

	do {
		n = write(fd, m, len);
	} while (n < 0 && errno == EINTR);
	return n == (ssize_t)len ? 0 : -1;
}

int sync_send(int fd, enum sync_type type, int num, struct err *e)
{
	struct sync_msg m = { .type = type, .num = num };

	if (write_msg(fd, &m, SHORT_LEN) < 0)
		return err_sys(e, "write to the other half of sandrun");
	return 0;
}

int sync_send_fd(int fd, enum sync_type type, int num, int passed, struct err *e)
{
	struct sync_msg m = { .type = type, .num = num };

	return fd_send(fd, passed, &m, SHORT_LEN, e);
}

int sync_send_text(int fd, enum sync_type type, const char *text, struct err *e)
{
	struct sync_msg m = { .type = type };

	snprintf(m.err.msg, sizeof(m.err.msg), "%s", text);
	if (write_msg(fd, &m, sizeof(m)) < 0)
		return err_sys(e, "write to the other half of sandrun");
	return 0;
}

void sync_send_error(int fd, const struct err *error)
{
	struct sync_msg m = { .type = SYNC_FAILED, .err = *error };

	(void)write_msg(fd, &m, sizeof(m));
}

static int log_fd = -1;

static void send_line(enum log_level level, const char *line)
{
	struct sync_msg m = { .type = SYNC_LOG, .num = (int32_t)level };

	if (log_fd < 0)
		return;
	snprintf(m.err.msg, sizeof(m.err.msg), "%s", line);
	(void)write_msg(log_fd, &m, sizeof(m));
}

void sync_divert_log(int fd)
{
	log_fd = fd;
	log_divert(send_line);
}

int sync_wait_go(int fd, struct err *e)
{
	struct sync_msg m = { 0 };
	ssize_t n;

	/* read(2), not recvmsg: this also runs behind the OCI profile, which may know nothing of sockets. */
	do {
		n = read(fd, &m, sizeof(m));
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(e, "read from the other half of sandrun");
	if (n == 0)
		return err_set(e, ECONNRESET, "sandrun create or exec was ended");
	if (n != (ssize_t)SHORT_LEN || m.type != SYNC_GO)
		return err_msg(e, "unexpected message %u from the other half of sandrun", m.type);
	return 0;
}

int sync_ask(int fd, enum sync_type type, struct err *e)
{
	return sync_send(fd, type, 0, e) < 0 ? -1 : sync_wait_go(fd, e);
}

static bool has_text(uint32_t type)
{
	return type == SYNC_FAILED || type == SYNC_LOG || type == SYNC_PLACED;
}

int sync_recv(int fd, struct sync_msg *m, int *passed, struct err *e)
{
	int n;

	memset(m, 0, sizeof(*m));
	n = fd_recv(fd, m, sizeof(*m), passed, e);
	if (n <= 0)
		return n;
	if (has_text(m->type) && n == (int)sizeof(*m)) {
		m->err.msg[sizeof(m->err.msg) - 1] = 0;
		return 1;
	}
	if (n == (int)SHORT_LEN && m->type > 0 && m->type < SYNC_COUNT && !has_text(m->type))
		return 1;
	fd_close(passed);
	return err_msg(e, "a message of %d bytes and type %u from init is none of ours", n, m->type);
}

const char *sync_word(enum sync_type type)
{
	static const char *const words[SYNC_COUNT] = {
		[SYNC_STAGE_MAPS] = "is made in its user namespace and wants the id maps of that",
		[SYNC_STAGED] = "has joined namespaces and made the next one",
		[SYNC_MAPS_WANTED] = "is in its user namespace and wants its id maps",
		[SYNC_NETWORK] = "has a network namespace for the policy's table",
		[SYNC_NAMESPACED] = "is in its namespaces",
		[SYNC_DELEGATE_WANTED] = "wants to be in its delegated cgroup",
		[SYNC_PLACED] = "is where the container is",
		[SYNC_IDMAP_WANTED] = "wants the id mappings of a mount",
		[SYNC_HOOKS_WANTED] = "has its mounts; time for the hooks",
		[SYNC_CONSOLE] = "has made its terminal",
		[SYNC_LIMITS_WANTED] = "wants its limits",
		[SYNC_LISTENER] = "has loaded the policy's filter",
		[SYNC_PROFILE_LISTENER] = "has loaded the seccomp profile, with a listener",
		[SYNC_READY] = "is ready",
	};

	return (unsigned int)type < SYNC_COUNT && words[type] ? words[type] : "sent a message of its own";
}
