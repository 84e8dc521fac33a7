// SPDX-License-Identifier: Apache-2.0
/* mount_options.c - the words of mounts[].options and what they ask of the kernel
 *
 * Runs in:  create (sources) and init.
 */
#include "rootfs/mount_options.h"

#include <sys/mount.h>

#include "base/str.h"
#include "base/sys.h"
#include "rootfs/rootfs.h"

#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000 /* Linux 5.14 */
#endif
#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 256 /* Linux 5.10 */
#endif
#ifndef MS_LAZYTIME
#define MS_LAZYTIME (1 << 25)
#endif

enum kind {
	NOTHING,  /* understood, and the default anyway */
	SET,	  /* attribute of the mount */
	CLEAR,
	ATIME,	  /* one of an enumeration: replaces the former */
	RSET,	  /* as above, for the whole tree */
	RCLEAR,
	RATIME,
	SB_SET,	  /* flag of the superblock */
	SB_CLEAR,
	PROPAGATE,
	FLAG,	  /* ours */
};

struct word {
	const char *name;
	enum kind kind;
	uint64_t value;
};

/* In alphabetical order: "features" prints it as it stands.
 *
 * The kernel knows three atime modes and relatime is its default, so every word that takes another mode back
 * ("atime", "nostrictatime", …) asks for relatime. "acl" is missing on purpose: it is a datum of the filesystems that
 * know it, and no flag of theirs. */
static const struct word words[] = {
	{ "async", SB_CLEAR, MS_SYNCHRONOUS },
	{ "atime", ATIME, MOUNT_ATTR_RELATIME },
	{ "bind", FLAG, MOUNT_OPT_BIND },
	{ "copy-symlink", FLAG, MOUNT_OPT_COPY_SYMLINK },
	{ "defaults", NOTHING, 0 },
	{ "dest-nofollow", FLAG, MOUNT_OPT_DEST_NOFOLLOW },
	{ "dev", CLEAR, MOUNT_ATTR_NODEV },
	{ "diratime", CLEAR, MOUNT_ATTR_NODIRATIME },
	{ "dirsync", SB_SET, MS_DIRSYNC },
	{ "exec", CLEAR, MOUNT_ATTR_NOEXEC },
	{ "idmap", FLAG, MOUNT_OPT_IDMAP },
	{ "iversion", SB_SET, MS_I_VERSION },
	{ "lazytime", SB_SET, MS_LAZYTIME },
	{ "loud", SB_CLEAR, MS_SILENT },
	{ "mand", SB_SET, MS_MANDLOCK },
	{ "noatime", ATIME, MOUNT_ATTR_NOATIME },
	{ "nodev", SET, MOUNT_ATTR_NODEV },
	{ "nodiratime", SET, MOUNT_ATTR_NODIRATIME },
	{ "noexec", SET, MOUNT_ATTR_NOEXEC },
	{ "noiversion", SB_CLEAR, MS_I_VERSION },
	{ "nolazytime", SB_CLEAR, MS_LAZYTIME },
	{ "nomand", SB_CLEAR, MS_MANDLOCK },
	{ "norelatime", ATIME, MOUNT_ATTR_RELATIME },
	{ "nostrictatime", ATIME, MOUNT_ATTR_RELATIME },
	{ "nosuid", SET, MOUNT_ATTR_NOSUID },
	{ "nosymfollow", SET, MOUNT_ATTR_NOSYMFOLLOW },
	{ "private", PROPAGATE, MS_PRIVATE },
	{ "ratime", RATIME, MOUNT_ATTR_RELATIME },
	{ "rbind", FLAG, MOUNT_OPT_BIND | MOUNT_OPT_REC },
	{ "rdev", RCLEAR, MOUNT_ATTR_NODEV },
	{ "rdiratime", RCLEAR, MOUNT_ATTR_NODIRATIME },
	{ "relatime", ATIME, MOUNT_ATTR_RELATIME },
	{ "remount", FLAG, MOUNT_OPT_REMOUNT },
	{ "rexec", RCLEAR, MOUNT_ATTR_NOEXEC },
	{ "ridmap", FLAG, MOUNT_OPT_IDMAP | MOUNT_OPT_RIDMAP },
	{ "rnoatime", RATIME, MOUNT_ATTR_NOATIME },
	{ "rnodev", RSET, MOUNT_ATTR_NODEV },
	{ "rnodiratime", RSET, MOUNT_ATTR_NODIRATIME },
	{ "rnoexec", RSET, MOUNT_ATTR_NOEXEC },
	{ "rnorelatime", RATIME, MOUNT_ATTR_RELATIME },
	{ "rnostrictatime", RATIME, MOUNT_ATTR_RELATIME },
	{ "rnosuid", RSET, MOUNT_ATTR_NOSUID },
	{ "rnosymfollow", RSET, MOUNT_ATTR_NOSYMFOLLOW },
	{ "ro", SET, MOUNT_ATTR_RDONLY },
	{ "rprivate", PROPAGATE, MS_PRIVATE | MS_REC },
	{ "rrelatime", RATIME, MOUNT_ATTR_RELATIME },
	{ "rro", RSET, MOUNT_ATTR_RDONLY },
	{ "rrw", RCLEAR, MOUNT_ATTR_RDONLY },
	{ "rshared", PROPAGATE, MS_SHARED | MS_REC },
	{ "rslave", PROPAGATE, MS_SLAVE | MS_REC },
	{ "rstrictatime", RATIME, MOUNT_ATTR_STRICTATIME },
	{ "rsuid", RCLEAR, MOUNT_ATTR_NOSUID },
	{ "rsymfollow", RCLEAR, MOUNT_ATTR_NOSYMFOLLOW },
	{ "runbindable", PROPAGATE, MS_UNBINDABLE | MS_REC },
	{ "rw", CLEAR, MOUNT_ATTR_RDONLY },
	{ "shared", PROPAGATE, MS_SHARED },
	{ "silent", SB_SET, MS_SILENT },
	{ "slave", PROPAGATE, MS_SLAVE },
	{ "src-nofollow", FLAG, MOUNT_OPT_SRC_NOFOLLOW },
	{ "strictatime", ATIME, MOUNT_ATTR_STRICTATIME },
	{ "suid", CLEAR, MOUNT_ATTR_NOSUID },
	{ "symfollow", CLEAR, MOUNT_ATTR_NOSYMFOLLOW },
	{ "sync", SB_SET, MS_SYNCHRONOUS },
	{ "tmpcopyup", FLAG, MOUNT_OPT_TMPCOPYUP },
	{ "unbindable", PROPAGATE, MS_UNBINDABLE },
};

