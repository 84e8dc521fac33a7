# SPDX-License-Identifier: Apache-2.0
EXTRA_DIST += tests/unit/policy-util.h
if HAVE_CMOCKA
POLICY_TESTS = tests/unit/test-policy-addrset tests/unit/test-policy-grammar tests/unit/test-policy-resolve \
	tests/unit/test-policy-serialize tests/unit/test-policy-verdict
check_PROGRAMS += $(POLICY_TESTS)
TESTS += $(POLICY_TESTS)
tests_unit_test_policy_addrset_SOURCES = tests/unit/test-policy-addrset.c tests/unit/policy-naive.h
tests_unit_test_policy_addrset_LDADD = libsandrun.a liboci.a $(LIBS_ALL) $(CMOCKA_LIBS)
tests_unit_test_policy_grammar_SOURCES = tests/unit/test-policy-grammar.c
tests_unit_test_policy_grammar_LDADD = libsandrun.a liboci.a $(LIBS_ALL) $(CMOCKA_LIBS)
tests_unit_test_policy_resolve_SOURCES = tests/unit/test-policy-resolve.c
tests_unit_test_policy_resolve_LDADD = libsandrun.a liboci.a $(LIBS_ALL) $(CMOCKA_LIBS)
tests_unit_test_policy_serialize_SOURCES = tests/unit/test-policy-serialize.c
tests_unit_test_policy_serialize_LDADD = libsandrun.a liboci.a $(LIBS_ALL) $(CMOCKA_LIBS)
tests_unit_test_policy_verdict_SOURCES = tests/unit/test-policy-verdict.c
tests_unit_test_policy_verdict_LDADD = libsandrun.a liboci.a $(LIBS_ALL) $(CMOCKA_LIBS)
endif
