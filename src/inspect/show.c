// SPDX-License-Identifier: Apache-2.0
/* show.c - texts of strangers on a terminal, and times for people
 *
 * Runs in:  the commands that print what a workload, an image or another user has named.
 */
#include "inspect/show.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/str.h"

/* Length of the UTF-8 sequence at @s and its code point; 0: it is none. */
static size_t decode(const unsigned char *s, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = *s < 0x80 ? 1 : (*s & 0xe0) == 0xc0 ? 2 : (*s & 0xf0) == 0xe0 ? 3 : (*s & 0xf8) == 0xf0 ? 4 : 0;

	*code = n == 1 ? *s : n ? *s & (0x7fu >> n) : 0;
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (s[i] & 0x3fu);
	}
	return *code < least[n] || *code > 0x10ffff || (*code >= 0xd800 && *code < 0xe000) ? 0 : n;
}

/* Controls, and characters without a width of their own that hide, join or turn round what is beside them. */
static bool prints(uint32_t c)
{
	static const uint32_t unseen[][2] = {
		{ 0, 0x1f }, { 0x7f, 0x9f }, { 0xad, 0xad }, { 0x300, 0x36f }, { 0x61c, 0x61c }, { 0x180b, 0x180f },
		{ 0x200b, 0x200f }, { 0x2028, 0x202f }, { 0x2060, 0x206f }, { 0x3164, 0x3164 }, { 0xfe00, 0xfe0f },
		{ 0xfeff, 0xfeff }, { 0xfff0, 0xfffb }, { 0xe000, 0xf8ff }, { 0xe0000, 0x10ffff },
	};

	for (size_t i = 0; i < ARRAY_SIZE(unseen); i++)
		if (c >= unseen[i][0] && c <= unseen[i][1])
			return false;
	return true;
}

char *show_text(const char *s)
{
	char *out = xcalloc(strlen(s) + 1, 1);
	size_t len = 0;

	while (*s) {
		uint32_t code;
		size_t n = decode((const unsigned char *)s, &code);

		if (n && prints(code)) {
			memcpy(out + len, s, n);
			len += n;
		} else {
			out[len++] = '?';
		}
		s += n ? n : 1;
	}
	return out;
}

size_t show_width(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

int64_t show_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

const char *show_time(int64_t ms, int64_t now, char buf[SHOW_TIME])
{
	time_t then = (time_t)(ms / 1000), today = (time_t)(now / 1000);
	struct tm a, b;

	localtime_r(&then, &a);
	localtime_r(&today, &b);
	strftime(buf, SHOW_TIME, a.tm_year == b.tm_year && a.tm_yday == b.tm_yday ? "%H:%M:%S" : "%d %b %H:%M:%S", &a);
	return buf;
}

const char *show_age(int64_t ms, int64_t now, char buf[SHOW_TIME])
{
	static const struct {
		int64_t s;
		const char *unit;
	} units[] = { { 86400 * 2, "d" }, { 3600 * 2, "h" }, { 120, "m" }, { 0, "s" } };
	static const int64_t each[] = { 86400, 3600, 60, 1 };
	int64_t s = now > ms ? (now - ms) / 1000 : 0;
	size_t i = 0;

	while (s < units[i].s)
		i++;
	snprintf(buf, SHOW_TIME, "%lld%s", (long long)(s / each[i]), units[i].unit);
	return buf;
}
