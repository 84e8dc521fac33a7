// SPDX-License-Identifier: Apache-2.0
/* policy.h - the commands below "policy", and what they share
 *
 * Owns:     their table. Each is a command of two words: "policy check".
 */
#ifndef CMD_POLICY_H
#define CMD_POLICY_H

#include "cmd/cmd.h"

int cmd_policy(const struct globals *g, int argc, char **argv, struct err *e);
int cmd_policy_check(const struct globals *g, int argc, char **argv, struct err *e);
int cmd_policy_learn(const struct globals *g, int argc, char **argv, struct err *e);
int cmd_policy_show(const struct globals *g, int argc, char **argv, struct err *e);

#endif
