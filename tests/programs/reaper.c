// SPDX-License-Identifier: Apache-2.0
/* reaper.c - runs a command as the subreaper of all that it leaves behind
 *
 * Owns:     waiting: a detached container's init becomes its child, as it would be conmon's or the shim's, and is
 *           reaped at once. In a container, pid 1 is often something that never waits. Its exit code is the command's.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int status;
	pid_t child, pid;

	if (argc < 2) {
		fprintf(stderr, "usage: reaper COMMAND ARG…\n");
		return 2;
	}
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	child = fork();
	if (child == 0) {
		execvp(argv[1], argv + 1);
		fprintf(stderr, "reaper: %s: %s\n", argv[1], strerror(errno));
		_exit(127);
	}
	while ((pid = waitpid(-1, &status, 0)) != child)
		if (pid < 0 && errno != EINTR)
			return 1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
