libsandrun_a_SOURCES += \
	src/rootfs/copyup.c \
	src/rootfs/devices.c src/rootfs/devices.h \
	src/rootfs/devnodes.c \
	src/rootfs/hosts.c src/rootfs/hosts.h \
	src/rootfs/idmap.c src/rootfs/idmap.h \
	src/rootfs/mask.c \
	src/rootfs/mount.c src/rootfs/mount.h \
	src/rootfs/mount_cgroup.c \
	src/rootfs/mount_options.c src/rootfs/mount_options.h \
	src/rootfs/mount_special.c src/rootfs/mount_special.h \
	src/rootfs/mounts.c \
	src/rootfs/pivot.c \
	src/rootfs/propagation.c src/rootfs/propagation.h \
	src/rootfs/rootfs.h \
	src/rootfs/sources.c src/rootfs/sources.h \
	src/rootfs/state.c src/rootfs/state.h \
	src/rootfs/sysctl.c src/rootfs/sysctl.h \
	src/rootfs/target.c src/rootfs/target.h
