/* SPDX-License-Identifier: Apache-2.0 */
/* The one-byte and 0f opcode maps (Intel SDM vol. 2, appendix A), as far as an
 * instruction's length and branch class need them. Included by insn.c only. */
#ifndef PTM_X86_INSN_TABLES_H
#define PTM_X86_INSN_TABLES_H

#include "x86/insn.h"

/* What follows opcode, ModRM, SIB and displacement: bits 0-3 of an entry. */
enum {
	I0,   /* nothing */
	I8,   /* ib */
	I16,  /* iw */
	I24,  /* iw ib (ENTER) */
	I32,  /* id, whatever the operand size */
	IZ,   /* iw or id, by operand size */
	IV,   /* iw, id or io, by operand size (MOV) */
	IP,   /* ptr16:16 or ptr16:32 */
	IO,   /* an offset of the address size (MOV with moffs) */
	I64,  /* io (JMPABS) */
	R8,   /* cb: the displacement of a branch */
	RZ,   /* cw or cd by operand size, cd in 64-bit mode: likewise */
	RO    /* cw or cd by operand size in every mode (XBEGIN): likewise */
};
#define INSN_TAIL 0x000f

/* Bytes of each kind with a 16-, 32- and 64-bit operand (IO: address) size. */
static const uint8_t insn_tail_bytes[16][3] = {
	[I8] = { 1, 1, 1 }, [I16] = { 2, 2, 2 }, [I24] = { 3, 3, 3 }, [I32] = { 4, 4, 4 }, [IZ] = { 2, 4, 4 },
	[IV] = { 2, 4, 8 }, [IP] = { 4, 6, 6 }, [IO] = { 2, 4, 8 }, [I64] = { 8, 8, 8 },
	[R8] = { 1, 1, 1 }, [RZ] = { 2, 4, 4 }, [RO] = { 2, 4, 4 },
};

enum {
	M = 0x0010,   /* a ModRM byte follows */
	X = 0x0020,   /* undefined in 64-bit mode */
	U = 0x0040,   /* undefined */
	P = 0x0080,   /* a prefix or an escape: more opcode follows */
	G = 0x2000,   /* ModRM says more: see group() */
	MB = M | I8, MZ = M | IZ, MG = M | G, MF = MB | G
};
#define INSN_CLASS_SHIFT 8
#define CLASS(name) (PTM_INSN_##name << INSN_CLASS_SHIFT)
#define INSN_CLASS 0x1f00
_Static_assert(PTM_INSN_MWAIT < 32, "a class fits the five bits of an entry");

#define JC (R8 | CLASS(JCC))
#define LP (R8 | CLASS(LOOP))
#define JN (RZ | CLASS(JCC))
#define CL (RZ | CLASS(CALL))
#define JZ (RZ | CLASS(JUMP))
#define JB (R8 | CLASS(JUMP))
#define RT CLASS(RETURN)
#define RI (I16 | CLASS(RETURN))
#define FC (X | IP | CLASS(CALL_FAR))
#define FJ (X | IP | CLASS(JUMP_FAR))
#define FR CLASS(RETURN_FAR)
#define FI (I16 | CLASS(RETURN_FAR))
#define IN CLASS(INT)
#define IB (I8 | CLASS(INT))
#define IT (X | CLASS(INT))
#define IR CLASS(IRET)
#define XB (X | MB)
#define XI (X | I8)

