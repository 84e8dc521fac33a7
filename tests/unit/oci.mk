# SPDX-License-Identifier: Apache-2.0
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test-oci-read tests/unit/test-oci-write
TESTS += tests/unit/test-oci-read tests/unit/test-oci-write
tests_unit_test_oci_read_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc -Wl,--wrap=calloc
tests_unit_test_oci_read_LDADD = liboci.a $(YAJL_LIBS) $(CMOCKA_LIBS)
tests_unit_test_oci_write_LDADD = liboci.a $(YAJL_LIBS) $(CMOCKA_LIBS)
endif
