// SPDX-License-Identifier: Apache-2.0
/* when.c - spans and moments on the command line */
#include "cmd/when.h"

#include <string.h>
#include <time.h>

#include "base/str.h"

#define SPAN_MAX (INT64_C(10) * 365 * 86400 * 1000)

static const struct {
	const char *unit;
	int64_t ms;
} units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 }, { "d", 86400000 }, { "w", 604800000 }, { "", 1000 } };

/* One "90m" at *text, which moves on. */
static int span_part(const char **text, int64_t *ms)
{
	size_t digits = strspn(*text, "0123456789");
	autofree char *number = xstrndup(*text, digits);
	size_t letters = strspn(*text + digits, "abcdefghijklmnopqrstuvwxyz");
	autofree char *unit = xstrndup(*text + digits, letters);
	uint64_t v;

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (!str_eq(unit, units[i].unit) || str_to_u64(number, 10, (uint64_t)(SPAN_MAX / units[i].ms), &v) < 0)
			continue;
		*ms += (int64_t)v * units[i].ms;
		*text += digits + letters;
		return 0;
	}
	return -1;
}

int when_span(const char *option, const char *text, int64_t *ms, struct err *e)
{
	const char *at = text;

	*ms = 0;
	do {
		if (span_part(&at, ms) < 0)
			break;
	} while (*at);
	if (*at || *ms <= 0 || *ms > SPAN_MAX)
		return err_text(e, EINVAL, "%s %.100s: a span of time is expected (30s, 5m, 1h30m, 2d)", option, text);
	return 0;
}

/* Forms with a date, and of a clock today. */
static int moment(const char *text, int64_t now, int64_t *ms)
{
	static const char *const forms[] = { "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d",
					     "%H:%M:%S", "%H:%M" };
	time_t today = (time_t)(now / 1000);

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		struct tm tm;
		const char *rest;

		localtime_r(&today, &tm);
		tm.tm_sec = 0;
		if (forms[i][1] == 'Y')
			tm.tm_hour = tm.tm_min = 0;
		rest = strptime(text, forms[i], &tm);
		tm.tm_isdst = -1;
		if (!rest || (*rest && !str_eq(rest, "Z")))
			continue;
		*ms = (int64_t)(*rest ? timegm(&tm) : mktime(&tm)) * 1000;
		return 0;
	}
	return -1;
}

int when_since(const char *option, const char *text, int64_t now, int64_t *ms, struct err *e)
{
	int64_t span;

	if (moment(text, now, ms) == 0)
		return 0;
	if (when_span(option, text, &span, NULL) < 0)
		return err_text(e, EINVAL, "%s %.100s: a span (5m, 1h30m) or a moment (14:00, 2026-11-30T14:00:00Z) is expected", option, text);
	*ms = now - span;
	return 0;
}
