// SPDX-License-Identifier: Apache-2.0
/* checkpoint.c - sandrun checkpoint and restore: not there yet, and said so
 *
 * podman takes a "checkpoint --help" that exits with 0 for support, so both fail whatever they are asked.
 */
#include "cmd/cmd.h"

#include "base/str.h"

int cmd_checkpoint(const struct globals *g, int argc, char **argv, struct err *e)
{
	(void)g;
	(void)argc;
	return err_text(e, ENOSYS, "%s: this version of sandrun cannot do it", argv[0]);
}

int cmd_restore(const struct globals *g, int argc, char **argv, struct err *e)
{
	return cmd_checkpoint(g, argc, argv, e);
}
