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

static void print_usage(const char *name, const struct option *table, const char *usage)
{
	const struct command *c = cmd_find(name);

	printf("NAME:\n   sandrun %s - %s\n\nUSAGE:\n   sandrun [global options] %s%s%s\n", name, c ? c->help : "", name,
	       *usage ? " " : "", usage);
	if (table->name)
		printf("\nOPTIONS:\n");
	options_print(table);
}

static int wrong_count(const char *name, bool few, const char *usage, struct err *e)
{
	return err_text(e, EINVAL, "%s: %s; usage: sandrun %s%s%s", name, few ? "an argument is missing" : "too many arguments", name,
			*usage ? " " : "", usage);
}

int cmd_begin(const struct option *table, const char *usage, int n, bool more, int argc, char **argv, int *at,
	      struct err *e)
{
	bool help = false;
	int words;

	*at = options_parse(table, argc, argv, &help, e);
	if (*at < 0)
		return err_prefix(e, "%s", argv[0]);
	if (help) {
		print_usage(argv[0], table, usage);
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
		return wrong_count(argv[0], words < n, usage, e);
	return 0;
}

int cmd_begin_words(const struct option *table, const char *usage, int min, int max, int argc, char **argv, const char **words,
		    struct err *e)
{
	bool help = false, literal = false;
	int at = 0, n = 0;

	for (;;) {
		/* What was the last word stands where options_parse() expects the command. */
		if (!literal) {
			int next = options_parse(table, argc - at, argv + at, &help, e);

			if (next < 0)
				return err_prefix(e, "%s", argv[0]);
			at += next;
			literal = str_eq(argv[at - 1], "--");
		} else {
			at++;
		}
		if (help) {
			print_usage(argv[0], table, usage);
			return CMD_HELP;
		}
		if (at >= argc)
			break;
		if (n == max)
			return wrong_count(argv[0], false, usage, e);
		words[n++] = argv[at];
	}
	return n < min ? wrong_count(argv[0], true, usage, e) : n;
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
