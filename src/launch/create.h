// SPDX-License-Identifier: Apache-2.0
/* create.h - making a container, up to the point where it waits for "start" */
#ifndef CONTAINER_CREATE_H
#define CONTAINER_CREATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "cgroup/cgroup.h"
#include "container/container.h"

struct create_options {
	const char *root; /* the state root (stateroot_path()) */
	const char *id;
	const char *bundle;	    /* directory */
	const char *config_file;    /* NULL: config.json in the bundle */
	char *config_text;	    /* what bundle_read_file() read of it, or NULL; container_create() takes it */
	size_t config_len;
	const char *pid_file;	    /* NULL: none */
	const char *console_socket; /* NULL: none */
	const char *pidfd_socket;   /* NULL: none */
	bool foreground;	    /* "run" takes the pty master itself */
	bool no_pivot;
	bool no_new_keyring;
	int preserve_fds; /* from 3 on */
	int listen_fds;	  /* the first of them: the workload is told (LISTEN_FDS, LISTEN_PID) */
	enum cgroup_manager cgroup_manager;
	char *const *annotations; /* "KEY=VALUE", each in the place of config.json's of that key */
	size_t n_annotations;
};

/* On success *c is open (the caller closes it), unlocked, and init waits for start. *master: with a foreground terminal the
 * pty's master (the caller's), else -1. On failure nothing is left behind: no state, no cgroup, no mount, no process. */
int container_create(const struct create_options *o, struct container *c, int *master, struct err *e);

#endif
