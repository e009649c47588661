/* SPDX-License-Identifier: Apache-2.0 */
#include "image/symbols.h"
#include "base/xz.h"
#include "image/kernel.h"
#include "image/name_list.h"

#define NO_ROW UINT32_MAX
#define MOST_PACKED (64u << 20)  /* of .gnu_debugdata: real ones are kilobytes */
#define MOST_UNPACKED (256u << 20)
#define LATER UINT32_MAX         /* a name not looked up yet */
#define MOST_LOADS 16            /* with code; real files have one to three */

/* From `address` on, up to the next range, `row` of the image's symbols holds. */
typedef struct range {
	uint64_t address;
	uint32_t row;            /* NO_ROW: no symbol */
} range;

typedef struct name_reference {
	uint32_t name;
	uint8_t table;
} name_reference;

struct ptm_symbol_index {
	PTM_ARRAY(range) ranges;         /* sorted by address */
	PTM_ARRAY(ptm_symbol) symbols;   /* sorted by address, no two with the same address */
	PTM_ARRAY(name_reference) references; /* by row of the symbols */
	ptm_symbol_names names;
	uint8_t *unpacked;       /* owned: the file that the names are in, where it was packed */
	ptm_text text;           /* scratch */
};

void ptm_symbol_index_free(ptm_symbol_index *index)
{
	if (!index)
		return;
	ptm_array_free(&index->ranges);
	ptm_array_free(&index->symbols);
	ptm_array_free(&index->references);
	ptm_array_free(&index->text.bytes);
	ptm_symbol_names_free(&index->names);
	free(index->unpacked);
	free(index);
}

void ptm_symbols_free(ptm_image *image)
{
	ptm_symbol_index_free(image->symbol_index);
	ptm_symbol_index_free(image->more_symbols);
	image->symbol_index = image->more_symbols = NULL;
	image->symbols_read = image->more_read = false;
}

