# SPDX-License-Identifier: Apache-2.0
if HAVE_CMOCKA
PROCESS_TESTS = \
	tests/unit/test-process-check \
	tests/unit/test-process-command \
	tests/unit/test-process-terminal \
	tests/unit/test-process-user
check_PROGRAMS += $(PROCESS_TESTS)
TESTS += $(PROCESS_TESTS)
tests_unit_test_process_check_SOURCES = tests/unit/test-process-check.c tests/unit/child.h
tests_unit_test_process_command_SOURCES = tests/unit/test-process-command.c tests/unit/child.h
tests_unit_test_process_terminal_SOURCES = tests/unit/test-process-terminal.c tests/unit/child.h
tests_unit_test_process_user_SOURCES = tests/unit/test-process-user.c tests/unit/child.h
endif
