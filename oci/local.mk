noinst_LIBRARIES += liboci.a
liboci_a_SOURCES = oci/config.h
