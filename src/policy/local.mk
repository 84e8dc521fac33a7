libsandrun_a_SOURCES += \
	src/policy/addrset.c \
	src/policy/annotations.c \
	src/policy/canonical.c \
	src/policy/compile.c \
	src/policy/grammar.c src/policy/grammar.h src/policy/grammar_ports.c \
	src/policy/internal.h \
	src/policy/piece.c src/policy/piece.h \
	src/policy/policy.h \
	src/policy/resolve.c \
	src/policy/serialize.c \
	src/policy/sets.c \
	src/policy/socket_words.c \
	src/policy/sockets.c \
	src/policy/text.c \
	src/policy/verdict.c
