/* SPDX-License-Identifier: Apache-2.0 */
/* Reads DWARF 2 to 5 as far as source lines and inlined functions need it:
 * units, abbreviations, attributes, address ranges, strings. Nothing is trusted:
 * every offset is checked, every loop ends with the bytes it reads. Of programs
 * built with -gsplit-dwarf (DWARF 5, 3.1.2 and 7.3.2; DWARF 4 as GNU's tools have
 * it, "DebugFission") a ptm_dwarf is either the program, which holds skeleton
 * units, or a file with the units split from it. */
#ifndef PTM_IMAGE_DWARF_H
#define PTM_IMAGE_DWARF_H

#include "base/bytes.h"
#include "image/demangle.h"
#include "image/elf.h"
#include "image/pages.h"

typedef enum ptm_dwarf_section {
	DWARF_INFO, DWARF_ABBREV, DWARF_LINE, DWARF_STR, DWARF_LINE_STR, DWARF_RANGES, DWARF_RNGLISTS, DWARF_ADDR, DWARF_STR_OFFSETS,
	DWARF_ARANGES, DWARF_UNIT_INDEX /* of a package of split units */,
	DWARF_ALTERNATE_STR /* .debug_str of the alternate file */, DWARF_SECTIONS
} ptm_dwarf_section;

enum { DW_TAG_inlined_subroutine = 0x1d, DW_TAG_subprogram = 0x2e, DW_TAG_compile_unit = 0x11, DW_TAG_partial_unit = 0x3c, DW_TAG_skeleton_unit = 0x4a };
enum { DW_AT_name = 0x03, DW_AT_stmt_list = 0x10, DW_AT_low_pc = 0x11, DW_AT_high_pc = 0x12, DW_AT_language = 0x13, DW_AT_comp_dir = 0x1b,
       DW_AT_abstract_origin = 0x31, DW_AT_specification = 0x47, DW_AT_ranges = 0x55,
       DW_AT_call_file = 0x58, DW_AT_call_line = 0x59, DW_AT_linkage_name = 0x6e,
       DW_AT_str_offsets_base = 0x72, DW_AT_addr_base = 0x73, DW_AT_rnglists_base = 0x74, DW_AT_dwo_name = 0x76, DW_AT_MIPS_linkage_name = 0x2007,
       DW_AT_GNU_dwo_name = 0x2130, DW_AT_GNU_dwo_id = 0x2131, DW_AT_GNU_ranges_base = 0x2132, DW_AT_GNU_addr_base = 0x2133 };

typedef struct ptm_dwarf_extent { uint64_t offset, size; } ptm_dwarf_extent;

typedef struct ptm_dwarf {
	ptm_dwarf_extent sections[DWARF_SECTIONS];
	struct ptm_dwarf *alternate; /* owned: the file whose entries and texts this one refers to; NULL: none */
	struct ptm_dwarf *program; /* borrowed; of a file of split units, while it is read: the program, which has their addresses; else NULL */
	ptm_pages pages;         /* small reads all over, but in .debug_info */
	ptm_source entries;      /* small reads in .debug_info, mostly forwards */
	ptm_source tables;       /* abbreviations and line programs, one at a time */
	ptm_source units;        /* whole units, one at a time */
	uint8_t *unpacked;       /* owned: all sections, where any is compressed; NULL: they are read in the file */
	const ptm_load *loads;   /* borrowed from the image, or those below */
	ptm_load module_text;    /* of an object file, once it is relocated: its .text */
	PTM_ARRAY(ptm_load) own_loads; /* of a kernel's file with debug information beside its memory */
	uint32_t load_count;
	uint8_t name_style;      /* as that of the image */
} ptm_dwarf;

typedef struct ptm_dwarf_specification {
	uint16_t attribute, form;
	int64_t constant;        /* DW_FORM_implicit_const */
} ptm_dwarf_specification;

typedef struct ptm_dwarf_abbreviation {
	uint64_t code;
	uint32_t tag, first, count; /* its specifications */
} ptm_dwarf_abbreviation;

typedef struct ptm_dwarf_abbreviations {
	PTM_ARRAY(ptm_dwarf_abbreviation) list;        /* sorted by code */
	PTM_ARRAY(ptm_dwarf_specification) specifications;
} ptm_dwarf_abbreviations;

