// SPDX-License-Identifier: Apache-2.0
/* logging.c - the places to which a container's record goes, opened
 *
 * Runs in:  create.
 *
 * The directory is opened once, here, without following a link in what the annotation has named; the supervisor makes, rotates and
 * appends to the one file in it by this descriptor.
 */
#include "launch/logging.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/hostfile.h"
#include "base/str.h"
#include "container/names.h"
#include "oci/json_write.h"

#define KEY "io.sandlock.log"

/* "%ID" is the container's id. */
static char *expand(const char *text, const char *id)
{
	char *out = xstrdup("");

	for (const char *at = text; *at;) {
		const char *sign = strstr(at, "%ID");
		size_t n = sign ? (size_t)(sign - at) : strlen(at);
		char *longer = xasprintf("%s%.*s%s", out, (int)n, at, sign ? id : "");

		free(out);
		out = longer;
		at += n + (sign ? 3 : 0);
	}
	return out;
}

/* Where the administrator has said. */
static int open_anywhere(const char *path, const char **name, struct err *e)
{
	const char *slash = strrchr(path, '/');
	autofree char *dir = slash ? xstrndup(path, (size_t)(slash - path)) : xstrdup(".");
	int fd = open(*dir ? dir : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	*name = slash ? slash + 1 : path;
	return fd < 0 ? err_sys(e, "open the directory of %s", path) : fd;
}

/* ',"name":"web","image":"…"': the members of an object, without its braces. */
static void put_who(const struct container *c, char *out, size_t size)
{
	struct names_cache cache = { 0 };
	struct json_out *j = json_out_new(false);
	autofree char *text = NULL;
	struct names n;

	names_find(&(struct names_about){ c->id, c->bundle, c->dirfd, &c->annotations }, &cache, &n);
	names_cache_free(&cache);
	json_open_map(j);
	names_write(&n, j);
	json_close_map(j);
	text = json_out_finish(j);
	names_free(&n);
	out[0] = '\0';
	if (strlen(text) > 2 && strlen(text) < size)
		snprintf(out, size, ",%.*s", (int)strlen(text) - 2, text + 1);
}

int logging_open(const struct logging_request *q, struct sinks_request *out, struct err *e)
{
	struct policy_log log = policy_get_log(q->policy);
	autofree char *path = log.file ? expand(log.file, q->container->id) : NULL;

	const char *name;

	*out = (struct sinks_request){ .state = log.state, .journal = log.journal, .syslog = log.syslog, .dir = -1 };
	put_who(q->container, out->who, sizeof(out->who));
	if (!path)
		return 0;
	out->dir = q->trusted ? open_anywhere(path, &name, e) : hostfile_open_directory(HOSTFILE_LOG, path, &name, e);
	if (out->dir < 0)
		return err_prefix(e, KEY ": file");
	/* With room for the ".1" of the one before. */
	if (!*name || strlen(name) > NAME_MAX - 2) {
		fd_close(&out->dir);
		return err_text(e, EINVAL, KEY ": file:%.100s does not end in a file's name", path);
	}
	snprintf(out->name, sizeof(out->name), "%s", name);
	return 0;
}
