/* SPDX-License-Identifier: Apache-2.0 */
#include "image/symbol_table.h"
#include "image/symbol_plt.h"
#include "base/bytes.h"
#include <inttypes.h>
#include <stdio.h>

#define SYMBOL_WINDOW (1u << 20)
#define NAME_PAGE (128u << 10)
#define MOST_NAME (1u << 20)
#define PLT_NAME 1023            /* perf's buffer for "name@plt" */

enum { TYPE_NOTYPE = 0, TYPE_OBJECT = 1, TYPE_FUNC = 2, TYPE_IFUNC = 10 };
#define RELOCATABLE 1            /* ET_REL */

enum { BIND_GLOBAL = 1, BIND_WEAK = 2 };
enum { SECTION_UNDEFINED = 0, SECTION_RESERVED = 0xff00, SECTION_ABSOLUTE = 0xfff1 };
enum { VISIBILITY_INTERNAL = 1, VISIBILITY_HIDDEN = 2 };

typedef struct entry {
	uint32_t name;
	uint8_t info, other;
	uint16_t section;
	uint64_t value, size;
} entry;

/* ------------------------------------------------------------------ names */

static ptm_status set_text(ptm_text *text, const uint8_t *bytes, uint32_t length)
{
	text->bytes.length = 0;
	PTM_TRY(ptm_array_reserve(&text->bytes, length + 1));
	if (length)
		memcpy(text->bytes.at, bytes, length);
	text->bytes.at[length] = 0;
	text->bytes.length = length;
	return PTM_OK;
}

/* Length of the part of a name that is in these bytes; all of them when it goes on. */
static uint32_t name_part(const ptm_symbol_names *names, unsigned table, const uint8_t *at, uint32_t there)
{
	if (table != PTM_TABLE_LIST)
		return (uint32_t)strnlen((const char *)at, there);
	uint32_t length = 0;
	while (length < there && at[length] && at[length] != '\n' && (names->with_tabs || at[length] != '\t'))
		length++;
	return length;
}

/* The name as the file has it; "" outside the string table. */
static ptm_status raw_name(ptm_symbol_names *names, unsigned table, uint32_t name, ptm_text *into)
{
	const uint8_t *at;
	uint32_t there;
	uint64_t size = names->tables[table].size, left = name < size ? size - name : 0, offset = names->tables[table].offset + name;
	ptm_pages *pages = &names->pages[names->tables[table].file];
	PTM_TRY(set_text(into, NULL, 0));
	while (left && into->bytes.length < MOST_NAME) {
		PTM_TRY(ptm_pages_view(pages, offset, &at, &there));
		if (there > left)
			there = (uint32_t)left;
		uint32_t text = name_part(names, table, at, there);
		PTM_TRY(ptm_text_append(into, (const char *)at, text));
		if (text < there)
			break;
		left -= there;
		offset += there;
	}
	return PTM_OK;
}

ptm_status ptm_symbol_names_get(ptm_symbol_names *names, uint8_t table, uint32_t name, ptm_text *into)
{
	bool at_plt = table & PTM_NAME_AT_PLT;
	char made[40];
	if (table == PTM_NAME_PLT_START || table == PTM_NAME_PLT_PLACE) {
		int length = snprintf(made, sizeof made, table == PTM_NAME_PLT_START ? ".plt" : "offset_%#" PRIx32 "@plt", name);
		return set_text(into, (const uint8_t *)made, (uint32_t)length);
	}
	table &= ~PTM_NAME_AT_PLT;
	PTM_TRY(raw_name(names, table, name, &names->text));
	ptm_status status = ptm_demangle(names->text.bytes.at, names->style, into);
	if (status == PTM_NOT_FOUND)
		status = set_text(into, (const uint8_t *)names->text.bytes.at, names->text.bytes.length);
	if (status != PTM_OK || (table != PTM_TABLE_PLT && !at_plt))
		return status;
	PTM_TRY(ptm_text_append(into, "@plt", 4));
	if (into->bytes.length > PLT_NAME)
		into->bytes.at[into->bytes.length = PLT_NAME] = 0;
	return PTM_OK;
}

