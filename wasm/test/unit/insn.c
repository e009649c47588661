/* SPDX-License-Identifier: Apache-2.0 */
/* Length and branch class of single instructions, written as text:
 * "mode: bytes" -> "length class displacement". The broad check is the oracle. */
#include "check.h"
#include "x86/insn.h"
#include <stdlib.h>

static const char *const class_names[] = {
	"other", "jcc", "loop", "jump", "call", "jump-indirect", "call-indirect", "return", "jump-far", "call-far",
	"return-far", "syscall", "sysenter", "sysret", "sysexit", "int", "iret", "uiret", "rsm", "vmentry", "vmcall",
	"ptwrite", "mov-cr3", "xbegin", "xend", "xabort", "mwait",
};

static uint32_t bytes_of(const char *text, uint8_t *bytes)
{
	uint32_t count = 0;
	char *end;
	while (count < 24) {
		unsigned long byte = strtoul(text, &end, 16);
		if (end == text)
			break;
		bytes[count++] = (uint8_t)byte;
		text = end;
	}
	return count;
}

/* Decodes "64: e8 00 00 00 00" and describes the answer. Exactly the given
 * bytes are readable, so that the sanitizer sees a read past them. */
static const char *decoded(const char *text)
{
	static char answer[64];
	ptm_insn insn;
	uint8_t bytes[24];
	int bits = atoi(text);
	uint8_t mode = bits == 16 ? PTM_MODE_16 : bits == 32 ? PTM_MODE_32 : PTM_MODE_64;
	mode |= bits == 6 ? PTM_MODE_AS_PERF : 0;
	uint32_t count = bytes_of(strchr(text, ':') + 1, bytes);
	uint8_t *exact = malloc(count ? count : 1);
	memcpy(exact, bytes, count);
	ptm_status status = ptm_insn_decode(exact, count, mode, &insn);
	free(exact);
	if (status == PTM_OK && insn.displacement)
		snprintf(answer, sizeof answer, "%u %s %+d", insn.length, class_names[insn.class], insn.displacement);
	else if (status == PTM_OK)
		snprintf(answer, sizeof answer, "%u %s", insn.length, class_names[insn.class]);
	else
		snprintf(answer, sizeof answer, "%s", status == PTM_TRUNCATED ? "truncated" : status == PTM_BAD_DATA ? "bad" : "?");
	return answer;
}

#define IS(text, wanted) check_text(decoded(text), wanted, text, __FILE__, __LINE__)

/* Undefined opcodes, "6": as perf, in 64-bit mode. */
static void as_perf(void)
{
	IS("64: ff 39", "bad");
	IS("6: ff 39", "2 other");
	IS("6: ff ff", "2 other");
	IS("64: ff e9", "bad");
	IS("6: ff e9", "2 jump-far");
	IS("6: ff d9", "2 call-far");
	IS("6: 06", "1 other");
	IS("6: 9a 01 02 03 04 05 06", "7 call-far");
	IS("6: d5 0a", "2 other");
	IS("6: c6 48 01 02", "4 other");
	IS("6: 8f c8", "2 other");
	IS("6: 0f 01 d2", "3 other");
	IS("6: 48 89 e5", "3 other");
	IS("6: e8 01 00 00 00", "5 call +1");
	IS("6: 48 c5 f8 77", "bad");
}

static void lengths(void)
{
	IS("64: 90", "1 other");
	IS("64: 55", "1 other");
	IS("64: 48 89 e5", "3 other");
	IS("64: 8b 04 25 00 10 00 00", "7 other");
	IS("64: 8b 05 00 10 00 00", "6 other");
	IS("64: 8b 44 24 08", "4 other");
	IS("64: 8b 84 24 00 01 00 00", "7 other");
	IS("64: 48 b8 01 02 03 04 05 06 07 08", "10 other");
	IS("64: 66 b8 01 02", "4 other");
	IS("64: 66 48 b8 01 02 03 04 05 06 07 08", "11 other");
	IS("64: 48 66 b8 01 02", "5 other");  /* REX before a prefix counts for nothing */
	IS("64: a1 01 02 03 04 05 06 07 08", "9 other");
	IS("64: 67 a1 01 02 03 04", "6 other");
	IS("32: a1 01 02 03 04", "5 other");
	IS("32: 67 a1 01 02", "4 other");
	IS("16: a1 01 02", "3 other");
	IS("64: c8 10 00 00", "4 other");
	IS("64: f6 c1 01", "3 other");
	IS("64: f6 d1", "2 other");
	IS("64: f7 c1 01 02 03 04", "6 other");
	IS("64: 66 f7 c1 01 02", "5 other");
	IS("64: 69 c0 01 02 03 04", "6 other");
	IS("32: 67 8b 86 01 02", "5 other");
	IS("16: 8b 06 01 02", "4 other");
	IS("16: 67 8b 04 25 01 02 03 04", "8 other");
	IS("32: 40", "1 other");
	IS("64: 0f 1f 84 00 00 00 00 00", "8 other");
	IS("64: 66 2e 0f 1f 84 00 00 00 00 00", "10 other");
	IS("64: 0f 20 05", "3 other");  /* MOV from CR0: mod is ignored */
	IS("64: 66 0f 78 c1 02 03", "6 other");
	IS("64: f3 0f 1e fa", "4 other");
	IS("64: 66 66 66 66 66 66 66 66 66 66 66 66 66 66 90", "15 other");
	IS("64: 66 66 66 66 66 66 66 66 66 66 66 66 66 66 66 90", "bad");
	IS("32: 66 66 66 66 66 66 66 66 66 66 66 66 66 66 40", "15 other");
}

