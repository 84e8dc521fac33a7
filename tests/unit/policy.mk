# SPDX-License-Identifier: Apache-2.0
EXTRA_DIST += tests/unit/policy-util.h tests/unit/policy-naive.h
if HAVE_CMOCKA
POLICY_TESTS = tests/unit/test-policy-addrset tests/unit/test-policy-grammar tests/unit/test-policy-keys \
	tests/unit/test-policy-lists tests/unit/test-policy-resolve tests/unit/test-policy-serialize \
	tests/unit/test-policy-verdict
check_PROGRAMS += $(POLICY_TESTS)
TESTS += $(POLICY_TESTS)
tests_unit_test_policy_addrset_SOURCES = tests/unit/test-policy-addrset.c tests/unit/policy-naive.h
tests_unit_test_policy_lists_SOURCES = tests/unit/test-policy-lists.c tests/unit/policy-naive.h
endif
