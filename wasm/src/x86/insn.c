/* SPDX-License-Identifier: Apache-2.0 */
/* Length and branch class of one x86 instruction, from tables. Intel's reading
 * where processors differ (0x66 does not shorten near branches in 64-bit mode).
 *
 * Undefined opcodes are refused where the opcode maps have holes: the one-byte
 * and 0f maps, their groups, and the legacy 0f38 and 0f3a maps. VEX, EVEX, XOP
 * and REX2 encodings are regular, so an undefined slot there gets the length
 * that every instruction of its map has: processors newer than this file fill
 * those slots. Operand checks that do not change the length are left out. */
#include "x86/insn_tables.h"
#include <string.h>

#define LONGEST 15

/* The instruction's bytes so far. Reading runs at most READ_AHEAD bytes past
 * the start: 15 prefixes, opcode, ModRM, SIB and a displacement. */
#define READ_AHEAD 32
typedef struct head {
	const uint8_t *code;
	uint32_t at;            /* bytes read: prefixes and opcode */
	ptm_insn_mode mode;
	uint32_t map;           /* 0: one-byte, 1: 0f; groups of these maps only */
	uint8_t opcode;
	uint8_t rex;            /* 0 without; bit 3 is W, bit 2 is R */
	uint8_t forms;          /* see insn_forms_0f; 0: no matter */
	uint8_t repeat;         /* the last of f2 and f3; 0 without */
	bool operand, address;  /* 66 and 67 */
	bool lock;
	bool loose;             /* PTM_MODE_AS_PERF, and an opcode where that matters */
} head;

static inline uint32_t mod_of(uint8_t modrm) { return modrm >> 6; }
static inline uint32_t reg_of(uint8_t modrm) { return modrm >> 3 & 7; }

/* 0: none, 1: 66, 2: f3, 3: f2. */
static inline uint32_t mandatory_prefix(const head *h)
{
	return h->repeat ? (h->repeat == 0xf3 ? 2 : 3) : h->operand;
}

/* Whether a 0f, 0f38 or 0f3a opcode exists with these prefixes and ModRM byte. */
static inline bool is_form(const head *h, uint8_t forms, bool registers)
{
	return forms >> (mandatory_prefix(h) + (registers ? 4 : 0)) & 1;
}

/* 0f 01: system instructions, most of them register forms of their own. */
static uint16_t system_group(const head *h, uint8_t modrm)
{
	if (mod_of(modrm) != 3)
		return reg_of(modrm) == 5 && h->repeat != 0xf3 ? U : M;
	bool plain = !h->repeat && !h->operand;
	bool only_66 = !h->repeat && h->operand;
	switch (modrm) {
	case 0xc1: return plain ? M | CLASS(VMCALL) : U;
	case 0xc2: case 0xc3: return plain ? M | CLASS(VMENTRY) : U;
	case 0xc7: return plain ? M : U;                               /* PBNDKB */
	case 0xc9: return plain ? M | CLASS(MWAIT) : U;
	case 0xca: return h->repeat ? M | CLASS(IRET) : M;             /* ERETS, ERETU; CLAC */
	case 0xcc: return only_66 ? M | CLASS(VMCALL) : U;             /* TDCALL */
	case 0xcd: return only_66 ? M | CLASS(VMENTRY) : U;            /* SEAMRET */
	case 0xcf: return only_66 ? M | CLASS(VMCALL) : M;             /* SEAMCALL; ENCLS */
	case 0xd5: return plain ? M | CLASS(XEND) : U;
	case 0xec: return h->repeat == 0xf3 && h->mode == PTM_MODE_64 ? M | CLASS(UIRET) : U;
	case 0xd2: case 0xd3: case 0xeb: return U;
	default: return M;
	}
}

/* 0f ae: saving and restoring state, fences, and what mandatory prefixes added. */
static uint16_t state_group(const head *h, uint8_t modrm)
{
	static const uint8_t memory[4] = { 0xff, 0xc0, 0x50, 0x00 }, registers[4] = { 0xe0, 0x40, 0x7f, 0x40 };
	uint32_t reg = reg_of(modrm), prefix = mandatory_prefix(h);
	if (!((mod_of(modrm) == 3 ? registers : memory)[prefix] >> reg & 1))
		return U;
	return reg == 4 && prefix == 2 ? M | CLASS(PTWRITE) : M;
}

static uint16_t x87(uint32_t escape, uint8_t modrm)
{
	if (mod_of(modrm) == 3)
		return insn_x87_registers[escape] >> (modrm & 0x3f) & 1 ? U : M;
	return insn_x87_memory[escape] >> reg_of(modrm) & 1 ? U : M;
}

