# SPDX-License-Identifier: Apache-2.0
# tests/fuzz/fuzz.mk - one harness a parser, in two lives
#
# make check      each harness with replay.c as its main(): the committed corpus runs through it, under any compiler.
# make fuzz       each harness as a libFuzzer program with ASan and UBSan (clang): fuzz-NAME-live, ready to be run as
#                 ./tests/fuzz/fuzz-NAME-live -dict=… tests/fuzz/corpus/NAME
#
# A further harness is tests/fuzz/fuzz-NAME.c (it defines LLVMFuzzerTestOneInput and includes the .c files that it
# needs), seeds in tests/fuzz/corpus/NAME/, NAME in FUZZ_NAMES, and a block like that of "config" below.
FUZZ_NAMES = config rules message toml names resolv

FUZZ_CC = clang-14
FUZZ_CFLAGS = -std=gnu11 -D_GNU_SOURCE -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined \
	-fno-omit-frame-pointer
FUZZ_LIBS = $(LIBS_ALL)

# --- config: config.json, process and resources documents
check_PROGRAMS += tests/fuzz/fuzz-config
TESTS += tests/fuzz/fuzz-config
tests_fuzz_fuzz_config_SOURCES = tests/fuzz/fuzz-config.c tests/fuzz/replay.c
tests_fuzz_fuzz_config_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS='"tests/fuzz/corpus/config"'
tests_fuzz_fuzz_config_LDADD = $(LIBS_ALL)

# --- rules: rule lists, bind lists, keys, stored policies
check_PROGRAMS += tests/fuzz/fuzz-rules
TESTS += tests/fuzz/fuzz-rules
tests_fuzz_fuzz_rules_SOURCES = tests/fuzz/fuzz-rules.c tests/fuzz/replay.c tests/unit/policy-naive.h
tests_fuzz_fuzz_rules_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS='"tests/fuzz/corpus/rules"'
tests_fuzz_fuzz_rules_LDADD =
EXTRA_DIST += tests/fuzz/rules.dict

# --- message: what the supervisor copies out of a caller
check_PROGRAMS += tests/fuzz/fuzz-message
TESTS += tests/fuzz/fuzz-message
tests_fuzz_fuzz_message_SOURCES = tests/fuzz/fuzz-message.c tests/fuzz/replay.c
tests_fuzz_fuzz_message_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS='"tests/fuzz/corpus/message"'
tests_fuzz_fuzz_message_LDADD =

# --- names: DNS messages of a workload and of its name servers
check_PROGRAMS += tests/fuzz/fuzz-names
TESTS += tests/fuzz/fuzz-names
tests_fuzz_fuzz_names_SOURCES = tests/fuzz/fuzz-names.c tests/fuzz/replay.c
tests_fuzz_fuzz_names_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS='"tests/fuzz/corpus/names"'
tests_fuzz_fuzz_names_LDADD =

# --- toml: policy files, engines' configurations
check_PROGRAMS += tests/fuzz/fuzz-toml
TESTS += tests/fuzz/fuzz-toml
tests_fuzz_fuzz_toml_SOURCES = tests/fuzz/fuzz-toml.c tests/fuzz/replay.c
tests_fuzz_fuzz_toml_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS='"tests/fuzz/corpus/toml"'
tests_fuzz_fuzz_toml_LDADD =

# --- resolv: a container's resolv.conf and hosts file
check_PROGRAMS += tests/fuzz/fuzz-resolv
TESTS += tests/fuzz/fuzz-resolv
tests_fuzz_fuzz_resolv_SOURCES = tests/fuzz/fuzz-resolv.c tests/fuzz/replay.c
tests_fuzz_fuzz_resolv_CPPFLAGS = $(AM_CPPFLAGS) -DCORPUS='"tests/fuzz/corpus/resolv"'

# --- all of them
EXTRA_DIST += tests/fuzz/corpus tests/fuzz/config.dict

.PHONY: fuzz
fuzz: $(FUZZ_NAMES:%=tests/fuzz/fuzz-%-live)

$(FUZZ_NAMES:%=tests/fuzz/fuzz-%-live): tests/fuzz/fuzz-%-live: tests/fuzz/fuzz-%.c
	$(AM_V_CCLD)$(MKDIR_P) tests/fuzz && $(FUZZ_CC) $(FUZZ_CFLAGS) $(AM_CPPFLAGS) $(YAJL_CFLAGS) $(SECCOMP_CFLAGS) \
		-o $@ $< $(FUZZ_LIBS)

CLEANFILES += $(FUZZ_NAMES:%=tests/fuzz/fuzz-%-live)
