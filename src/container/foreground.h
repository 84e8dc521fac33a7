// SPDX-License-Identifier: Apache-2.0
/* foreground.h - staying with a process until it ends: signals forwarded, its terminal relayed */
#ifndef CONTAINER_FOREGROUND_H
#define CONTAINER_FOREGROUND_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

/* Blocks the signals that are to be forwarded; call before the process is made, so that none is lost. */
void foreground_prepare(void);
/* For a process that wants a terminal and will be relayed to ours: refuses where there is none, as the peers do. */
int foreground_check_terminal(struct err *e);
/* Gives the pty behind @master the size of our own terminal, if we have one. */
void foreground_copy_size(int master);
/* The same if @copy_size, and line ends that fit our standard output. Before the program runs, which may set its own. */
void foreground_adopt_terminal(int master, bool copy_size);
/* Waits for our child @pid. @master: its pty's master, relayed to our terminal and standard output, or -1. @notify: its socket of notify.h,
 * relayed to the service manager, or -1. Both are borrowed. Returns its exit status, 128 + n
 * after signal n, or -1 with @e. */
int foreground_wait(pid_t pid, int master, int notify, struct err *e);

#endif
