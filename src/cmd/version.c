// SPDX-License-Identifier: Apache-2.0
/* version.c - sandrun version, and --version */
#include "config.h"

#include "cmd/cmd.h"

#include <stdio.h>

#include "checkpoint/checkpoint.h"
#include "oci/names.h"

void cmd_print_version(void)
{
	printf("%s version %s\ncommit: %s\nspec: %s\n", PACKAGE, VERSION, SANDRUN_COMMIT, OCI_SPEC_VERSION);
	/* Feature tags, as crun has them. */
	printf("+SECCOMP +LANDLOCK +NOTIFY +CGROUPV1 +CGROUPV2 %sSYSTEMD +APPARMOR +SELINUX %sCRIU +YAJL\n",
#ifdef HAVE_SYSTEMD
	       "+",
#else
	       "-",
#endif
	       checkpoint_supported() ? "+" : "-");
}

int cmd_version(const struct globals *g, int argc, char **argv, struct err *e)
{
	const struct option table[] = { { 0 } };
	int at, r;

	(void)g;
	r = cmd_begin(table, "", 0, false, argc, argv, &at, e);
	if (r)
		return r < 0 ? -1 : 0;
	cmd_print_version();
	return 0;
}
