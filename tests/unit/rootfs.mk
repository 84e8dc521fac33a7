# SPDX-License-Identifier: Apache-2.0
# rootfs.mk - the rootfs room: its pure parts, and whole roots in mount namespaces of their own (needs root and busybox)
if HAVE_CMOCKA
ROOTFS_TESTS = tests/unit/test-rootfs tests/unit/test-rootfs-live tests/unit/test-rootfs-hostile tests/unit/test-rootfs-mounts tests/unit/test-rootfs-special
check_PROGRAMS += $(ROOTFS_TESTS)
TESTS += $(ROOTFS_TESTS)
tests_unit_test_rootfs_live_SOURCES = tests/unit/test-rootfs-live.c tests/unit/rootfs-box.c tests/unit/rootfs-box.h tests/unit/child.h
tests_unit_test_rootfs_hostile_SOURCES = tests/unit/test-rootfs-hostile.c tests/unit/rootfs-box.c tests/unit/rootfs-box.h tests/unit/child.h
tests_unit_test_rootfs_mounts_SOURCES = tests/unit/test-rootfs-mounts.c tests/unit/rootfs-box.c tests/unit/rootfs-box.h tests/unit/child.h
tests_unit_test_rootfs_special_SOURCES = tests/unit/test-rootfs-special.c tests/unit/rootfs-box.c tests/unit/rootfs-box.h tests/unit/child.h
endif
