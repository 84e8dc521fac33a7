// SPDX-License-Identifier: Apache-2.0
/* log.c - stderr and --log
 *
 * Runs in:  the commands. Engines read both: conmon takes at most 8191 bytes of stderr and podman parses the
 *           whole of --log as one JSON object, so a failure is exactly one line in each.
 */
#include "base/log.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"

#define LINE_MAX_BYTES 3900 /* podman cuts stderr at 4096; a JSON line has some words around the message */

static int log_fd = -1;
static enum log_format log_format = LOG_FMT_TEXT;
static enum log_level log_level = LOG_LVL_WARNING;
static void (*log_sink)(enum log_level level, const char *line);

static const char *const level_names[] = {
	[LOG_LVL_ERROR] = "error",
	[LOG_LVL_WARNING] = "warning",
	[LOG_LVL_INFO] = "info",
	[LOG_LVL_DEBUG] = "debug",
	[LOG_LVL_TRACE] = "debug",
};

int log_open(const char *target, enum log_format format, struct err *e)
{
	log_format = format;
	if (str_starts(target, "journald:") || str_starts(target, "syslog:"))
		return 0;
	if (str_starts(target, "file:"))
		target += strlen("file:");
	fd_close(&log_fd);
	log_fd = open(target, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0644);
	if (log_fd < 0)
		return err_sys(e, "open the log file %s", target);
	return 0;
}

int log_descriptor(void)
{
	return log_fd;
}

void log_divert(void (*sink)(enum log_level level, const char *line))
{
	fd_close(&log_fd);
	log_sink = sink;
}

void log_set_level(enum log_level level)
{
	log_level = level;
}

/* One line: control characters become spaces. */
static void one_line(char *dst, size_t size, const char *src)
{
	size_t n = 0;

	for (; *src && n + 1 < size; src++)
		dst[n++] = (char)((unsigned char)*src < 0x20 || *src == 0x7f ? ' ' : *src);
	dst[n] = 0;
}

/* RFC 8259 strings. Bytes above 0x7f are copied if they form a UTF-8 sequence and become '?' otherwise: one bad byte
 * would hide the whole log from the reader. */
static size_t utf8_len(const unsigned char *s)
{
	size_t n = *s >= 0xc2 && *s <= 0xdf ? 2 : (*s & 0xf0) == 0xe0 ? 3 : *s >= 0xf0 && *s <= 0xf4 ? 4 : 0;

	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if (n == 3 && ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f)))
		return 0;
	if (n == 4 && ((s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f)))
		return 0;
	return n;
}

static void json_escape(char *dst, size_t size, const char *src)
{
	size_t n = 0;

	while (*src && n + 8 < size) {
		unsigned char c = (unsigned char)*src;

		if (c == '"' || c == '\\') {
			dst[n++] = '\\';
			dst[n++] = (char)c;
			src++;
		} else if (c < 0x80) {
			dst[n++] = (char)(c < 0x20 || c == 0x7f ? ' ' : c);
			src++;
		} else {
			size_t len = utf8_len((const unsigned char *)src);

			if (!len)
				dst[n++] = '?';
			for (size_t i = 0; i < len; i++)
				dst[n++] = src[i];
			src += len ? len : 1;
		}
	}
	dst[n] = 0;
}

static void now(char stamp[40])
{
	struct timespec ts;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	strftime(stamp, 40, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

static void write_log(enum log_level level, const char *msg)
{
	char line[LINE_MAX_BYTES + 512], text[LINE_MAX_BYTES];
	char stamp[40];
	int n;

	if (log_fd < 0)
		return;
	now(stamp);
	if (log_format == LOG_FMT_JSON) {
		json_escape(text, sizeof(text), msg);
		n = snprintf(line, sizeof(line), "{\"level\":\"%s\",\"msg\":\"%s\",\"time\":\"%s\"}\n", level_names[level],
			     text, stamp);
	} else {
		n = snprintf(line, sizeof(line), "time=\"%s\" level=%s msg=\"%s\"\n", stamp, level_names[level], msg);
	}
	/* One write: several sandruns may append to one file. */
	if (n > 0)
		(void)!write(log_fd, line, strnlen(line, sizeof(line)));
}

/* As a record of the log, so that a --debug run can be read by what reads logs. */
static void write_record(enum log_level level, const char *msg)
{
	char line[LINE_MAX_BYTES + 512], text[LINE_MAX_BYTES];
	char stamp[40];

	json_escape(text, sizeof(text), msg);
	now(stamp);
	(void)!write(STDERR_FILENO, line,
		     (size_t)snprintf(line, sizeof(line), "time=\"%s\" level=%s msg=\"%s\"\n", stamp, level_names[level], text));
}

static void write_stderr(const char *msg)
{
	char line[LINE_MAX_BYTES + 16];
	int n = snprintf(line, sizeof(line), "sandrun: %s\n", msg);

	if (n > 0)
		(void)!write(STDERR_FILENO, line, strnlen(line, sizeof(line)));
}

void log_failure(const struct err *e)
{
	char msg[LINE_MAX_BYTES / 2];

	one_line(msg, sizeof(msg), e->msg);
	write_log(LOG_LVL_ERROR, msg);
	write_stderr(msg);
}

void log_line(enum log_level level, const char *fmt, ...)
{
	char raw[LINE_MAX_BYTES / 2], msg[LINE_MAX_BYTES / 2];
	int saved = errno;
	va_list ap;

	if (level > log_level && level != LOG_LVL_TRACE)
		return;
	va_start(ap, fmt);
	vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	one_line(msg, sizeof(msg), raw);
	if (log_sink)
		log_sink(level, msg);
	else if (log_fd >= 0)
		write_log(level, msg);
	else if (level > LOG_LVL_WARNING)
		write_record(level, msg);
	else
		write_stderr(msg);
	errno = saved;
}