void ptm_symbol_names_free(ptm_symbol_names *names)
{
	ptm_pages_free(&names->pages[0]);
	ptm_pages_free(&names->pages[1]);
	ptm_array_free(&names->text.bytes);
}

/* ---------------------------------------------------------------- entries */

static entry entry_of(ptm_bytes *bytes, bool is_32bit)
{
	entry entry;
	entry.name = ptm_bytes_u32(bytes);
	if (is_32bit) {
		entry.value = ptm_bytes_u32(bytes);
		entry.size = ptm_bytes_u32(bytes);
	}
	entry.info = ptm_bytes_u8(bytes);
	entry.other = ptm_bytes_u8(bytes);
	entry.section = ptm_bytes_u16(bytes);
	if (!is_32bit) {
		entry.value = ptm_bytes_u64(bytes);
		entry.size = ptm_bytes_u64(bytes);
	}
	return entry;
}

static bool is_label(const entry *entry)
{
	uint8_t visibility = entry->other & 3;
	return (entry->info & 15) == TYPE_NOTYPE && entry->name && entry->section != SECTION_UNDEFINED &&
	       entry->section != SECTION_ABSOLUTE && visibility != VISIBILITY_HIDDEN && visibility != VISIBILITY_INTERNAL;
}

static bool counts(const entry *entry)
{
	uint8_t type = entry->info & 15;
	bool named = entry->name && entry->section != SECTION_UNDEFINED && entry->section != SECTION_ABSOLUTE;
	return is_label(entry) || (named && (type == TYPE_FUNC || type == TYPE_OBJECT || type == TYPE_IFUNC));
}

/* perf keeps symbols by file offset. */
static uint64_t offset_of(const ptm_elf *elf, const ptm_elf_section *section, uint64_t address)
{
	for (uint32_t i = 0; i < elf->loads.length; i++) {
		const ptm_load *load = &elf->loads.at[i];
		uint64_t size = load->memory_size > load->file_size ? load->memory_size : load->file_size;
		if (address >= load->address && address - load->address < size)
			return address - load->address + load->file_offset;
	}
	return address - section->address + section->offset;
}

/* Labels count only in sections of code and data, known by their names. */
static bool holds_labels(const ptm_elf *elf, ptm_source *source, const ptm_elf_section *section)
{
	char name[64];
	ptm_elf_section_name(elf, source, section, name, sizeof name);
	return strstr(name, ".text") || strstr(name, ".data");
}

/* One of the two files while it is read. */
typedef struct half {
	const ptm_elf *elf;
	const ptm_symbol_file *file;
	ptm_source source;       /* for entries */
	ptm_source strings;      /* for section names */
} half;

typedef struct reader {
	ptm_symbol_table *table;
	half symbols, code;
	PTM_ARRAY(uint8_t) labels;       /* by section: 0 not known yet, 1 no, 2 yes */
	uint32_t only;                   /* section whose symbols count: of a kernel module perf takes those of .text; 0: all */
	ptm_name_style style;            /* which of several symbols is taken depends on their names */
	bool newer_perf;                 /* as perf 6.12 names entries of PLTs */
	bool own_sections;               /* the symbols' file numbers its sections its own way */
} reader;

/* The section a symbol is in; when it has no bytes, as the file with the code
 * has it. NULL when there is no such section; stores the file it is in. */
static const ptm_elf_section *section_of(reader *reader, uint32_t index, half **in)
{
	*in = &reader->symbols;
	if (!reader->own_sections && index < reader->symbols.elf->sections.length && reader->symbols.elf->sections.at[index].type == PTM_SECTION_NOBITS)
		*in = &reader->code;
	return index < (*in)->elf->sections.length ? &(*in)->elf->sections.at[index] : NULL;
}

