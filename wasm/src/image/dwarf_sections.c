/* SPDX-License-Identifier: Apache-2.0 */
/* Where a file's DWARF sections are. If any of them is compressed (SHF_COMPRESSED
 * of the ELF gABI: zlib or zstd, as distributions ship their debug files; or named .zdebug_…, as
 * GNU tools did before), all are laid out in memory and read there. */
#include "image/dwarf.h"
#include "base/inflate.h"
#include "base/zstd.h"

#define PAGE 65536u
#define WINDOW (256u << 10)
/* Of all sections of a file, unpacked. */
#define MOST_UNPACKED (768u << 20)

enum { PACKED_ZLIB = 1, PACKED_ZSTD = 2 };
/* DEFLATE cannot pack better than this. */
#define MOST_RATIO 1100u

/* A section as the file has it. */
typedef struct packed {
	uint64_t offset, size;
	uint64_t unpacked;       /* bytes when unpacked */
	uint32_t kind;           /* PACKED_…; 0: it is not compressed */
} packed;

static ptm_status read_packed_header(packed *section, ptm_source *source, bool is_32bit)
{
	uint32_t header = is_32bit ? 12 : 24;
	const uint8_t *at;

	if (section->size < header)
		return PTM_BAD_DATA;
	PTM_TRY(ptm_source_view(source, section->offset, header, &at));
	ptm_bytes bytes = ptm_bytes_of(at, header);
	section->kind = ptm_bytes_u32(&bytes);
	if (is_32bit) {
		section->unpacked = ptm_bytes_u32(&bytes);
	} else {
		ptm_bytes_skip(&bytes, 4);
		section->unpacked = ptm_bytes_u64(&bytes);
	}
	section->offset += header;
	section->size -= header;
	if (section->kind == PACKED_ZLIB && section->unpacked / MOST_RATIO > section->size)
		return PTM_BAD_DATA;
	return section->kind == PACKED_ZLIB || section->kind == PACKED_ZSTD ? PTM_OK : PTM_UNSUPPORTED;
}

/* Of a section named .zdebug_…: "ZLIB", then its size when unpacked, the highest byte first. */
static ptm_status read_gnu_header(packed *section, ptm_source *source)
{
	const uint8_t *at;

	if (section->size < 12)
		return PTM_BAD_DATA;
	PTM_TRY(ptm_source_view(source, section->offset, 12, &at));
	if (memcmp(at, "ZLIB", 4))
		return PTM_BAD_DATA;
	for (uint32_t i = 4; i < 12; i++)
		section->unpacked = section->unpacked << 8 | at[i];
	section->kind = PACKED_ZLIB;
	section->offset += 12;
	section->size -= 12;
	return section->unpacked / MOST_RATIO > section->size ? PTM_BAD_DATA : PTM_OK;
}

/* Stores the sections that are there and readable; returns whether any is compressed. */
static bool find_sections(packed into[DWARF_SECTIONS], ptm_source *source, const ptm_elf *elf, const char *const names[DWARF_SECTIONS])
{
	bool any_packed = false;
	char name[32];

	for (uint32_t i = 1; i < elf->sections.length; i++) {
		const ptm_elf_section *section = &elf->sections.at[i];
		if (section->type == PTM_SECTION_NOBITS || section->offset >= source->size)
			continue;
		uint64_t there = source->size - section->offset;
		packed found = { .offset = section->offset, .size = section->size < there ? section->size : there };
		ptm_elf_section_name(elf, source, section, name, sizeof name);
		bool is_gnu = !strncmp(name, ".zdebug_", 8);
		if (is_gnu)
			memmove(name + 1, name + 2, strlen(name + 1));
		for (uint32_t j = 0; j < DWARF_SECTIONS; j++) {
			if (!names[j] || strcmp(name, names[j]) || (is_gnu && read_gnu_header(&found, source) != PTM_OK))
				continue;
			if (section->flags & PTM_SECTION_COMPRESSED && read_packed_header(&found, source, elf->is_32bit) != PTM_OK)
				continue;
			any_packed |= found.kind;
			into[j] = found;
		}
	}
	return any_packed;
}

