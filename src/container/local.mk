libsandrun_a_SOURCES += \
	src/container/annotations.c src/container/annotations.h \
	src/container/bundle.c src/container/bundle.h \
	src/container/container.c src/container/container.h \
	src/container/create.c src/container/create.h \
	src/container/delete.c src/container/delete.h \
	src/container/exec.c src/container/exec.h \
	src/container/exec_process.c src/container/exec_process.h \
	src/container/foreground.c src/container/foreground.h \
	src/container/hooks.c src/container/hooks.h \
	src/container/idmap.c src/container/idmap.h \
	src/container/init.c src/container/init.h \
	src/container/kill.c src/container/kill.h \
	src/container/layers.c src/container/layers.h \
	src/container/making.c src/container/making.h \
	src/container/namespaces.c src/container/namespaces.h \
	src/container/netdev.c src/container/netdev.h \
	src/container/notify.c src/container/notify.h \
	src/container/outside.c src/container/outside.h \
	src/container/parent.c src/container/parent.h \
	src/container/peerlink.c src/container/peerlink.h \
	src/container/rdt.c src/container/rdt.h \
	src/container/record.c src/container/record.h \
	src/container/selfexe.c src/container/selfexe.h \
	src/container/start.c src/container/start.h \
	src/container/status.c \
	src/container/sync.c src/container/sync.h \
	src/container/workload.c src/container/workload.h