/* PTM_END at a symbol in a section that does not exist. */
static ptm_status add_entry(reader *reader, const entry *entry, uint8_t which)
{
	half *in;
	const ptm_elf *elf = reader->symbols.elf;
	if (reader->only && entry->section != reader->only)
		return PTM_OK;
	if (entry->section < elf->sections.length && !(elf->sections.at[entry->section].flags & PTM_SECTION_ALLOC))
		return PTM_OK;
	const ptm_elf_section *section = section_of(reader, entry->section, &in);
	if (!section)
		return PTM_END;
	uint8_t *labels = &reader->labels.at[entry->section];
	if (!*labels)
		*labels = holds_labels(in->elf, &in->strings, section) ? 2 : 1;
	if (is_label(entry) && *labels == 1)
		return PTM_OK;
	uint64_t start = offset_of(reader->code.elf, section, entry->value);
	return ptm_symbol_tree_add(&reader->table->tree, &(ptm_symbol_node){ .start = start, .end = start + entry->size, .name = entry->name,
			.binding = entry->info >> 4, .type = entry->info & 15, .table = which });
}

/* Stores whether the table was read to its end: perf gives up, keeping what it
 * has, at a symbol in a section that does not exist. */
static ptm_status read_entries(reader *reader, const ptm_elf_section *section, uint8_t which, bool *whole)
{
	uint32_t each = (uint32_t)section->entry_size;
	const uint8_t *at;
	*whole = false;
	for (uint64_t i = 1; i < section->size / each; i++) {
		PTM_TRY(ptm_source_view(&reader->symbols.source, section->offset + i * each, each, &at));
		ptm_bytes bytes = ptm_bytes_of(at, each);
		entry entry = entry_of(&bytes, reader->symbols.elf->is_32bit);
		ptm_status status = counts(&entry) ? add_entry(reader, &entry, which) : PTM_OK;
		if (status == PTM_END)
			return PTM_OK;
		PTM_TRY(status);
	}
	*whole = true;
	return PTM_OK;
}

/* -------------------------------------------------------- ends, duplicates */

static uint64_t page_after(uint64_t address)
{
	return ((address + 4095) & ~(uint64_t)4095) + 4096;
}

void ptm_symbol_table_fix_ends(ptm_symbol_tree *tree)
{
	uint32_t node = ptm_symbol_tree_first(tree), next;
	for (; node; node = next) {
		ptm_symbol_node *symbol = &tree->nodes.at[node];
		next = ptm_symbol_tree_next(tree, node);
		if (symbol->end != symbol->start)
			continue;
		bool last = !next || tree->nodes.at[next].module != symbol->module;
		symbol->end = last ? page_after(symbol->start) : tree->nodes.at[next].start;
	}
}

static uint32_t underscores(const char *name)
{
	return (uint32_t)strspn(name, "_");
}

/* Whether the first of two symbols that start at one place is the better one. */
static ptm_status first_is_better(ptm_symbol_table *table, const ptm_symbol_node *a, const ptm_symbol_node *b, ptm_text texts[2], bool *better)
{
	bool a_empty = a->start == a->end, b_empty = b->start == b->end;
	*better = b_empty;
	if (a_empty != b_empty)
		return PTM_OK;
	*better = b->binding == BIND_WEAK;
	if ((a->binding == BIND_WEAK) != (b->binding == BIND_WEAK))
		return PTM_OK;
	*better = a->binding == BIND_GLOBAL;
	if ((a->binding == BIND_GLOBAL) != (b->binding == BIND_GLOBAL))
		return PTM_OK;
	PTM_TRY(ptm_symbol_names_get(&table->names, a->table, a->name, &texts[0]));
	PTM_TRY(ptm_symbol_names_get(&table->names, b->table, b->name, &texts[1]));
	const char *a_name = texts[0].bytes.at, *b_name = texts[1].bytes.at;
	uint32_t a_length = texts[0].bytes.length, b_length = texts[1].bytes.length;
	if (underscores(a_name) != underscores(b_name))
		*better = underscores(a_name) < underscores(b_name);
	else if (a_length != b_length)
		*better = a_length > b_length;
	else
		*better = strncmp(a_name, "SyS", 3) && strncmp(a_name, "compat_SyS", 10);
	return PTM_OK;
}

