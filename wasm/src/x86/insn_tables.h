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
	MB = M | I8, MZ = M | IZ, MG = M | G, XM = X | M
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
	/* d */  M,  M,  M,  M,  XI, P,  X,  0,  M,  M,  M,  M,  M,  M,  M,  M,
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
	/* 7 */  MB, MB, MB, MB, M,  M,  M,  0,  MG, M,  U,  U,  M,  M,  M,  M,
	/* 8 */  JN, JN, JN, JN, JN, JN, JN, JN, JN, JN, JN, JN, JN, JN, JN, JN,
	/* 9 */  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,
	/* a */  0,  0,  0,  M,  MB, M,  M,  M,  0,  0,  RM, M,  MB, M,  MG, M,
	/* b */  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  MG, M,  M,  M,  M,  M,
	/* c */  M,  M,  MB, M,  MB, MB, MB, MG, 0,  0,  0,  0,  0,  0,  0,  0,
	/* d */  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,
	/* e */  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,
	/* f */  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,  M,
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