static const uint16_t insn_one_byte[256] = {
	/*       0   1   2   3   4   5   6   7   8   9   a   b   c   d   e   f */
	/* 0 */  M,  M,  M,  M,  I8, IZ, X,  X,  M,  M,  M,  M,  I8, IZ, X,  P,
	/* 1 */  M,  M,  M,  M,  I8, IZ, X,  X,  M,  M,  M,  M,  I8, IZ, X,  X,
	/* 2 */  M,  M,  M,  M,  I8, IZ, P,  X,  M,  M,  M,  M,  I8, IZ, P,  X,
	/* 3 */  M,  M,  M,  M,  I8, IZ, P,  X,  M,  M,  M,  M,  I8, IZ, P,  X,
	/* 4 */  P,  P,  P,  P,  P,  P,  P,  P,  P,  P,  P,  P,  P,  P,  P,  P,
	/* 5 */  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,
	/* 6 */  X,  X,  P,  M,  P,  P,  P,  P,  IZ, MZ, I8, MB, 0,  0,  0,  0,
	/* 7 */  JC, JC, JC, JC, JC, JC, JC, JC, JC, JC, JC, JC, JC, JC, JC, JC,
	/* 8 */  MB, MZ, XB, MB, M,  M,  M,  M,  M,  M,  M,  M,  MG, MG, MG, P,
	/* 9 */  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  FC, 0,  0,  0,  0,  0,
	/* a */  IO, IO, IO, IO, 0,  0,  0,  0,  I8, IZ, 0,  0,  0,  0,  0,  0,
	/* b */  I8, I8, I8, I8, I8, I8, I8, I8, IV, IV, IV, IV, IV, IV, IV, IV,
	/* c */  MB, MB, RI, RT, P,  P,  MG, MG, I24,0,  FI, FR, IN, IB, IT, IR,
	/* d */  M,  M,  M,  M,  XI, P,  X,  0,  M,  MG, MG, MG, M,  MG, MG, MG,
	/* e */  LP, LP, LP, JC, I8, I8, I8, I8, CL, JZ, FJ, JB, 0,  0,  0,  0,
	/* f */  P,  IN, P,  P,  0,  0,  MG, MG, 0,  0,  0,  0,  0,  0,  MG, MG,
};

#define SC CLASS(SYSCALL)
#define SR CLASS(SYSRET)
#define SE CLASS(SYSENTER)
#define SX CLASS(SYSEXIT)
#define RM CLASS(RSM)

static const uint16_t insn_two_byte[256] = {
	/*       0   1   2   3   4   5   6   7   8   9   a   b   c   d   e   f */
	/* 0 */  MG, MG, M,  M,  U,  SC, 0,  SR, 0,  0,  U,  0,  U,  M,  0,  MB,
	/* 1 */  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,
	/* 2 */  MG, MG, MG, MG, U,  U,  U,  U,  M,  M,  M,  M,  M,  M,  M,  M,
	/* 3 */  0,  0,  0,  0,  SE, SX, U,  0,  P,  U,  P,  U,  U,  U,  U,  U,
	/* 4 */  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,
	/* 5 */  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,
	/* 6 */  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,
	/* 7 */  MB, MF, MF, MF, M,  M,  M,  0,  MG, M,  U,  U,  M,  M,  M,  M,
	/* 8 */  JN, JN, JN, JN, JN, JN, JN, JN, JN, JN, JN, JN, JN, JN, JN, JN,
	/* 9 */  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,
	/* a */  0,  0,  0,  M,  MB, M,  M,  M,  0,  0,  RM, M,  MB, M,  MG, M,
	/* b */  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  MG, M,  M,  M,  M,  M,
	/* c */  M,  M,  MB, M,  MB, MB, MB, MG, 0,  0,  0,  0,  0,  0,  0,  0,
	/* d */  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,
	/* e */  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,
	/* f */  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,
};

/* Which mandatory prefixes an opcode of the 0f, 0f38 and 0f3a maps has: bits
 * 0-3 none, 66, f3 and f2 with memory, bits 4-7 the same with a register.
 * 0: any in the 0f map (and what groups decide), undefined in the others. */
