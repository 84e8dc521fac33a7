// SPDX-License-Identifier: Apache-2.0
/* profile_agent.c - the listener of a profile with SCMP_ACT_NOTIFY on its way to the agent at listenerPath
 *
 * Owns:     the container process state document (config-linux.md) and its one connection.
 * Must not: run in the container's init: its profile may forbid sendmsg.
 * Runs in:  create, exec.
 */
#include "confine/confine.h"

#include <sys/socket.h>

#include "base/fd.h"
#include "base/str.h"
#include "base/unixsock.h"
#include "oci/json_write.h"
#include "oci/names.h"

/* The descriptor goes with the first part. A stream socket takes that much at once or not at all. */
#define FIRST_PART 1024

/* {"ociVersion":…,"fds":["seccompFd"],"pid":…,"metadata":…,"state":{…}}: heap. */
static char *document(const struct oci_seccomp *s, pid_t pid, const char *state_json)
{
	struct json_out *j = json_out_new(false);
	autofree char *head = NULL;
	size_t len;

	json_open_map(j);
	json_kv_string(j, "ociVersion", OCI_SPEC_VERSION);
	json_key(j, "fds");
	json_open_array(j);
	json_string(j, "seccompFd");
	json_close_array(j);
	json_kv_int(j, "pid", pid);
	if (s->listener_metadata)
		json_kv_string(j, "metadata", s->listener_metadata);
	json_close_map(j);
	head = json_out_finish(j);
	/* The state is a text already: it takes the place of the closing brace. */
	len = strlen(head);
	while (len && head[len - 1] != '}')
		len--;
	return xasprintf("%.*s,\"state\":%s}", len ? (int)(len - 1) : 0, head, state_json);
}

static int send_rest(int sock, const char *data, size_t len, struct err *e)
{
	while (len) {
		ssize_t n = send(sock, data, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "send the container process state");
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

int confine_profile_send_listener(const struct oci_seccomp *s, int listener, pid_t pid, const char *state_json,
				  struct err *e)
{
	autofree char *doc = document(s, pid, state_json);
	size_t len = strlen(doc), first = len < FIRST_PART ? len : FIRST_PART;
	autofd sock = -1;

	if (!s->listener_path)
		return err_msg(e, "linux.seccomp.listenerPath is missing: SCMP_ACT_NOTIFY needs it");
	if (s->listener_path[0] != '/')
		return err_msg(e, "linux.seccomp.listenerPath: \"%.64s\" is no absolute path", s->listener_path);
	sock = unixsock_connect(s->listener_path, SOCK_STREAM, e);
	if (sock < 0)
		return err_prefix(e, "linux.seccomp.listenerPath: failed to connect with seccomp agent");
	if (fd_send(sock, listener, doc, first, e) < 0 || send_rest(sock, doc + first, len - first, e) < 0)
		return err_prefix(e, "linux.seccomp.listenerPath %s", s->listener_path);
	return 0;
}