/* Attribute and flag of mount(2). MOUNT_ATTR_RELATIME is 0, the absence of the other two. */
static const struct {
	uint64_t attr;
	unsigned long ms;
} attr_flags[] = {
	{ MOUNT_ATTR_RDONLY, MS_RDONLY },	{ MOUNT_ATTR_NOSUID, MS_NOSUID },
	{ MOUNT_ATTR_NODEV, MS_NODEV },		{ MOUNT_ATTR_NOEXEC, MS_NOEXEC },
	{ MOUNT_ATTR_NOATIME, MS_NOATIME },	{ MOUNT_ATTR_STRICTATIME, MS_STRICTATIME },
	{ MOUNT_ATTR_NODIRATIME, MS_NODIRATIME }, { MOUNT_ATTR_NOSYMFOLLOW, MS_NOSYMFOLLOW },
};

static const struct word *find_word(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (str_eq(words[i].name, name))
			return &words[i];
	return NULL;
}

/* The later word wins: "ro,rw" is rw. */
static void set_attr(uint64_t *set, uint64_t *clr, uint64_t bit, bool on)
{
	*set = on ? *set | bit : *set & ~bit;
	*clr = on ? *clr & ~bit : *clr | bit;
}

/* mount_setattr(2) wants the whole enumeration in attr_clr when one of its values is given. */
static void set_atime(uint64_t *set, uint64_t *clr, uint64_t mode)
{
	*set = (*set & ~(uint64_t)MOUNT_ATTR__ATIME) | mode;
	*clr |= MOUNT_ATTR__ATIME;
}

