# SPDX-License-Identifier: Apache-2.0
# rootfs.mk - the rootfs room: its pure parts, and whole roots in mount namespaces of their own (needs root and busybox)
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test-rootfs tests/unit/test-rootfs-live
TESTS += tests/unit/test-rootfs tests/unit/test-rootfs-live
tests_unit_test_rootfs_SOURCES = tests/unit/test-rootfs.c
tests_unit_test_rootfs_LDADD = libsandrun.a liboci.a $(LIBS_ALL) $(CMOCKA_LIBS)
tests_unit_test_rootfs_live_SOURCES = tests/unit/test-rootfs-live.c
tests_unit_test_rootfs_live_LDADD = libsandrun.a liboci.a $(LIBS_ALL) $(CMOCKA_LIBS)
endif
