# SPDX-License-Identifier: Apache-2.0
# tests/bats/list.mk - the .bats files, as they lie here: a new one needs no entry
#
# Two run at a time (make check-containers), those that take longest first; what measures time, loads the machine or
# looks at all of it runs alone, after the others.
bats_alone = $(addprefix tests/bats/,attack-races.bats attack-supervisor.bats births.bats docker.bats killed.bats peers.bats stress.bats systemd.bats)
bats_long = $(addprefix tests/bats/,podman-life.bats policy.bats)
bats_all := $(patsubst $(srcdir)/%,%,$(sort $(wildcard $(srcdir)/tests/bats/*.bats)))
bats_beside = $(bats_long) $(filter-out $(bats_long) $(bats_alone),$(bats_all))
bats_files = $(bats_beside) $(bats_alone)
bats_helpers := $(patsubst $(srcdir)/%,%,$(sort $(wildcard $(srcdir)/tests/bats/*.bash))) tests/bats/config.json tests/bats/run-bats
