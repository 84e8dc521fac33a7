// SPDX-License-Identifier: Apache-2.0
/* common.c - what most commands begin with */
#include "cmd/cmd.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"

int cmd_begin(const struct option *table, const char *usage, int n, bool more, int argc, char **argv, int *at,
	      struct err *e)
{
	bool help = false;
	int words;

	*at = options_parse(table, argc, argv, &help, e);
	if (*at < 0)
		return err_prefix(e, "%s", argv[0]);
	if (help) {
		const struct command *c = cmd_find(argv[0]);

		printf("NAME:\n   sandrun %s - %s\n\nUSAGE:\n   sandrun [global options] %s%s%s\n", argv[0],
		       c ? c->help : "", argv[0], *usage ? " " : "", usage);
		if (table->name)
			printf("\nOPTIONS:\n");
		options_print(table);
		return 1;
	}
	words = argc - *at;
	/* "update ID --memory 1G": as under runc, options may follow the words, where these are not somebody's command. */
	if (!more && words > n) {
		int rest = options_parse(table, words - n + 1, argv + *at + n - 1, NULL, e);

		if (rest < 0)
			return err_prefix(e, "%s", argv[0]);
		words -= rest - 1;
	}
	if (words < n || (words > n && !more))
		return err_text(e, EINVAL, "%s: %s; usage: sandrun %s%s%s", argv[0],
				words < n ? "an argument is missing" : "too many arguments", argv[0], *usage ? " " : "", usage);
	return 0;
}

static int activated_fds(void)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	uint64_t p, n;

	/* podman leaves the variables of its own activation in our environment: they count only if they speak of us. */
	if (!fds || str_to_u64(fds, 10, 1 << 20, &n) < 0)
		return 0;
	/* Not said whom: crun takes that, too. */
	if (!pid)
		return (int)n;
	if (str_to_u64(pid, 10, INT32_MAX, &p) < 0)
		return 0;
	return (pid_t)p == getpid() ? (int)n : 0;
}

int cmd_take_fds(int preserve_fds, int *listen_fds)
{
	int n = preserve_fds + (*listen_fds = activated_fds());

	fd_close_from_but(3 + n, log_descriptor());
	/* podman --preserve-fd=9,40 gives us 38 with holes: they stay closed for the container. */
	for (int fd = 3; fd < 3 + n; fd++) {
		if (fcntl(fd, F_GETFD) < 0) {
			int hole = open("/dev/null", O_RDWR | O_CLOEXEC);

			if (hole >= 0 && hole != fd) {
				dup3(hole, fd, O_CLOEXEC);
				close(hole);
			}
		}
	}
	return n;
}
