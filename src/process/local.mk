libsandrun_a_SOURCES += \
	src/process/caps.c \
	src/process/command.c \
	src/process/idlist.c \
	src/process/internal.h \
	src/process/label.c \
	src/process/mempolicy.c \
	src/process/process.h \
	src/process/rlimits.c \
	src/process/scheduler.c \
	src/process/signals.c src/process/signals.h \
	src/process/terminal.c \
	src/process/user.c \
	src/process/validate.c