static ptm_status unpack_zstd(const uint8_t *at, size_t length, uint8_t *into, size_t size)
{
	ptm_zstd *zstd;
	size_t done = 0, got;

	PTM_TRY(ptm_zstd_new(&zstd));
	ptm_status status = ptm_zstd_feed(zstd, at, length);
	while (status == PTM_OK && (status = ptm_zstd_next(zstd, &at, &got)) == PTM_OK) {
		if (got > size - done)
			status = PTM_BAD_DATA;
		else
			memcpy(into + done, at, got);
		done += got;
	}
	ptm_zstd_free(zstd);
	if (status != PTM_END)
		return status;
	return done == size ? PTM_OK : PTM_BAD_DATA;
}

static ptm_status unpack(const packed *section, const ptm_source *file, uint8_t *into)
{
	ptm_source source;
	const uint8_t *at;

	if (section->size > UINT32_MAX)
		return PTM_UNSUPPORTED;
	ptm_source_init_beside(&source, file, (uint32_t)section->size);
	ptm_status status = ptm_source_view(&source, section->offset, (uint32_t)section->size, &at);
	if (status == PTM_OK && section->kind == PACKED_ZLIB)
		status = ptm_inflate(at, (size_t)section->size, into, (size_t)section->unpacked);
	else if (status == PTM_OK && section->kind == PACKED_ZSTD)
		status = unpack_zstd(at, (size_t)section->size, into, (size_t)section->unpacked);
	else if (status == PTM_OK)
		memcpy(into, at, (size_t)section->size);
	ptm_source_free(&source);
	return status;
}

/* Lays out all sections in memory, one behind the other; one that is broken counts as missing. */
static ptm_status unpack_all(ptm_dwarf *dwarf, packed sections[DWARF_SECTIONS], const ptm_source *file)
{
	uint64_t total = 0;

	for (uint32_t i = 0; i < DWARF_SECTIONS; i++) {
		if (!sections[i].kind)
			sections[i].unpacked = sections[i].size;
		if (sections[i].unpacked > MOST_UNPACKED - total)
			return PTM_UNSUPPORTED;
		total += sections[i].unpacked;
	}
	dwarf->unpacked = malloc(total ? (size_t)total : 1);
	if (!dwarf->unpacked)
		return PTM_UNSUPPORTED;
	total = 0;
	for (uint32_t i = 0; i < DWARF_SECTIONS; i++) {
		ptm_status status = sections[i].size ? unpack(&sections[i], file, dwarf->unpacked + total) : PTM_BAD_DATA;
		if (status == PTM_NO_MEMORY)
			return status;
		if (status != PTM_OK)
			continue;
		dwarf->sections[i] = (ptm_dwarf_extent){ total, sections[i].unpacked };
		total += sections[i].unpacked;
	}
	ptm_pages_init_memory(&dwarf->pages, dwarf->unpacked, total);
	ptm_source_init_memory(&dwarf->entries, dwarf->unpacked, (size_t)total);
	dwarf->tables = dwarf->units = dwarf->entries;
	return PTM_OK;
}

/* Reads all sections where the file has them. */
static void read_in_place(ptm_dwarf *dwarf, const packed sections[DWARF_SECTIONS], const ptm_source *file)
{
	for (uint32_t i = 0; i < DWARF_SECTIONS; i++)
		dwarf->sections[i] = (ptm_dwarf_extent){ sections[i].offset, sections[i].size };
	ptm_pages_init(&dwarf->pages, file->id, file->size, PAGE);
	ptm_source_init_beside(&dwarf->tables, file, WINDOW);
	ptm_source_init_beside(&dwarf->entries, file, WINDOW);
	ptm_source_init_beside(&dwarf->units, file, WINDOW);
}

