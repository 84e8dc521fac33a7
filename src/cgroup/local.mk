libsandrun_a_SOURCES += \
	src/cgroup/cgroup.c src/cgroup/cgroup.h src/cgroup/internal.h \
	src/cgroup/convert.c src/cgroup/convert.h \
	src/cgroup/devbpf.c \
	src/cgroup/device.c src/cgroup/device.h \
	src/cgroup/dir.c \
	src/cgroup/entry.c \
	src/cgroup/freezer.c \
	src/cgroup/holder.c \
	src/cgroup/io.c \
	src/cgroup/join.c \
	src/cgroup/layout.c src/cgroup/layout.h \
	src/cgroup/limits.c src/cgroup/limits_v1.c src/cgroup/limits_v2.c \
	src/cgroup/oom.c \
	src/cgroup/place.c src/cgroup/place.h \
	src/cgroup/procs.c \
	src/cgroup/sdprops.c src/cgroup/sdprops.h src/cgroup/sdprops_annotations.c \
	src/cgroup/stats.c \
	src/cgroup/systemd.h \
	src/cgroup/sub.c \
	src/cgroup/text.c \
	src/cgroup/tree.c \
	src/cgroup/walk.c src/cgroup/walk.h
# libsystemd is loaded when needed (systemd.c says why), so its headers are all that is used here.
if HAVE_SYSTEMD
libsandrun_a_SOURCES += src/cgroup/systemd.c
else
libsandrun_a_SOURCES += src/cgroup/systemd_stub.c
endif
