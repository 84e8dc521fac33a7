// SPDX-License-Identifier: Apache-2.0
/* exec.h - another process in a running container */
#ifndef CONTAINER_EXEC_H
#define CONTAINER_EXEC_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "cgroup/cgroup.h"
#include "container/container.h"

struct exec_options {
	const char *process_file; /* --process; NULL: the container's own process with the changes below */
	char *process_text;	  /* what is in it: container_exec_read_process() */
	size_t process_len;
	char **args;		  /* NULL-terminated; NULL with process_file */
	const char *cwd;	  /* NULL: as configured */
	char **env;		  /* "KEY=value", n_env of them, added or replacing */
	size_t n_env;
	const char *user; /* "UID[:GID]" */
	char **additional_gids; /* "1,2,3", n_gids times */
	size_t n_gids;
	char **caps; /* added to all sets but inheritable, to ambient if it is inheritable already; as runc does */
	size_t n_caps;
	const char *apparmor;
	const char *process_label;
	bool no_new_privs;
	bool tty; /* args form only: process.terminal */
	struct cgroup_subs cgroup;
	bool ignore_paused;
	const char *pid_file;
	const char *console_socket;
	const char *pidfd_socket;
	bool foreground; /* the caller takes the pty master */
	int preserve_fds; /* from 3 on */
	int listen_fds;	  /* the first of them: the workload is told (LISTEN_FDS, LISTEN_PID) */
};

/* Reads process_file. Before inherited descriptors are closed: its name may be one of them (/dev/fd/63, of a shell's "<(…)"). */
int container_exec_read_process(struct exec_options *o, struct err *e);
/* Starts the process: a child of the caller, under the same policy and supervisor as init. Returns its pid (and *master for
 * a foreground terminal, else -1), or -1 with @e and no process left. */
pid_t container_exec(struct container *c, const struct exec_options *o, int *master, struct err *e);

#endif
