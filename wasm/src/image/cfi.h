/* SPDX-License-Identifier: Apache-2.0 */
/* Call frame information: how the registers of a function's caller are found
 * again, at one instruction of it. Reads an image's .eh_frame_hdr and .eh_frame
 * in pieces, when asked. Linux Standard Base 5.0, "Exception Frames"; DWARF 5,
 * section 6.4; register numbers of the x86-64 psABI. */
#ifndef PTM_IMAGE_CFI_H
#define PTM_IMAGE_CFI_H

#include "image/image.h"

/* rax rdx rcx rbx rsi rdi rbp rsp r8 … r15, and the return address. */
enum { PTM_CFI_RBP = 6, PTM_CFI_RSP = 7, PTM_CFI_RETURN = 16, PTM_CFI_REGISTERS = 17 };

typedef enum ptm_cfi_kind {
	PTM_CFI_SAME,            /* as in the function itself */
	PTM_CFI_UNDEFINED,       /* not kept; of the return address: there is no caller */
	PTM_CFI_SAVED,           /* in memory at CFA + value */
	PTM_CFI_VALUE,           /* is CFA + value */
	PTM_CFI_REGISTER,        /* in register `value` */
	PTM_CFI_SAVED_AT,        /* in memory at what the expression yields */
	PTM_CFI_COMPUTED         /* is what the expression yields */
} ptm_cfi_kind;

typedef struct ptm_cfi_rule {
	uint8_t kind;            /* enum ptm_cfi_kind */
	int64_t value;
	const uint8_t *expression; uint32_t expression_length; /* borrowed until the next ptm_cfi_find in the image */
} ptm_cfi_rule;

typedef struct ptm_cfi_row {
	ptm_cfi_rule rules[PTM_CFI_REGISTERS];
	uint8_t cfa_register;    /* CFA is this register + cfa.value, unless cfa.kind is PTM_CFI_COMPUTED */
	ptm_cfi_rule cfa;
	uint8_t return_register;
	bool is_signal_frame;    /* interrupted before its instruction, not after a call */
} ptm_cfi_row;

/* Stores the row for the instruction at `address` (the image's own). PTM_NOT_FOUND:
 * the image has such information, but not for this address. PTM_UNSUPPORTED: it
 * has none that is read (no .eh_frame_hdr with a search table, not 64-bit, not given).
 * PTM_BAD_DATA: what it says makes no sense. */
ptm_status ptm_cfi_find(ptm_image *image, uint64_t address, ptm_cfi_row *row) PTM_MUST_CHECK;
void ptm_cfi_free(ptm_image *image);

/* A part of a file: where it is in it, and at which of its own addresses. */
typedef struct ptm_cfi_part { const char *section; uint64_t address, offset, size; } ptm_cfi_part;

/* Stores the search table's section and that of the frames; sizes 0: the image has none that is read. */
ptm_status ptm_cfi_parts(ptm_image *image, ptm_cfi_part parts[2]) PTM_MUST_CHECK;
/* Copies `length` bytes of the image's file. */
ptm_status ptm_cfi_bytes(ptm_image *image, uint64_t offset, void *into, uint32_t length) PTM_MUST_CHECK;

/* Reads 8 bytes of the memory that expressions look at; false: not known. */
typedef bool ptm_cfi_read(void *context, uint64_t address, uint64_t *word);

/* Stores what an expression yields. `cfa`: pushed first when `has_cfa`. PTM_BAD_DATA: it cannot be computed. */
ptm_status ptm_cfi_compute(const ptm_cfi_rule *rule, const uint64_t *registers, bool has_cfa, uint64_t cfa, ptm_cfi_read *read, void *context, uint64_t *value) PTM_MUST_CHECK;

#endif
