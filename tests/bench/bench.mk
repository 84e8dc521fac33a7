# SPDX-License-Identifier: Apache-2.0
# tests/bench/bench.mk - make bench: sandrun beside crun and runc; make bench-programs: programs under policies; not part of make check
EXTRA_PROGRAMS = tests/bench/timer tests/bench/netop
tests_bench_timer_SOURCES = tests/bench/timer.c
tests_bench_timer_CFLAGS = $(probe_cflags)
tests_bench_netop_SOURCES = tests/bench/netop.c
tests_bench_netop_CFLAGS = $(probe_cflags)
tests_bench_netop_LDFLAGS = $(probe_ldflags)
CLEANFILES += tests/bench/timer tests/bench/netop
EXTRA_DIST += tests/bench/bench tests/bench/programs tests/bench/bench.mk

bench: sandrun$(EXEEXT) tests/bench/timer tests/bench/netop
	SANDRUN_BUILDDIR=$(abs_builddir) $(srcdir)/tests/bench/bench $(ROUNDS)
# Real programs without and with a policy
bench-programs: sandrun$(EXEEXT)
	SANDRUN_BUILDDIR=$(abs_builddir) $(srcdir)/tests/bench/programs $(ROUNDS)
.PHONY: bench bench-programs
