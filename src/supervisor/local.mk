libsandrun_a_SOURCES += \
	src/supervisor/audit.c \
	src/supervisor/budget.c \
	src/supervisor/caller.c \
	src/supervisor/client.c \
	src/supervisor/connect.c \
	src/supervisor/control.c \
	src/supervisor/counts.c src/supervisor/counts.h \
	src/supervisor/deputy.c \
	src/supervisor/internal.h \
	src/supervisor/kernel_log.c \
	src/supervisor/listener.c \
	src/supervisor/loop.c \
	src/supervisor/lowport.c \
	src/supervisor/message.c \
	src/supervisor/names.c \
	src/supervisor/names_wall.c \
	src/supervisor/onlooker.c \
	src/supervisor/options.c \
	src/supervisor/pending.c \
	src/supervisor/protocol.h \
	src/supervisor/rawsys.h \
	src/supervisor/refuse.c \
	src/supervisor/self.c \
	src/supervisor/send.c \
	src/supervisor/sinks.c src/supervisor/sinks.h \
	src/supervisor/socket.c \
	src/supervisor/start.c \
	src/supervisor/supervisor.h \
	src/supervisor/ulimits.c \
	src/supervisor/unix.c \
	src/supervisor/verdict.c \
	src/supervisor/wall_log.c \
	src/supervisor/watch.c
