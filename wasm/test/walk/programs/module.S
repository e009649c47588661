/* SPDX-License-Identifier: Apache-2.0 */
/* Code of a made-up kernel module, at its address in memory. */
	.text
	.globl demo_call, demo_fast
	.type demo_call, @function
	.type demo_fast, @function
demo_call:
	push %rbx
	call demo_fast
	pop %rbx
	ret
	.size demo_call, . - demo_call
demo_fast:
	test %ebx, %ebx
	je 1f
	nop
1:	ret
	.size demo_fast, . - demo_fast
