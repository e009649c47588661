/* SPDX-License-Identifier: Apache-2.0 */
/* Which source file an ELF file's symbol table says a function is of: the last
 * STT_FILE before it. It counts for local functions, and for global ones only
 * while no file follows on a function, because the linker puts all global symbols
 * behind the last file's. What addr2line, and so perf, falls back on where there
 * are no line tables. */
#include "image/function_files.h"
#include "base/bytes.h"
#include "image/demangle.h"
#include "image/elf.h"

#define WINDOW (256u << 10)
#define MOST_NAME 4096u

enum { TYPE_NOTYPE = 0, TYPE_FUNC = 2, TYPE_FILE = 4, TYPE_IFUNC = 10, BIND_LOCAL = 0 };

typedef struct function {
	uint64_t start, size;
	uint32_t name, file;     /* places in the strings; file: or PTM_NO_FUNCTION_FILE */
	uint32_t row;            /* in the table: of equals the first counts */
	uint16_t section;
	bool typed;              /* not STT_NOTYPE */
} function;

struct ptm_function_files {
	PTM_ARRAY(function) functions; /* sorted by start, then row */
	PTM_ARRAY(ptm_elf_section) sections;
	uint64_t strings, strings_size;
	ptm_source names;        /* the file they are in */
};

void ptm_function_files_free(ptm_image *image)
{
	struct ptm_function_files *files = image->function_files;

	if (!files)
		return;
	ptm_array_free(&files->functions);
	ptm_array_free(&files->sections);
	ptm_source_free(&files->names);
	free(files);
	image->function_files = NULL;
}

static int compare_functions(const void *left, const void *right)
{
	const function *a = left, *b = right;
	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return (a->row > b->row) - (a->row < b->row);
}

/* What was seen of the table so far. */
typedef struct scan {
	uint32_t file;
	bool any_function, file_after_function;
} scan;

static ptm_status take_entry(struct ptm_function_files *files, scan *scan, ptm_bytes bytes, bool is_32bit)
{
	uint32_t name = ptm_bytes_u32(&bytes);
	function made = { .name = name, .file = PTM_NO_FUNCTION_FILE };

	if (is_32bit) {
		made.start = ptm_bytes_u32(&bytes);
		made.size = ptm_bytes_u32(&bytes);
	}
	uint8_t info = ptm_bytes_u8(&bytes);
	ptm_bytes_skip(&bytes, 1);
	made.section = ptm_bytes_u16(&bytes);
	if (!is_32bit) {
		made.start = ptm_bytes_u64(&bytes);
		made.size = ptm_bytes_u64(&bytes);
	}
	uint8_t type = info & 15;
	if (type == TYPE_FILE) {
		scan->file = name;
		scan->file_after_function |= scan->any_function;
		return PTM_OK;
	}
	bool in_section = made.section && made.section < files->sections.length;
	if (!in_section || (type != TYPE_FUNC && type != TYPE_NOTYPE && type != TYPE_IFUNC))
		return PTM_OK;
	if (info >> 4 == BIND_LOCAL || !scan->file_after_function)
		made.file = scan->file;
	scan->any_function = true;
	made.row = files->functions.length;
	made.typed = type != TYPE_NOTYPE;
	return ptm_array_push(&files->functions, made);
}

static ptm_status read_entries(struct ptm_function_files *files, ptm_elf *elf, ptm_source *source, const ptm_elf_section *table)
{
	uint32_t each = elf->is_32bit ? 16 : 24;
	scan scan = { .file = PTM_NO_FUNCTION_FILE };
	const uint8_t *at;

	if (table->entry_size != each || table->link >= elf->sections.length || table->offset > source->size || table->size > source->size - table->offset)
		return PTM_OK;
	files->strings = elf->sections.at[table->link].offset;
	files->strings_size = elf->sections.at[table->link].size;
	for (uint64_t i = 1; i < table->size / each; i++) {
		PTM_TRY(ptm_source_view(source, table->offset + i * each, each, &at));
		PTM_TRY(take_entry(files, &scan, ptm_bytes_of(at, each), elf->is_32bit));
	}
	if (files->functions.length)
		qsort(files->functions.at, files->functions.length, sizeof *files->functions.at, compare_functions);
	return PTM_OK;
}

/* Reads the symbols of a table of a file. PTM_NOT_FOUND: it has no such table. */
static ptm_status read_file(struct ptm_function_files *files, ptm_given given, const char *table_name)
{
	ptm_elf elf = { 0 };
	ptm_source source;
	ptm_message message;

	ptm_source_init(&source, given.source, given.size, WINDOW);
	ptm_source_init(&files->names, given.source, given.size, 16384);
	ptm_status status = ptm_elf_read(&elf, &source, "", &message);
	const ptm_elf_section *table = status == PTM_OK ? ptm_elf_section_named(&elf, &files->names, table_name) : NULL;
	if (table && table->type == PTM_SECTION_NOBITS)
		table = NULL;
	if (table)
		status = ptm_array_reserve(&files->sections, elf.sections.length);
	if (table && status == PTM_OK) {
		memcpy(files->sections.at, elf.sections.at, elf.sections.length * sizeof *elf.sections.at);
		files->sections.length = elf.sections.length;
		status = read_entries(files, &elf, &source, table);
	}
	ptm_elf_free(&elf);
	ptm_source_free(&source);
	if (!table)
		ptm_source_free(&files->names);
	return status == PTM_OK && !table ? PTM_NOT_FOUND : status;
}

