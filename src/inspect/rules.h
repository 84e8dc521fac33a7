// SPDX-License-Identifier: Apache-2.0
/* rules.h - the rules of a policy one by one, with what is known of each
 *
 * Runs in:  sandrun policy show.
 */
#ifndef INSPECT_RULES_H
#define INSPECT_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "inspect/subject.h"

struct rules_one {
	char *list; /* "net-deny"; "(default)" for what no rule covers */
	char *rule;
	char *from; /* "annotation", "/etc/sandrun/policy.toml [bound]" */
	bool counts; /* a rule of what is allowed refuses nothing */
	uint64_t refused;
};

struct rules_host {
	const char *name;
	char *addresses; /* separated by blanks */
};

struct rules {
	struct rules_one *v;
	size_t n;
	struct rules_host *hosts;
	size_t n_hosts;
	char *settings; /* "allow-udp=true dns=off": what is no list */
	int64_t created; /* ms since 1970; 0: unknown */
	uint64_t refused, generation;
};

void rules_list(const struct subject *s, struct rules *out);
void rules_free(struct rules *r);

#endif
