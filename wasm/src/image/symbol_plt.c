/* SPDX-License-Identifier: Apache-2.0 */
#include "image/symbol_plt.h"
#include "base/bytes.h"

#define SMALL_WINDOW (16u << 10) /* for a few relocations */
#define WINDOW (256u << 10)       /* for all of them */
#define MOST_SLOTS (1u << 20)

enum { BIND_GLOBAL = 1, TYPE_FUNC = 2 };
enum { FILLED_WHEN_LOADED = 6, FILLED_WHEN_CALLED = 7 }; /* R_X86_64_GLOB_DAT, JUMP_SLOT */

typedef struct slot {
	uint64_t address;
	uint32_t name;           /* in the strings of .dynsym */
} slot;

typedef struct reader {
	ptm_symbol_tree *tree;
	const ptm_elf *elf;
	const ptm_elf_section *dynamic;
	ptm_source relocations, symbols, strings; /* windows of one file */
	PTM_ARRAY(slot) slots;   /* sorted by address */
} reader;

/* Offset in the string table of a relocation's symbol; 0, no name, when there is none. */
static ptm_status relocated_name(reader *reader, uint64_t symbol, uint32_t *name)
{
	const ptm_elf_section *dynamic = reader->dynamic;
	const uint8_t *at;
	*name = 0;
	if (symbol >= dynamic->size / dynamic->entry_size)
		return PTM_OK;
	PTM_TRY(ptm_source_view(&reader->symbols, dynamic->offset + symbol * dynamic->entry_size, 4, &at));
	ptm_bytes bytes = ptm_bytes_of(at, 4);
	*name = ptm_bytes_u32(&bytes);
	return PTM_OK;
}

static ptm_status add(reader *reader, uint64_t start, uint64_t size, uint32_t name)
{
	return ptm_symbol_tree_insert(reader->tree, &(ptm_symbol_node){ .start = start, .end = start + size, .name = name,
			.binding = BIND_GLOBAL, .type = TYPE_FUNC, .table = PTM_TABLE_PLT });
}

/* A relocation: the address it fills, and its symbol and type. */
typedef struct relocation { uint64_t address, symbol; uint32_t type; } relocation;

static bool is_usable(const reader *reader, const ptm_elf_section *section)
{
	uint32_t word = reader->elf->is_32bit ? 4 : 8, words = section->type == PTM_SECTION_RELA ? 3 : 2;
	return (section->type == PTM_SECTION_RELA || section->type == PTM_SECTION_REL) && section->entry_size == word * words &&
	       section->link == (uint32_t)(reader->dynamic - reader->elf->sections.at);
}

/* Row `i` of a section of relocations; false at its end. */
static bool relocation_at(reader *reader, const ptm_elf_section *section, uint64_t i, relocation *into)
{
	const uint8_t *at;
	uint32_t each = (uint32_t)section->entry_size;
	if (i >= section->size / each || ptm_source_view(&reader->relocations, section->offset + i * each, each, &at) != PTM_OK)
		return false;
	ptm_bytes bytes = ptm_bytes_of(at, each);
	bool narrow = reader->elf->is_32bit;
	into->address = narrow ? ptm_bytes_u32(&bytes) : ptm_bytes_u64(&bytes);
	uint64_t info = narrow ? ptm_bytes_u32(&bytes) : ptm_bytes_u64(&bytes);
	into->symbol = narrow ? info >> 8 : info >> 32;
	into->type = narrow ? info & 255 : (uint32_t)info;
	return true;
}

static ptm_status add_in_order(reader *reader)
{
	const ptm_elf_section *plt = ptm_elf_section_named(reader->elf, &reader->strings, ".plt");
	const ptm_elf_section *section = ptm_elf_section_named(reader->elf, &reader->strings, ".rela.plt");
	relocation relocation;
	uint32_t name;
	if (!section)
		section = ptm_elf_section_named(reader->elf, &reader->strings, ".rel.plt");
	if (!plt || !section || !is_usable(reader, section))
		return PTM_OK;
	for (uint64_t i = 0; relocation_at(reader, section, i, &relocation); i++) {
		PTM_TRY(relocated_name(reader, relocation.symbol, &name));
		PTM_TRY(add(reader, plt->offset + (i + 1) * plt->entry_size, plt->entry_size, name));
	}
	return PTM_OK;
}

/* ---------------------------------------------------------------- by slot */

static int compare_slots(const void *left, const void *right)
{
	const slot *a = left, *b = right;
	return (a->address > b->address) - (a->address < b->address);
}

