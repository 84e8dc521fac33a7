libsandrun_a_SOURCES += \
	src/inspect/ask.c src/inspect/ask.h \
	src/inspect/card.c src/inspect/card.h \
	src/inspect/check.c src/inspect/check.h \
	src/inspect/check_cri.c \
	src/inspect/check_docker.c \
	src/inspect/check_host.c \
	src/inspect/check_kernel.c \
	src/inspect/check_podman.c \
	src/inspect/dest.c src/inspect/dest.h \
	src/inspect/find.c src/inspect/find.h \
	src/inspect/follow.c src/inspect/follow.h \
	src/inspect/hint.c src/inspect/hint.h \
	src/inspect/learn.c src/inspect/learn.h \
	src/inspect/metrics.c src/inspect/metrics.h \
	src/inspect/policy_format.c src/inspect/policy_format.h \
	src/inspect/policy_words.c src/inspect/policy_words.h \
	src/inspect/refusal.c src/inspect/refusal.h \
	src/inspect/roots.c src/inspect/roots.h \
	src/inspect/rules.c src/inspect/rules.h \
	src/inspect/show.c src/inspect/show.h \
	src/inspect/subject.c src/inspect/subject.h \
	src/inspect/tally.c src/inspect/tally.h