static void vectors(void)
{
	IS("64: c5 f8 77", "3 other");
	IS("64: c5 fd 6f 07", "4 other");
	IS("64: c5 f9 70 c1 1b", "5 other");
	IS("64: c4 e2 7d 18 05 00 00 00 00", "9 other");
	IS("64: c4 e3 7d 39 c1 01", "6 other");
	IS("64: 62 f1 7c 48 28 40 01", "7 other");
	IS("64: 62 f3 75 48 25 c2 ff", "7 other");
	IS("64: 62 f5 7c 48 58 c1", "6 other");
	IS("64: 62 f4 7c 08 81 c0 01 02 03 04", "10 other");  /* APX */
	IS("64: 62 f4 7d 08 81 c0 01 02", "8 other");
	IS("64: 62 f4 7c 08 f7 c0 01 02 03 04", "10 other");
	IS("64: 8f e9 78 81 c0", "5 other");
	IS("64: 8f e8 78 c0 c1 01", "6 other");
	IS("64: 8f ea 78 10 c1 01 02 03 04", "9 other");
	IS("64: 8f 00", "2 other");
	IS("32: c5 07", "2 other");
	IS("32: c4 07", "2 other");
	IS("32: 62 07", "2 other");
	IS("64: 66 c5 f8 77", "bad");
	IS("64: 48 c5 f8 77", "bad");
	IS("64: 62 f0 7c 48 28 c0", "bad");
	IS("64: 0f 38 00 c1", "4 other");
	IS("64: 0f 3a 0f c1 08", "5 other");
	IS("64: 0f 38 ff c1", "bad");
	IS("64: c4 e8 78 c0 c1 01", "bad");  /* an XOP map */
	IS("64: f0 c5 f8 77", "bad");
}

static void forms(void)
{
	IS("64: 0f 13 07", "3 other");
	IS("64: 0f 13 c7", "bad");
	IS("64: 66 0f 6c c1", "4 other");
	IS("64: 0f 6c c1", "bad");
	IS("64: f2 0f 7c c1", "4 other");
	IS("64: f3 0f 7c c1", "bad");
	IS("64: 66 0f 38 17 c1", "5 other");
	IS("64: 0f 38 17 c1", "bad");
	IS("64: f2 48 0f 38 f1 c1", "6 other");
	IS("64: 66 0f 73 d8 04", "5 other");
	IS("64: 0f 73 d8 04", "bad");
	IS("64: d9 d0", "2 other");
	IS("64: d9 d1", "bad");
	IS("64: df e0", "2 other");
	IS("64: df f8", "bad");
	IS("64: f3 0f ae c0", "4 other");
	IS("64: 0f ae c0", "bad");
	IS("64: 0f c7 08", "3 other");
	IS("64: 0f c7 c8", "bad");
}

static void branches(void)
{
	IS("64: 74 fe", "2 jcc -2");
	IS("64: e3 10", "2 jcc +16");
	IS("64: 67 e3 10", "3 jcc +16");
	IS("64: e2 80", "2 loop -128");
	IS("64: 0f 84 00 01 00 00", "6 jcc +256");
	IS("64: 66 0f 84 00 01 00 00", "7 jcc +256");
	IS("32: 66 0f 84 00 01", "5 jcc +256");
	IS("64: e8 fb ff ff ff", "5 call -5");
	IS("64: 66 e8 fb ff ff ff", "6 call -5");
	IS("64: 66 48 e8 fb ff ff ff", "7 call -5");
	IS("32: 66 e8 fc ff", "4 call -4");
	IS("16: e8 fd ff", "3 call -3");
	IS("16: 66 e9 04 03 02 01", "6 jump +16909060");
	IS("64: eb 00", "2 jump");
	IS("64: f2 ff 25 00 00 00 00", "7 jump-indirect");
	IS("64: 3e ff e0", "3 jump-indirect");
	IS("64: ff d0", "2 call-indirect");
	IS("64: 41 ff 54 24 08", "5 call-indirect");
	IS("64: ff 1c 24", "3 call-far");
	IS("64: 48 ff 2c 24", "4 jump-far");
	IS("64: ff d8", "bad");
	IS("64: c3", "1 return");
	IS("64: f3 c3", "2 return");
	IS("64: c2 08 00", "3 return");
	IS("64: cb", "1 return-far");
	IS("64: ca 08 00", "3 return-far");
	IS("32: 9a 01 02 03 04 05 06", "7 call-far");
	IS("32: 66 ea 01 02 03 04", "6 jump-far");
	IS("64: 9a 01 02 03 04 05 06", "bad");
	IS("64: d5 00 a1 01 02 03 04 05 06 07 08", "11 jump-indirect");  /* JMPABS */
	IS("64: d5 10 ff e0", "4 jump-indirect");
	IS("64: d5 80 84 00 00 00 00", "bad");
}

