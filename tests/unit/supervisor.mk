# SPDX-License-Identifier: Apache-2.0
EXTRA_DIST += tests/unit/limit.h tests/unit/sup-util.h tests/bench/bench-net.c
if HAVE_CMOCKA
SUPERVISOR_TESTS = tests/unit/test-bpf-egress tests/unit/test-supervisor-attack \
	tests/unit/test-supervisor-bind tests/unit/test-supervisor-block tests/unit/test-supervisor-death \
	tests/unit/test-supervisor-live
check_PROGRAMS += $(SUPERVISOR_TESTS) tests/bench/bench-net
TESTS += $(SUPERVISOR_TESTS)
endif