/* ff: INC, DEC, CALL, JMP, PUSH. */
static uint16_t indirect_group(uint8_t modrm)
{
	switch (reg_of(modrm)) {
	case 2: return M | CLASS(CALL_INDIRECT);
	case 3: return mod_of(modrm) == 3 ? U : M | CLASS(CALL_FAR);
	case 4: return M | CLASS(JUMP_INDIRECT);
	case 5: return mod_of(modrm) == 3 ? U : M | CLASS(JUMP_FAR);
	case 7: return U;
	default: return M;
	}
}

/* MOV to and from control registers: 0, 2, 3, 4 and 8 exist. */
static uint16_t control_register(const head *h, uint8_t modrm)
{
	uint32_t reg = reg_of(modrm) | (h->rex & 4) << 1;
	if (!(0x11d >> reg & 1))
		return U;
	return h->opcode == 0x22 && reg == 3 ? M | CLASS(MOV_CR3) : M;
}

/* The entry of an opcode that ModRM extends, per its ModRM byte. */
static uint16_t group(const head *h, uint8_t modrm)
{
	uint32_t reg = reg_of(modrm);
	bool registers = mod_of(modrm) == 3;
	switch (h->map << 8 | h->opcode) {
	case 0x08c: return reg < 6 ? M : U;
	case 0x08d: return registers ? U : M;
	case 0x08e: return reg < 6 && reg != 1 ? M : U;
	case 0x0c6: return reg == 0 ? MB : modrm == 0xf8 ? MB | CLASS(XABORT) : U;
	case 0x0c7: return reg == 0 ? MZ : modrm == 0xf8 ? M | RO | CLASS(XBEGIN) : U;
	case 0x0f6: return reg < 2 ? MB : M;
	case 0x0f7: return reg < 2 ? MZ : M;
	case 0x0fe: return reg < 2 ? M : U;
	case 0x0ff: return indirect_group(modrm);
	case 0x0d9: case 0x0da: case 0x0db: case 0x0dd: case 0x0de: case 0x0df: return x87(h->opcode & 7, modrm);
	case 0x100: return reg < 6 || (reg == 6 && h->repeat == 0xf2) ? M : U;
	case 0x101: return system_group(h, modrm);
	case 0x120: case 0x122: return control_register(h, modrm);
	case 0x121: case 0x123: return M;
	case 0x178: return mandatory_prefix(h) ? M | I16 : M;               /* EXTRQ, INSERTQ: ib ib */
	case 0x171: case 0x172: return 0x54 >> reg & 1 ? MB : U;
	case 0x173: return (h->operand ? 0xcc : 0x44) >> reg & 1 ? MB : U;
	case 0x1ae: return state_group(h, modrm);
	case 0x1ba: return reg >= 4 ? MB : U;
	case 0x1c7: return (registers ? 0xc0 : 0xfa) >> reg & 1 ? M : U;
	default: return U;
	}
}

/* The entry of an undefined opcode that ModRM extends: it is as long as its neighbours. */
static uint16_t loose_group(const head *h, uint8_t modrm)
{
	uint32_t reg = reg_of(modrm);
	switch (h->map << 8 | h->opcode) {
	case 0x0c6: case 0x171: case 0x172: case 0x173: case 0x1ba: return MB;
	case 0x0c7: return MZ;
	case 0x0ff: return reg == 3 ? M | CLASS(CALL_FAR) : reg == 5 ? M | CLASS(JUMP_FAR) : M;
	default: return M;
	}
}

/* The entry of a VEX, XOP or EVEX opcode by its map: the maps are regular. */
static uint16_t vector_entry(uint32_t map, uint8_t opcode)
{
	switch (map) {
	case 1:
		if (opcode == 0x77)
			return 0;
		return (opcode & 0xfc) == 0x70 || (opcode >= 0xc4 && opcode <= 0xc6) || opcode == 0xc2 ? MB : M;
	case 3: case 8: return MB;
	case 7: case 10: return M | I32;
	case 2: case 5: case 6: case 9: return M;
	default: return U;
	}
}

/* The entry of an opcode in EVEX map 4: one-byte and 0f opcodes that APX promotes. */
static uint16_t promoted_entry(uint8_t opcode)
{
	switch (opcode) {
	case 0x24: case 0x2c: case 0x6b: case 0x80: case 0x83: case 0xc0: case 0xc1: return MB;
	case 0x69: case 0x81: return MZ;
	case 0xf6: case 0xf7: return MG;
	default: return M;
	}
}

static bool is_vector_prefix_allowed(const head *h)
{
	return !h->rex && !h->repeat && !h->operand && !h->lock;
}