ptm_status ptm_symbol_table_drop_duplicates(ptm_symbol_table *table)
{
	ptm_symbol_tree *tree = &table->tree;
	ptm_text texts[2] = { 0 };
	ptm_status status = PTM_OK;
	uint32_t node = ptm_symbol_tree_first(tree), next;
	while (status == PTM_OK && node && (next = ptm_symbol_tree_next(tree, node))) {
		const ptm_symbol_node *a = &tree->nodes.at[node], *b = &tree->nodes.at[next];
		bool better = true;
		if (a->start != b->start) {
			node = next;
			continue;
		}
		status = first_is_better(table, a, b, texts, &better);
		ptm_symbol_tree_erase(tree, better ? next : node);
		node = better ? node : next;
	}
	ptm_array_free(&texts[0].bytes);
	ptm_array_free(&texts[1].bytes);
	return status;
}

/* ------------------------------------------------------------------ whole */

/* Notes where the names of a table are. */
static void place_names(ptm_symbol_names *names, uint8_t table, const half *in, const ptm_elf_section *section, uint8_t file)
{
	const ptm_elf_section *strings = section->link < in->elf->sections.length ? &in->elf->sections.at[section->link] : NULL;
	if (!strings || strings->offset > in->source.size || strings->type == PTM_SECTION_NOBITS)
		return;
	uint64_t there = in->source.size - strings->offset;
	names->tables[table].offset = strings->offset;
	names->tables[table].size = strings->size < there ? strings->size : there;
	names->tables[table].file = file;
}

static void place_pages(ptm_symbol_names *names, const reader *reader)
{
	const ptm_symbol_file *symbols = reader->symbols.file, *code = reader->code.file;
	if (symbols->memory)
		ptm_pages_init_memory(&names->pages[0], symbols->memory, symbols->size);
	else
		ptm_pages_init(&names->pages[0], symbols->source, symbols->size, NAME_PAGE);
	ptm_pages_init(&names->pages[1], code->source, code->size, NAME_PAGE);
}

static ptm_status read_tables(reader *reader)
{
	static const struct { const char *name; uint32_t type; } kinds[2] = { { ".symtab", PTM_SECTION_SYMBOLS },
		{ ".dynsym", PTM_SECTION_DYNAMIC_SYMBOLS } };
	ptm_symbol_names *names = &reader->table->names;
	half *code = &reader->code, *symbols = &reader->symbols;
	bool whole = true;
	place_pages(names, reader);
	for (uint8_t i = 0; i < 2; i++) {
		const ptm_elf_section *section = ptm_elf_symbols_named(symbols->elf, &symbols->strings, kinds[i].name, kinds[i].type);
		if (!section)
			continue;
		place_names(names, i, symbols, section, 0);
		PTM_TRY(read_entries(reader, section, i, &whole));
		PTM_TRY(ptm_symbol_tree_insert_added(&reader->table->tree));
		if (!whole)
			return PTM_OK;
		ptm_symbol_table_fix_ends(&reader->table->tree);
		PTM_TRY(ptm_symbol_table_drop_duplicates(reader->table));
	}
	const ptm_elf_section *dynamic = ptm_elf_symbols_named(code->elf, &code->strings, kinds[1].name, kinds[1].type);
	if ((!dynamic && !reader->newer_perf) || !reader->table->tree.root)
		return PTM_OK;
	if (dynamic)
		place_names(names, PTM_TABLE_PLT, code, dynamic, code->elf == symbols->elf ? 0 : 1);
	if (reader->newer_perf)
		return ptm_plt_add_newer(&reader->table->tree, reader->code.file, dynamic);
	return ptm_plt_add_in_order(&reader->table->tree, reader->code.file, dynamic);
}

