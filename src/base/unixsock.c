// SPDX-License-Identifier: Apache-2.0
/* unixsock.c - connecting to a unix socket that a user or an engine named
 *
 * Runs in:  create and exec.
 */
#include "base/unixsock.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"

static int refuse(struct err *e, const char *path)
{
	/* podman and Docker turn "no such file or directory" into exit status 127. */
	if (errno == ENOENT)
		return err_text(e, ENOENT, "connect to %s: there is no socket", path);
	return err_sys(e, "connect to %s", path);
}

/* Fills @sa for @path. A long one goes by way of its directory's descriptor, which then has to stay open. */
static int fill_address(const char *path, struct sockaddr_un *sa, socklen_t *len, int *dirfd, struct err *e)
{
	const char *slash = strrchr(path, '/');
	autofree char *dir = slash ? xstrndup(path, slash == path ? 1 : (size_t)(slash - path)) : xstrdup(".");
	int n;

	sa->sun_family = AF_UNIX;
	if (path[0] == '@' && strlen(path) < sizeof(sa->sun_path)) {
		memcpy(sa->sun_path + 1, path + 1, strlen(path) - 1);
		*len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
		return 0;
	}
	if (strlen(path) < sizeof(sa->sun_path)) {
		memcpy(sa->sun_path, path, strlen(path) + 1);
		return 0;
	}
	*dirfd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*dirfd < 0)
		return refuse(e, path);
	n = snprintf(sa->sun_path, sizeof(sa->sun_path), "/proc/self/fd/%d/%s", *dirfd, slash ? slash + 1 : path);
	if (n < 0 || n >= (int)sizeof(sa->sun_path))
		return err_set(e, ENAMETOOLONG, "connect to %.64s…", path);
	return 0;
}

int unixsock_connect(const char *path, int type, struct err *e)
{
	autofd sock = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	struct sockaddr_un sa = { 0 };
	socklen_t len = sizeof(sa);
	autofd dirfd = -1;

	if (sock < 0)
		return err_sys(e, "make a unix socket");
	/* An empty path would be the abstract socket without a name. */
	if (!*path)
		return err_msg(e, "connect to a unix socket: the path is empty");
	if (fill_address(path, &sa, &len, &dirfd, e) < 0)
		return -1;
	while (connect(sock, (const struct sockaddr *)&sa, len) < 0)
		if (errno != EINTR)
			return refuse(e, path);
	return fd_steal(&sock);
}