static int compare_offsets(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

typedef PTM_ARRAY(uint64_t) offsets;

static ptm_status add_edge(offsets *edges, uint64_t at, bool *sorted)
{
	uint64_t last = edges->length ? edges->at[edges->length - 1] : 0;

	if (edges->length && at == last)
		return PTM_OK;
	*sorted &= at > last;
	return ptm_array_push(edges, at);
}

/* Stores, sorted, where within the load's pages the answer may change. */
static ptm_status find_edges(const ptm_symbol_tree *tree, uint64_t first, uint64_t end, offsets *edges)
{
	bool sorted = true;

	edges->length = 0;
	PTM_TRY(ptm_array_push(edges, first));
	for (uint32_t node = ptm_symbol_tree_first(tree); node; node = ptm_symbol_tree_next(tree, node)) {
		const ptm_symbol_node *symbol = &tree->nodes.at[node];
		if (symbol->start > first && symbol->start < end)
			PTM_TRY(add_edge(edges, symbol->start, &sorted));
		/* One without a size, as a PLT of unknown entry size has them, is found at its one address. */
		uint64_t after = symbol->end == symbol->start ? symbol->end + 1 : symbol->end;
		if (after > first && after < end)
			PTM_TRY(add_edge(edges, after, &sorted));
	}
	/* Where symbols do not overlap they are. */
	if (!sorted)
		qsort(edges->at, edges->length, sizeof *edges->at, compare_offsets);
	return PTM_OK;
}

/* Gives the symbols that hold code of this load rows, in order of address. */
static ptm_status number_symbols(ptm_symbol_index *index, const ptm_symbol_tree *tree, const ptm_load *load, const uint32_t *found, uint32_t count)
{
	for (uint32_t i = 1; i < tree->nodes.length; i++)
		tree->nodes.at[i].row = NO_ROW;
	for (uint32_t i = 0; i < count; i++)
		tree->nodes.at[found[i]].row = 0;
	for (uint32_t node = ptm_symbol_tree_first(tree); node; node = ptm_symbol_tree_next(tree, node)) {
		ptm_symbol_node *symbol = &tree->nodes.at[node];
		if (symbol->row == NO_ROW)
			continue;
		symbol->row = index->symbols.length;
		PTM_TRY(ptm_array_push(&index->symbols, ((ptm_symbol){ symbol->start - load->file_offset + load->address,
				symbol->end - symbol->start, LATER })));
		PTM_TRY(ptm_array_push(&index->references, ((name_reference){ symbol->name, symbol->table })));
	}
	return PTM_OK;
}

/* Works out, for every stretch of code, what perf's walk down the tree finds. */
static ptm_status index_load(ptm_symbol_index *index, const ptm_symbol_tree *tree, const ptm_load *load, offsets *edges)
{
	uint64_t first = load->file_offset & ~(uint64_t)4095;
	PTM_TRY(find_edges(tree, first, ptm_load_page_end(load), edges));
	uint32_t *found = malloc(edges->length * sizeof *found);
	if (!found)
		return PTM_NO_MEMORY;
	for (uint32_t i = 0; i < edges->length; i++)
		found[i] = ptm_symbol_tree_find(tree, edges->at[i]);
	ptm_status status = number_symbols(index, tree, load, found, edges->length);
	for (uint32_t i = 0; i < edges->length && status == PTM_OK; i++) {
		uint32_t row = found[i] ? tree->nodes.at[found[i]].row : NO_ROW;
		bool same = i && index->ranges.at[index->ranges.length - 1].row == row;
		if (!same)
			status = ptm_array_push(&index->ranges, ((range){ edges->at[i] - load->file_offset + load->address, row }));
	}
	free(found);
	uint64_t after = ptm_load_page_end(load) - load->file_offset + load->address;
	return status == PTM_OK ? ptm_array_push(&index->ranges, ((range){ after, NO_ROW })) : status;
}

static ptm_status index_loads(ptm_symbol_index *index, const ptm_symbol_tree *tree, const ptm_load *loads, uint32_t count)
{
	offsets edges = { 0 };
	ptm_status status = PTM_OK;
	uint64_t reached = 0;
	uint32_t done = 0;
	for (uint32_t i = 0; i < count && status == PTM_OK && done < MOST_LOADS; i++) {
		const ptm_load *load = &loads[i];
		if (!load->executable || !load->file_size || load->address < reached || load->file_size > UINT64_MAX - load->address)
			continue;
		reached = load->address + load->file_size;
		done++;
		status = index_load(index, tree, load, &edges);
	}
	ptm_array_free(&edges);
	return status;
}

/* Makes the index of a table that was read, whatever became of it; takes the table's names. */
static ptm_status make_index(ptm_symbol_index **made, ptm_symbol_table *table, const ptm_load *loads, uint32_t count)
{
	ptm_symbol_index *index = *made = calloc(1, sizeof *index);
	if (!index) {
		ptm_symbol_table_free(table);
		return PTM_NO_MEMORY;
	}
	ptm_status status = table->tree.root ? index_loads(index, &table->tree, loads, count) : PTM_OK;
	if (status != PTM_OK)
		index->ranges.length = 0;
	index->names = table->names;
	ptm_pages_free(&index->names.pages[0]);
	ptm_pages_free(&index->names.pages[1]);
	ptm_symbol_tree_free(&table->tree);
	return status;
}

/* The separate debug file's symbols if it has any, else the image's own. */
static ptm_status read_table(const ptm_image *image, ptm_symbol_table *table, const ptm_elf *own, const ptm_source *from)
{
	ptm_elf elf = { 0 };
	ptm_source debug;
	ptm_message message;
	ptm_symbol_file code = { own, from->id, from->size, NULL }, split = { &elf, image->debug_source, image->debug_size, NULL };
	ptm_source_init(&debug, image->debug_source, image->debug_size, 16384);
	bool has_symbols = image->debug_size && ptm_elf_read(&elf, &debug, "", &message) == PTM_OK &&
			   ptm_elf_symbols_named(&elf, &debug, ".symtab", PTM_SECTION_SYMBOLS);
	ptm_status status = ptm_symbol_table_read(table, has_symbols ? &split : &code, &code, image->is_kernel ? PTM_NAMED_LINKED : image->name_style, image->newer_perf);
	ptm_source_free(&debug);
	ptm_elf_free(&elf);
	return status;
}

/* All addresses there are: lists of names and kernel modules know of no loads. */
static const ptm_load everywhere = { .file_size = UINT64_MAX, .memory_size = UINT64_MAX, .executable = true };

/* Symbols of the ELF file that the image is or that was given to name its code. */
static ptm_status read_elf_symbols(ptm_image *image)
{
	ptm_elf elf;
	ptm_message message;
	ptm_source source;
	ptm_symbol_table table = { 0 };
	if (image->names_size)
		ptm_source_init(&source, image->names_source, image->names_size, 16384);
	else
		ptm_source_init(&source, image->source.id, image->source.size, 16384);
	ptm_status status = ptm_elf_read(&elf, &source, "", &message);
	if (status == PTM_OK)
		status = read_table(image, &table, &elf, &source);
	if (status == PTM_OK)
		status = make_index(&image->symbol_index, &table, elf.loads.length ? elf.loads.at : &everywhere, elf.loads.length ? elf.loads.length : 1);
	else
		ptm_symbol_table_free(&table);
	ptm_elf_free(&elf);
	ptm_source_free(&source);
	return status;
}

/* ------------------------------------------------- what perf does not read */

/* Unpacks .gnu_debugdata ("MiniDebugInfo": a small ELF file of symbols, in xz). PTM_NOT_FOUND without. */
static ptm_status unpack_mini(const ptm_elf *elf, ptm_source *source, uint8_t **bytes, size_t *size)
{
	const ptm_elf_section *section = ptm_elf_section_named(elf, source, ".gnu_debugdata");
	const uint8_t *at;
	*bytes = NULL;
	if (!section || section->type == PTM_SECTION_NOBITS || section->size > MOST_PACKED)
		return PTM_NOT_FOUND;
	PTM_TRY(ptm_source_view(source, section->offset, (uint32_t)section->size, &at));
	return ptm_xz(at, (size_t)section->size, MOST_UNPACKED, bytes, size);
}

static ptm_status read_more(ptm_image *image)
{
	ptm_elf own, mini = { 0 };
	ptm_message message;
	ptm_source source, inner;
	ptm_symbol_table table = { 0 };
	uint8_t *bytes = NULL;
	size_t size = 0;
	ptm_source_init(&source, image->source.id, image->source.size, 16384);
	ptm_status status = ptm_elf_read(&own, &source, "", &message);
	bool packed = status == PTM_OK && unpack_mini(&own, &source, &bytes, &size) == PTM_OK;
	ptm_source_init_memory(&inner, bytes, size);
	packed = packed && ptm_elf_read(&mini, &inner, "", &message) == PTM_OK;
	ptm_symbol_file code = { &own, source.id, source.size, NULL }, symbols = { &mini, 0, size, bytes };
	if (status == PTM_OK)
		status = ptm_symbol_table_read_more(&table, packed ? &symbols : &code, &code);
	if (status == PTM_OK)
		status = make_index(&image->more_symbols, &table, own.loads.at, own.loads.length);
	else
		ptm_symbol_table_free(&table);
	if (image->more_symbols)
		image->more_symbols->unpacked = bytes;
	else
		free(bytes);
	ptm_elf_free(&mini);
	ptm_elf_free(&own);
	ptm_source_free(&source);
	return status;
}

const ptm_symbol *ptm_image_more_symbol(ptm_images *images, uint32_t row, uint64_t address)
{
	ptm_image *image = row < images->images.length ? &images->images.at[row] : NULL;
	if (!image || image->status != PTM_IMAGE_LOADED || image->names != PTM_NAMES_ELF || image->is_flat || image->is_kernel)
		return NULL;
	if (!image->more_read) {
		image->more_read = true;
		(void)!read_more(image);
	}
	return ptm_symbol_index_find(image->more_symbols, images->strings, address);
}

ptm_status ptm_symbol_index_read_list(ptm_symbol_index **index, uint8_t kind, uint32_t source, uint64_t size)
{
	ptm_symbol_table table;
	ptm_status status = ptm_name_list_read(&table, kind, source, size);
	if (status == PTM_OK)
		return make_index(index, &table, &everywhere, 1);
	ptm_symbol_table_free(&table);
	return status;
}

static const range *find_range(const struct ptm_symbol_index *index, uint64_t address)
{
	uint32_t low = 0, high = index->ranges.length;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (index->ranges.at[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? &index->ranges.at[low - 1] : NULL;
}

/* Looks the name of a symbol up; "" when that fails. */
static void name_symbol(ptm_strings *strings, ptm_symbol_index *index, ptm_symbol *symbol, const name_reference *reference)
{
	symbol->name = 0;
	if (ptm_symbol_names_get(&index->names, reference->table, reference->name, &index->text) == PTM_OK)
		(void)!ptm_strings_add(strings, index->text.bytes.at, index->text.bytes.length, &symbol->name);
}

const ptm_symbol *ptm_symbol_index_find(ptm_symbol_index *index, ptm_strings *strings, uint64_t address)
{
	const range *range = index ? find_range(index, address) : NULL;
	if (!range || range->row == NO_ROW)
		return NULL;
	ptm_symbol *symbol = &index->symbols.at[range->row];
	if (symbol->name == LATER)
		name_symbol(strings, index, symbol, &index->references.at[range->row]);
	return symbol;
}

uint32_t ptm_symbol_index_count(const ptm_symbol_index *index)
{
	return index ? index->symbols.length : 0;
}

static void read_symbols(ptm_image *image)
{
	image->symbols_read = true;
	if (image->names == PTM_NAMES_ELF)
		(void)!read_elf_symbols(image);
	else
		(void)!ptm_symbol_index_read_list(&image->symbol_index, image->names, image->names_source, image->names_size);
}

static const ptm_symbol *kallsyms_symbol(ptm_images *images, const ptm_image *image, uint64_t address)
{
	ptm_kernel *kernel = ptm_kernel_of_image(images, image);
	return kernel ? ptm_kernel_symbol(images, kernel, address) : NULL;
}

const ptm_symbol *ptm_image_symbol(ptm_images *images, uint32_t row, uint64_t address)
{
	ptm_image *image = row < images->images.length ? &images->images.at[row] : NULL;
	if (!image)
		return NULL;
	if (image->names == PTM_NAMES_KALLSYMS)
		return kallsyms_symbol(images, image, address);
	if (image->names == PTM_NAMES_SELF)
		return address - image->self.address < image->self.size ? &image->self : NULL;
	if (image->status != PTM_IMAGE_LOADED && !image->names_size)
		return NULL;
	if (!image->symbols_read)
		read_symbols(image);
	return ptm_symbol_index_find(image->symbol_index, images->strings, address - image->names_slide);
}

uint32_t ptm_image_symbol_count(ptm_images *images, uint32_t row)
{
	const ptm_image *image = &images->images.at[row];
	if (image->names == PTM_NAMES_SELF)
		return 1;
	if (image->names != PTM_NAMES_KALLSYMS)
		return ptm_symbol_index_count(image->symbol_index);
	const ptm_kernel *kernel = ptm_kernel_of_image(images, image);
	return kernel ? ptm_symbol_index_count(kernel->names) : 0;
}
