# SPDX-License-Identifier: Apache-2.0
# tests/bats/bats.mk - behaviour of real containers, one entry of the test log for each file
#
# Which files there are, and which of them run alone, make finds out when it runs: list.mk (automake would want to know).
-include $(srcdir)/tests/bats/list.mk
EXTRA_DIST += tests/bats/bats.mk tests/bats/list.mk $(bats_files) $(bats_helpers)

TEST_EXTENSIONS = .bats
BATS_LOG_COMPILER = $(SHELL) $(top_srcdir)/tests/bats/run-bats
AM_BATS_LOG_FLAGS = --builddir $(abs_top_builddir)
TESTS += @BATS_FILES@
$(bats_files:.bats=.log): sandrun$(EXEEXT)

# make check-bats FILES="tests/bats/policy.bats": just these
check-bats: all $(check_PROGRAMS) $(check_DATA)
	cd $(srcdir) && $(SHELL) tests/bats/run-bats --builddir $(abs_top_builddir) $(if $(FILES),$(FILES),$(bats_files))
# make check-containers JOBS=2: all of them, with a log each, as many at a time as JOBS says
check-containers: all $(check_PROGRAMS) $(check_DATA)
	$(MAKE) $(AM_MAKEFLAGS) -k -j$(or $(JOBS),2) check TESTS="$(bats_beside)"; a=$$?; \
		$(MAKE) $(AM_MAKEFLAGS) -k check TESTS="$(bats_alone)" && exit $$a
EXTRA_DIST += tests/cri/crictl tests/kubernetes/tools tests/kubernetes/validate tests/kubernetes/admit
.PHONY: check-containers check-bats
