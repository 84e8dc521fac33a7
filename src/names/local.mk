libsandrun_a_SOURCES += \
	src/names/cache.c \
	src/names/cache.h \
	src/names/daemon.c \
	src/names/daemon.h \
	src/names/lookup.c \
	src/names/lookup.h \
	src/names/message.c \
	src/names/message.h \
	src/names/names.h \
	src/names/service.c \
	src/names/sockets.c \
	src/names/upstream.c \
	src/names/upstream.h
