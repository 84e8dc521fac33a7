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
#include <sys/stat.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/str.h"

#define LINE_MAX_BYTES 3900 /* podman cuts stderr at 4096; a JSON line has some words around the message */

static int log_fd = -1;
static enum log_format log_format = LOG_FMT_TEXT;
static enum log_level log_level = LOG_LVL_WARNING;
static void (*log_sink)(enum log_level level, const char *line);

/* journald's native protocol, and RFC 3164. */
static const struct log_daemon {
	const char *prefix, *socket;
	const char *form; /* priority, name, message */
	int facility;
} daemons[] = {
	{ "journald:", "/run/systemd/journal/socket", "PRIORITY=%d\nSYSLOG_IDENTIFIER=%s\nMESSAGE=%s\n", 0 },
	{ "syslog:", "/dev/log", "<%d>%s: %s", 3 * 8 },
};
static const struct log_daemon *log_daemon; /* NULL: none */
static char daemon_name[64];

static const char *const level_names[] = {
	[LOG_LVL_ERROR] = "error",
	[LOG_LVL_WARNING] = "warning",
	[LOG_LVL_INFO] = "info",
	[LOG_LVL_DEBUG] = "debug",
	[LOG_LVL_TRACE] = "debug",
};

/* "/dev/stderr", "/dev/fd/7", "/proc/self/fd/7": the descriptor, or -1. Opened by their names, sockets (the journal's) would be
 * refused. */
static int descriptor_of(const char *path)
{
	static const char *const names[] = { "/dev/stdin", "/dev/stdout", "/dev/stderr" };
	uint64_t n;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (str_eq(path, names[i]))
			return (int)i;
	if (str_starts(path, "/dev/fd/"))
		path += strlen("/dev/fd/");
	else if (str_starts(path, "/proc/self/fd/"))
		path += strlen("/proc/self/fd/");
	else
		return -1;
	return str_to_u64(path, 10, INT32_MAX, &n) < 0 ? -1 : (int)n;
}

/* A named pipe that has a reader; -1 with errno, ENOTSUP if it is something else. */
static int open_fifo(const char *path)
{
	autofd at = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (at >= 0 && fstat(at, &st) == 0 && S_ISFIFO(st.st_mode))
		return file_reopen(at, O_WRONLY | O_NONBLOCK);
	errno = ENOTSUP;
	return -1;
}

/* The devices of the host are what they seem. Elsewhere a container may have put something there (a volume, /dev/shm): no link is
 * followed, no device opened, and no reader waited for. */
static int open_file(const char *path, struct err *e)
{
	int number = descriptor_of(path), fd;

	if (number >= 0)
		fd = fcntl(number, F_DUPFD_CLOEXEC, 3);
	else if (str_starts(path, "/dev/") && !str_starts(path, "/dev/shm/"))
		fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	else
		fd = open_fifo(path);
	if (fd < 0 && errno == ENXIO)
		return err_text(e, ENXIO, "--log %s: nobody reads there", path);
	if (fd < 0 && errno == ENOTSUP)
		return (fd = file_append(AT_FDCWD, path, 0644, e)) < 0 ? err_prefix(e, "--log") : fd;
	return fd < 0 ? err_sys(e, "--log %s", path) : fd;
}

/* One line: control characters become spaces. */
static void one_line(char *dst, size_t size, const char *src)
{
	size_t n = 0;

	for (; *src && n + 1 < size; src++)
		dst[n++] = (char)((unsigned char)*src < 0x20 || *src == 0x7f ? ' ' : *src);
	dst[n] = 0;
}

static int open_daemon(const struct log_daemon *d, const char *name, struct err *e)
{
	if (access(d->socket, W_OK) < 0)
		return err_text(e, ENOENT, "--log %s%.100s: nobody listens at %s", d->prefix, name, d->socket);
	log_daemon = d;
	one_line(daemon_name, sizeof(daemon_name), *name ? name : "sandrun");
	return 0;
}

/* Each addressed anew: nothing is kept open that somebody else would have to know of. */
static void write_daemon(enum log_level level, const char *msg)
{
	static const int priorities[] = { [LOG_LVL_ERROR] = 3, [LOG_LVL_WARNING] = 4, [LOG_LVL_INFO] = 6, [LOG_LVL_DEBUG] = 7,
					  [LOG_LVL_TRACE] = 7 };
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	autofd sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char text[LINE_MAX_BYTES + 512];
	int n = snprintf(text, sizeof(text), log_daemon->form, priorities[level] + log_daemon->facility, daemon_name, msg);

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", log_daemon->socket);
	if (sock >= 0 && n > 0)
		(void)!sendto(sock, text, strnlen(text, sizeof(text)), MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&sun, sizeof(sun));
}

int log_open(const char *target, enum log_format format, struct err *e)
{
	log_format = format;
	for (size_t i = 0; i < ARRAY_SIZE(daemons); i++)
		if (str_starts(target, daemons[i].prefix))
			return open_daemon(&daemons[i], target + strlen(daemons[i].prefix), e);
	if (str_starts(target, "file:"))
		target += strlen("file:");
	fd_close(&log_fd);
	log_fd = open_file(target, e);
	return log_fd < 0 ? -1 : 0;
}

int log_descriptor(void)
{
	return log_fd;
}

void log_divert(void (*sink)(enum log_level level, const char *line))
{
	fd_close(&log_fd);
	log_daemon = NULL;
	log_sink = sink;
}

void log_set_level(enum log_level level)
{
	log_level = level;
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

	if (log_daemon)
		write_daemon(level, msg);
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
	else if (log_fd >= 0 || log_daemon)
		write_log(level, msg);
	else if (level > LOG_LVL_WARNING)
		write_record(level, msg);
	else
		write_stderr(msg);
	errno = saved;
}