/* As binutils do: of the file with the code, if it has more than what is exported; then of the one split from it. */
static ptm_status read_symbols(struct ptm_function_files *files, const ptm_image *image)
{
	ptm_given own = { image->source.id, image->source.size };
	ptm_status status = read_file(files, own, ".symtab");

	if (status == PTM_NOT_FOUND)
		status = read_file(files, ptm_image_debug_file(image), ".symtab");
	return status == PTM_NOT_FOUND ? read_file(files, own, ".dynsym") : status;
}

static uint16_t section_at(const struct ptm_function_files *files, uint64_t address)
{
	for (uint32_t i = 1; i < files->sections.length; i++) {
		const ptm_elf_section *section = &files->sections.at[i];
		if (section->flags & PTM_SECTION_ALLOC && address - section->address < section->size)
			return (uint16_t)i;
	}
	return 0;
}

/* Whether `a` is a better answer than `b`, both at or before the address: one that
 * holds it, then the nearest, one with a type, the smallest, the first. */
static bool is_better(const function *a, const function *b, uint64_t address)
{
	bool a_holds = address - a->start < a->size, b_holds = address - b->start < b->size;

	if (a_holds != b_holds)
		return a_holds;
	if (a->start != b->start)
		return a->start > b->start;
	if (a->typed != b->typed)
		return a->typed;
	return a->size != b->size ? a->size < b->size : a->row < b->row;
}

/* The best of the functions before the address, in its section. */
static const function *find(const struct ptm_function_files *files, uint64_t address)
{
	enum { LOOKED_AT = 64 };
	uint32_t low = 0, high = files->functions.length;
	uint16_t section = section_at(files, address);
	const function *best = NULL;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (files->functions.at[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	for (uint32_t i = low; section && i-- > 0 && low - i <= LOOKED_AT;) {
		const function *at = &files->functions.at[i];
		if (at->section == section && (!best || is_better(at, best, address)))
			best = at;
	}
	return best;
}

/* Stores the function that an address is said to be of, NULL: there is none, and
 * where to look; reads the symbols the first time. */
static ptm_status find_in(ptm_image *image, uint64_t address, const function **found)
{
	*found = NULL;
	if (!image || image->status != PTM_IMAGE_LOADED || image->names != PTM_NAMES_ELF || image->is_flat)
		return PTM_OK;
	if (!image->function_files) {
		image->function_files = calloc(1, sizeof(struct ptm_function_files));
		if (!image->function_files)
			return PTM_NO_MEMORY;
		ptm_status status = read_symbols(image->function_files, image);
		if (status == PTM_NO_MEMORY)
			return status;
	}
	*found = find(image->function_files, address);
	return PTM_OK;
}

/* Copies the text at a place in the strings, up to MOST_NAME - 1 bytes and a NUL; returns its length. */
static size_t copy_text(ptm_image *image, uint32_t place, char into[MOST_NAME])
{
	struct ptm_function_files *files = image->function_files;
	uint32_t length = MOST_NAME - 1;
	const uint8_t *at;

	*into = 0;
	if (place >= files->strings_size || ptm_source_view_some(&files->names, files->strings + place, &length, &at) != PTM_OK)
		return 0;
	size_t text = strnlen((const char *)at, length);
	memcpy(into, at, text);
	into[text] = 0;
	return text;
}

ptm_status ptm_image_function_file(ptm_images *images, uint32_t row, uint64_t address, bool *known, uint32_t *file)
{
	ptm_image *image = row < images->images.length ? &images->images.at[row] : NULL;
	const function *found;
	char name[MOST_NAME];

	*file = PTM_NO_FUNCTION_FILE;
	PTM_TRY(find_in(image, address, &found));
	*known = found;
	if (!found || found->file >= image->function_files->strings_size)
		return PTM_OK;
	size_t length = copy_text(image, found->file, name);
	return ptm_strings_add(images->strings, name, length, file);
}

ptm_status ptm_image_function_name(ptm_images *images, uint32_t row, uint64_t address, uint32_t *id)
{
	ptm_image *image = row < images->images.length ? &images->images.at[row] : NULL;
	const function *found;
	char name[MOST_NAME];

	*id = 0;
	PTM_TRY(find_in(image, address, &found));
	size_t length = found && found->name ? copy_text(image, found->name, name) : 0;
	if (!length)
		return PTM_OK;
	ptm_text text = { 0 };
	ptm_status status = ptm_demangle(name, PTM_NAMED_BRIEF, &text);
	if (status == PTM_OK)
		status = ptm_strings_add(images->strings, text.bytes.at, text.bytes.length, id);
	else if (status == PTM_NOT_FOUND)
		status = ptm_strings_add(images->strings, name, length, id);
	ptm_array_free(&text.bytes);
	return status;
}