/* c4 and c5 (VEX, maps to 7) and 8f (XOP, maps from 8). */
static uint16_t vex_entry(head *h)
{
	if (!is_vector_prefix_allowed(h))
		return U;
	uint32_t map = h->opcode == 0xc5 ? 1 : h->code[h->at++] & 0x1f;
	if ((h->opcode == 0x8f) != (map >= 8) || map == 6)
		return U;
	h->at++;
	return vector_entry(map, h->code[h->at++]);
}

static uint16_t evex_entry(head *h)
{
	if (!is_vector_prefix_allowed(h))
		return U;
	const uint8_t *payload = h->code + h->at;
	uint32_t map = payload[0] & 7;
	h->at += 3;
	h->opcode = h->code[h->at++];
	if (map != 4)
		return vector_entry(map, h->opcode);
	h->map = 0;
	h->rex = payload[1] & 0x80 ? 8 : 0;
	h->operand = (payload[1] & 3) == 1;
	return h->mode == PTM_MODE_64 ? promoted_entry(h->opcode) : U;
}

/* d5 in 64-bit mode: REX2, then an opcode of the one-byte or 0f map. */
static uint16_t rex2_entry(head *h)
{
	uint8_t payload = h->code[h->at++];
	if (h->rex)
		return U;
	h->rex = 0x40 | (payload & 0x0f);
	h->map = payload >> 7;
	h->opcode = h->code[h->at++];
	uint32_t row = h->opcode >> 4;
	if (h->map) {
		h->forms = insn_forms_0f[h->opcode];
		return row == 3 || row == 8 ? U : insn_two_byte[h->opcode];
	}
	if (h->opcode == 0xa1)  /* a TIP packet follows it, as if it were indirect */
		return payload & 8 || h->operand || h->address || h->repeat || h->lock ? U : I64 | CLASS(JUMP_INDIRECT);
	if (row == 4 || row == 7 || row == 0xa || row == 0xe)
		return U;
	uint16_t entry = insn_one_byte[h->opcode];
	return entry & P ? U : entry;
}

static uint16_t two_byte_entry(head *h)
{
	h->map = 1;
	h->opcode = h->code[h->at++];
	if (h->opcode != 0x38 && h->opcode != 0x3a) {
		h->forms = insn_forms_0f[h->opcode];
		return insn_two_byte[h->opcode];
	}
	bool is_38 = h->opcode == 0x38;
	uint8_t opcode = h->code[h->at++];
	h->map = 2;
	h->forms = (is_38 ? insn_forms_38 : insn_forms_3a)[opcode];
	return !h->forms ? U : is_38 ? M : MB;
}

/* The entry behind an escape or an opcode that is one in some modes only. */
static uint16_t escape_entry(head *h)
{
	bool long_mode = h->mode == PTM_MODE_64;
	uint8_t next = h->code[h->at];
	bool registers = mod_of(next) == 3;
	if (h->opcode == 0x0f)
		return two_byte_entry(h);
	if (h->loose && (h->opcode == 0x8f || h->opcode == 0xd5)) /* neither XOP nor REX2 */
		return h->opcode == 0x8f ? M : I8;
	h->loose = false;
	switch (h->opcode) {
	case 0x62: return long_mode || registers ? evex_entry(h) : M;                /* BOUND */
	case 0x8f: return (next & 0x1f) >= 8 ? vex_entry(h) : reg_of(next) ? U : M;  /* POP */
	case 0xc4: return long_mode || registers ? vex_entry(h) : M;                 /* LES */
	case 0xc5: return long_mode || registers ? vex_entry(h) : M;                 /* LDS */
	case 0xd5: return long_mode ? rex2_entry(h) : I8;                            /* AAD */
	default: return 0;                                                           /* 40-4f: INC, DEC */
	}
}

/* Takes one prefix. False when `byte` is an escape or an opcode instead. */
static inline bool take_prefix(head *h, uint8_t byte)
{
	if ((byte & 0xf0) == 0x40) {
		h->rex = byte;
		return h->mode == PTM_MODE_64;
	}
	switch (byte) {
	case 0x26: case 0x2e: case 0x36: case 0x3e: case 0x64: case 0x65: break;
	case 0x66: h->operand = true; break;
	case 0x67: h->address = true; break;
	case 0xf0: h->lock = true; break;
	case 0xf2: case 0xf3: h->repeat = byte; break;
	default: return false;
	}
	h->rex = 0;  /* REX counts only right before the opcode */
	return true;
}

