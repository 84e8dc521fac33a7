# SPDX-License-Identifier: Apache-2.0
# tests/programs/programs.mk - programs that run inside (and beside) containers in the tests
#
# Linked statically, without the project's libraries: a container's root needs nothing else. Hence no sanitizers
# either, whatever the rest is built with.
probe_programs = tests/programs/probe tests/programs/serve tests/programs/flip tests/programs/recvtty \
	tests/programs/reaper tests/programs/oldkernel tests/programs/passfd tests/programs/differ tests/programs/manager \
	tests/programs/seize tests/programs/births tests/programs/sniff tests/programs/nameserver tests/programs/bare \
	tests/programs/forge
check_PROGRAMS += $(probe_programs)

probe_sources = tests/programs/probe.c tests/programs/probe.h tests/programs/probe_inet.c \
	tests/programs/probe_entry.c tests/programs/probe_socket.c tests/programs/probe_self.c \
	tests/programs/attack_entry.c tests/programs/attack_race.c tests/programs/attack_net.c \
	tests/programs/attack_link.c tests/programs/attack_names.c tests/programs/attack_task.c tests/programs/attack_fuse.c tests/programs/attack_source.c tests/programs/attack_trace.c
probe_cflags = -std=gnu11 $(WARN_CFLAGS) -pthread
probe_ldflags = -static -pthread

tests_programs_probe_SOURCES = $(probe_sources)
tests_programs_probe_CFLAGS = $(probe_cflags)
tests_programs_probe_LDFLAGS = $(probe_ldflags)
tests_programs_probe_LDADD =
tests_programs_serve_SOURCES = tests/programs/serve.c
tests_programs_serve_CFLAGS = $(probe_cflags)
tests_programs_serve_LDFLAGS = $(probe_ldflags)
tests_programs_serve_LDADD =
tests_programs_bare_SOURCES = tests/programs/bare.c
tests_programs_bare_CFLAGS = -std=gnu11 $(WARN_CFLAGS) -fno-stack-protector
tests_programs_bare_LDFLAGS = -static -nostdlib
tests_programs_bare_LDADD =
tests_programs_flip_SOURCES = tests/programs/flip.c
tests_programs_flip_CFLAGS = $(probe_cflags)
tests_programs_flip_LDFLAGS = $(probe_ldflags)
tests_programs_flip_LDADD =
tests_programs_recvtty_SOURCES = tests/programs/recvtty.c
tests_programs_recvtty_CFLAGS = $(probe_cflags)
tests_programs_recvtty_LDFLAGS = $(probe_ldflags)
tests_programs_recvtty_LDADD =
tests_programs_reaper_SOURCES = tests/programs/reaper.c
tests_programs_reaper_CFLAGS = $(probe_cflags)
tests_programs_reaper_LDFLAGS = $(probe_ldflags)
tests_programs_reaper_LDADD =
tests_programs_oldkernel_SOURCES = tests/programs/oldkernel.c
tests_programs_oldkernel_CFLAGS = $(probe_cflags)
tests_programs_oldkernel_LDFLAGS = $(probe_ldflags)
tests_programs_oldkernel_LDADD =
tests_programs_differ_SOURCES = tests/programs/differ.c
tests_programs_differ_CFLAGS = $(probe_cflags)
tests_programs_differ_LDFLAGS = $(probe_ldflags)
tests_programs_differ_LDADD =
tests_programs_passfd_SOURCES = tests/programs/passfd.c
tests_programs_passfd_CFLAGS = $(probe_cflags)
tests_programs_passfd_LDFLAGS = $(probe_ldflags)
tests_programs_passfd_LDADD =
tests_programs_sniff_SOURCES = tests/programs/sniff.c
tests_programs_sniff_CFLAGS = $(probe_cflags)
tests_programs_sniff_LDFLAGS = $(probe_ldflags)
tests_programs_sniff_LDADD =
tests_programs_nameserver_SOURCES = tests/programs/nameserver.c
tests_programs_nameserver_CFLAGS = $(probe_cflags)
tests_programs_nameserver_LDFLAGS = $(probe_ldflags)
tests_programs_nameserver_LDADD =
tests_programs_forge_SOURCES = tests/programs/forge.c
tests_programs_forge_CFLAGS = $(probe_cflags)
tests_programs_forge_LDFLAGS = $(probe_ldflags)
tests_programs_forge_LDADD =
tests_programs_manager_SOURCES = tests/programs/manager.c
tests_programs_manager_CFLAGS = $(probe_cflags)
tests_programs_manager_LDFLAGS = $(probe_ldflags)
tests_programs_manager_LDADD =
tests_programs_seize_SOURCES = tests/programs/seize.c
tests_programs_seize_CFLAGS = $(probe_cflags)
tests_programs_seize_LDFLAGS = $(probe_ldflags)
tests_programs_seize_LDADD =
tests_programs_births_SOURCES = tests/programs/births.c
tests_programs_births_CFLAGS = $(probe_cflags)
tests_programs_births_LDFLAGS = $(probe_ldflags)
tests_programs_births_LDADD =

# The same probe as a 32-bit program, where the compiler can (gcc-multilib); the tests skip what needs it where not.
tests/programs/probe32: $(probe_sources)
	@$(MKDIR_P) tests/programs
	$(AM_V_GEN)cd $(srcdir) && $(CC) -m32 -D_GNU_SOURCE -std=gnu11 -O1 -static -pthread \
		-o $(abs_builddir)/$@ $(filter %.c,$(probe_sources)) 2>/dev/null || \
		echo "no 32-bit compiler: tests/programs/probe32 is left out"
check_DATA = tests/programs/probe32
CLEANFILES += tests/programs/probe32
EXTRA_DIST += tests/programs/programs.mk
