// SPDX-License-Identifier: Apache-2.0
/* limit.h - limits of time for what has to happen, and does at once on an idle machine
 *
 * They end a test that hangs. They are not what is tested, so they are long, and SANDRUN_TEST_SLOWER=n makes them n times longer.
 */
#ifndef TESTS_UNIT_LIMIT_H
#define TESTS_UNIT_LIMIT_H

#include <stdlib.h>

static inline int limit_ms(void)
{
	const char *slower = getenv("SANDRUN_TEST_SLOWER");
	int n = slower ? atoi(slower) : 1;

	return 120000 * (n > 0 && n < 1000 ? n : 1);
}

#endif
