libsandrun_a_SOURCES += \
	src/confine/bpf_egress.c src/confine/bpf_egress.h \
	src/confine/bpf_trie.c src/confine/bpf_trie.h \
	src/confine/confine.h \
	src/confine/enforcement.c src/confine/enforcement.h \
	src/confine/foreign.c src/confine/foreign.h \
	src/confine/landlock.c \
	src/confine/notify_calls.c src/confine/notify_calls.h \
	src/confine/notify_filter.c \
	src/confine/plan.c src/confine/plan.h \
	src/confine/profile_agent.c \
	src/confine/profile_ask.c \
	src/confine/profile_cache.c \
	src/confine/profile_compile.c \
	src/confine/profile_internal.h \
	src/confine/profile_names.c \
	src/confine/profile_seen.c \
	src/confine/seccomp_profile.c \
	src/confine/sockopts.c src/confine/sockopts.h \
	src/confine/vethprobe.c src/confine/vethprobe.h \
	src/confine/wall/ask.c src/confine/wall/ask.h \
	src/confine/wall/change.c src/confine/wall/change.h \
	src/confine/wall/groups.c src/confine/wall/groups.h \
	src/confine/wall/lists.c src/confine/wall/lists.h \
	src/confine/wall/load.c \
	src/confine/wall/log.c src/confine/wall/log.h \
	src/confine/wall/named.c src/confine/wall/named.h \
	src/confine/wall/nft.c src/confine/wall/nft.h \
	src/confine/wall/ports.c src/confine/wall/ports.h \
	src/confine/wall/rules.c src/confine/wall/rules.h \
	src/confine/wall/sets.c src/confine/wall/sets.h \
	src/confine/wall/wall.h