static void systems(void)
{
	IS("64: 0f 05", "2 syscall");
	IS("64: 48 0f 07", "3 sysret");
	IS("64: 0f 34", "2 sysenter");
	IS("64: 0f 35", "2 sysexit");
	IS("64: cd 80", "2 int");
	IS("64: cc", "1 int");
	IS("64: f1", "1 int");
	IS("32: ce", "1 int");
	IS("64: ce", "bad");
	IS("64: 48 cf", "2 iret");
	IS("64: f2 0f 01 ca", "4 iret");  /* ERETS */
	IS("64: 0f 01 ca", "3 other");    /* CLAC */
	IS("64: f3 0f 01 ec", "4 uiret");
	IS("64: 0f aa", "2 rsm");
	IS("64: 0f 01 c1", "3 vmcall");
	IS("64: 0f 01 c2", "3 vmentry");
	IS("64: 0f 01 c3", "3 vmentry");
	IS("64: f3 0f ae e0", "4 ptwrite");
	IS("64: f3 48 0f ae 64 24 08", "7 ptwrite");
	IS("64: 0f ae 20", "3 other");
	IS("64: 0f 22 d8", "3 mov-cr3");
	IS("64: 41 0f 22 d8", "4 mov-cr3");
	IS("64: 44 0f 22 d8", "bad");
	IS("64: 0f 20 d8", "3 other");
	IS("64: c7 f8 04 00 00 00", "6 xbegin +4");
	IS("32: 66 c7 f8 04 00", "5 xbegin +4");
	IS("64: 0f 01 d5", "3 xend");
	IS("64: c6 f8 01", "3 xabort");
	IS("64: 0f 01 c9", "3 mwait");
	IS("64: 0f 01 c7", "3 other");    /* PBNDKB */
	IS("64: 0f 0b", "2 other");
	IS("64: 0f b9 c0", "3 other");
}

static void bad_and_truncated(void)
{
	IS("64: ", "truncated");
	IS("64: 48", "truncated");
	IS("64: 0f", "truncated");
	IS("64: 0f ba", "truncated");
	IS("64: 0f ba c0", "bad");
	IS("64: e8 00 00 00", "truncated");
	IS("64: 8b 04", "truncated");
	IS("64: 8b 04 25 00 10 00", "truncated");
	IS("64: 62 f1 7c", "truncated");
	IS("64: 66 66 66 66 66 66 66 66 66 66 66 66 66 66", "truncated");
	IS("64: 66 66 66 66 66 66 66 66 66 66 66 66 66 66 66", "bad");
	IS("64: 06", "bad");
	IS("64: 82 00 00", "bad");
	IS("64: d5", "truncated");
	IS("64: 0f 04", "bad");
	IS("64: fe d0", "bad");
	IS("64: ff f8", "bad");
	IS("64: 8d c0", "bad");
	IS("32: 06", "1 other");
	IS("32: 82 00 00", "3 other");
	IS("32: d5 0a", "2 other");
}

static void targets(void)
{
	ptm_insn insn = { .length = 2, .class = PTM_INSN_JUMP, .displacement = -4 };
	CHECK_EQ(ptm_insn_target(&insn, 0x1000, PTM_MODE_64), 0xffe);
	CHECK_EQ(ptm_insn_target(&insn, 0, PTM_MODE_64), 0xfffffffffffffffe);
	CHECK_EQ(ptm_insn_target(&insn, 0, PTM_MODE_32), 0xfffffffe);
	CHECK_EQ(ptm_insn_target(&insn, 0, PTM_MODE_16), 0xfffe);
	CHECK(ptm_insn_is_branch(PTM_INSN_JCC));
	CHECK(ptm_insn_is_branch(PTM_INSN_VMCALL));
	CHECK(!ptm_insn_is_branch(PTM_INSN_PTWRITE));
	CHECK(!ptm_insn_is_branch(PTM_INSN_OTHER));
}

int main(void)
{
	lengths();
	as_perf();
	vectors();
	forms();
	branches();
	systems();
	bad_and_truncated();
	targets();
	return check_report("insn");
}
