# SPDX-License-Identifier: Apache-2.0
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test-profile
TESTS += tests/unit/test-profile
tests_unit_test_profile_SOURCES = tests/unit/test-profile.c tests/unit/child.h
check_PROGRAMS += tests/unit/test-wall
TESTS += tests/unit/test-wall
tests_unit_test_wall_SOURCES = tests/unit/test-wall.c tests/unit/nftvm.h
endif
