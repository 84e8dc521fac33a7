// SPDX-License-Identifier: Apache-2.0
/* bundle.c - an engine's bundle: the directory, its config.json, and what no container can be without */
#include "launch/bundle.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/str.h"
#include "container/foreground.h"
#include "oci/names.h"
#include "oci/read.h"
#include "process/process.h"

#define CONFIG_MAX (16 * 1024 * 1024)

static int check_config(const struct oci_config *c, struct err *e)
{
	if (c->has_process && !c->process.args.n)
		return err_msg(e, "process.args: it is missing or empty");
	if (!c->has_linux)
		return err_msg(e, "linux: it is missing; this runtime makes Linux containers");
	if (!c->root.path || !*c->root.path)
		return err_msg(e, "root.path: it is missing or empty");
	if (c->hostname && *c->hostname && !oci_namespace_find(&c->linux_, OCI_NS_UTS))
		return err_msg(e, "hostname: it needs a uts namespace in linux.namespaces");
	if (c->domainname && *c->domainname && !oci_namespace_find(&c->linux_, OCI_NS_UTS))
		return err_msg(e, "domainname: it needs a uts namespace in linux.namespaces");
	return c->has_process ? process_validate(&c->process, e) : 0;
}

/* What the caller names himself may be a pipe, and he may have to wait for it. */
int bundle_read_file(const char *config_file, char **text, size_t *len, struct err *e)
{
	return file_read(AT_FDCWD, config_file, CONFIG_MAX, text, len, e);
}

static int load(const char *bundle, const char *config_file, struct oci_config *config, char **text, size_t len, struct err *e)
{
	const char *name = config_file ? config_file : "config.json";
	autofree char *path = config_file ? NULL : xasprintf("%s/config.json", bundle);
	struct oci_error oe;

	if (path && file_read_regular(AT_FDCWD, path, CONFIG_MAX, text, &len, e) < 0)
		return -1;
	if (config_file && !*text && bundle_read_file(config_file, text, &len, e) < 0)
		return -1;
	if (oci_config_parse(*text, len, config, &oe) < 0)
		return err_msg(e, "%s: %s", name, oe.msg);
	if (!config->has_process)
		config->process.cwd = xstrdup("/"); /* so that what init does until start is called finds one */
	return check_config(config, e) < 0 ? err_prefix(e, "%s", name) : 0;
}

char *bundle_read(const char *bundle, const char *config_file, struct oci_config *config, char **text, size_t len,
		  struct err *e)
{
	char resolved[PATH_MAX];

	if (!realpath(bundle, resolved)) {
		err_sys(e, "bundle %s", bundle);
		return NULL;
	}
	return load(resolved, config_file, config, text, len, e) < 0 ? NULL : xstrdup(resolved);
}

char *bundle_root(const struct oci_config *config, const char *bundle)
{
	const char *path = config->root.path;

	return path[0] == '/' ? xstrdup(path) : xasprintf("%s/%s", bundle, path);
}

int bundle_check_terminal(const struct oci_process *p, const char *console_socket, bool foreground, struct err *e)
{
	struct stat st;

	if (p->terminal && !console_socket && !foreground)
		return err_msg(e, "process.terminal is true: a detached container needs --console-socket");
	if (p->terminal && !console_socket)
		return foreground_check_terminal(e);
	if (!p->terminal && console_socket)
		return err_msg(e, "--console-socket is given, but process.terminal is false");
	if (!console_socket)
		return 0;
	if (stat(console_socket, &st) < 0)
		return err_sys(e, "--console-socket %s", console_socket);
	if (!S_ISSOCK(st.st_mode))
		return err_msg(e, "--console-socket %s: it is not a socket", console_socket);
	return 0;
}
