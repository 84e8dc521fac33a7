// SPDX-License-Identifier: Apache-2.0
/* process.h - what a process of the container becomes before it execs: one function for each step
 *
 * Owns:     user, groups, capabilities, rlimits, scheduler, io priority, personality, memory policy,
 *           labels, the terminal, the lookup of the command.
 * Must not: decide the order: launch/workload.c does, and says why.
 * Runs in:  init and exec'd processes; process_validate(), process_set_rlimits_of() and process_send_console() in create and exec.
 *
 * A step does nothing where its part of "process" is absent. 0, or -1 with @e, which names the field.
 */
#ifndef PROCESS_PROCESS_H
#define PROCESS_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "oci/config.h"

/* Checked in create before anything is made: rlimits, scheduler, user, env … Fills @e with a JSON path. An unknown
 * capability is a warning (config.md). */
int process_validate(const struct oci_process *p, struct err *e);

/* process.rlimits, for the caller itself. */
int process_set_rlimits(const struct oci_process *p, struct err *e);
/* From outside, for a process in a user namespace: there it has lost the right to raise a hard limit. */
int process_set_rlimits_of(pid_t pid, const struct oci_process *p, struct err *e);
/* Policy, priority, nice, and for SCHED_DEADLINE its nanoseconds, in one sched_setattr(2). Real-time needs CAP_SYS_NICE. */
int process_set_scheduler(const struct oci_process *p, struct err *e);
int process_set_io_priority(const struct oci_process *p, struct err *e);
int process_set_personality(const struct oci_personality *p, struct err *e);
int process_set_memory_policy(const struct oci_memory_policy *p, struct err *e);
/* That of the engine (systemd's CPUAffinity=, taskset) is not the container's: every processor of its cpuset is. */
void process_reset_cpu_affinity(void);
int process_set_cpu_affinity(const char *list, struct err *e); /* "0-3,7"; NULL: nothing */

/* Bounding set first, while CAP_SETPCAP is there. */
int process_drop_bounding(const struct oci_process *p, struct err *e);
/* Groups, gid, uid (with keepcaps), umask. setgroups is skipped where the user namespace denies it and no additional
 * group asks for it, and with @keep_groups: then those of the caller stay, and additionalGids is not looked at. */
int process_set_user(const struct oci_process *p, bool keep_groups, struct err *e);
/* Inheritable, permitted, effective, ambient. Without a capabilities object nothing is kept, for root either, as the peers
 * do. Inheritable is empty unless the config asks (CVE-2022-29162). */
int process_set_caps(const struct oci_process *p, struct err *e);
int process_set_no_new_privs(struct err *e);

/* One descriptor for both: the attribute directory of this process.
 * AppArmor and SELinux: the label for the coming exec. A label that the kernel cannot give is an error whose text avoids
 * the words engines turn into "command not found". Opened early (init: before the root is changed), proven to be procfs, and
 * written at the end. *fd is the caller's; -1: there is nothing to write. */
int process_open_label_fd(const struct oci_process *p, int *fd, struct err *e);
int process_write_label(const struct oci_process *p, int fd, struct err *e);

/* A new pty from the devpts below the root (run after the root is entered): master (close-on-exec), and the slave's open
 * descriptor. */
int process_open_terminal(int *master, int *slave, struct err *e);
/* The same below @rootfd: before pivot_root, when "/" is still the host's. */
int process_open_terminal_at(int rootfd, int *master, int *slave, struct err *e);
/* @slave becomes the controlling terminal and descriptors 0 to 2; its owner becomes @uid. */
int process_take_terminal(int slave, uid_t uid, struct err *e);
/* process.consoleSize, in characters. */
int process_set_winsize(int tty, unsigned int height, unsigned int width, struct err *e);
/* Sends the master to a --console-socket: connects, one message, name "/dev/ptmx" and one descriptor. */
int process_send_console(const char *socket_path, int master, struct err *e);

/* The environment: process.env, with HOME from /etc/passwd where it is missing (as the peers do). Heap, execve form. */
char **process_make_env(const struct oci_process *p, struct err *e);
/* What sd_listen_fds(3) looks for: @n descriptors from 3 on are for the process @pid (as it sees itself). Takes @env,
 * which has come from process_make_env(), and returns what takes its place. */
char **process_add_listen_fds(char **env, int n, pid_t pid);
/* cwd: chdir, then proof that it is inside the root (CVE-2024-21626). */
int process_enter_cwd(const char *cwd, struct err *e);
/* Finds args[0] in process.env's PATH with the rights of the user already taken. Heap path or NULL with @e in the engines'
 * wording: "executable file `x` not found in $PATH: no such file or directory", "…: permission denied", … */
char *process_find_command(const struct oci_process *p, struct err *e);

/* execve(2) of @command failed with @code: -1 with @e in the engines' wording. @may_look: whether the command itself is there may be
 * asked, which a seccomp profile can forbid. */
int process_exec_error(const char *command, int code, bool may_look, struct err *e);

/* Signal dispositions and mask to default, as runc leaves them (SigIgn 0). */
void process_reset_signals(void);

#endif
