libsandrun_a_SOURCES += \
	src/base/cgroupfs.c src/base/cgroupfs.h \
	src/base/error.c src/base/error.h \
	src/base/fd.c src/base/fd.h \
	src/base/file.c src/base/file.h \
	src/base/hide.c src/base/hide.h \
	src/base/hostfile.c src/base/hostfile.h \
	src/base/log.c src/base/log.h \
	src/base/near.c src/base/near.h \
	src/base/netlink.c src/base/netlink.h \
	src/base/nlbuf.c src/base/nlbuf.h \
	src/base/proc.c src/base/proc.h \
	src/base/sha256.c src/base/sha256.h \
	src/base/str.c src/base/str.h \
	src/base/sys.h \
	src/base/title.c src/base/title.h \
	src/base/trace.c src/base/trace.h \
	src/base/unixsock.c src/base/unixsock.h
