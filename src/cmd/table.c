// SPDX-License-Identifier: Apache-2.0
/* table.c - the commands: their names, what they are for, how they fail */
#include "cmd/cmd.h"
#include "cmd/policy.h"

#include "base/near.h"
#include "base/str.h"

const struct command cmd_table[] = {
	{ "check", cmd_check, "tell what this machine can enforce, what it lacks, and what its engines need", 1, false },
	{ "checkpoint", cmd_checkpoint, "write a running container into files (CRIU)", 1, false },
	{ "create", cmd_create, "make a container that waits for start", 1, true },
	{ "delete", cmd_delete, "remove a container and what belongs to it", 1, false },
	{ "denied", cmd_denied, "tell what was refused, by which rule, and what would allow it", 1, false },
	{ "events", cmd_events, "statistics and out-of-memory events", 1, false },
	{ "exec", cmd_exec, "run another process in a container", 255, true },
	{ "features", cmd_features, "tell what this runtime can do, as JSON", 1, false },
	{ "help", cmd_help, "print what a command does and takes", 1, false },
	{ "kill", cmd_kill, "send a signal", 1, false },
	{ "list", cmd_list, "list the containers", 1, false },
	{ "metrics", cmd_metrics, "the policies of all containers in numbers, for a collector", 1, false },
	{ "pause", cmd_pause, "freeze all processes of a container", 1, false },
	{ "policy", cmd_policy, "ask what a policy says, show it, change it, learn one", 2, false },
	{ "policy check", cmd_policy_check, "tell whether a destination may be reached, and why", 2, false },
	{ "policy learn", cmd_policy_learn, "print the policy under which nothing of a record would have been refused", 2, false },
	{ "policy show", cmd_policy_show, "print the rules of a container, their origin and what each has refused", 2, false },
	{ "ps", cmd_ps, "list the processes of a container", 1, false },
	{ "restore", cmd_restore, "bring a container back from such files", 1, false },
	{ "resume", cmd_resume, "let a paused container go on", 1, false },
	{ "run", cmd_run, "create and start a container", 1, true },
	{ "spec", cmd_spec, "write a config.json to begin with", 1, false },
	{ "start", cmd_start, "start a container that create made", 1, false },
	{ "state", cmd_state, "print the state of a container", 1, false },
	{ "update", cmd_update, "change the limits of a container", 1, false },
	{ "version", cmd_version, "print the version", 1, false },
};

const size_t cmd_count = ARRAY_SIZE(cmd_table);

/* What people call it elsewhere. */
static const char *const aliases[][2] = { { "doctor", "check" } };

const struct command *cmd_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(aliases); i++)
		if (str_eq(aliases[i][0], name))
			name = aliases[i][1];
	for (size_t i = 0; i < cmd_count; i++)
		if (str_eq(cmd_table[i].name, name))
			return &cmd_table[i];
	return NULL;
}

int cmd_unknown(const char *name, struct err *e)
{
	struct near near = { 0 };
	const char *best;

	for (size_t i = 0; i < cmd_count; i++)
		if (!strchr(cmd_table[i].name, ' '))
			near_offer(&near, name, cmd_table[i].name);
	best = near_best(&near);
	if (best)
		return err_text(e, EINVAL, "unknown command \"%.100s\"; did you mean \"%s\"?", name, best);
	return err_text(e, EINVAL, "unknown command \"%.100s\"; \"sandrun help\" lists the commands", name);
}
