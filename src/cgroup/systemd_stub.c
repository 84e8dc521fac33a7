// SPDX-License-Identifier: Apache-2.0
/* systemd_stub.c - systemd.h for a build without libsystemd's headers
 *
 * Owns:     the answer of a build without the systemd manager.
 * Runs in:  create and the later commands.
 */
#include "cgroup/systemd.h"

static int absent(struct err *e)
{
	return err_text(
		e, EOPNOTSUPP,
		"this sandrun was built without the systemd cgroup manager (--with-systemd)");
}

int cg_systemd_start(struct cgroup *cg, pid_t pid, struct err *e)
{
	(void)cg;
	(void)pid;
	return absent(e);
}

int cg_systemd_update(const struct cgroup *cg, const struct oci_resources *res, struct err *e)
{
	(void)cg;
	(void)res;
	return absent(e);
}

bool cg_systemd_absent(struct err *e)
{
	(void)e;
	return false;
}

int cg_systemd_stop(const struct cgroup *cg, struct err *e)
{
	(void)cg;
	return absent(e);
}

int cg_systemd_attach(const struct cgroup *cg, const char *sub, pid_t pid, struct err *e)
{
	(void)cg;
	(void)sub;
	(void)pid;
	return absent(e);
}
