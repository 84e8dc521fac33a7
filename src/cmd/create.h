// SPDX-License-Identifier: Apache-2.0
/* create.h - the options that create and run share */
#ifndef CMD_CREATE_H
#define CMD_CREATE_H

#include "launch/create.h"

#define CMD_CREATE_DEFAULTS(g) { .root = (g)->root, .bundle = ".", .cgroup_manager = (g)->cgroup_manager, \
				.annotations = (g)->annotations.v, .n_annotations = (g)->annotations.n }

#define CMD_CREATE_OPTIONS(o) \
	{ "bundle", 'b', OPT_STRING, &(o).bundle, "DIR", "the bundle (default: the working directory)" }, \
	{ "config", 'f', OPT_STRING, &(o).config_file, "FILE", "instead of config.json in the bundle" }, \
	{ "console-socket", 0, OPT_STRING, &(o).console_socket, "PATH", "unix socket that gets the terminal" }, \
	{ "pidfd-socket", 0, OPT_STRING, &(o).pidfd_socket, "PATH", "unix socket that gets a pidfd of the init" }, \
	{ "pid-file", 0, OPT_STRING, &(o).pid_file, "FILE", "gets the pid of the container's init" }, \
	{ "no-pivot", 0, OPT_FLAG, &(o).no_pivot, NULL, "no pivot_root (for a root on a ramdisk)" }, \
	{ "no-new-keyring", 0, OPT_FLAG, &(o).no_new_keyring, NULL, "keep the caller's session keyring" }, \
	{ "preserve-fds", 0, OPT_NUMBER, &(o).preserve_fds, "N", "pass descriptors 3 to 2+N on" }, \
	{ "no-subreaper", 0, OPT_IGNORED_FLAG, NULL, NULL, NULL }

/* What has to be done with the caller's descriptors before anything else: --config may name one (a shell's "<(...)"), those to be
 * preserved are counted, the rest is closed. */
int cmd_create_take_fds(struct create_options *o, struct err *e);

#endif
