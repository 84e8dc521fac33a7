# SPDX-License-Identifier: Apache-2.0
# Unit tests of base/, cmd/, toml/ and container/
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test-base tests/unit/test-options tests/unit/test-hooks tests/unit/test-record tests/unit/test-toml
TESTS += tests/unit/test-base tests/unit/test-options tests/unit/test-hooks tests/unit/test-record tests/unit/test-toml
endif
