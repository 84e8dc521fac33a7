libsandrun_a_SOURCES += \
	src/policy/addrset.c \
	src/policy/annotations.c \
	src/policy/canonical.c \
	src/policy/compile.c \
	src/policy/cover.c \
	src/policy/explain.c \
	src/policy/flatten.c \
	src/policy/grammar.c src/policy/grammar.h src/policy/grammar_hints.c \
	src/policy/grammar_ports.c src/policy/grammar_target.c \
	src/policy/internal.h \
	src/policy/keys.c \
	src/policy/learned.c src/policy/learned.h \
	src/policy/names.c \
	src/policy/piece.c src/policy/piece.h \
	src/policy/policy.h \
	src/policy/resolve.c \
	src/policy/resolvconf.c \
	src/policy/serialize.c src/policy/stored.h src/policy/unserialize.c \
	src/policy/sets.c \
	src/policy/socket_words.c \
	src/policy/sockets.c \
	src/policy/source.c \
	src/policy/suffix.c \
	src/policy/text.c \
	src/policy/verdict.c