/* A unit of .debug_info; offsets count from the section's start. */
typedef struct ptm_dwarf_unit {
	uint64_t offset, end;    /* header included */
	uint64_t entries;        /* of the first entry (DIE) */
	uint64_t abbreviations_offset;
	uint8_t version, address_size, offset_size;
	bool holds_code;         /* not a unit of types */
	uint32_t tag;            /* of the root entry; from here on what it says */
	uint64_t low_pc, high_pc, ranges, line_offset, string_offsets_base, address_base, range_lists_base;
	uint64_t directory;      /* see ptm_dwarf_text */
	uint8_t directory_section;
	uint16_t language;       /* DW_LANG_*, 0: not told */
	bool has_low_pc, has_high_pc, has_ranges, has_lines, ranges_indexed;
	/* of a skeleton unit, and the id of the unit split from it too */
	bool is_skeleton;        /* has split_name */
	uint64_t split_id;
	uint64_t split_name;     /* of the file with the split unit; see ptm_dwarf_text */
	uint8_t split_name_section;
	uint64_t ranges_base;    /* of a split unit's ranges in the program, before DWARF 5 */
	ptm_dwarf_abbreviations abbreviations;
} ptm_dwarf_unit;

typedef enum ptm_dwarf_class {
	DWARF_NOTHING, DWARF_NUMBER, DWARF_ADDRESS, DWARF_ADDRESS_INDEX, DWARF_TEXT /* in the entry */, DWARF_TEXT_OFFSET /* in .debug_str */,
	DWARF_LINE_TEXT_OFFSET, DWARF_TEXT_INDEX, DWARF_REFERENCE /* section offset in .debug_info */,
	DWARF_ALTERNATE_TEXT, DWARF_ALTERNATE_REFERENCE /* the same in the alternate file */, DWARF_OFFSET /* into another section */,
	DWARF_RANGE_INDEX
} ptm_dwarf_class;

typedef struct ptm_dwarf_value {
	ptm_dwarf_class class;
	uint64_t number;
} ptm_dwarf_value;

/* An address range, end exclusive. */
typedef struct ptm_dwarf_range { uint64_t low, high; } ptm_dwarf_range;
typedef PTM_ARRAY(ptm_dwarf_range) ptm_dwarf_ranges;

/* Finds the sections, in the separate debug file when there is one (dwarf_sections.c). PTM_NOT_FOUND without lines. Close in any case. */
ptm_status ptm_dwarf_open(ptm_dwarf *dwarf, const ptm_image *image) PTM_MUST_CHECK;
/* An object file whose debug sections refer to code (dwarf_relocate.c). */
bool ptm_dwarf_is_relocated(const ptm_elf *elf, ptm_source *file);
/* Applies what is to be added to the unpacked sections, which are called `names`. */
ptm_status ptm_dwarf_relocate(ptm_dwarf *dwarf, const ptm_elf *elf, ptm_source *file, const char *const names[DWARF_SECTIONS]) PTM_MUST_CHECK;
/* The same of a file with split units (.dwo, .dwp, or an object file that holds both), whose sections end in ".dwo". */
ptm_status ptm_dwarf_open_split(ptm_dwarf *dwarf, uint32_t source, uint64_t size) PTM_MUST_CHECK;
void ptm_dwarf_close(ptm_dwarf *dwarf);

/* Whether there is code at an address: functions the linker dropped are at 0 or the like. */
bool ptm_dwarf_is_code(const ptm_dwarf *dwarf, uint64_t address);

/* Copies up to `length` bytes of a section; returns how many there were. */
uint32_t ptm_dwarf_read(ptm_dwarf *dwarf, ptm_dwarf_section section, uint64_t offset, void *into, uint32_t length);
/* An unsigned number of 1 to 8 bytes; 0 past the end. */
uint64_t ptm_dwarf_number(ptm_dwarf *dwarf, ptm_dwarf_section section, uint64_t offset, uint32_t length);
/* Appends the NUL-terminated text at an offset to `into`. */
ptm_status ptm_dwarf_text(ptm_dwarf *dwarf, ptm_dwarf_section section, uint64_t offset, ptm_text *into) PTM_MUST_CHECK;

