/* SPDX-License-Identifier: Apache-2.0 */
/* Length and branch class of one x86 instruction: all that flow reconstruction
 * needs. Not its text. Intel SDM vol. 2, chapter 2 and the opcode maps. */
#ifndef PTM_X86_INSN_H
#define PTM_X86_INSN_H

#include "ptarmigan.h"

typedef enum ptm_insn_mode { PTM_MODE_16, PTM_MODE_32, PTM_MODE_64 } ptm_insn_mode;

/* With a mode: as perf 6.1 decodes, which takes undefined opcodes for instructions. A flow that
 * went astray finds them. */
#define PTM_MODE_AS_PERF 4

typedef enum ptm_insn_class {
	PTM_INSN_OTHER,          /* falls through; no packet of its own */
	PTM_INSN_JCC,            /* Jcc, JCXZ/JECXZ/JRCXZ: a TNT bit */
	PTM_INSN_LOOP,           /* LOOP, LOOPE, LOOPNE: a TNT bit */
	PTM_INSN_JUMP,           /* direct near JMP: no packet */
	PTM_INSN_CALL,           /* direct near CALL: no packet */
	PTM_INSN_JUMP_INDIRECT,  /* near JMP r/m: TIP */
	PTM_INSN_CALL_INDIRECT,  /* near CALL r/m: TIP */
	PTM_INSN_RETURN,         /* near RET: TIP, or a TNT bit when compressed */
	/* Far transfers: a TIP, or TIP.PGD when the other side is not traced. */
	PTM_INSN_JUMP_FAR, PTM_INSN_CALL_FAR, PTM_INSN_RETURN_FAR,
	PTM_INSN_SYSCALL, PTM_INSN_SYSENTER, PTM_INSN_SYSRET, PTM_INSN_SYSEXIT,
	PTM_INSN_INT,            /* INT n, INT3, INT1, INTO */
	PTM_INSN_IRET, PTM_INSN_UIRET, PTM_INSN_RSM,
	PTM_INSN_VMENTRY,        /* VMLAUNCH, VMRESUME */
	PTM_INSN_VMCALL,
	/* No change of flow, but packets of their own. */
	PTM_INSN_PTWRITE, PTM_INSN_MOV_CR3, PTM_INSN_XBEGIN, PTM_INSN_XEND, PTM_INSN_XABORT, PTM_INSN_MWAIT
} ptm_insn_class;

typedef struct ptm_insn {
	uint8_t length;          /* 1 to 15 bytes */
	uint8_t class;           /* enum ptm_insn_class */
	int32_t displacement;    /* of direct branches (JCC, LOOP, JUMP, CALL, XBEGIN): target = ip + length + displacement */
} ptm_insn;

/* Decodes the instruction at `code`. `mode`: enum ptm_insn_mode, PTM_MODE_AS_PERF added or not. PTM_TRUNCATED when `available` bytes are
 * not enough; PTM_BAD_DATA when no instruction starts like this. */
ptm_status ptm_insn_decode(const uint8_t *code, uint32_t available, uint8_t mode, ptm_insn *insn) PTM_MUST_CHECK;

/* True for every class that may change the flow (ends a block). */
static inline bool ptm_insn_is_branch(uint8_t class)
{
	return class >= PTM_INSN_JCC && class <= PTM_INSN_VMCALL;
}

/* Target of a direct branch at `ip`, truncated to the mode's address size. */
uint64_t ptm_insn_target(const ptm_insn *insn, uint64_t ip, uint8_t mode);

#endif
