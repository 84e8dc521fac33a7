# SPDX-License-Identifier: Apache-2.0
# tests/checks.mk - what reads the code instead of running it, and parts of `make check` by themselves
#
# make cppcheck, make clang-tidy    findings fail
# make shellcheck                   all shell scripts; findings fail
# make manlint                      the manual pages
# make format-check BASE=COMMIT     what the changed lines since COMMIT (default: origin/main) would be by .clang-format;
#                                   the rest of the tree is older than that file, and is not touched
# make check-unit                   unit tests and corpus replays, no containers
# make check-smoke                  the .bats files that drive the runtime by hand: what also runs under sanitizers

all_sources = $(filter %.c,$(sandrun_SOURCES) $(libsandrun_a_SOURCES) $(liboci_a_SOURCES))

# Suppressed, each with its reason:
# missingIncludeSystem     it does not read system headers
# unusedFunction           sees the tests' callers as none, and cleanup attributes not at all (the linker's --print-gc-sections does)
# variableScope            a function's variables stand at its beginning here
# unusedStructMember       structs of the kernel's interfaces
# duplicateCondition       two questions about one number, each with its own line
# uninitvar in self.c      an array sorted with a count of 0
cppcheck: config.h
	cd $(top_srcdir) && cppcheck --quiet --error-exitcode=1 --inline-suppr --std=c11 -j2 --enable=warning,style,performance,portability \
		$(CPPCHECK_SUPPRESSED:%=--suppress=%) -D_GNU_SOURCE -D__x86_64__ -Isrc -I. -I$(abs_top_builddir) $(all_sources)
CPPCHECK_SUPPRESSED = missingIncludeSystem unusedFunction variableScope unusedStructMember duplicateCondition uninitvar:src/supervisor/self.c

# All of clang-analyzer, bugprone, cert, misc, performance and portability, and of readability what finds mistakes. Left out, each with
# its reason (all findings were read):
# analyzer-valist.Uninitialized    a bug of clang 14: va_start() is forgotten from the second file of a call on
# analyzer-deadcode.DeadStores     takes what a cleanup attribute reads for unread
# DeprecatedOrUnsafeBufferHandling wants Annex K, which glibc does not have
# FloatLoopCounter, flp30          dislike Knuth's fractions in cgroup/convert.c, which count in exact halves
# err33                            wants every snprintf() looked at: texts are cut on purpose; main.c asks whether the output arrived
# err34                            atoi() and sscanf() of the kernel's own files
# easily-swappable-parameters, assignment-in-if-condition, sizeof-expression, macro-parentheses, no-recursion, non-const-parameter
#                                  idioms of this code: (uid, gid); ((fd = open()) < 0); sizeof(*list) of pointers; names of members
#                                  as arguments; trees; a pointer that is taken over, or a handler's in a table
# reserved-identifier, dcl37, dcl51    _GNU_SOURCE, and names that the kernel's headers lack
# implicit-widening                1024 * 1024
# no-int-to-ptr                    addresses in another process, and constants in tables of char *
CLANG_TIDY = clang-tidy
CLANG_TIDY_OFF = clang-analyzer-valist.Uninitialized clang-analyzer-deadcode.DeadStores \
	clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling clang-analyzer-security.FloatLoopCounter cert-flp30-c \
	cert-err33-c cert-err34-c \
	bugprone-easily-swappable-parameters bugprone-assignment-in-if-condition bugprone-sizeof-expression \
	bugprone-macro-parentheses misc-no-recursion bugprone-reserved-identifier cert-dcl37-c cert-dcl51-cpp \
	bugprone-implicit-widening-of-multiplication-result performance-no-int-to-ptr \
	bugprone-multi-level-implicit-pointer-conversion bugprone-switch-missing-default-case misc-include-cleaner
CLANG_TIDY_ON = clang-analyzer-* bugprone-* cert-* misc-* performance-* portability-* readability-misleading-indentation \
	readability-misplaced-array-index readability-redundant-declaration readability-redundant-control-flow \
	readability-duplicate-include
empty =
CLANG_TIDY_CHECKS = $(subst $(empty) ,$(empty),-*$(CLANG_TIDY_ON:%=,%)$(CLANG_TIDY_OFF:%=,-%))
clang-tidy: config.h $(criu_header)
	cd $(top_srcdir) && printf '%s\n' $(all_sources) | xargs -P 2 -n 8 sh -c '$(CLANG_TIDY) --quiet \
		--warnings-as-errors="*" --checks="$(CLANG_TIDY_CHECKS)" "$$@" -- -std=gnu11 -D_GNU_SOURCE -Isrc -I. \
		-I$(abs_top_builddir) -I$(abs_top_builddir)/src 2>/dev/null' _

# Left out, each with its reason: SC2034, SC2154 a variable that another file of the same shell sets or reads (bats loads helpers);
# SC2120 a function whose argument is optional
shellcheck:
	cd $(top_srcdir) && shellcheck --severity=warning --exclude=SC2034,SC2154,SC2120 --shell=bash \
		$$(grep -rlIE '^#! */bin/(ba)?sh' .ci contrib hooks tests --include='*' | sort) tests/bats/*.bash tests/vm/*.bash
manlint:
	cd $(top_srcdir) && mandoc -T lint -W warning $(dist_man_MANS)
BASE = origin/main
format-check:
	cd $(top_srcdir) && out=$$(git clang-format --style=file --diff $(BASE) -- src oci tests) && \
		case $$out in ''|'no modified files to format'|*'did not modify any files') ;; *) printf '%s\n' "$$out"; exit 1 ;; esac
check-unit: all
	$(MAKE) $(AM_MAKEFLAGS) check TESTS="$(filter-out %.bats,$(TESTS))"
check-smoke: all
	$(MAKE) $(AM_MAKEFLAGS) check TESTS="tests/bats/lifecycle.bats tests/bats/policy.bats tests/bats/policy-entries.bats"
.PHONY: cppcheck clang-tidy shellcheck manlint format-check check-unit check-smoke
EXTRA_DIST += tests/checks.mk
