# src/checkpoint/local.mk - CRIU's protocol is compiled from our description of it; without the compiler there is a stub
libsandrun_a_SOURCES += src/checkpoint/checkpoint.h
if HAVE_CRIU
libsandrun_a_SOURCES += \
	src/checkpoint/dump.c \
	src/checkpoint/external.c src/checkpoint/external.h \
	src/checkpoint/flags.c src/checkpoint/flags.h \
	src/checkpoint/place.c src/checkpoint/place.h \
	src/checkpoint/request.c src/checkpoint/request.h \
	src/checkpoint/restore.c \
	src/checkpoint/rpc.c src/checkpoint/rpc.h
criu_header = src/checkpoint/criu.pb-c.h
nodist_libsandrun_a_SOURCES = src/checkpoint/criu.pb-c.c $(criu_header)
else
libsandrun_a_SOURCES += src/checkpoint/stub.c
endif
EXTRA_DIST += src/checkpoint/criu.proto
CLEANFILES += src/checkpoint/criu.pb-c.c src/checkpoint/criu.pb-c.h

src/checkpoint/criu.pb-c.c: src/checkpoint/criu.proto
	$(AM_V_GEN)$(MKDIR_P) src/checkpoint && \
		$(PROTOC_C) --proto_path=$(srcdir)/src/checkpoint --c_out=src/checkpoint criu.proto
src/checkpoint/criu.pb-c.h: src/checkpoint/criu.pb-c.c
	@test -e $@ || { rm -f src/checkpoint/criu.pb-c.c; $(MAKE) $(AM_MAKEFLAGS) src/checkpoint/criu.pb-c.c; }
src/checkpoint/criu.pb-c.$(OBJEXT) src/checkpoint/dump.$(OBJEXT) src/checkpoint/external.$(OBJEXT) \
	src/checkpoint/flags.$(OBJEXT) \
	src/checkpoint/request.$(OBJEXT) src/checkpoint/restore.$(OBJEXT) src/checkpoint/place.$(OBJEXT) \
	src/checkpoint/rpc.$(OBJEXT): src/checkpoint/criu.pb-c.h
