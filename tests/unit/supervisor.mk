# SPDX-License-Identifier: Apache-2.0
EXTRA_DIST += tests/unit/sup-util.h tests/bench/bench-net.c
if HAVE_CMOCKA
SUPERVISOR_TESTS = tests/unit/test-bpf-egress tests/unit/test-supervisor-attack \
	tests/unit/test-supervisor-bind tests/unit/test-supervisor-block tests/unit/test-supervisor-death \
	tests/unit/test-supervisor-live
check_PROGRAMS += $(SUPERVISOR_TESTS) tests/bench/bench-net
TESTS += $(SUPERVISOR_TESTS)
tests_unit_test_bpf_egress_SOURCES = tests/unit/test-bpf-egress.c
tests_unit_test_bpf_egress_LDADD = libsandrun.a liboci.a $(LIBS_ALL) $(CMOCKA_LIBS)
tests_unit_test_supervisor_attack_SOURCES = tests/unit/test-supervisor-attack.c
tests_unit_test_supervisor_attack_LDADD = libsandrun.a liboci.a $(LIBS_ALL) $(CMOCKA_LIBS)
tests_unit_test_supervisor_bind_SOURCES = tests/unit/test-supervisor-bind.c
tests_unit_test_supervisor_bind_LDADD = libsandrun.a liboci.a $(LIBS_ALL) $(CMOCKA_LIBS)
tests_unit_test_supervisor_block_SOURCES = tests/unit/test-supervisor-block.c
tests_unit_test_supervisor_block_LDADD = libsandrun.a liboci.a $(LIBS_ALL) $(CMOCKA_LIBS)
tests_unit_test_supervisor_death_SOURCES = tests/unit/test-supervisor-death.c
tests_unit_test_supervisor_death_LDADD = libsandrun.a liboci.a $(LIBS_ALL) $(CMOCKA_LIBS)
tests_unit_test_supervisor_live_SOURCES = tests/unit/test-supervisor-live.c
tests_unit_test_supervisor_live_LDADD = libsandrun.a liboci.a $(LIBS_ALL) $(CMOCKA_LIBS)
tests_bench_bench_net_SOURCES = tests/bench/bench-net.c
tests_bench_bench_net_LDADD = libsandrun.a liboci.a $(LIBS_ALL) $(CMOCKA_LIBS)
endif
