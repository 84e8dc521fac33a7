# SPDX-License-Identifier: Apache-2.0
# Unit tests of names/
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test-names
TESTS += tests/unit/test-names
tests_unit_test_names_SOURCES = tests/unit/test-names.c tests/unit/child.h
endif