static ptm_status find_slots(reader *reader)
{
	for (uint32_t i = 1; i < reader->elf->sections.length; i++) {
		const ptm_elf_section *section = &reader->elf->sections.at[i];
		relocation relocation;
		if (!is_usable(reader, section))
			continue;
		for (uint64_t row = 0; reader->slots.length < MOST_SLOTS && relocation_at(reader, section, row, &relocation); row++) {
			slot made = { .address = relocation.address };
			if (relocation.type != FILLED_WHEN_LOADED && relocation.type != FILLED_WHEN_CALLED)
				continue;
			PTM_TRY(relocated_name(reader, relocation.symbol, &made.name));
			if (made.name)
				PTM_TRY(ptm_array_push(&reader->slots, made));
		}
	}
	if (reader->slots.length)
		qsort(reader->slots.at, reader->slots.length, sizeof *reader->slots.at, compare_slots);
	return PTM_OK;
}

/* Where an entry's `jmp *slot(%rip)` ends: it may follow `endbr64` and have a `bnd` prefix. 0: it is no such entry. */
static uint32_t jump_end(const uint8_t *code, uint32_t length)
{
	static const uint8_t endbr64[4] = { 0xf3, 0x0f, 0x1e, 0xfa };
	uint32_t at = length > 4 && !memcmp(code, endbr64, sizeof endbr64) ? 4 : 0;
	if (code[at] == 0xf2)
		at++;
	return at + 6 <= length && code[at] == 0xff && code[at + 1] == 0x25 ? at + 6 : 0;
}

static const slot *slot_at(const reader *reader, uint64_t address)
{
	const slot wanted = { .address = address };
	return reader->slots.length ? bsearch(&wanted, reader->slots.at, reader->slots.length, sizeof wanted, compare_slots) : NULL;
}

static ptm_status add_entries(reader *reader, const ptm_elf_section *section)
{
	uint32_t each = section->entry_size == 8 ? 8 : 16;
	const uint8_t *at;
	for (uint64_t done = 0; done + each <= section->size; done += each) {
		if (ptm_source_view(&reader->symbols, section->offset + done, each, &at) != PTM_OK)
			break;
		uint32_t end = jump_end(at, each), distance;
		if (!end)
			continue;
		memcpy(&distance, at + end - 4, 4);
		const slot *slot = slot_at(reader, section->address + done + end + (uint64_t)(int64_t)(int32_t)distance);
		if (slot)
			PTM_TRY(add(reader, section->offset + done, each, slot->name));
	}
	return PTM_OK;
}

static ptm_status add_by_slot(reader *reader)
{
	char name[8];
	PTM_TRY(find_slots(reader));
	for (uint32_t i = 1; i < reader->elf->sections.length; i++) {
		const ptm_elf_section *section = &reader->elf->sections.at[i];
		ptm_elf_section_name(reader->elf, &reader->strings, section, name, sizeof name);
		if (section->flags & PTM_SECTION_EXECUTABLE && section->type != PTM_SECTION_NOBITS && !strncmp(name, ".plt", 4))
			PTM_TRY(add_entries(reader, section));
	}
	return PTM_OK;
}

/* -------------------------------------------------------------------- both */

static ptm_status run(ptm_symbol_tree *tree, const ptm_symbol_file *file, const ptm_elf_section *dynamic, uint32_t window, ptm_status (*work)(reader *))
{
	reader reader = { .tree = tree, .elf = file->elf, .dynamic = dynamic };
	ptm_source_init(&reader.relocations, file->source, file->size, window);
	ptm_source_init(&reader.symbols, file->source, file->size, window);
	ptm_source_init(&reader.strings, file->source, file->size, 4096);
	ptm_status status = work(&reader);
	ptm_array_free(&reader.slots);
	ptm_source_free(&reader.relocations);
	ptm_source_free(&reader.symbols);
	ptm_source_free(&reader.strings);
	return status;
}

ptm_status ptm_plt_add_in_order(ptm_symbol_tree *tree, const ptm_symbol_file *file, const ptm_elf_section *dynamic)
{
	return run(tree, file, dynamic, SMALL_WINDOW, add_in_order);
}

ptm_status ptm_plt_add_by_slot(ptm_symbol_tree *tree, const ptm_symbol_file *file, const ptm_elf_section *dynamic)
{
	return file->elf->is_32bit ? PTM_OK : run(tree, file, dynamic, WINDOW, add_by_slot);
}
