/* SPDX-License-Identifier: Apache-2.0 */
/* A program that runs a virtual machine, as seen by a trace: the host's half, and
 * guest_code, which the machine runs. It is only walked, never run. */
	.text
	.globl _start
	.type _start, @function
_start:
	call work
	vmlaunch
	jmp .
	.size _start, . - _start
	.type vmexit, @function
vmexit:
	inc %eax
	jne resume
	call work
resume:
	call work
	vmresume
	.size vmexit, . - vmexit
	.type work, @function
work:
	dec %eax
	jnz work
	ret
	.size work, . - work
	.type guest_code, @function
guest_code:
	call ucall
	dec %eax
	jnz guest_code
	vmcall
	jmp guest_code
	.size guest_code, . - guest_code
	.type ucall, @function
ucall:
	test %eax, %eax
	jz none
	nop
none:
	ret
	.size ucall, . - ucall
