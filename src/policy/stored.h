// SPDX-License-Identifier: Apache-2.0
/* stored.h - what the writer and the reader of a stored policy share
 *
 * Must not: be included by anybody else.
 */
#ifndef POLICY_STORED_H
#define POLICY_STORED_H

#include <stddef.h>
#include <stdint.h>

#define STORED_WORD "sandrun-policy "
#define STORED_VERSION "2"
#define STORED_HEAD STORED_WORD STORED_VERSION
#define STORED_END (sizeof("end 0123456789abcdef\n") - 1)
/* The longest text that the bounds of a policy can make is below this. */
#define STORED_MAX (64u << 20)

uint64_t stored_sum(const char *s, size_t n);

#endif
