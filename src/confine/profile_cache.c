// SPDX-License-Identifier: Apache-2.0
/* profile_cache.c - compiled profiles in files: compiling a large one costs more than starting the container
 *
 * Owns:     the key, the file format, the bound on the directory.
 * Must not: trust a file because of its name: the name is a weak hash, and who writes a profile can make two of the same.
 *           So the file holds the whole key, and only an equal one is a hit. No cryptography is needed.
 * Runs in:  create, exec.
 *
 * The directory and its files must be ours alone: whoever can write there chooses the filter of every container.
 */
#include "confine/profile_internal.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"

#define FORMAT 1		/* raised whenever the program for the same profile changes (the stub, the rules) */
#define KEY_MAX (1u << 20)	/* a profile that is larger is compiled each time */
#define ENTRIES_MAX 64		/* 64 of about 16 KiB; engines use one or two profiles */
#define USED_AGAIN_AFTER 3600	/* seconds: a hit makes the file young again, at most once in that time */
#define SUFFIX ".bpf"

struct header {
	char magic[8];
	uint32_t format;
	uint32_t key_len;
	uint32_t insns;
	uint32_t zero;
	uint64_t sum; /* of key and instructions: against torn and rotten files, not against people */
};

static const char magic[8] = "sandrun";

/* --- key --------------------------------------------------------------------------------------------------- */

static void put(struct profile_key *k, size_t *room, const void *data, size_t len)
{
	if (*room - k->len < len) {
		*room = (*room + len) * 2;
		k->bytes = xrealloc(k->bytes, *room, 1);
	}
	memcpy(k->bytes + k->len, data, len);
	k->len += len;
}

static void put_num(struct profile_key *k, size_t *room, uint64_t v)
{
	put(k, room, &v, sizeof(v));
}

/* With its length in front, so that no two lists of strings look the same. NULL differs from "". */
static void put_str(struct profile_key *k, size_t *room, const char *s)
{
	put_num(k, room, s ? strlen(s) : UINT64_MAX);
	if (s)
		put(k, room, s, strlen(s));
}

static void put_opt(struct profile_key *k, size_t *room, const struct oci_opt_u32 *v)
{
	put_num(k, room, v->set ? v->v : UINT64_MAX);
}

static void put_list(struct profile_key *k, size_t *room, const struct oci_strings *l)
{
	put_num(k, room, l->n);
	for (size_t i = 0; i < l->n; i++)
		put_str(k, room, l->v[i]);
}

void profile_key_make(const struct oci_seccomp *s, struct profile_key *k)
{
	const struct scmp_version *v = seccomp_version();
	size_t room = 16384; /* podman's default profile needs 8 KiB */

	k->bytes = xcalloc(1, room);
	k->len = 0;
	put_num(k, &room, FORMAT);
	put_num(k, &room, v->major);
	put_num(k, &room, v->minor);
	put_num(k, &room, v->micro);
	put_num(k, &room, seccomp_arch_native());
	put_str(k, &room, s->default_action);
	put_opt(k, &room, &s->default_errno_ret);
	put_list(k, &room, &s->architectures);
	put_num(k, &room, s->n_syscalls);
	for (size_t i = 0; i < s->n_syscalls; i++) {
		const struct oci_seccomp_syscall *c = &s->syscalls[i];

		put_list(k, &room, &c->names);
		put_str(k, &room, c->action);
		put_opt(k, &room, &c->errno_ret);
		put_num(k, &room, c->n_args);
		for (size_t a = 0; a < c->n_args; a++) {
			put_num(k, &room, c->args[a].index);
			put_num(k, &room, c->args[a].value);
			put_num(k, &room, c->args[a].value_two);
			put_str(k, &room, c->args[a].op);
		}
	}
}

/* FNV-1a. */
static uint64_t hash(uint64_t h, const void *data, size_t len)
{
	const unsigned char *p = data;

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * UINT64_C(0x100000001b3);
	return h;
}

#define HASH_START UINT64_C(0xcbf29ce484222325)

static uint64_t checksum(const struct profile_key *k, const struct sock_filter *insns, size_t n)
{
	return hash(hash(HASH_START, k->bytes, k->len), insns, n * sizeof(*insns));
}

static void file_name(const struct profile_key *k, char buf[32])
{
	snprintf(buf, 32, "%016" PRIx64 SUFFIX, hash(HASH_START, k->bytes, k->len));
}

/* --- directory ----------------------------------------------------------------------------------------------- */

/* Ours, and nobody else can write to it. */
static bool is_private(const struct stat *st)
{
	return st->st_uid == geteuid() && !(st->st_mode & (S_IWGRP | S_IWOTH));
}

static int open_dir(const char *dir, bool make)
{
	autofd fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 && errno == ENOENT && make) {
		if (file_mkdirs(dir, 0700, NULL) < 0)
			return -1;
		fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	}
	if (fd < 0 || fstat(fd, &st) < 0)
		return -1;
	if (!is_private(&st)) {
		log_debug("seccomp cache: %s is not ours alone and not used", dir);
		errno = EPERM;
		return -1;
	}
	return fd_steal(&fd);
}