static inline uint32_t modrm_bytes(const uint8_t *at, bool address_16)
{
	uint8_t modrm = at[0];
	uint32_t form = (modrm >> 3 & 0x18) | (modrm & 7);
	if (address_16)
		return 1 + insn_modrm_bytes_16[form];
	return 1 + insn_modrm_bytes_32[form] + (form == 4 && (at[1] & 7) == 5 ? 4 : 0);
}

static inline int32_t displacement_at(const uint8_t *at, uint32_t bytes)
{
	if (bytes == 1)
		return (int8_t)at[0];
	uint32_t low = at[0] | (uint32_t)at[1] << 8;
	return bytes == 2 ? (int16_t)low : (int32_t)(low | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24);
}

/* Sizes as columns of insn_tail_bytes: 0 is 16 bits, 1 is 32, 2 is 64. */
static inline uint32_t address_size(const head *h)
{
	return h->mode == PTM_MODE_64 ? 2 - h->address : (h->mode == PTM_MODE_32) ^ h->address;
}

static inline uint32_t operand_size(const head *h)
{
	if (h->mode != PTM_MODE_64)
		return (h->mode == PTM_MODE_32) ^ h->operand;
	return h->rex & 8 ? 2 : 1 - h->operand;
}

static inline uint32_t tail_size(const head *h, uint32_t tail)
{
	if (tail == IO)
		return address_size(h);
	return tail == RZ && h->mode == PTM_MODE_64 ? 1 : operand_size(h);
}

/* Takes prefixes and opcode; returns the opcode's entry, U after too many. */
static inline uint16_t take_opcode(head *h)
{
	while (h->at < LONGEST) {
		h->opcode = h->code[h->at++];
		uint16_t entry = insn_one_byte[h->opcode];
		if (!(entry & P))
			return entry;
		if (!take_prefix(h, h->opcode))
			return escape_entry(h);
	}
	return U;
}

/* Decodes from READ_AHEAD readable bytes. Returns the length (which may exceed
 * LONGEST), or minus the number of bytes that show there is no instruction. */
static int decode(const uint8_t *code, uint8_t mode, ptm_insn *insn)
{
	head h = { .code = code, .mode = mode & ~PTM_MODE_AS_PERF, .loose = mode & PTM_MODE_AS_PERF };
	uint16_t entry = take_opcode(&h);
	uint32_t length = h.at;
	if (h.loose)
		entry = entry & U ? 0 : entry & ~X;
	else if (entry & (U | X) && (entry & U || h.mode == PTM_MODE_64))
		return -(int)length;
	if (h.forms && !h.loose && !is_form(&h, h.forms, entry & M && mod_of(code[length]) == 3))
		return -(int)length - 1;
	if (entry & M) {
		bool is_register_move = h.map == 1 && (h.opcode & 0xfc) == 0x20;  /* MOV CR, DR: mod is ignored */
		if (entry & G)
			entry = group(&h, code[length]);
		if (entry & U && h.loose)
			entry = loose_group(&h, code[length]);
		if (entry & U)
			return -(int)length - 1;
		length += is_register_move ? 1 : modrm_bytes(code + length, address_size(&h) == 0);
	}
	uint32_t tail = entry & INSN_TAIL;
	uint32_t tail_bytes = tail ? insn_tail_bytes[tail][tail_size(&h, tail)] : 0;
	insn->class = (entry & INSN_CLASS) >> INSN_CLASS_SHIFT;
	insn->displacement = tail >= R8 ? displacement_at(code + length, tail_bytes) : 0;
	return (int)(length + tail_bytes);
}

ptm_status ptm_insn_decode(const uint8_t *code, uint32_t available, uint8_t mode, ptm_insn *insn)
{
	uint8_t padded[READ_AHEAD] = { 0 };
	if (available < READ_AHEAD) {
		memcpy(padded, code, available);
		code = padded;
	}
	int length = decode(code, mode, insn);
	uint32_t seen = (uint32_t)(length < 0 ? -length : length);
	if (seen > available && available < LONGEST)
		return PTM_TRUNCATED;
	if (length < 0 || length > LONGEST)
		return PTM_BAD_DATA;
	insn->length = (uint8_t)length;
	return PTM_OK;
}

/* A near branch with 0x66 in 32-bit code would also cut its target to 16 bits;
 * ptm_insn does not tell, and nothing made for 32-bit systems branches so. */
uint64_t ptm_insn_target(const ptm_insn *insn, uint64_t ip, uint8_t mode)
{
	static const uint64_t masks[] = { 0xffff, 0xffffffff, UINT64_MAX };
	return (ip + insn->length + (uint64_t)(int64_t)insn->displacement) & masks[mode & ~PTM_MODE_AS_PERF];
}
