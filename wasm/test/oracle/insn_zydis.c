/* SPDX-License-Identifier: Apache-2.0 */
/* Oracle test of the instruction decoder: length, validity, class and
 * displacement against Zydis 4.0 in 16-, 32- and 64-bit mode, on
 *   - every opcode of every map with every ModRM byte and usual prefixes,
 *   - random bytes, plain and shaped (COUNT of them; default 20 million),
 *   - the code of every ELF file named (default: what this process has loaded).
 *
 *   gcc -std=gnu11 -O2 -Iinclude -Isrc test/oracle/insn_zydis.c src/x86/insn.c -lZydis -lZycore -o insn_zydis
 *   ./insn_zydis [-n COUNT] [-s SEED] [ELF-FILE...]
 *
 * (Debian: libzydis-dev and libzycore-dev.) Exit code 1 on a disagreement that
 * explanation() does not name; those it names are counted and listed. */
#include "x86/insn.h"
#include <Zydis/Zydis.h>
#include <elf.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define LONGEST 15
#define SHOWN 40

static ZydisDecoder zydis[3];
static uint64_t code_instructions;

static void zydis_init(void)
{
	ZydisDecoderInit(&zydis[PTM_MODE_16], ZYDIS_MACHINE_MODE_LEGACY_16, ZYDIS_STACK_WIDTH_16);
	ZydisDecoderInit(&zydis[PTM_MODE_32], ZYDIS_MACHINE_MODE_LEGACY_32, ZYDIS_STACK_WIDTH_32);
	ZydisDecoderInit(&zydis[PTM_MODE_64], ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
}

/* ------------------------------------------------- what Zydis says, in our words */

static ptm_insn_class near_or_far(const ZydisDecodedInstruction *theirs, ptm_insn_class direct, ptm_insn_class indirect,
	ptm_insn_class far)
{
	if (theirs->meta.branch_type == ZYDIS_BRANCH_TYPE_FAR)
		return far;
	return theirs->raw.imm[0].is_relative ? direct : indirect;
}

static ptm_insn_class class_of(const ZydisDecodedInstruction *theirs)
{
	bool is_far = theirs->meta.branch_type == ZYDIS_BRANCH_TYPE_FAR;
	switch (theirs->mnemonic) {
	case ZYDIS_MNEMONIC_JMP:
		return near_or_far(theirs, PTM_INSN_JUMP, PTM_INSN_JUMP_INDIRECT, PTM_INSN_JUMP_FAR);
	case ZYDIS_MNEMONIC_CALL:
		return near_or_far(theirs, PTM_INSN_CALL, PTM_INSN_CALL_INDIRECT, PTM_INSN_CALL_FAR);
	case ZYDIS_MNEMONIC_RET: return is_far ? PTM_INSN_RETURN_FAR : PTM_INSN_RETURN;
	case ZYDIS_MNEMONIC_LOOP: case ZYDIS_MNEMONIC_LOOPE: case ZYDIS_MNEMONIC_LOOPNE: return PTM_INSN_LOOP;
	case ZYDIS_MNEMONIC_SYSCALL: return PTM_INSN_SYSCALL;
	case ZYDIS_MNEMONIC_SYSENTER: return PTM_INSN_SYSENTER;
	case ZYDIS_MNEMONIC_SYSRET: return PTM_INSN_SYSRET;
	case ZYDIS_MNEMONIC_SYSEXIT: return PTM_INSN_SYSEXIT;
	case ZYDIS_MNEMONIC_INT: case ZYDIS_MNEMONIC_INT1: case ZYDIS_MNEMONIC_INT3: case ZYDIS_MNEMONIC_INTO:
		return PTM_INSN_INT;
	case ZYDIS_MNEMONIC_IRET: case ZYDIS_MNEMONIC_IRETD: case ZYDIS_MNEMONIC_IRETQ: return PTM_INSN_IRET;
	case ZYDIS_MNEMONIC_UIRET: return PTM_INSN_UIRET;
	case ZYDIS_MNEMONIC_RSM: return PTM_INSN_RSM;
	case ZYDIS_MNEMONIC_VMLAUNCH: case ZYDIS_MNEMONIC_VMRESUME: case ZYDIS_MNEMONIC_SEAMRET: return PTM_INSN_VMENTRY;
	case ZYDIS_MNEMONIC_VMCALL: case ZYDIS_MNEMONIC_TDCALL: case ZYDIS_MNEMONIC_SEAMCALL: return PTM_INSN_VMCALL;
	case ZYDIS_MNEMONIC_PTWRITE: return PTM_INSN_PTWRITE;
	case ZYDIS_MNEMONIC_XBEGIN: return PTM_INSN_XBEGIN;
	case ZYDIS_MNEMONIC_XEND: return PTM_INSN_XEND;
	case ZYDIS_MNEMONIC_XABORT: return PTM_INSN_XABORT;
	case ZYDIS_MNEMONIC_MWAIT: return PTM_INSN_MWAIT;
	case ZYDIS_MNEMONIC_MOV:
		return theirs->opcode_map == ZYDIS_OPCODE_MAP_0F && theirs->opcode == 0x22 && theirs->raw.modrm.reg == 3
			? PTM_INSN_MOV_CR3 : PTM_INSN_OTHER;
	default: return theirs->meta.category == ZYDIS_CATEGORY_COND_BR ? PTM_INSN_JCC : PTM_INSN_OTHER;
	}
}


/* ------------------------------------------------------ explained disagreements */

typedef enum reason {
	AGREED,
	/* We decode, Zydis refuses: the instruction faults, so it never retires and
	 * no trace has it; its length and class would not change. */
	LOCKED,          /* LOCK on an instruction or form that may not have it; checked again without the LOCK */
	OPERANDS,        /* a register, mask or EVEX bit that does not exist (the address form is regular) */
	VECTOR_SLOT,     /* an empty slot of the VEX, EVEX and XOP maps: regular lengths, newer processors fill them */
	AMD_3DNOW,       /* a 3DNow! suffix byte that does not exist */
	GROUP_DETAIL,    /* prefix or form rules inside a group: see is_group_detail */
	/* We decode, Zydis refuses: Zydis 4.0 is older than the instruction. */
	REX2,            /* APX (d5 in 64-bit mode) */
	NEWER,           /* LKGS, ERETS, ERETU, URDMSR, UWRMSR, AADD and its sisters, WRMSRNS, PBNDKB and such */
	/* Both decode, differently. */
	KNIGHTS_CORNER,  /* JKZD and JKNZD (VEX 0f 74, 75, 84, 85), which no processor with a trace facility has */
	DISAGREED,
	REASONS
} reason;

static const char *const reason_names[REASONS] = {
	[LOCKED] = "LOCK that faults", [OPERANDS] = "operands that do not exist", [VECTOR_SLOT] = "empty VEX, EVEX or XOP slot",
	[AMD_3DNOW] = "3DNow! suffix", [GROUP_DETAIL] = "form within a group", [REX2] = "REX2, newer than Zydis 4.0",
	[NEWER] = "opcode newer than Zydis 4.0", [KNIGHTS_CORNER] = "Knights Corner JKZD, JKNZD",
};

static uint64_t counts[REASONS];
static uint64_t shown;

static bool is_prefix_byte(uint8_t byte, ptm_insn_mode mode)
{
	switch (byte) {
	case 0x26: case 0x2e: case 0x36: case 0x3e: case 0x64: case 0x65: case 0x66: case 0x67: case 0xf0: case 0xf2: case 0xf3:
		return true;
	default: return mode == PTM_MODE_64 && (byte & 0xf0) == 0x40;
	}
}

static uint32_t prefixes_of(const uint8_t *code, ptm_insn_mode mode)
{
	uint32_t count = 0;
	while (count < LONGEST && is_prefix_byte(code[count], mode))
		count++;
	return count;
}

static bool is_vector(const uint8_t *opcode, ptm_insn_mode mode)
{
	bool escapes = mode == PTM_MODE_64 || opcode[1] >= 0xc0;
	return (escapes && (opcode[0] == 0x62 || opcode[0] == 0xc4 || opcode[0] == 0xc5)) ||
		(opcode[0] == 0x8f && (opcode[1] & 0x1f) >= 8);
}

/* Opcodes whose groups we know less finely than Zydis. */
static bool is_group_detail(const uint8_t *opcode)
{
	if (opcode[1] == 0x38)
		return opcode[2] == 0xd8;                /* AESENCWIDE128KL's sisters: ModRM.reg */
	if (opcode[1] == 0x3a)
		return opcode[2] == 0xf0;                /* HRESET: ModRM is c0 */
	switch (opcode[1]) {
	case 0x01:                                       /* NP, 66, f2, f3 of the register forms */
	case 0x1a: case 0x1b:                            /* MPX does not exist in 16-bit mode; elsewhere a NOP */
	case 0x78:                                       /* EXTRQ: /0 */
	case 0xa6: case 0xa7:                            /* VIA: which ModRM byte, f3 */
	case 0xae: case 0xc7: return true;               /* mandatory prefix and mode by ModRM.reg */
	default: return false;
	}
}

static bool is_newer(const uint8_t *opcode)
{
	if (opcode[1] == 0x00)
		return true;
	if (opcode[1] == 0x01)
		return opcode[2] == 0xc6 || opcode[2] == 0xc7 || opcode[2] == 0xca;
	return opcode[1] == 0x38 && (opcode[2] == 0xf8 || opcode[2] == 0xfc);
}

static reason refused_by_zydis(const uint8_t *code, ptm_insn_mode mode, ZyanStatus status)
{
	const uint8_t *opcode = code + prefixes_of(code, mode);
	switch (status) {
	case ZYDIS_STATUS_BAD_REGISTER: case ZYDIS_STATUS_INVALID_MASK: case ZYDIS_STATUS_MALFORMED_EVEX: return OPERANDS;
	case ZYDIS_STATUS_NO_MORE_DATA:  /* the displacement that only Knights Corner has is cut off */
		return is_vector(opcode, mode) && opcode[0] == 0xc5 && (opcode[2] & 0xfe) == 0x84 ? KNIGHTS_CORNER : DISAGREED;
	case ZYDIS_STATUS_INVALID_MAP: return is_vector(opcode, mode) ? VECTOR_SLOT : DISAGREED;
	case ZYDIS_STATUS_DECODING_ERROR: break;
	default: return DISAGREED;
	}
	if (is_vector(opcode, mode))
		return VECTOR_SLOT;
	if (opcode[0] == 0xd5 && mode == PTM_MODE_64)
		return REX2;
	if (opcode[0] != 0x0f)
		return DISAGREED;
	return opcode[1] == 0x0f ? AMD_3DNOW : is_newer(opcode) ? NEWER : is_group_detail(opcode) ? GROUP_DETAIL : DISAGREED;
}

static bool is_knights_corner(const ZydisDecodedInstruction *theirs)
{
	return theirs->mnemonic == ZYDIS_MNEMONIC_JKZD || theirs->mnemonic == ZYDIS_MNEMONIC_JKNZD;
}

/* ----------------------------------------------------------------- comparison */

static reason compared(const uint8_t *code, uint32_t available, ptm_insn_mode mode)
{
	ptm_insn ours = { 0 };
	ZydisDecodedInstruction theirs;
	ptm_status our_status = ptm_insn_decode(code, available, mode, &ours);
	ZyanStatus their_status = ZydisDecoderDecodeInstruction(&zydis[mode], ZYAN_NULL, code, available, &theirs);
	if (our_status != PTM_OK)
		return ZYAN_SUCCESS(their_status) ? is_knights_corner(&theirs) ? KNIGHTS_CORNER : DISAGREED : AGREED;
	if (ZYAN_SUCCESS(their_status)) {
		int64_t displacement = theirs.raw.imm[0].is_relative ? theirs.raw.imm[0].value.s : 0;
		if (ours.length == theirs.length && ours.class == class_of(&theirs) && ours.displacement == displacement)
			return AGREED;
		return is_knights_corner(&theirs) ? KNIGHTS_CORNER : DISAGREED;
	}
	if (their_status != ZYDIS_STATUS_ILLEGAL_LOCK)
		return refused_by_zydis(code, mode, their_status);
	uint8_t unlocked[64];
	memcpy(unlocked, code, available);
	for (uint32_t i = 0, count = prefixes_of(code, mode); i < count; i++)
		if (unlocked[i] == 0xf0)
			unlocked[i] = 0x2e;
	reason without = compared(unlocked, available, mode);
	return without == AGREED ? LOCKED : without;
}

/* Compares one instruction and counts the outcome; prints the first disagreements. */
static void compare(const uint8_t *code, uint32_t available, ptm_insn_mode mode)
{
	reason why = compared(code, available, mode);
	counts[why]++;
	if (why != DISAGREED || shown++ >= SHOWN)
		return;
	ptm_insn ours = { 0 };
	ZydisDecodedInstruction theirs = { 0 };
	ptm_status our_status = ptm_insn_decode(code, available, mode, &ours);
	ZyanStatus their_status = ZydisDecoderDecodeInstruction(&zydis[mode], ZYAN_NULL, code, available, &theirs);
	fprintf(stderr, "%d-bit:", 16 << mode);
	for (uint32_t i = 0; i < available && i < LONGEST; i++)
		fprintf(stderr, " %02x", code[i]);
	fprintf(stderr, ": status %d length %u class %u displacement %d; Zydis status %" PRIx32 " length %u class %d %s\n",
		our_status, ours.length, ours.class, ours.displacement, their_status, theirs.length, class_of(&theirs),
		ZYAN_SUCCESS(their_status) ? ZydisMnemonicGetString(theirs.mnemonic) : "-");
}

/* ------------------------------------------------------------------ the inputs */

static uint64_t random_state = 88172645463325252u;

static uint64_t random_64(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return random_state * 0x2545f4914f6cdd1du;
}

static void random_bytes(uint8_t *bytes)
{
	for (int i = 0; i < 4; i++) {
		uint64_t value = random_64();
		memcpy(bytes + 8 * i, &value, 8);
	}
}

/* `lead` bytes, then every opcode with every ModRM byte. */
static void every_opcode(const uint8_t *lead, uint32_t count, ptm_insn_mode mode)
{
	uint8_t code[32];
	random_bytes(code);
	memcpy(code, lead, count);
	for (uint32_t i = 0; i < 0x10000; i++) {
		code[count] = (uint8_t)(i >> 8);
		code[count + 1] = (uint8_t)i;
		code[count + 2] = (uint8_t)(i * 7);  /* SIB, with and without a base */
		compare(code, sizeof code, mode);
	}
}

static void every_legacy_opcode(void)
{
	static const uint8_t prefixes[][3] = {
		{ 0 }, { 1, 0x66 }, { 1, 0x67 }, { 1, 0xf2 }, { 1, 0xf3 }, { 1, 0x48 }, { 2, 0x66, 0x48 }, { 2, 0xf3, 0x4f }, { 2, 0x66, 0xf2 },
	};
	static const uint8_t escapes[][3] = { { 0 }, { 1, 0x0f }, { 2, 0x0f, 0x38 }, { 2, 0x0f, 0x3a } };
	for (ptm_insn_mode mode = PTM_MODE_16; mode <= PTM_MODE_64; mode++)
		for (uint32_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
			for (uint32_t j = 0; j < sizeof escapes / sizeof *escapes; j++) {
				uint8_t lead[4];
				memcpy(lead, prefixes[i] + 1, prefixes[i][0]);
				memcpy(lead + prefixes[i][0], escapes[j] + 1, escapes[j][0]);
				every_opcode(lead, prefixes[i][0] + escapes[j][0], mode);
			}
}

static void every_vector_opcode(void)
{
	for (uint8_t map = 1; map <= 3; map++)
		for (uint8_t low = 0; low < 16; low++)  /* L and pp, W */
			every_opcode((uint8_t[]){ 0xc4, 0xe0 | map, 0x78 | (low & 7) | (low & 8) << 4 }, 3, PTM_MODE_64);
	for (uint8_t map = 1; map <= 6; map++)
		for (uint8_t low = 0; low < 8; low++)
			every_opcode((uint8_t[]){ 0x62, 0xf0 | map, 0x7c | (low & 3) | (low & 4) << 5, 0x48 }, 4, PTM_MODE_64);
	for (uint8_t map = 8; map <= 10; map++)
		every_opcode((uint8_t[]){ 0x8f, 0xe0 | map, 0x78 }, 3, PTM_MODE_64);
}

/* Random bytes; half of the time shaped to reach the longer encodings. */
static void random_case(void)
{
	static const uint8_t prefixes[] = { 0x66, 0x67, 0xf2, 0xf3, 0xf0, 0x2e, 0x64, 0x48, 0x44, 0x41, 0x66, 0xf3, 0xf2 };
	uint8_t code[32];
	random_bytes(code);
	uint64_t shape = random_64();
	ptm_insn_mode mode = (shape >> 32) % 3;
	uint32_t at = 0;
	if (shape & 1) {
		for (uint32_t count = shape >> 1 & 3; at < count; at++)
			code[at] = prefixes[(shape >> (40 + 5 * at)) % sizeof prefixes];
		switch (shape >> 4 & 7) {
		case 0: code[at] = 0x0f; break;
		case 1: code[at] = 0x0f; code[at + 1] = 0x38; break;
		case 2: code[at] = 0x0f; code[at + 1] = 0x3a; break;
		case 3: code[at] = 0xc5; break;
		case 4: code[at] = 0xc4; code[at + 1] &= 0xe3; break;
		case 5: code[at] = 0x62; code[at + 1] &= 0xf7; code[at + 2] |= 4; break;
		case 6: code[at] = 0x0f; code[at + 1] = 0x01; break;
		default: break;
		}
	}
	compare(code, (shape >> 8 & 15) == 0 ? shape >> 12 & 15 : sizeof code, mode);
}

static void sweep(const uint8_t *code, uint64_t size, ptm_insn_mode mode)
{
	ZydisDecodedInstruction theirs;
	for (uint64_t at = 0; at < size; code_instructions++) {
		uint8_t window[32] = { 0 };
		uint32_t available = size - at < sizeof window ? (uint32_t)(size - at) : sizeof window;
		memcpy(window, code + at, available);
		compare(window, available, mode);
		ZyanStatus status = ZydisDecoderDecodeInstruction(&zydis[mode], ZYAN_NULL, window, available, &theirs);
		at += ZYAN_SUCCESS(status) ? theirs.length : 1;
	}
}

#define SWEEP_SECTIONS(Ehdr, Shdr, mode)                                                                          \
	do {                                                                                                      \
		const Ehdr *header = file;                                                                        \
		if (header->e_shoff > size || header->e_shnum > (size - header->e_shoff) / sizeof(Shdr))          \
			return;                                                                                   \
		const Shdr *sections = (const void *)((const char *)file + header->e_shoff);                      \
		for (uint32_t i = 0; i < header->e_shnum; i++) {                                                  \
			const Shdr *s = &sections[i];                                                             \
			if (s->sh_type == SHT_PROGBITS && s->sh_flags & SHF_EXECINSTR && s->sh_offset <= size &&   \
				s->sh_size <= size - s->sh_offset)                                                \
				sweep((const uint8_t *)file + s->sh_offset, s->sh_size, mode);                    \
		}                                                                                                 \
	} while (0)

static void sweep_elf(const void *file, uint64_t size)
{
	const unsigned char *ident = file;
	if (size < sizeof(Elf64_Ehdr) || memcmp(ident, ELFMAG, SELFMAG))
		return;
	uint16_t machine = ((const Elf64_Ehdr *)file)->e_machine;
	if (ident[EI_CLASS] == ELFCLASS64 && machine == EM_X86_64)
		SWEEP_SECTIONS(Elf64_Ehdr, Elf64_Shdr, PTM_MODE_64);
	else if (ident[EI_CLASS] == ELFCLASS32 && machine == EM_386)
		SWEEP_SECTIONS(Elf32_Ehdr, Elf32_Shdr, PTM_MODE_32);
}

static void sweep_file(const char *path)
{
	struct stat status;
	int handle = open(path, O_RDONLY);
	if (handle >= 0 && !fstat(handle, &status) && S_ISREG(status.st_mode) && status.st_size > 0) {
		void *file = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, handle, 0);
		if (file != MAP_FAILED) {
			sweep_elf(file, (uint64_t)status.st_size);
			munmap(file, (size_t)status.st_size);
		}
	}
	if (handle >= 0)
		close(handle);
}

/* The files whose code this process maps: the C library, Zydis, itself. */
static void sweep_own_files(void)
{
	char line[4352];
	FILE *maps = fopen("/proc/self/maps", "r");
	while (maps && fgets(line, sizeof line, maps)) {
		char *path = strchr(line, '/');
		if (!path || !strstr(line, " r-xp "))
			continue;
		path[strcspn(path, "\n")] = 0;
		sweep_file(path);
	}
	if (maps)
		fclose(maps);
}

int main(int count, char **arguments)
{
	uint64_t random_cases = 20000000;
	int option;
	while ((option = getopt(count, arguments, "n:s:")) != -1) {
		if (option == 'n')
			random_cases = strtoull(optarg, NULL, 0);
		else if (option == 's')
			random_state = strtoull(optarg, NULL, 0) * 2 + 1;
		else
			return 2;
	}
	zydis_init();
	every_legacy_opcode();
	every_vector_opcode();
	for (uint64_t i = 0; i < random_cases; i++)
		random_case();
	for (int i = optind; i < count; i++)
		sweep_file(arguments[i]);
	if (optind == count)
		sweep_own_files();
	uint64_t explained = 0;
	for (int i = AGREED + 1; i < DISAGREED; i++) {
		printf("insn_zydis: %" PRIu64 " explained: %s\n", counts[i], reason_names[i]);
		explained += counts[i];
	}
	printf("insn_zydis: %" PRIu64 " of real code; %" PRIu64 " explained in all\n", code_instructions, explained);
	printf("insn_zydis: %" PRIu64 " passed, %" PRIu64 " failed\n", counts[AGREED], counts[DISAGREED]);
	return counts[DISAGREED] ? 1 : 0;
}
