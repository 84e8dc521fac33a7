libsandrun_a_SOURCES += \
	src/toml/internal.h \
	src/toml/toml.c src/toml/toml.h \
	src/toml/value.c
