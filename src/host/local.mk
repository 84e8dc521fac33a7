libsandrun_a_SOURCES += \
	src/host/netdev.c src/host/netdev.h \
	src/host/rdt.c src/host/rdt.h
