libsandrun_a_SOURCES += \
	src/cmd/check.c \
	src/cmd/checkpoint.c src/cmd/checkpoint.h \
	src/cmd/cmd.h \
	src/cmd/common.c \
	src/cmd/create.c src/cmd/create.h \
	src/cmd/delete.c \
	src/cmd/denied.c src/cmd/denied.h \
	src/cmd/events.c \
	src/cmd/exec.c \
	src/cmd/features.c \
	src/cmd/help.c \
	src/cmd/kill.c \
	src/cmd/list.c \
	src/cmd/matching.c \
	src/cmd/metrics.c \
	src/cmd/options.c src/cmd/options.h \
	src/cmd/pause.c \
	src/cmd/policy.c src/cmd/policy.h \
	src/cmd/policy_check.c \
	src/cmd/policy_learn.c \
	src/cmd/policy_show.c \
	src/cmd/ps.c \
	src/cmd/restore.c \
	src/cmd/run.c src/cmd/run.h \
	src/cmd/spec.c \
	src/cmd/start.c \
	src/cmd/state.c src/cmd/table.c \
	src/cmd/update.c \
	src/cmd/version.c \
	src/cmd/when.c src/cmd/when.h
