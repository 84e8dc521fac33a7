// SPDX-License-Identifier: Apache-2.0
/* test-rootfs-mounts.c - binds, their options and propagation; id maps and user namespaces */
#include "rootfs-box.h"

/* --- binds and their options ---------------------------------------------------------------------------------------------- */

static void tmpfs_below_host(struct report *r, const struct box *b)
{
	expect(r, mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	expect(r, mkdir(box_in(b, "host/dir/sub"), 0755) == 0 || errno == EEXIST);
	expect(r, mount("t", box_in(b, "host/dir"), "tmpfs", MS_NODEV | MS_NOEXEC | MS_NOATIME, NULL) == 0);
	expect(r, mkdir(box_in(b, "host/dir/sub"), 0755) == 0);
	expect(r, mount("t", box_in(b, "host/dir/sub"), "tmpfs", 0, NULL) == 0);
}

static void look_at_flags(struct report *r, const struct box *b)
{
	(void)b;
	expect(r, look_has("/plain", ",rw,nodev,noexec,noatime,") && !look_options("/plain/sub"));
	expect(r, look_has("/ro", ",ro,nodev,noexec,noatime,") && look_has("/ro/sub", ",rw,relatime,"));
	expect(r, look_has("/rro", ",ro,nodev,noexec,noatime,") && look_has("/rro/sub", ",ro,relatime,"));
	expect(r, look_has("/clear", ",rw,nosuid,relatime,"));
	expect(r, look_has("/rec", ",ro,nosuid,nodev,noexec,noatime,") && look_has("/rec/sub", ",rw,nosuid,noexec,noatime,"));
	expect(r, look_has("/strict", "nodev,noexec,") && !look_has("/strict", "atime,"));
	expect(r, look_has("/nosym", "nosymfollow"));
	expect(r, look_has("/passed-over", ",rw,nodev,noexec,noatime,"));
}

static void flags_of_binds_are_what_the_words_say(void **state)
{
	struct box *b = box_new();
	char *dir = strdup(box_in(b, "host/dir"));

	(void)state;
	box_add(b, "/proc", "proc", "proc", NULL);
	box_add(b, "/plain", "bind", dir, "bind", NULL);
	box_add(b, "/ro", "none", dir, "rbind", "ro", NULL);
	box_add(b, "/rro", "bind", "host/dir", "rbind", "rro", NULL);
	box_add(b, "/clear", "bind", dir, "bind", "dev", "exec", "nosuid", "relatime", NULL);
	box_add(b, "/rec", NULL, dir, "rbind", "ro", "rnosuid", "rnoexec", "rnoatime", NULL);
	box_add(b, "/strict", "bind", dir, "bind", "strictatime", NULL);
	box_add(b, "/nosym", "bind", dir, "bind", "nosymfollow", NULL);
	box_add(b, "/passed-over", "bind", dir, "bind", "mode=755", "size=1k", NULL);
	b->before = tmpfs_below_host;
	b->inside = look_at_flags;
	box_works(b);
	free(dir);
}

static void mistakes_are_said_with_their_place(void **state)
{
	struct box *b = box_new_usual();

	(void)state;
	box_add(b, "/data", "bind", "/no/such", "bind", NULL);
	box_fails(b, "mounts[7] (/data): bind source /no/such: it is not there");
	b = box_new();
	box_add(b, "/tmp", "bind", box_in(b, "host/file"), "bind", NULL);
	box_fails(b, "on a directory: not a directory");
	b = box_new();
	box_add(b, "/etc/hosts", "bind", box_in(b, "host/dir"), "bind", NULL);
	box_fails(b, "on a file: not a directory");
	b = box_new();
	box_add(b, "/data", "bind", box_in(b, "host/dir"), "bind", "nosiud", NULL);
	box_fails(b, "option \"nosiud\" means nothing to a bind mount");
	b = box_new();
	box_add(b, "/data", "nofs", "x", NULL);
	box_fails(b, "type nofs");
	b = box_new();
	box_add(b, "/data", "tmpfs", "x", "sizzle=4", NULL);
	box_fails(b, "sizzle");
	b = box_new();
	box_add(b, "/data", NULL, "x", "ro", NULL);
	box_fails(b, "neither a type nor");
	b = box_new();
	b->c.root.path = "nothing";
	box_fails(b, "root.path: open directory");
	b = box_new();
	b->c.root.path = "host/file";
	box_fails(b, "not a directory");
	b = box_new();
	b->c.linux_.rootfs_propagation = "sharde";
	box_fails(b, "linux.rootfsPropagation: unknown value");
}

static void look_at_tmpfs(struct report *r, const struct box *b)
{
	struct stat st;

	(void)b;
	expect(r, look_has("/ro", ",ro,") && look_is_on("/ro/sub", 0x1021994) && look_has("/ro/sub", ",rw,"));
	expect(r, stat("/mode", &st) == 0 && (st.st_mode & 07777) == 0712);
	expect(r, stat("/explicit", &st) == 0 && (st.st_mode & 07777) == 01500);
	expect(r, stat("/new", &st) == 0 && (st.st_mode & 07777) == 01777);
	expect(r, look_has("/dev", ",ro,") && look_is_dev("/dev/null", 1, 3, 0666));
}

static void tmpfs_modes_and_late_readonly(void **state)
{
	struct box *b = box_new();

	(void)state;
	box_add(b, "/proc", "proc", "proc", NULL);
	assert_int_equal(mkdir(box_in(b, "rootfs/mode"), 0755) | chmod(box_in(b, "rootfs/mode"), 0712), 0);
	assert_int_equal(mkdir(box_in(b, "rootfs/explicit"), 0755), 0);
	box_add(b, "/ro", "tmpfs", "tmpfs", "ro", NULL);
	box_add(b, "/ro/sub", "tmpfs", "tmpfs", NULL);
	box_add(b, "/mode", "tmpfs", "tmpfs", NULL);
	box_add(b, "/explicit", "tmpfs", "tmpfs", "mode=1500", NULL);
	box_add(b, "/new", "tmpfs", "tmpfs", "size=64k,nr_inodes=20", NULL);
	box_add(b, "/dev", "tmpfs", "tmpfs", "ro", "mode=755", NULL);
	b->inside = look_at_tmpfs;
	box_works(b);
}

static void look_at_copy(struct report *r, const struct box *b)
{
	struct stat st;

	(void)b;
	expect(r, look_is_on("/up", 0x1021994) && look_has("/up", ",ro,"));
	expect(r, box_holds("/up/file", "text") && stat("/up/file", &st) == 0 && (st.st_mode & 07777) == 04751 && st.st_uid == 7);
	expect(r, look_links_to("/up/link", "/etc/shadow"));
	expect(r, box_holds("/up/a/b/deep", "deep") && stat("/up/a", &st) == 0 && (st.st_mode & 07777) == 0777);
	expect(r, lstat("/up/fifo", &st) == 0 && S_ISFIFO(st.st_mode));
	expect(r, stat("/up", &st) == 0 && (st.st_mode & 07777) == 0750);
}

static void tmpcopyup_copies_and_does_not_hang(void **state)
{
	struct box *b = box_new();

	(void)state;
	box_add(b, "/proc", "proc", "proc", NULL);
	assert_int_equal(mkdir(box_in(b, "rootfs/up"), 0750) | mkdir(box_in(b, "rootfs/up/a"), 0755), 0);
	assert_int_equal(chmod(box_in(b, "rootfs/up/a"), 0777) | mkdir(box_in(b, "rootfs/up/a/b"), 0755), 0);
	box_put(box_in(b, "rootfs/up/file"), "text");
	assert_int_equal(chown(box_in(b, "rootfs/up/file"), 7, 7) | chmod(box_in(b, "rootfs/up/file"), 04751), 0);
	box_put(box_in(b, "rootfs/up/a/b/deep"), "deep");
	assert_int_equal(symlink("/etc/shadow", box_in(b, "rootfs/up/link")), 0);
	assert_int_equal(mkfifo(box_in(b, "rootfs/up/fifo"), 0600), 0);
	box_add(b, "/up", "tmpfs", "tmpfs", "tmpcopyup", "ro", NULL);
	b->inside = look_at_copy;
	box_works(b);
	b = box_new();
	box_add(b, "/", "tmpfs", "tmpfs", "tmpcopyup", NULL);
	box_fails(b, "tmpcopyup is not possible on /");
}

static void look_at_new_root(struct report *r, const struct box *b)
{
	(void)b;
	expect(r, box_holds("/inner", "inner") && box_holds("/inner2", "of the host"));
	expect(r, access("/bin", F_OK) < 0 && access("/proc/self", F_OK) == 0);
}

static void a_mount_on_the_root_is_the_root(void **state)
{
	struct box *b = box_new();

	(void)state;
	box_add(b, "/", "tmpfs", "tmpfs", "mode=755", NULL);
	box_add(b, "/proc", "proc", "proc", NULL);
	box_add(b, "/inner", "bind", box_in(b, "host/dir/inner"), "bind", NULL);
	box_add(b, "inner2", "bind", box_in(b, "host/file"), "bind", NULL);
	b->inside = look_at_new_root;
	box_works(b);
}

static void look_at_links(struct report *r, const struct box *b)
{
	(void)b;
	expect(r, look_links_to("/a/sym/link", "to-nowhere"));
	expect(r, look_links_to("/t1", "to-nowhere"));
	expect(r, box_holds("/t2", "of the host"));
}

static void symlinks_can_be_copied_and_mounted(void **state)
{
	struct box *b = box_new();

	(void)state;
	assert_int_equal(symlink("to-nowhere", box_in(b, "host/link")), 0);
	assert_int_equal(symlink("x", box_in(b, "rootfs/t1")) | symlink("x", box_in(b, "rootfs/t2")), 0);
	box_add(b, "/a/sym/link", "bind", box_in(b, "host/link"), "rbind", "copy-symlink", NULL);
	box_add(b, "/t1", "bind", box_in(b, "host/link"), "bind", "dest-nofollow", "src-nofollow", NULL);
	box_add(b, "/t2", "bind", box_in(b, "host/file"), "bind", "dest-nofollow", NULL);
	b->inside = look_at_links;
	box_works(b);
}

static void look_at_overlay(struct report *r, const struct box *b)
{
	(void)b;
	expect(r, box_holds("/o/inner", "inner"));
}

static void an_overlay_with_long_options_is_mounted(void **state)
{
	struct box *b = box_new();
	char opt[1024] = "lowerdir=";

	(void)state;
	for (int i = 0; i < 8; i++) {
		char name[96];

		snprintf(name, sizeof(name), "host/dir-with-a-rather-long-name-to-exceed-the-limit-%d", i);
		assert_int_equal(mkdir(box_in(b, name), 0755), 0);
		strcat(strcat(opt, box_in(b, name)), ":");
	}
	strcat(opt, box_in(b, "host/dir"));
	assert_true(strlen(opt) > 300);
	box_add(b, "/o", "overlay", "overlay", "ro", opt, NULL);
	b->inside = look_at_overlay;
	box_works(b);
}

/* --- propagation ------------------------------------------------------------------------------------------------------------- */

static void share_everything(struct report *r, const struct box *b)
{
	(void)b;
	expect(r, mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	expect(r, mount("t", box_in(b, "host/dir"), "tmpfs", 0, NULL) == 0);
	expect(r, mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL) == 0);
}

static void look_at_shared(struct report *r, const struct box *b)
{
	expect(r, look_has("/", "SHARED") == (b->c.linux_.rootfs_propagation != NULL));
	expect(r, look_has("/vol", "SHARED"));
	expect(r, !look_has("/private", "SHARED"));
}

static void mount_inside(struct report *r, const struct box *b)
{
	(void)b;
	expect(r, look_has("/", "SHARED") == (b->c.linux_.rootfs_propagation != NULL));
	/* rshared makes a new peer group of everything, at the end. */
	expect(r, look_has("/vol", "SHARED") == (b->c.linux_.rootfs_propagation && b->c.linux_.rootfs_propagation[0] == 'r'));
	expect(r, look_has("/sys", "SHARED") == look_has("/vol", "SHARED"));
	expect(r, mount("t", "/vol", "tmpfs", 0, NULL) == 0 && mount("t", "/tmp", "tmpfs", 0, NULL) == 0);
}

/* box_run() compares the mounts of the host. */
static void what_happens_inside_does_not_reach_a_shared_host(void **state)
{
	static const char *const words[] = { NULL, "rshared", "shared" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		for (int no_pivot = 0; no_pivot < 2; no_pivot++) {
			struct box *b = box_new();

			(void)state;
			b->c.linux_.rootfs_propagation = (char *)words[i];
			b->no_pivot = no_pivot;
			box_add(b, "/proc", "proc", "proc", NULL);
			box_add(b, "/vol", "bind", box_in(b, "host/dir"), "rbind", words[i] ? "rprivate" : NULL, NULL);
			box_add(b, "/sys", "bind", "/sys", "rbind", words[i] ? "rprivate" : NULL, NULL); /* another mount */
			b->inside = mount_inside;
			box_works(b);
		}
	}
}

static void propagation_of_root_and_binds(void **state)
{
	for (int shared = 0; shared < 2; shared++) {
		struct box *b = box_new();

		(void)state;
		b->c.linux_.rootfs_propagation = shared ? "rshared" : NULL;
		box_add(b, "/proc", "proc", "proc", NULL);
		box_add(b, "/vol", "bind", box_in(b, "host/dir"), "rbind", "rshared", NULL);
		if (!shared)
			box_add(b, "/private", "bind", box_in(b, "host/dir"), "rbind", "rprivate", NULL);
		b->before = share_everything;
		b->inside = look_at_shared;
		box_works(b);
	}
}

/* --- id maps, user namespaces ---------------------------------------------------------------------------------------------------- */

static void look_at_owner(struct report *r, const struct box *b)
{
	struct stat st;

	(void)b;
	expect(r, stat("/mapped/inner", &st) == 0 && st.st_uid == 1000 && st.st_gid == 1000);
	expect(r, !look_has("/mapped", "SHARED"));
	expect(r, stat("/mapped2/inner", &st) == 0 && st.st_uid == 2000 && st.st_gid == 3000);
}

static void an_idmapped_bind_shows_mapped_owners(void **state)
{
	static struct oci_id_mapping map = { 0, 1000, 10 };
	struct box *b = box_new();
	struct oci_mount *m;

	(void)state;
	box_add(b, "/proc", "proc", "proc", NULL);
	m = box_add(b, "/mapped", "bind", box_in(b, "host/dir"), "bind", "idmap", NULL);
	m->uid_mappings = m->gid_mappings = &map;
	m->n_uid_mappings = m->n_gid_mappings = 1;
	box_add(b, "/mapped2", "bind", box_in(b, "host/dir"), "rbind", "ridmap=uids=0-2000-1;gids=0-3000-1", "ro", NULL);
	b->inside = look_at_owner;
	box_works(b);
	b = box_new();
	box_add(b, "/mapped", "bind", box_in(b, "host/dir"), "bind", "idmap", NULL);
	box_fails(b, "mounts[0] (/mapped): option \"idmap\" without");
}

static void look_at_rootless(struct report *r, const struct box *b)
{
	struct stat st;

	(void)b;
	expect(r, getuid() == 0 && look_is_on("/proc", 0x9fa0));
	expect(r, stat("/dev/null", &st) == 0 && st.st_rdev == makedev(1, 3) && look_has("/dev/null", "nosuid,noexec"));
	expect(r, stat("/dev/urandom", &st) == 0 && st.st_rdev == makedev(1, 9));
	expect(r, look_is_on("/sys", 0x62656572) && look_has("/sys", ",ro,"));
	expect(r, look_options("/sys/fs/cgroup") != NULL);
	expect(r, box_holds("/vol/inner", "inner") && look_has("/vol", ",ro,"));
	expect(r, box_holds("/up/file", "text"));
	expect(r, stat("/proc/keys", &st) < 0 || st.st_rdev == makedev(1, 3));
	expect(r, open("/proc/sys/kernel/core_pattern", O_WRONLY) < 0);
	expect(r, mkdir("/x", 0755) < 0 && errno == EROFS);
	expect(r, look_links_to("/dev/ptmx", "pts/ptmx") && open("/dev/ptmx", O_RDWR | O_NOCTTY) >= 0);
	expect(r, umount2("/proc/keys", MNT_DETACH) < 0 || access("/proc/keys", F_OK) == 0);
}

static int give_away(const char *path, const struct stat *st, int type, struct FTW *f)
{
	(void)st;
	(void)type;
	(void)f;
	return lchown(path, 65534, 65534);
}

static struct box *new_rootless_box(void)
{
	struct box *b = box_new_usual();

	box_mask_usual(b);
	assert_int_equal(mkdir(box_in(b, "rootfs/up"), 0755), 0);
	box_put(box_in(b, "rootfs/up/file"), "text");
	box_add(b, "/vol", "bind", box_in(b, "host/dir"), "rbind", "rprivate", "ro", NULL);
	box_add(b, "/up", "tmpfs", "tmpfs", "tmpcopyup", NULL);
	b->ns[b->c.linux_.n_namespaces++].type = OCI_NS_USER;
	b->hosts[0] = (struct policy_host){ "pinned.example", b->addr, 1 };
	b->sysctl[0] = (struct oci_pair){ "net.core.somaxconn", "77" };
	b->c.root.readonly = true;
	b->userns = true;
	b->uid = 65534;
	b->inside = look_at_rootless;
	assert_int_equal(nftw(b->dir, give_away, 16, FTW_PHYS), 0);
	return b;
}

static void an_unprivileged_user_gets_a_container_too(void **state)
{
	(void)state;
	box_works(new_rootless_box());
}

static void the_same_for_the_unprivileged_user_without_pivot(void **state)
{
	struct box *b = new_rootless_box();

	(void)state;
	b->no_pivot = true;
	box_works(b);
}

static void lock_flags(struct report *r, const struct box *b)
{
	expect(r, mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	expect(r, mount("t", box_in(b, "host/dir"), "tmpfs", MS_NOSUID | MS_NODEV | MS_RDONLY | MS_NOATIME, NULL) == 0);
	/* Into a user namespace of its own: the flags are locked then. */
	expect(r, unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0);
}

static void look_at_locked(struct report *r, const struct box *b)
{
	(void)b;
	expect(r, look_has("/a", ",ro,nosuid,nodev,noatime,") && look_has("/b", ",ro,nosuid,nodev,noexec,noatime,"));
}

static void locked_flags_stay(void **state)
{
	struct box *b = box_new();

	(void)state;
	box_add(b, "/a", "bind", box_in(b, "host/dir"), "bind", "rw", "dev", "suid", "relatime", NULL);
	box_add(b, "/b", "bind", box_in(b, "host/dir"), "rbind", "noexec", "rw", NULL);
	box_add(b, "/dev", "bind", "/dev", "rbind", NULL);
	box_add(b, "/proc", "bind", "/proc", "rbind", NULL);
	b->before = lock_flags;
	b->inside = look_at_locked;
	box_works(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flags_of_binds_are_what_the_words_say),
		cmocka_unit_test(mistakes_are_said_with_their_place),
		cmocka_unit_test(tmpfs_modes_and_late_readonly),
		cmocka_unit_test(tmpcopyup_copies_and_does_not_hang),
		cmocka_unit_test(a_mount_on_the_root_is_the_root),
		cmocka_unit_test(symlinks_can_be_copied_and_mounted),
		cmocka_unit_test(an_overlay_with_long_options_is_mounted),
		cmocka_unit_test(propagation_of_root_and_binds),
		cmocka_unit_test(what_happens_inside_does_not_reach_a_shared_host),
		cmocka_unit_test(an_idmapped_bind_shows_mapped_owners),
		cmocka_unit_test(locked_flags_stay),
		cmocka_unit_test(an_unprivileged_user_gets_a_container_too),
		cmocka_unit_test(the_same_for_the_unprivileged_user_without_pivot),
	};

	return box_tests("rootfs-mounts", tests, ARRAY_SIZE(tests));
}
