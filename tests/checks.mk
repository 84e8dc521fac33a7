# SPDX-License-Identifier: Apache-2.0
# tests/checks.mk - what reads the code instead of running it, and parts of `make check` by themselves
#
# make cppcheck, make clang-tidy    findings fail
# make check-unit                   unit tests and corpus replays, no containers
# make check-smoke                  the .bats files that drive the runtime by hand: what also runs under sanitizers

all_sources = $(filter %.c,$(sandrun_SOURCES) $(libsandrun_a_SOURCES) $(liboci_a_SOURCES))

# Style is the compiler's and the reader's business. Suppressed: missingIncludeSystem (it does not read system headers);
# uninitvar in self.c (an array sorted with a count of 0).
cppcheck: config.h
	cd $(top_srcdir) && cppcheck --quiet --error-exitcode=1 --inline-suppr --std=c11 -j2 \
		--enable=warning,performance,portability --suppress=missingIncludeSystem \
		--suppress=uninitvar:src/supervisor/self.c \
		-D_GNU_SOURCE -D__x86_64__ -Isrc -I. -I$(abs_top_builddir) $(all_sources)

# Bugs, not manners. Left out, each with its reason:
# core.*, valist.*, DeadStores    they cannot see that err_set() always returns -1, and report its way on as if it went on
# DeprecatedOrUnsafeBufferHandling wants Annex K; FloatLoopCounter dislikes Knuth's fractions in cgroup/convert.c
# easily-swappable-parameters, reserved-identifier, assignment-in-if-condition, macro-parentheses, sizeof-expression,
# branch-clone, narrowing-conversions, implicit-widening    idioms of system programs, all looked at once
CLANG_TIDY = clang-tidy
CLANG_TIDY_CHECKS = -*,clang-analyzer-*,-clang-analyzer-core.*,-clang-analyzer-valist.*,-clang-analyzer-deadcode.DeadStores,$\
	-clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling,-clang-analyzer-security.FloatLoopCounter,$\
	bugprone-*,-bugprone-easily-swappable-parameters,-bugprone-reserved-identifier,$\
	-bugprone-assignment-in-if-condition,-bugprone-macro-parentheses,-bugprone-sizeof-expression,$\
	-bugprone-branch-clone,-bugprone-narrowing-conversions,-bugprone-implicit-widening-of-multiplication-result,$\
	-bugprone-multi-level-implicit-pointer-conversion,-bugprone-switch-missing-default-case
clang-tidy: config.h $(criu_header)
	cd $(top_srcdir) && printf '%s\n' $(all_sources) | xargs -P 2 -n 8 sh -c '$(CLANG_TIDY) --quiet \
		--warnings-as-errors="*" --checks="$(CLANG_TIDY_CHECKS)" "$$@" -- -std=gnu11 -D_GNU_SOURCE -Isrc -I. \
		-I$(abs_top_builddir) -I$(abs_top_builddir)/src 2>/dev/null' _

check-unit: all
	$(MAKE) $(AM_MAKEFLAGS) check TESTS="$(filter-out %.bats,$(TESTS))"
check-smoke: all
	$(MAKE) $(AM_MAKEFLAGS) check TESTS="tests/bats/lifecycle.bats tests/bats/policy.bats tests/bats/policy-entries.bats"
.PHONY: cppcheck clang-tidy check-unit check-smoke
EXTRA_DIST += tests/checks.mk
