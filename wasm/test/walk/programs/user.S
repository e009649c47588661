/* SPDX-License-Identifier: Apache-2.0 */
/* The process of a walk: calls the kernel, calls itself. */
	.text
	.globl _start
	.type _start, @function
_start:
	call work
	syscall
	jne _start
	inc %eax
	jmp _start
	.size _start, . - _start
	.type work, @function
work:
	dec %eax
	jnz work
	ret
	.size work, . - work
