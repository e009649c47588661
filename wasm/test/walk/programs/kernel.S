/* SPDX-License-Identifier: Apache-2.0 */
/* A made-up kernel: enough functions, labels and sections for a trace to run
 * through. Branches go where walk.mjs likes; nothing here is ever executed. */
	.section .text, "ax"
	.globl _text, _stext, startup_64
_text:
_stext:
	.type startup_64, @function
startup_64:
	nop
	ret
	.size startup_64, . - startup_64
	.skip 62, 0xcc
	.globl entry_SYSCALL_64
	.type entry_SYSCALL_64, @function
entry_SYSCALL_64:
	swapgs
	push %rbp
	call do_syscall_64
	pop %rbp
	swapgs
	sysretq
	.size entry_SYSCALL_64, . - entry_SYSCALL_64
	.globl asm_interrupt
asm_interrupt:
	push %rax
	call helper
	pop %rax
	iretq
	.type do_syscall_64, @function
do_syscall_64:
	mov $3, %ecx
1:	call *%rax
	dec %ecx
	jnz 1b
static_key:
	.byte 0x0f, 0x1f, 0x44, 0x00, 0x00	/* a 5-byte nop, that a jump label turns into: jmp 2f */
	call helper
2:	ret
	.size do_syscall_64, . - do_syscall_64
	.type helper, @function
helper:
	test %eax, %eax
	je 1f
	inc %eax
1:	ret
	.size helper, . - helper
unsized_label:
	nop
	jmp helper
	.globl _ZN3foo3barEv
	.weak weak_alias
	.type _ZN3foo3barEv, @function
	.type weak_alias, @function
_ZN3foo3barEv:
weak_alias:
	nop
	ret
	.size _ZN3foo3barEv, . - _ZN3foo3barEv
	.size weak_alias, . - weak_alias
	.globl sys_a, sys_init
	.type sys_a, @function
sys_a:
	call helper
	jnz 1f
	call _ZN3foo3barEv
1:	ret
	.size sys_a, . - sys_a

	.section .init.text, "ax"
	.type sys_init, @function
sys_init:
	call helper
	call init_label
	ret
	.size sys_init, . - sys_init
init_label:
	nop
	ret

	.section .rodata, "a"
	.globl linux_banner
	.type linux_banner, @object
linux_banner:
	.asciz "Linux version 6.18.0-walk (walk@example) #1\n"
	.size linux_banner, . - linux_banner