static bool older(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec : a->tv_nsec < b->tv_nsec;
}

/* Makes room for one entry: the oldest go, and what a killed writer left behind. */
static void evict(int dir)
{
	for (;;) {
		autofd copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		DIR *d = copy < 0 ? NULL : fdopendir(copy);
		struct timespec oldest = { 0 };
		char victim[256] = "";
		time_t now = time(NULL);
		size_t entries = 0;
		struct dirent *de;

		if (!d)
			return;
		(void)fd_steal(&copy); /* it is d's now */
		while ((de = readdir(d))) {
			size_t len = strlen(de->d_name), suffix = strlen(SUFFIX);
			struct stat st;

			if (de->d_name[0] == '.' || fstatat(dir, de->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
				continue;
			if (len < suffix || !str_eq(de->d_name + len - suffix, SUFFIX)) {
				if (now - st.st_mtim.tv_sec > 60)
					unlinkat(dir, de->d_name, 0);
				continue;
			}
			entries++;
			if (!victim[0] || older(&st.st_mtim, &oldest)) {
				oldest = st.st_mtim;
				snprintf(victim, sizeof(victim), "%s", de->d_name);
			}
		}
		closedir(d);
		if (entries < ENTRIES_MAX || unlinkat(dir, victim, 0) < 0)
			return;
	}
}

/* --- load and store ---------------------------------------------------------------------------------------- */

/* Whether the open file is one that only we can have written. *size is its size. */
static bool acceptable(int fd, const struct profile_key *key, size_t *size, struct timespec *mtime)
{
	size_t least = sizeof(struct header) + key->len + sizeof(struct sock_filter);
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || !is_private(&st) || st.st_nlink != 1)
		return false;
	if (st.st_size < (off_t)least || st.st_size > (off_t)(least + sizeof(struct sock_filter) * (BPF_MAXINSNS - 1)))
		return false;
	*size = (size_t)st.st_size;
	*mtime = st.st_mtim;
	return true;
}

/* Whether @buf is a whole file for @key; copies the program out. */
static bool decode(const char *buf, size_t size, const struct profile_key *key, struct profile_program *out)
{
	struct header h;
	size_t insns = size - sizeof(h) - key->len;

	memcpy(&h, buf, sizeof(h));
	if (memcmp(h.magic, magic, sizeof(magic)) != 0 || h.format != FORMAT || h.key_len != key->len ||
	    h.insns > BPF_MAXINSNS || h.insns * sizeof(struct sock_filter) != insns)
		return false;
	if (memcmp(buf + sizeof(h), key->bytes, key->len) != 0)
		return false;
	memcpy(out->insns, buf + sizeof(h) + key->len, insns);
	out->len = (unsigned short)h.insns;
	return h.sum == checksum(key, out->insns, out->len);
}

bool profile_cache_load(const char *dir, const struct profile_key *key, struct profile_program *out)
{
	autofd dirfd = key->len <= KEY_MAX ? open_dir(dir, false) : -1;
	autofree char *buf = NULL;
	struct timespec mtime;
	char name[32];
	autofd fd = -1;
	size_t size;

	if (dirfd < 0)
		return false;
	file_name(key, name);
	/* Non-blocking: should it be a fifo, it must not hold us. */
	fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || !acceptable(fd, key, &size, &mtime))
		return false;
	buf = xcalloc(1, size);
	if (fd_read_all(fd, buf, size) != (ssize_t)size || !decode(buf, size, key, out)) {
		log_debug("seccomp cache: %s/%s does not fit and is made anew", dir, name);
		return false;
	}
	if (time(NULL) - mtime.tv_sec > USED_AGAIN_AFTER)
		(void)futimens(fd, NULL);
	return true;
}

void profile_cache_store(const char *dir, const struct profile_key *key, const struct profile_program *prog)
{
	autofd dirfd = key->len <= KEY_MAX ? open_dir(dir, true) : -1;
	struct header h = { .format = FORMAT, .key_len = (uint32_t)key->len, .insns = prog->len };
	size_t insns = prog->len * sizeof(prog->insns[0]);
	autofree char *buf = NULL;
	char name[32];
	struct err why;

	if (dirfd < 0)
		return;
	memcpy(h.magic, magic, sizeof(magic));
	h.sum = checksum(key, prog->insns, prog->len);
	buf = xcalloc(1, sizeof(h) + key->len + insns);
	memcpy(buf, &h, sizeof(h));
	memcpy(buf + sizeof(h), key->bytes, key->len);
	memcpy(buf + sizeof(h) + key->len, prog->insns, insns);
	file_name(key, name);
	evict(dirfd);
	if (file_replace(dirfd, name, buf, sizeof(h) + key->len + insns, 0600, &why) < 0)
		log_debug("seccomp cache: %s", why.msg);
}
