# SPDX-License-Identifier: Apache-2.0
EXTRA_DIST += tests/unit/sup-util.h
if HAVE_CMOCKA
SUPERVISOR_TESTS = tests/unit/test-supervisor-live
check_PROGRAMS += $(SUPERVISOR_TESTS)
TESTS += $(SUPERVISOR_TESTS)
tests_unit_test_supervisor_live_SOURCES = tests/unit/test-supervisor-live.c
tests_unit_test_supervisor_live_LDADD = libsandrun.a liboci.a $(LIBS_ALL) $(CMOCKA_LIBS)
endif