/* Reads the header of the unit at `offset`, and its root entry when it may hold
 * code. PTM_BAD_DATA when it makes no sense; then `unit->end` is 0 if the next
 * unit cannot be found. Free with ptm_dwarf_unit_free in any case. */
ptm_status ptm_dwarf_unit_read(ptm_dwarf *dwarf, uint64_t offset, ptm_dwarf_unit *unit) PTM_MUST_CHECK;
/* Reads the abbreviations, if not yet there. */
ptm_status ptm_dwarf_unit_abbreviations(ptm_dwarf *dwarf, ptm_dwarf_unit *unit) PTM_MUST_CHECK;
void ptm_dwarf_unit_free(ptm_dwarf_unit *unit);

/* The units of a file, for finding entries (dwarf_units.c); zero: not read yet. */
typedef struct ptm_dwarf_unit_list {
	PTM_ARRAY(uint64_t) offsets;             /* sorted */
	PTM_ARRAY(ptm_dwarf_unit) units;         /* those that were asked for */
	bool read;
} ptm_dwarf_unit_list;

/* The unit that holds an offset, valid until the next call; NULL: none does, or `dwarf` is NULL. */
ptm_dwarf_unit *ptm_dwarf_unit_list_find(ptm_dwarf_unit_list *list, ptm_dwarf *dwarf, uint64_t offset);
void ptm_dwarf_unit_list_free(ptm_dwarf_unit_list *list);

const ptm_dwarf_abbreviation *ptm_dwarf_abbreviation_find(const ptm_dwarf_abbreviations *abbreviations, uint64_t code);
/* Takes the value of an attribute from `bytes`, which begin at `start` in
 * .debug_info. False when the form is unknown or the bytes end. */
bool ptm_dwarf_take(const ptm_dwarf_unit *unit, const ptm_dwarf_specification *specification, ptm_bytes *bytes, const uint8_t *base,
		    uint64_t start, ptm_dwarf_value *value);
/* Takes a value of a form that line programs use for files and directories. */
bool ptm_dwarf_take_form(const ptm_dwarf_unit *unit, uint32_t form, ptm_bytes *bytes, const uint8_t *base, uint64_t start, ptm_dwarf_value *value);

/* Where the text of a value is: a section and an offset. False when it is no text. */
bool ptm_dwarf_text_place(ptm_dwarf *dwarf, const ptm_dwarf_unit *unit, const ptm_dwarf_value *value, uint8_t *section, uint64_t *offset);
/* The address a value means. False when it is none. */
bool ptm_dwarf_address(ptm_dwarf *dwarf, const ptm_dwarf_unit *unit, const ptm_dwarf_value *value, uint64_t *address);

/* Appends the ranges a DW_AT_ranges value means (dwarf_ranges.c). */
ptm_status ptm_dwarf_ranges_read(ptm_dwarf *dwarf, const ptm_dwarf_unit *unit, const ptm_dwarf_value *value, ptm_dwarf_ranges *into) PTM_MUST_CHECK;
/* Appends the ranges of the unit's root entry. */
ptm_status ptm_dwarf_unit_ranges(ptm_dwarf *dwarf, const ptm_dwarf_unit *unit, ptm_dwarf_ranges *into) PTM_MUST_CHECK;

static inline uint64_t ptm_bytes_leb(ptm_bytes *bytes)
{
	uint64_t value = 0;
	for (uint32_t shift = 0;; shift += 7) {
		uint8_t byte = ptm_bytes_u8(bytes);
		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return value;
	}
}

static inline int64_t ptm_bytes_signed_leb(ptm_bytes *bytes)
{
	uint64_t value = 0;
	for (uint32_t shift = 0;;) {
		uint8_t byte = ptm_bytes_u8(bytes);
		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
		if (byte & 0x80)
			continue;
		if (shift < 64 && byte & 0x40)
			value |= ~(uint64_t)0 << shift;
		return (int64_t)value;
	}
}

/* A number of 1 to 8 bytes. */
static inline uint64_t ptm_bytes_number(ptm_bytes *bytes, uint32_t length)
{
	uint64_t value = 0;
	const uint8_t *at = length <= 8 ? ptm_bytes_take(bytes, length) : NULL;
	if (at)
		memcpy(&value, at, length);
	return value;
}

#endif
