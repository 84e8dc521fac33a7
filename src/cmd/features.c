// SPDX-License-Identifier: Apache-2.0
/* features.c - sandrun features: the tables of every room, as the document of features.md */
#include "config.h"

#include "cmd/cmd.h"

#include <stdio.h>

#include "base/str.h"
#include "checkpoint/checkpoint.h"
#include "confine/confine.h"
#include "oci/features.h"
#include "rootfs/rootfs.h"

int cmd_features(const struct globals *g, int argc, char **argv, struct err *e)
{
	static const char *const unsafe[] = { "io.sandlock.", "org.criu.config", "org.systemd.property.", "run.oci.", NULL };
	const struct option table[] = { { 0 } };
	struct oci_pair notes[] = {
		{ (char *)(uintptr_t)"io.sandlock.sandrun.version", (char *)(uintptr_t)VERSION },
		{ (char *)(uintptr_t)"io.sandlock.sandrun.commit", (char *)(uintptr_t)SANDRUN_COMMIT },
		/* Under this name engines look for it. */
		{ (char *)(uintptr_t)"org.opencontainers.runc.checkpoint.enabled", (char *)(uintptr_t)"true" },
	};
	const struct oci_map annotations = { notes, ARRAY_SIZE(notes) - !checkpoint_supported() };
	const struct oci_features f = {
		.mount_options = rootfs_mount_options(),
		.cgroup_v1 = true,
		.cgroup_v2 = true,
#ifdef HAVE_SYSTEMD
		.cgroup_systemd = true,
		.cgroup_systemd_user = true,
#endif
		.cgroup_rdma = true,
		.seccomp = true,
		.seccomp_actions = confine_profile_actions(),
		.seccomp_operators = confine_profile_operators(),
		.seccomp_archs = confine_profile_archs(),
		.seccomp_known_flags = confine_profile_flags_known(),
		.seccomp_supported_flags = confine_profile_flags_supported(),
		.apparmor = true,
		.selinux = true,
		.memory_policy = true,
		.idmap = true,
		.intel_rdt = true,
		.intel_rdt_schemata = true,
		.intel_rdt_monitoring = true,
		.net_devices = true,
		.annotations = &annotations,
		.unsafe_annotations = unsafe,
	};
	autofree char *text = NULL;
	int at, r;

	(void)g;
	r = cmd_begin(table, "", 0, false, argc, argv, &at, e);
	if (r)
		return r < 0 ? -1 : 0;
	text = oci_features_write(&f);
	fputs(text, stdout);
	return 0;
}
