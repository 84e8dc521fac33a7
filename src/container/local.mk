libsandrun_a_SOURCES += \
	src/container/bell.c src/container/bell.h \
	src/container/container.c src/container/container.h \
	src/container/delete.c src/container/delete.h \
	src/container/foreground.c src/container/foreground.h \
	src/container/fuse.c src/container/fuse.h \
	src/container/hooks.c src/container/hooks.h \
	src/container/kill.c src/container/kill.h \
	src/container/names.c src/container/names.h \
	src/container/notify.c src/container/notify.h \
	src/container/past.c src/container/past.h \
	src/container/patience.c src/container/patience.h \
	src/container/record.c src/container/record.h \
	src/container/stateroot.c src/container/stateroot.h \
	src/container/status.c
