// SPDX-License-Identifier: Apache-2.0
/* checkpoint.h - a container into files and back, by CRIU (checkpoint/restore in userspace, https://criu.org)
 *
 * Owns:     what of a container CRIU has to be told: mounts and namespaces that come from outside, the standard
 *           descriptors, the cgroup; the record of a container that comes back.
 * Must not: freeze or rebuild a process: that is CRIU's.
 * Runs in:  checkpoint and restore, as root. Without CRIU's protocol compiled in (configure --without-criu) stub.c answers.
 */
#ifndef CHECKPOINT_CHECKPOINT_H
#define CHECKPOINT_CHECKPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "container/container.h"
#include "launch/create.h"

/* What both directions take. Strings are borrowed; NULL: not given. */
struct checkpoint_options {
	const char *criu;	/* the program; NULL: "criu", looked up in $PATH */
	const char *image_path; /* directory of the images */
	const char *work_path;	/* directory of the log; NULL: with the images */
	const char *parent_path; /* dump: that of an earlier one, relative to image_path */
	const char *page_server; /* dump: ADDRESS:PORT */
	const char *cgroups_mode; /* soft, full, strict, ignore */
	const char *network_lock; /* iptables, nftables, skip */
	const char *lsm_profile, *lsm_mount_context; /* restore */
	uint32_t empty_namespaces; /* CLONE_NEW… flags */
	int status_fd;		   /* dump with lazy_pages: gets a NUL byte when pages can be asked for; -1: none */
	bool leave_running, pre_dump; /* dump */
	bool tcp_established, tcp_skip_in_flight, tcp_close, ext_unix_sk, shell_job, file_locks, lazy_pages, auto_dedup,
		link_remap;
};

/* False: not compiled in, and the two below say so. */
bool checkpoint_supported(void);
/* Dumps @c, which stays as it is: with leave_running and pre_dump it runs on, else its processes are gone and the caller
 * deletes it. */
int checkpoint_dump(struct container *c, const struct checkpoint_options *o, struct err *e);
/* Makes the container of create->bundle from images. As container_create(), but it runs already; init is our child. Of
 * @create the fields are looked at that make sense here. On failure nothing is left behind. */
int checkpoint_restore(const struct create_options *create, const struct checkpoint_options *o, struct container *c,
		       int *master, struct err *e);

#endif
