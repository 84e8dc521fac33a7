// SPDX-License-Identifier: Apache-2.0
/* vethprobe.h - whether a process can put an end of a device into a network namespace that is not its own
 */
#ifndef CONFINE_VETHPROBE_H
#define CONFINE_VETHPROBE_H

#include <stdbool.h>

/* True if the kernel refuses it; false as well where that cannot be found out. Costs a short-lived process with a user and a
 * network namespace. */
bool vethprobe_is_refused(void);

#endif
