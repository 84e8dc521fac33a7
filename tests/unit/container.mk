# SPDX-License-Identifier: Apache-2.0
# container.mk - launch/ and host/: namespaces, network devices, resctrl (live tests need root)
if HAVE_CMOCKA
CONTAINER_TESTS = \
	tests/unit/test-namespaces \
	tests/unit/test-netdev \
	tests/unit/test-rdt
check_PROGRAMS += $(CONTAINER_TESTS)
TESTS += $(CONTAINER_TESTS)
tests_unit_test_namespaces_SOURCES = tests/unit/test-namespaces.c tests/unit/child.h
tests_unit_test_netdev_SOURCES = tests/unit/test-netdev.c tests/unit/child.h
tests_unit_test_rdt_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=mkdir -Wl,--wrap=rmdir
endif
