# src/local.mk - the program: everything but main.c is a library, so that tests and fuzzers link the same objects
noinst_LIBRARIES += libsandrun.a
libsandrun_a_SOURCES =
include src/base/local.mk
include src/names/local.mk
include src/toml/local.mk
include src/policy/local.mk
include src/policyfile/local.mk
include src/confine/local.mk
include src/cgroup/local.mk
include src/rootfs/local.mk
include src/process/local.mk
include src/supervisor/local.mk
include src/host/local.mk
include src/container/local.mk
include src/launch/local.mk
include src/checkpoint/local.mk
include src/inspect/local.mk
include src/cmd/local.mk

bin_PROGRAMS += sandrun
sandrun_SOURCES = src/main.c
sandrun_LDADD = libsandrun.a liboci.a $(LIBS_ALL)