static const uint8_t insn_forms_0f[256] = {
	[0x13] = 0x03, [0x14 ... 0x15] = 0x33, [0x16] = 0x57, [0x12] = 0xdf, [0x17] = 0x03,
	[0x28 ... 0x29] = 0x33, [0x2b] = 0x0f, [0x2e ... 0x2f] = 0x33, [0x37] = 0x01,
	[0x50] = 0x30, [0x52 ... 0x53] = 0x55, [0x54 ... 0x57] = 0x33, [0x5b] = 0x77,
	[0x60 ... 0x6b] = 0x33, [0x6c ... 0x6d] = 0x22, [0x6e] = 0x33, [0x6f] = 0x77,
	[0x71 ... 0x73] = 0x30, [0x74 ... 0x76] = 0x33, [0x77] = 0x01, [0x78] = 0xb1, [0x79] = 0xb1,
	[0x7c ... 0x7d] = 0xaa, [0x7e ... 0x7f] = 0x77,
	[0xa6 ... 0xa7] = 0xf0, [0xb2] = 0x0f, [0xb4 ... 0xb5] = 0x0f, [0xb8] = 0x44, [0xc3] = 0x01, [0xc4] = 0x33, [0xc5] = 0x30, [0xc6] = 0x33,
	[0xd0] = 0xaa, [0xd1 ... 0xd5] = 0x33, [0xd6] = 0xe2, [0xd7] = 0x30, [0xd8 ... 0xe5] = 0x33,
	[0xe6] = 0xee, [0xe7] = 0x03, [0xe8 ... 0xef] = 0x33, [0xf0] = 0x08, [0xf1 ... 0xf6] = 0x33,
	[0xf7] = 0x30, [0xf8 ... 0xfe] = 0x33,
};
static const uint8_t insn_forms_38[256] = {
	[0x00 ... 0x0b] = 0x33, [0x10] = 0x22, [0x14 ... 0x15] = 0x22, [0x17] = 0x22, [0x1c ... 0x1e] = 0x33,
	[0x20 ... 0x25] = 0x22, [0x28 ... 0x29] = 0x22, [0x2a] = 0x02, [0x2b] = 0x22, [0x30 ... 0x35] = 0x22, [0x37 ... 0x3f] = 0x22,
	[0x40 ... 0x41] = 0x22, [0x80 ... 0x82] = 0x02, [0xc8 ... 0xcd] = 0x11, [0xcf] = 0x22,
	[0xd8] = 0x04, [0xdb] = 0x22, [0xdc] = 0x66, [0xdd ... 0xdf] = 0x26,
	[0xf0 ... 0xf1] = 0x8b, [0xf5] = 0x02, [0xf6] = 0x67, [0xf8] = 0xce, [0xf9] = 0x01, [0xfa ... 0xfb] = 0x40,
	[0xfc] = 0x0f,
};
static const uint8_t insn_forms_3a[256] = {
	[0x08 ... 0x0e] = 0x22, [0x0f] = 0x33, [0x14 ... 0x17] = 0x22, [0x20 ... 0x22] = 0x22, [0x40 ... 0x42] = 0x22,
	[0x44] = 0x22, [0x60 ... 0x63] = 0x22, [0xcc] = 0x11, [0xce ... 0xcf] = 0x22, [0xdf] = 0x22, [0xf0] = 0x40,
};

/* Undefined x87 opcodes d8-df: a bit per ModRM.reg with memory, and a bit per
 * ModRM byte c0-ff. */
static const uint8_t insn_x87_memory[8] = { [1] = 0x02, [3] = 0x50, [5] = 0x20 };
static const uint64_t insn_x87_registers[8] = {
	[1] = 0x000080cc00fe0000, [2] = 0xfffffdff00000000, [3] = 0xff0000e000000000,
	[5] = 0xffff000000000000, [6] = 0x00000000fd000000, [7] = 0xff0000fe00000000,
};

/* SIB and displacement bytes after a ModRM byte, by mod and rm; a SIB byte
 * without a base (mod 0) adds four more. */
static const uint8_t insn_modrm_bytes_16[32] = {
	0, 0, 0, 0, 0, 0, 2, 0, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 0, 0, 0, 0, 0, 0, 0, 0,
};
static const uint8_t insn_modrm_bytes_32[32] = {
	0, 0, 0, 0, 1, 4, 0, 0, 1, 1, 1, 1, 2, 1, 1, 1, 4, 4, 4, 4, 5, 4, 4, 4, 0, 0, 0, 0, 0, 0, 0, 0,
};

#endif