/* What perf 6.1 does not read: the symbols of another file, and more entries of PLTs. */
static ptm_status read_more_tables(reader *reader)
{
	ptm_symbol_names *names = &reader->table->names;
	half *code = &reader->code, *symbols = &reader->symbols;
	bool whole;
	place_pages(names, reader);
	/* The file of an image in a bundle has its own table of them. */
	const char *name = code->elf == symbols->elf ? ".ptarmigan.symtab" : ".symtab";
	const ptm_elf_section *section = ptm_elf_symbols_named(symbols->elf, &symbols->strings, name, PTM_SECTION_SYMBOLS);
	if (section) {
		place_names(names, PTM_TABLE_SYMTAB, symbols, section, 0);
		PTM_TRY(read_entries(reader, section, PTM_TABLE_SYMTAB, &whole));
		PTM_TRY(ptm_symbol_tree_insert_added(&reader->table->tree));
		ptm_symbol_table_fix_ends(&reader->table->tree);
		PTM_TRY(ptm_symbol_table_drop_duplicates(reader->table));
	}
	const ptm_elf_section *dynamic = ptm_elf_symbols_named(code->elf, &code->strings, ".dynsym", PTM_SECTION_DYNAMIC_SYMBOLS);
	if (!dynamic)
		return PTM_OK;
	place_names(names, PTM_TABLE_PLT, code, dynamic, 1);
	return ptm_plt_add_by_slot(&reader->table->tree, code->file, dynamic);
}

static void open_half(half *half, const ptm_symbol_file *file)
{
	half->elf = file->elf;
	half->file = file;
	if (file->memory) {
		ptm_source_init_memory(&half->source, file->memory, (size_t)file->size);
		ptm_source_init_memory(&half->strings, file->memory, (size_t)file->size);
		return;
	}
	ptm_source_init(&half->source, file->source, file->size, SYMBOL_WINDOW);
	ptm_source_init(&half->strings, file->source, file->size, 4096);
}

static void close_half(half *half)
{
	ptm_source_free(&half->source);
	ptm_source_free(&half->strings);
}

static uint32_t only_section(half *symbols)
{
	const ptm_elf_section *text = symbols->elf->type == RELOCATABLE ? ptm_elf_section_named(symbols->elf, &symbols->strings, ".text") : NULL;
	return text ? (uint32_t)(text - symbols->elf->sections.at) : 0;
}

static ptm_status read_with(ptm_symbol_table *table, const ptm_symbol_file *symbols, const ptm_symbol_file *code, reader reader, ptm_status (*work)(struct reader *))
{
	uint32_t sections = symbols->elf->sections.length > code->elf->sections.length ? symbols->elf->sections.length : code->elf->sections.length;
	*table = (ptm_symbol_table){ .names.style = reader.style };
	reader.table = table;
	PTM_TRY(ptm_symbol_tree_init(&table->tree));
	PTM_TRY(ptm_array_reserve(&reader.labels, sections + 1));
	memset(reader.labels.at, 0, sections + 1);
	open_half(&reader.symbols, symbols);
	open_half(&reader.code, code);
	reader.only = only_section(&reader.symbols);
	ptm_status status = work(&reader);
	close_half(&reader.symbols);
	close_half(&reader.code);
	ptm_array_free(&reader.labels);
	return status;
}

ptm_status ptm_symbol_table_read(ptm_symbol_table *table, const ptm_symbol_file *symbols, const ptm_symbol_file *code, ptm_name_style style, bool newer_perf)
{
	return read_with(table, symbols, code, (reader){ .style = style, .newer_perf = newer_perf }, read_tables);
}

ptm_status ptm_symbol_table_read_more(ptm_symbol_table *table, const ptm_symbol_file *symbols, const ptm_symbol_file *code)
{
	return read_with(table, symbols, code, (reader){ .own_sections = true }, read_more_tables);
}

void ptm_symbol_table_free(ptm_symbol_table *table)
{
	ptm_symbol_tree_free(&table->tree);
	ptm_symbol_names_free(&table->names);
}
