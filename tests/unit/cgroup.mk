# SPDX-License-Identifier: Apache-2.0
if HAVE_CMOCKA
CGROUP_TESTS = tests/unit/test-cgroup-place tests/unit/test-cgroup-limits tests/unit/test-cgroup-device \
	tests/unit/test-cgroup-systemd tests/unit/test-cgroup-live
check_PROGRAMS += $(CGROUP_TESTS)
TESTS += $(CGROUP_TESTS)
# libm for the comparison only
tests_unit_test_cgroup_limits_SOURCES = tests/unit/test-cgroup-limits.c tests/unit/cgroup-util.h
tests_unit_test_cgroup_limits_LDADD = libsandrun.a liboci.a $(LIBS_ALL) $(CMOCKA_LIBS) -lm
tests_unit_test_cgroup_systemd_SOURCES = tests/unit/test-cgroup-systemd.c tests/unit/cgroup-util.h
tests_unit_test_cgroup_live_SOURCES = tests/unit/test-cgroup-live.c tests/unit/cgroup-util.h
endif

# The replay life of tests/fuzz/fuzz-cgroup.c; it links the room instead of including it, for the files share
# names of static functions.
check_PROGRAMS += tests/fuzz/fuzz-cgroup
TESTS += tests/fuzz/fuzz-cgroup
tests_fuzz_fuzz_cgroup_SOURCES = tests/fuzz/fuzz-cgroup.c tests/fuzz/replay.c
tests_fuzz_fuzz_cgroup_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS='"tests/fuzz/corpus/cgroup"'
tests_fuzz_fuzz_cgroup_LDADD = libsandrun.a liboci.a $(LIBS_ALL)
