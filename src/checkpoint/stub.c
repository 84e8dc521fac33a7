// SPDX-License-Identifier: Apache-2.0
/* stub.c - what stands for checkpoint and restore in a program without CRIU's protocol (configure --without-criu) */
#include "checkpoint/checkpoint.h"

bool checkpoint_supported(void)
{
	return false;
}

int checkpoint_dump(struct container *c, const struct checkpoint_options *o, struct err *e)
{
	(void)c;
	(void)o;
	return err_text(e, ENOSYS, "this sandrun was built without CRIU: it cannot checkpoint");
}

int checkpoint_restore(const struct create_options *create, const struct checkpoint_options *o, struct container *c,
		       int *master, struct err *e)
{
	(void)create;
	(void)o;
	(void)c;
	*master = -1;
	return err_text(e, ENOSYS, "this sandrun was built without CRIU: it cannot restore");
}
