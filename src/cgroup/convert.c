// SPDX-License-Identifier: Apache-2.0
/* convert.c - numbers of the specification (which are v1's) as v2 has them
 *
 * Owns:     the formulas.
 * Must not: do I/O.
 * Runs in:  create and update.
 */
#include "cgroup/convert.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

/* log2 and 10^x by hand: libm would be mapped at every start of the program, for one formula that
 * few starts need. The unit test compares each of the 262,143 inputs with libm's answer. */
static long double log2_of(long double x)
{
	long double l = 0;

	for (; x >= 2; x /= 2)
		l += 1;
	for (long double bit = 0.5L; bit > 1e-17L; bit /= 2) {
		x *= x;
		if (x >= 2) {
			x /= 2;
			l += bit;
		}
	}
	return l;
}

static long double ten_to(long double y)
{
	const long double ln10 = 2.302585092994045684017991454684364208L;
	long double whole = 1, term = 1, sum = 1, x;

	for (; y >= 1; y -= 1)
		whole *= 10;
	x = y * ln10;
	for (int i = 1; i < 40; i++) {
		term *= x / i;
		sum += term;
	}
	return whole * sum;
}

uint64_t cg_convert_weight(uint64_t shares)
{
	long double l, weight;

	if (shares == 0)
		return 0;
	if (shares <= 2)
		return 1;
	if (shares >= 262144)
		return 10000;
	/* The quadratic through minimum, default and maximum of both scales: runc since 1.3.2, crun
	 * since 1.23. The line used before gave the default of 1024 shares a weight of 39 instead
	 * of 100. */
	l = log2_of((long double)shares);
	weight = ten_to((l * l + 125 * l) / 612 - 7.0L / 34);
	/* Rounded up; a hair below first, for 1024 is exactly 100 and may come out above it. */
	weight -= 1e-9L;
	return (uint64_t)weight + 1;
}

uint64_t cg_convert_io_weight(uint64_t weight)
{
	if (weight == 0)
		return 0;
	if (weight < 10)
		weight = 10;
	return 1 + (weight - 10) * 9999 / 990;
}

int cg_convert_swap(int64_t memsw, int64_t memory, int64_t *swap, struct err *e)
{
	if (memsw < 0 || memsw == 0 || memory < 0) {
		*swap = memsw < 0 ? -1 : memsw;
		return 0;
	}
	if (memsw < memory)
		return err_text(e, EINVAL,
				"linux.resources.memory.swap: %lld is less than the memory limit "
				"of %lld (it counts memory "
				"and swap together)",
				(long long)memsw, (long long)memory);
	*swap = memsw - memory;
	return 0;
}

uint64_t cg_convert_quota_per_sec(int64_t quota, uint64_t period)
{
	uint64_t per_sec;

	if (quota <= 0)
		return UINT64_MAX;
	if (period == 0)
		period = 100000;
	if (__builtin_mul_overflow((uint64_t)quota, (uint64_t)1000000, &per_sec))
		return UINT64_MAX;
	per_sec /= period;
	/* systemd keeps whole percents: rounded up, so that its number is never the tighter one. */
	return (per_sec + 9999) / 10000 * 10000;
}

#define MASK_BITS_MAX 65536 /* far above the kernel's CONFIG_NR_CPUS maximum of 8192 */

static int parse_index(const char **s, uint64_t *out)
{
	char *end;

	if (**s < '0' || **s > '9')
		return -1;
	*out = strtoull(*s, &end, 10);
	*s = end;
	return *out < MASK_BITS_MAX ? 0 : -1;
}

int cg_convert_cpu_mask(const char *list, uint8_t **mask, size_t *len, struct err *e)
{
	autofree uint8_t *bits = xcalloc(MASK_BITS_MAX / 8, 1);
	const char *s = list;
	size_t used = 0;

	for (;;) {
		uint64_t lo, hi;

		s += strspn(s, ", \t\n");
		if (!*s)
			break;
		if (parse_index(&s, &lo) < 0)
			return err_text(e, EINVAL,
					"\"%s\" is no list of numbers and ranges (0-2,7)", list);
		hi = lo;
		if (*s == '-') {
			s++;
			if (parse_index(&s, &hi) < 0 || hi < lo)
				return err_text(e, EINVAL,
						"\"%s\" is no list of numbers and ranges (0-2,7)",
						list);
		}
		if (*s && !strchr(", \t\n", *s))
			return err_text(e, EINVAL,
					"\"%s\" is no list of numbers and ranges (0-2,7)", list);
		for (uint64_t i = lo; i <= hi; i++)
			bits[i / 8] |= (uint8_t)(1u << (i % 8));
		if (hi / 8 + 1 > used)
			used = hi / 8 + 1;
	}
	if (!used)
		return err_text(e, EINVAL, "an empty list");
	*mask = steal_ptr(&bits);
	*len = used;
	return 0;
}
