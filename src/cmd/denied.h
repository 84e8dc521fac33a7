// SPDX-License-Identifier: Apache-2.0
/* denied.h - a refusal as denied and events print it */
#ifndef CMD_DENIED_H
#define CMD_DENIED_H

#include "inspect/card.h"
#include "inspect/refusal.h"

/* One object on one line. */
void cmd_print_refusal(const struct card *c, const struct refusal *r);

#endif
