/* SPDX-License-Identifier: Apache-2.0 */
#include "image/symbol_plt.h"
#include "base/bytes.h"

#define SMALL_WINDOW (16u << 10) /* for a few relocations */
#define WINDOW (256u << 10)       /* for all of them */
#define MOST_SLOTS (1u << 20)

enum { BIND_GLOBAL = 1, TYPE_FUNC = 2 };
enum { FILLED_WHEN_LOADED = 6, FILLED_WHEN_CALLED = 7, FILLED_BY_CODE = 37 }; /* R_X86_64_GLOB_DAT, JUMP_SLOT, IRELATIVE */

typedef struct slot {
	uint64_t address;
	uint32_t name;           /* in the strings of .dynsym */
} slot;

/* A relocation: the address it fills, its symbol, addend (0: it is in what is filled) and type. */
typedef struct relocation { uint64_t address, symbol, addend; uint32_t type; } relocation;

typedef struct reader {
	ptm_symbol_tree *tree;
	const ptm_elf *elf;
	const ptm_elf_section *dynamic;
	ptm_source relocations, symbols, strings; /* windows of one file */
	PTM_ARRAY(slot) slots;   /* sorted by address */
	PTM_ARRAY(relocation) sorted; /* by address */
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

static bool holds_relocations(const reader *reader, const ptm_elf_section *section)
{
	uint32_t word = reader->elf->is_32bit ? 4 : 8, words = section->type == PTM_SECTION_RELA ? 3 : 2;
	return (section->type == PTM_SECTION_RELA || section->type == PTM_SECTION_REL) && section->entry_size == word * words;
}

/* Whether their symbols are those of .dynsym. */
static bool is_dynamic(const reader *reader, const ptm_elf_section *section)
{
	return reader->dynamic && section->link == (uint32_t)(reader->dynamic - reader->elf->sections.at);
}

static bool is_usable(const reader *reader, const ptm_elf_section *section)
{
	return holds_relocations(reader, section) && is_dynamic(reader, section);
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
	into->addend = section->type != PTM_SECTION_RELA ? 0 : narrow ? ptm_bytes_u32(&bytes) : ptm_bytes_u64(&bytes);
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

/* ---------------------------------------------------------------- perf 6.12 */

/* The size of an entry: of 8 bytes or 16, told by the alignment where the section does not say it. */
static uint32_t entry_size(const ptm_elf_section *section)
{
	uint64_t size = section->entry_size;
	return size == 8 || size == 16 ? (uint32_t)size : section->alignment == 8 ? 8 : 16;
}

static ptm_status add_named(reader *reader, uint64_t start, uint64_t size, uint8_t table, uint32_t name)
{
	return ptm_symbol_tree_insert(reader->tree, &(ptm_symbol_node){ .start = start, .end = start + size, .name = name,
			.binding = BIND_GLOBAL, .type = TYPE_FUNC, .table = table });
}

static int compare_relocations(const void *left, const void *right)
{
	const relocation *a = left, *b = right;
	return (a->address > b->address) - (a->address < b->address);
}

static ptm_status sort_relocations(reader *reader, const ptm_elf_section *section)
{
	relocation relocation;
	reader->sorted.length = 0;
	for (uint64_t i = 0; i < MOST_SLOTS && relocation_at(reader, section, i, &relocation); i++)
		PTM_TRY(ptm_array_push(&reader->sorted, relocation));
	if (reader->sorted.length)
		qsort(reader->sorted.at, reader->sorted.length, sizeof *reader->sorted.at, compare_relocations);
	return PTM_OK;
}

/* Offset in the strings of .dynsym; 0: the relocation has no name. */
static ptm_status dynamic_name(reader *reader, const ptm_elf_section *section, const relocation *relocation, uint32_t *name)
{
	*name = 0;
	if (!is_dynamic(reader, section))
		return PTM_OK;
	PTM_TRY(relocated_name(reader, relocation->symbol, name));
	const uint8_t *at;
	const ptm_elf_section *strings = reader->dynamic->link < reader->elf->sections.length ? &reader->elf->sections.at[reader->dynamic->link] : NULL;
	/* A name that is there but empty is none. */
	if (*name && (!strings || *name >= strings->size || ptm_source_view(&reader->strings, strings->offset + *name, 1, &at) != PTM_OK || !*at))
		*name = 0;
	return PTM_OK;
}

/* The symbol of the function that chooses an implementation (IFUNC); 0: none. */
static uint32_t chooser_of(const reader *reader, const relocation *relocation)
{
	if (reader->elf->is_32bit || relocation->type != FILLED_BY_CODE)
		return 0;
	for (uint32_t i = 1; i < reader->elf->sections.length; i++) {
		const ptm_elf_section *section = &reader->elf->sections.at[i];
		if (section->address && relocation->addend - section->address < section->size)
			return ptm_symbol_tree_find(reader->tree, relocation->addend - section->address + section->offset);
	}
	return 0;
}

static ptm_status add_relocated(reader *reader, const ptm_elf_section *section, const relocation *relocation, uint64_t start, uint32_t size)
{
	uint32_t name, chooser = chooser_of(reader, relocation);
	PTM_TRY(dynamic_name(reader, section, relocation, &name));
	if (name)
		return add_named(reader, start, size, PTM_TABLE_PLT, name);
	if (chooser) {
		const ptm_symbol_node *symbol = &reader->tree->nodes.at[chooser];
		if (symbol->table < PTM_TABLES)
			return add_named(reader, start, size, symbol->table | PTM_NAME_AT_PLT, symbol->name);
	}
	return add_named(reader, start, size, PTM_NAME_PLT_PLACE, (uint32_t)start);
}

/* Entries of .plt.got, by the relocations of .rela.dyn. perf reckons the slot from the section's place in the
 * file, so that those of programs at fixed addresses are not found. */
static ptm_status add_got_entries(reader *reader)
{
	const ptm_elf_section *section = ptm_elf_section_named(reader->elf, &reader->strings, ".plt.got");
	const ptm_elf_section *relocations = ptm_elf_section_named(reader->elf, &reader->strings, ".rela.dyn");
	const uint8_t *at;
	if (!section || section->type == PTM_SECTION_NOBITS)
		return PTM_OK;
	uint32_t each = entry_size(section), distance;
	reader->sorted.length = 0;
	if (relocations && relocations->type == PTM_SECTION_RELA && holds_relocations(reader, relocations))
		PTM_TRY(sort_relocations(reader, relocations));
	for (uint64_t done = 0; done + each <= section->size; done += each) {
		uint32_t end, name = 0;
		if (ptm_source_view(&reader->symbols, section->offset + done, each, &at) != PTM_OK)
			break;
		end = jump_end(at, each);
		if (end) {
			memcpy(&distance, at + end - 4, 4);
			relocation wanted = { .address = section->offset + done + end + (uint64_t)(int64_t)(int32_t)distance };
			const relocation *found = reader->sorted.length ? bsearch(&wanted, reader->sorted.at, reader->sorted.length, sizeof wanted, compare_relocations) : NULL;
			if (found)
				PTM_TRY(dynamic_name(reader, relocations, found, &name));
		}
		PTM_TRY(name ? add_named(reader, section->offset + done, each, PTM_TABLE_PLT, name) :
				add_named(reader, section->offset + done, each, PTM_NAME_PLT_PLACE, (uint32_t)(section->offset + done)));
	}
	return PTM_OK;
}

static ptm_status add_newer(reader *reader)
{
	const ptm_elf_section *plt = ptm_elf_section_named(reader->elf, &reader->strings, ".plt");
	const ptm_elf_section *second = ptm_elf_section_named(reader->elf, &reader->strings, ".plt.sec");
	const ptm_elf_section *section = ptm_elf_section_named(reader->elf, &reader->strings, ".rela.plt");
	if (!plt)
		return PTM_OK;
	if (!section)
		section = ptm_elf_section_named(reader->elf, &reader->strings, ".rel.plt");
	/* The symbol before, as that of .init, may have been lengthened into it. */
	uint32_t before = ptm_symbol_tree_find(reader->tree, plt->offset), each = entry_size(plt);
	if (before && reader->tree->nodes.at[before].end > plt->offset)
		reader->tree->nodes.at[before].end = plt->offset;
	PTM_TRY(add_named(reader, plt->offset, each, PTM_NAME_PLT_START, 0));
	uint32_t header = reader->tree->nodes.length - 1;
	PTM_TRY(add_got_entries(reader));
	uint64_t at = plt->offset;
	if (second) {
		each = entry_size(second);
		reader->tree->nodes.at[header].end = plt->offset + plt->size;
		at = second->offset;
	}
	if (!section || !holds_relocations(reader, section))
		return PTM_OK;
	PTM_TRY(sort_relocations(reader, section));
	/* As many entries as relocations: there is no header. */
	if (!second && (uint64_t)reader->sorted.length * each == plt->size)
		ptm_symbol_tree_erase(reader->tree, header);
	else if (!second)
		at += each;
	for (uint32_t i = 0; i < reader->sorted.length; i++, at += each) {
		relocation relocation = reader->sorted.at[i];
		PTM_TRY(add_relocated(reader, section, &relocation, at, each));
	}
	return PTM_OK;
}

/* --------------------------------------------------------------------- all */

static ptm_status run(ptm_symbol_tree *tree, const ptm_symbol_file *file, const ptm_elf_section *dynamic, uint32_t window, ptm_status (*work)(reader *))
{
	reader reader = { .tree = tree, .elf = file->elf, .dynamic = dynamic };
	ptm_source_init(&reader.relocations, file->source, file->size, window);
	ptm_source_init(&reader.symbols, file->source, file->size, window);
	ptm_source_init(&reader.strings, file->source, file->size, 4096);
	ptm_status status = work(&reader);
	ptm_array_free(&reader.slots);
	ptm_array_free(&reader.sorted);
	ptm_source_free(&reader.relocations);
	ptm_source_free(&reader.symbols);
	ptm_source_free(&reader.strings);
	return status;
}

ptm_status ptm_plt_add_in_order(ptm_symbol_tree *tree, const ptm_symbol_file *file, const ptm_elf_section *dynamic)
{
	return run(tree, file, dynamic, SMALL_WINDOW, add_in_order);
}

ptm_status ptm_plt_add_newer(ptm_symbol_tree *tree, const ptm_symbol_file *file, const ptm_elf_section *dynamic)
{
	return run(tree, file, dynamic, SMALL_WINDOW, add_newer);
}

ptm_status ptm_plt_add_by_slot(ptm_symbol_tree *tree, const ptm_symbol_file *file, const ptm_elf_section *dynamic)
{
	return file->elf->is_32bit ? PTM_OK : run(tree, file, dynamic, WINDOW, add_by_slot);
}
