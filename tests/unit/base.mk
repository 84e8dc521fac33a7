# SPDX-License-Identifier: Apache-2.0
# Unit tests of base/, cmd/ and container/
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test-base tests/unit/test-options tests/unit/test-hooks tests/unit/test-record
TESTS += tests/unit/test-base tests/unit/test-options tests/unit/test-hooks tests/unit/test-record
tests_unit_test_base_SOURCES = tests/unit/test-base.c
tests_unit_test_base_LDADD = libsandrun.a liboci.a $(LIBS_ALL) $(CMOCKA_LIBS)
tests_unit_test_options_SOURCES = tests/unit/test-options.c
tests_unit_test_options_LDADD = libsandrun.a liboci.a $(LIBS_ALL) $(CMOCKA_LIBS)
tests_unit_test_hooks_SOURCES = tests/unit/test-hooks.c
tests_unit_test_hooks_LDADD = libsandrun.a liboci.a $(LIBS_ALL) $(CMOCKA_LIBS)
tests_unit_test_record_SOURCES = tests/unit/test-record.c
tests_unit_test_record_LDADD = libsandrun.a liboci.a $(LIBS_ALL) $(CMOCKA_LIBS)
endif