static int apply(const struct word *w, struct mount_options *o, struct err *e)
{
	switch (w->kind) {
	case NOTHING:
		break;
	case SET:
	case CLEAR:
		set_attr(&o->set, &o->clr, w->value, w->kind == SET);
		break;
	case ATIME:
		set_atime(&o->set, &o->clr, w->value);
		break;
	case RSET:
	case RCLEAR:
		set_attr(&o->rec_set, &o->rec_clr, w->value, w->kind == RSET);
		break;
	case RATIME:
		set_atime(&o->rec_set, &o->rec_clr, w->value);
		break;
	case SB_SET:
		o->sb_flags |= w->value;
		break;
	case SB_CLEAR:
		o->sb_flags &= ~w->value;
		break;
	case PROPAGATE:
		if (o->n_propagation == MOUNT_OPTIONS_MAX_PROPAGATION)
			return err_msg(e, "option \"%s\": more than %d words of propagation", w->name,
				       MOUNT_OPTIONS_MAX_PROPAGATION);
		o->propagation[o->n_propagation++] = w->value;
		break;
	case FLAG:
		o->flags |= (unsigned int)w->value;
		break;
	}
	return 0;
}

void mount_options_add_data(struct mount_options *o, const char *datum)
{
	o->data = xrealloc(o->data, o->n_data + 1, sizeof(*o->data));
	o->data[o->n_data++] = xstrdup(datum);
}

/* "size=64k,mode=755" in one word is two data, as it is for mount(2). A comma in quotes (an SELinux context) or behind
 * a backslash (a path of overlay) is none. */
static void add_data_words(struct mount_options *o, const char *word)
{
	autofree char *copy = xstrdup(word);
	char *start = copy;
	bool quoted = false;

	for (char *p = copy;; p++) {
		if (*p == '"')
			quoted = !quoted;
		else if (*p == '\\' && p[1])
			p++;
		else if (!*p || (*p == ',' && !quoted)) {
			bool end = !*p;

			*p = 0;
			if (*start)
				mount_options_add_data(o, start);
			if (end)
				return;
			start = p + 1;
		}
	}
}

int mount_options_parse(const struct oci_strings *list, struct mount_options *o, struct err *e)
{
	memset(o, 0, sizeof(*o));
	for (size_t i = 0; i < list->n; i++) {
		const char *s = list->v[i];
		const struct word *w = find_word(s);

		if (!w && (str_starts(s, "idmap=") || str_starts(s, "ridmap="))) {
			o->idmap = strchr(s, '=') + 1;
			w = find_word(s[0] == 'r' ? "ridmap" : "idmap");
		}
		if (!w)
			add_data_words(o, s);
		else if (apply(w, o, e) < 0) {
			mount_options_free(o);
			return -1;
		}
	}
	return 0;
}

void mount_options_free(struct mount_options *o)
{
	for (size_t i = 0; i < o->n_data; i++)
		free(o->data[i]);
	free(o->data);
	o->data = NULL;
	o->n_data = 0;
}

bool mount_options_are_bind(const struct oci_mount *m, const struct mount_options *o)
{
	if (o->flags & MOUNT_OPT_REMOUNT)
		return false;
	return (o->flags & MOUNT_OPT_BIND) || (m->type && str_eq(m->type, "bind"));
}

bool mount_options_has_data(const struct mount_options *o, const char *key)
{
	size_t len = strlen(key);

	for (size_t i = 0; i < o->n_data; i++)
		if (!strncmp(o->data[i], key, len) && (!o->data[i][len] || o->data[i][len] == '='))
			return true;
	return false;
}

char *mount_options_join_data(const struct mount_options *o)
{
	size_t size = 1;
	char *out, *p;

	if (!o->n_data)
		return NULL;
	for (size_t i = 0; i < o->n_data; i++)
		size += strlen(o->data[i]) + 1;
	p = out = xcalloc(1, size);
	for (size_t i = 0; i < o->n_data; i++) {
		if (i)
			*p++ = ',';
		p = stpcpy(p, o->data[i]);
	}
	return out;
}

unsigned long mount_options_ms_flags(uint64_t attr)
{
	unsigned long ms = 0;

	for (size_t i = 0; i < ARRAY_SIZE(attr_flags); i++)
		if (attr & attr_flags[i].attr)
			ms |= attr_flags[i].ms;
	return ms;
}

unsigned long mount_options_propagation(const char *word)
{
	const struct word *w = find_word(word);

	return w && w->kind == PROPAGATE ? w->value : 0;
}

const char *const *rootfs_mount_options(void)
{
	static const char *names[ARRAY_SIZE(words) + 1];

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		names[i] = words[i].name;
	return names;
}
