// SPDX-License-Identifier: Apache-2.0
/* spec.c - sandrun spec: a config.json to begin with */
#include "cmd/cmd.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/cgroupfs.h"
#include "base/fd.h"
#include "base/str.h"
#include "oci/spec.h"

int cmd_spec(const struct globals *g, int argc, char **argv, struct err *e)
{
	const char *bundle = NULL, *file = NULL;
	bool rootless = false;
	const struct option table[] = {
		{ "bundle", 'b', OPT_STRING, &bundle, "DIR", "where to write config.json (default: the working directory)" },
		{ "file", 'f', OPT_STRING, &file, "FILE", "instead of config.json; it is overwritten" },
		{ "rootless", 0, OPT_FLAG, &rootless, NULL, "for a user: a user namespace with his own ids" },
		{ 0 },
	};
	autofree char *text = NULL;
	autofd fd = -1;
	int at, r;

	(void)g;
	r = cmd_begin(table, "[options]", 0, false, argc, argv, &at, e);
	if (r)
		return r < 0 ? -1 : 0;
	if (bundle && chdir(bundle) < 0)
		return err_sys(e, "spec: --bundle %s", bundle);
	text = oci_spec_default(rootless, cgroupfs_v2_alone(), geteuid(), getegid());
	/* Who names a file means it. */
	fd = open(file ? file : "config.json", O_WRONLY | O_CREAT | (file ? O_TRUNC : O_EXCL) | O_CLOEXEC, 0644);
	if (fd < 0 && errno == EEXIST && !file)
		return err_text(e, EEXIST, "spec: config.json is there already; remove it first");
	if (fd < 0 || fd_write_all(fd, text, strlen(text)) < 0)
		return err_sys(e, "spec: write %s", file ? file : "config.json");
	return 0;
}
