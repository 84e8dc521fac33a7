// SPDX-License-Identifier: Apache-2.0
/* bare.c - a program that makes one system call, exit_group(7): to see which calls the runtime itself needs behind a profile
 *
 * On other processors than these it ends by a signal.
 */
__attribute__((noreturn)) void _start(void);

void _start(void)
{
#if defined(__x86_64__)
	__asm__ volatile("mov $231, %eax; mov $7, %edi; syscall");
#elif defined(__aarch64__)
	__asm__ volatile("mov x8, #94; mov x0, #7; svc #0");
#endif
	__builtin_trap();
}
