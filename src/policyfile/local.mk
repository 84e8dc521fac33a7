libsandrun_a_SOURCES += \
	src/policyfile/choose.c \
	src/policyfile/internal.h \
	src/policyfile/keys.c src/policyfile/keys.h \
	src/policyfile/open.c \
	src/policyfile/policyfile.h \
	src/policyfile/read.c \
	src/policyfile/table.c
