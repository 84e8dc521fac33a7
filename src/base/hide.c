// SPDX-License-Identifier: Apache-2.0
/* hide.c - out of the reach of processes that can see this one
 *
 * Runs in:  every command of root's; whatever enters a container.
 */
#include "base/hide.h"

#include <sys/prctl.h>

void hide_self(void)
{
	prctl(PR_SET_DUMPABLE, 0);
}
