libsandrun_a_SOURCES += \
	src/inspect/card.c src/inspect/card.h \
	src/inspect/check.c src/inspect/check.h \
	src/inspect/check_cri.c \
	src/inspect/check_docker.c \
	src/inspect/check_host.c \
	src/inspect/check_kernel.c \
	src/inspect/check_podman.c \
	src/inspect/find.c src/inspect/find.h \
	src/inspect/follow.c src/inspect/follow.h \
	src/inspect/hint.c src/inspect/hint.h \
	src/inspect/metrics.c src/inspect/metrics.h \
	src/inspect/policy_words.c src/inspect/policy_words.h \
	src/inspect/refusal.c src/inspect/refusal.h \
	src/inspect/roots.c src/inspect/roots.h \
	src/inspect/show.c src/inspect/show.h \
	src/inspect/tally.c src/inspect/tally.h
