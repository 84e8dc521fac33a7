// SPDX-License-Identifier: Apache-2.0
/* checkpoint.h - the options that checkpoint and restore share */
#ifndef CMD_CHECKPOINT_H
#define CMD_CHECKPOINT_H

#include "checkpoint/checkpoint.h"
#include "cmd/cmd.h"

#define CMD_CHECKPOINT_DEFAULTS(g) { .criu = (g)->criu, .status_fd = -1 }

#define CMD_CHECKPOINT_OPTIONS(o, empty) \
	{ "image-path", 0, OPT_STRING, &(o).image_path, "DIR", "the images (default: ./checkpoint)" }, \
	{ "work-path", 0, OPT_STRING, &(o).work_path, "DIR", "CRIU's log and temporary files (default: with the images)" }, \
	{ "tcp-established", 0, OPT_FLAG, &(o).tcp_established, NULL, "keep established TCP connections" }, \
	{ "tcp-close", 0, OPT_FLAG, &(o).tcp_close, NULL, "let established TCP connections come back closed" }, \
	{ "ext-unix-sk", 0, OPT_FLAG, &(o).ext_unix_sk, NULL, "allow unix sockets connected to the outside" }, \
	{ "shell-job", 0, OPT_FLAG, &(o).shell_job, NULL, "allow a terminal of the caller's" }, \
	{ "file-locks", 0, OPT_FLAG, &(o).file_locks, NULL, "allow file locks" }, \
	{ "link-remap", 0, OPT_FLAG, &(o).link_remap, NULL, "link deleted files that are open back, for the time" }, \
	{ "lazy-pages", 0, OPT_FLAG, &(o).lazy_pages, NULL, "memory moves later, when it is wanted (userfaultfd)" }, \
	{ "auto-dedup", 0, OPT_FLAG, &(o).auto_dedup, NULL, "keep each page of memory in one image only" }, \
	{ "manage-cgroups-mode", 0, OPT_STRING, &(o).cgroups_mode, "MODE", "soft (default), full, strict or ignore" }, \
	{ "network-lock", 0, OPT_STRING, &(o).network_lock, "HOW", "iptables, nftables or skip" }, \
	{ "empty-ns", 0, OPT_LIST, &(empty), "KIND", "leave out what is in this namespace (network)" }

/* Reads --empty-ns. */
int cmd_empty_namespaces(const struct option_list *kinds, uint32_t *flags, struct err *e);

#endif
