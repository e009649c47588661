/* SPDX-License-Identifier: Apache-2.0 */
/* Relocations of the debug sections of object files, which is what kernel modules
 * are: the x86-64 psABI's R_X86_64_64, 32 and 32S. .text is put at PTM_MODULE_TEXT,
 * other sections with code where no code is. */
#include "image/dwarf.h"
#include <stdio.h>

#define ENTRY_BYTES 24           /* of a symbol, and of a relocation with addend */
#define ELSEWHERE 40             /* shift of a section's index to where it is put */
#define WINDOW (256u << 10)

enum { R_X86_64_64 = 1, R_X86_64_32 = 10, R_X86_64_32S = 11 };

typedef struct relocator {
	const ptm_elf *elf;
	const ptm_elf_section *symbols;
	ptm_source source, symbol_source;
} relocator;

bool ptm_dwarf_is_relocated(const ptm_elf *elf, ptm_source *file)
{
	return elf->type == 1 && !elf->is_32bit && ptm_elf_section_named(elf, file, ".rela.debug_info");
}

/* Where a symbol is; false: nowhere. */
static bool symbol_place(relocator *relocator, uint32_t symbol, uint64_t *place)
{
	const uint8_t *at;
	const ptm_elf *elf = relocator->elf;
	char name[8];
	if (symbol >= relocator->symbols->size / ENTRY_BYTES ||
	    ptm_source_view(&relocator->symbol_source, relocator->symbols->offset + (uint64_t)symbol * ENTRY_BYTES, ENTRY_BYTES, &at) != PTM_OK)
		return false;
	ptm_bytes bytes = ptm_bytes_of(at, ENTRY_BYTES);
	ptm_bytes_skip(&bytes, 6);
	uint32_t section = ptm_bytes_u16(&bytes);
	*place = ptm_bytes_u64(&bytes);
	if (!section || section >= elf->sections.length)
		return false;
	if (!(elf->sections.at[section].flags & PTM_SECTION_ALLOC))
		return true;
	ptm_elf_section_name(elf, &relocator->symbol_source, &elf->sections.at[section], name, sizeof name);
	*place += strcmp(name, ".text") ? (uint64_t)section << ELSEWHERE : PTM_MODULE_TEXT;
	return true;
}

static void apply(relocator *relocator, const uint8_t *entry, uint8_t *section, uint64_t size)
{
	ptm_bytes bytes = ptm_bytes_of(entry, ENTRY_BYTES);
	uint64_t offset = ptm_bytes_u64(&bytes), info = ptm_bytes_u64(&bytes), addend = ptm_bytes_u64(&bytes), place;
	uint32_t kind = (uint32_t)info, length = kind == R_X86_64_64 ? 8 : kind == R_X86_64_32 || kind == R_X86_64_32S ? 4 : 0;
	if (!length || offset > size || size - offset < length || !symbol_place(relocator, (uint32_t)(info >> 32), &place))
		return;
	place += addend;
	memcpy(section + offset, &place, length);
}

static ptm_status relocate(relocator *relocator, const ptm_elf_section *table, uint8_t *section, uint64_t size)
{
	uint64_t there = relocator->source.size;
	if (table->type != PTM_SECTION_RELA || table->entry_size != ENTRY_BYTES || table->offset > there || table->size > there - table->offset)
		return PTM_OK;
	for (uint64_t at = 0; at + ENTRY_BYTES <= table->size; at += ENTRY_BYTES) {
		const uint8_t *entry;
		PTM_TRY(ptm_source_view(&relocator->source, table->offset + at, ENTRY_BYTES, &entry));
		apply(relocator, entry, section, size);
	}
	return PTM_OK;
}

ptm_status ptm_dwarf_relocate(ptm_dwarf *dwarf, const ptm_elf *elf, ptm_source *file, const char *const names[DWARF_SECTIONS])
{
	relocator made = { .elf = elf, .symbols = ptm_elf_symbols_named(elf, file, ".symtab", PTM_SECTION_SYMBOLS) };
	const ptm_elf_section *text = ptm_elf_section_named(elf, file, ".text");
	ptm_status status = PTM_OK;
	if (text)
		dwarf->module_text = (ptm_load){ .address = PTM_MODULE_TEXT, .file_size = text->size, .memory_size = text->size, .executable = true };
	ptm_source_init_beside(&made.source, file, WINDOW);
	ptm_source_init_beside(&made.symbol_source, file, WINDOW);
	for (uint32_t i = 0; i < DWARF_SECTIONS && made.symbols && status == PTM_OK; i++) {
		char name[40];
		const ptm_dwarf_extent *section = &dwarf->sections[i];
		if (!names[i] || !section->size)
			continue;
		snprintf(name, sizeof name, ".rela%s", names[i]);
		const ptm_elf_section *table = ptm_elf_section_named(elf, file, name);
		if (table)
			status = relocate(&made, table, dwarf->unpacked + section->offset, section->size);
	}
	ptm_source_free(&made.source);
	ptm_source_free(&made.symbol_source);
	return status == PTM_NO_MEMORY ? status : PTM_OK;
}