static ptm_status open_file(ptm_dwarf *dwarf, ptm_given given, const char *const names[DWARF_SECTIONS])
{
	packed sections[DWARF_SECTIONS] = { 0 };
	ptm_source file;
	ptm_elf elf;
	ptm_message message;

	ptm_source_init(&file, given.source, given.size, WINDOW);
	ptm_status status = ptm_elf_read(&elf, &file, "", &message);
	bool relocated = status == PTM_OK && ptm_dwarf_is_relocated(&elf, &file);
	if (status == PTM_OK && (find_sections(sections, &file, &elf, names) || relocated))
		status = unpack_all(dwarf, sections, &file);
	else if (status == PTM_OK)
		read_in_place(dwarf, sections, &file);
	if (status == PTM_OK && relocated)
		status = ptm_dwarf_relocate(dwarf, &elf, &file, names);
	for (uint32_t i = 0; status == PTM_OK && i < elf.loads.length; i++)
		status = ptm_array_push(&dwarf->own_loads, elf.loads.at[i]);
	ptm_elf_free(&elf);
	ptm_source_free(&file);
	if (status == PTM_OK && (!dwarf->sections[DWARF_INFO].size || !dwarf->sections[DWARF_ABBREV].size))
		status = PTM_NOT_FOUND;
	return status == PTM_UNSUPPORTED ? PTM_NOT_FOUND : status;
}

ptm_status ptm_dwarf_open(ptm_dwarf *dwarf, const ptm_image *image)
{
	static const char *const names[DWARF_SECTIONS] = { ".debug_info", ".debug_abbrev", ".debug_line", ".debug_str", ".debug_line_str",
		".debug_ranges", ".debug_rnglists", ".debug_addr", ".debug_str_offsets", ".debug_aranges", NULL, NULL };

	*dwarf = (ptm_dwarf){ .loads = image->loads.at, .load_count = image->loads.length, .name_style = image->name_style };
	PTM_TRY(open_file(dwarf, image->module_file.size ? image->module_file : ptm_image_debug_file(image), names));
	if (image->module_file.size) {
		dwarf->loads = &dwarf->module_text;
		dwarf->load_count = 1;
	} else if (ptm_image_lines_slide(image)) {
		dwarf->loads = dwarf->own_loads.at;
		dwarf->load_count = dwarf->own_loads.length;
	}
	if (!dwarf->sections[DWARF_LINE].size)
		return PTM_NOT_FOUND;
	if (!image->alternate.size)
		return PTM_OK;
	dwarf->alternate = calloc(1, sizeof *dwarf->alternate);
	if (!dwarf->alternate)
		return PTM_NO_MEMORY;
	ptm_status status = open_file(dwarf->alternate, image->alternate, names);
	return status == PTM_NO_MEMORY || status == PTM_READ_FAILED ? status : PTM_OK;
}

ptm_status ptm_dwarf_open_split(ptm_dwarf *dwarf, uint32_t source, uint64_t size)
{
	static const char *const names[DWARF_SECTIONS] = { ".debug_info.dwo", ".debug_abbrev.dwo", ".debug_line.dwo", ".debug_str.dwo", NULL, NULL, ".debug_rnglists.dwo",
		NULL, ".debug_str_offsets.dwo", NULL, ".debug_cu_index", NULL };

	*dwarf = (ptm_dwarf){ 0 };
	return open_file(dwarf, (ptm_given){ source, size }, names);
}

void ptm_dwarf_close(ptm_dwarf *dwarf)
{
	if (dwarf->alternate)
		ptm_dwarf_close(dwarf->alternate);
	free(dwarf->alternate);
	dwarf->alternate = NULL;
	ptm_pages_free(&dwarf->pages);
	ptm_source_free(&dwarf->tables);
	ptm_source_free(&dwarf->entries);
	ptm_source_free(&dwarf->units);
	ptm_array_free(&dwarf->own_loads);
	free(dwarf->unpacked);
	dwarf->unpacked = NULL;
}
