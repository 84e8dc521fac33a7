libsandrun_a_SOURCES +=
