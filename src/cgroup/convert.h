// SPDX-License-Identifier: Apache-2.0
/* convert.h - numbers of the specification (which are v1's) as v2 has them: pure computations */
#ifndef CGROUP_CONVERT_H
#define CGROUP_CONVERT_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* cpu.shares (2 … 262144, default 1024) to cpu.weight (1 … 10000, default 100); 0 stays 0
 * ("unset"). */
uint64_t cg_convert_weight(uint64_t shares);
/* blkio.weight (10 … 1000) to io.weight (1 … 10000); 0 stays 0. */
uint64_t cg_convert_io_weight(uint64_t weight);
/* memory+swap limit to the swap limit alone. -1 is "no limit" on both sides. */
int cg_convert_swap(int64_t memsw, int64_t memory, int64_t *swap, struct err *e);
/* Quota and period in µs to systemd's CPUQuotaPerSecUSec; UINT64_MAX for none. */
uint64_t cg_convert_quota_per_sec(int64_t quota, uint64_t period);
/* "0-2,7" to a bit mask, lowest bit first, as systemd takes it. Heap. 0 or -1 with @e. */
int cg_convert_cpu_mask(const char *list, uint8_t **mask, size_t *len, struct err *e);

#endif
