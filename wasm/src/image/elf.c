/* SPDX-License-Identifier: Apache-2.0 */
#include "image/elf.h"
#include "base/bytes.h"

/* Above these the file is damaged: real ones have a dozen loads and a hundred sections. */
#define MOST_LOADS 1024
#define MOST_SECTIONS 131072
#define MOST_NOTE_BYTES 65536
#define PAGE 4096

typedef struct frame {
	uint64_t segments, sections;   /* file offsets of the two tables */
	uint32_t segment_count, section_count, segment_size, section_size;
} frame;

static uint64_t word(ptm_bytes *bytes, bool is_32bit)
{
	return is_32bit ? ptm_bytes_u32(bytes) : ptm_bytes_u64(bytes);
}

static ptm_status read_header(ptm_elf *elf, frame *frame, ptm_source *source, const char *path, ptm_message *message)
{
	const uint8_t *at;
	uint32_t length = 64;
	if (source->size < 52)
		return ptm_message_set(message, PTM_BAD_DATA, "%s is not an ELF file: it has only %llu bytes.", path,
				       (unsigned long long)source->size);
	PTM_TRY(ptm_source_view_some(source, 0, &length, &at));
	if (memcmp(at, "\177ELF", 4))
		return ptm_message_set(message, PTM_BAD_DATA,
				       "%s is not an ELF file: it begins with %02x %02x %02x %02x instead of 7f 45 4c 46.", path,
				       at[0], at[1], at[2], at[3]);
	if ((at[4] != 1 && at[4] != 2) || at[5] != 1)
		return ptm_message_set(message, PTM_UNSUPPORTED, "%s is an ELF file of class %u and byte order %u; only little-endian "
				       "32- and 64-bit x86 files are read.", path, at[4], at[5]);
	elf->is_32bit = at[4] == 1;
	ptm_bytes bytes = ptm_bytes_of(at + 16, length - 16);
	elf->type = ptm_bytes_u16(&bytes);
	elf->machine = ptm_bytes_u16(&bytes);
	if (elf->machine != 62 && elf->machine != 3)
		return ptm_message_set(message, PTM_UNSUPPORTED, "%s is for another processor (ELF machine %u); only x86 code is read.",
				       path, elf->machine);
	ptm_bytes_skip(&bytes, elf->is_32bit ? 8 : 12);
	frame->segments = word(&bytes, elf->is_32bit);
	frame->sections = word(&bytes, elf->is_32bit);
	ptm_bytes_skip(&bytes, 6);
	frame->segment_size = ptm_bytes_u16(&bytes);
	frame->segment_count = ptm_bytes_u16(&bytes);
	frame->section_size = ptm_bytes_u16(&bytes);
	frame->section_count = ptm_bytes_u16(&bytes);
	elf->names = ptm_bytes_u16(&bytes);
	return bytes.failed ? PTM_TRUNCATED : PTM_OK;
}

static ptm_elf_section section_of(ptm_bytes *bytes, bool is_32bit)
{
	ptm_elf_section section;
	section.name = ptm_bytes_u32(bytes);
	section.type = ptm_bytes_u32(bytes);
	section.flags = word(bytes, is_32bit);
	section.address = word(bytes, is_32bit);
	section.offset = word(bytes, is_32bit);
	section.size = word(bytes, is_32bit);
	section.link = ptm_bytes_u32(bytes);
	ptm_bytes_skip(bytes, 4); /* sh_info */
	section.alignment = word(bytes, is_32bit);
	section.entry_size = word(bytes, is_32bit);
	return section;
}

/* A file may do without sections, and a damaged table is as good as none:
 * code does not depend on it. Only memory and the host may fail. */
static ptm_status read_sections(ptm_elf *elf, const frame *frame, ptm_source *source)
{
	uint32_t least = elf->is_32bit ? 40 : 64, count = frame->section_count;
	const uint8_t *at;
	if (!frame->sections || frame->section_size < least)
		return PTM_OK;
	if (frame->sections > source->size || source->size - frame->sections < least) {
		elf->lost_sections = frame->sections;
		return PTM_OK;
	}
	PTM_TRY(ptm_source_view(source, frame->sections, least, &at));
	ptm_bytes first = ptm_bytes_of(at, least);
	ptm_elf_section zero = section_of(&first, elf->is_32bit);
	if (!count)
		count = zero.size < MOST_SECTIONS ? (uint32_t)zero.size : MOST_SECTIONS;
	if (elf->names == 0xffff)
		elf->names = zero.link;
	uint64_t there = (source->size - frame->sections) / frame->section_size;
	if (count > there)
		count = (uint32_t)there;
	PTM_TRY(ptm_array_reserve(&elf->sections, count));
	for (uint32_t i = 0; i < count; i++) {
		PTM_TRY(ptm_source_view(source, frame->sections + (uint64_t)i * frame->section_size, least, &at));
		ptm_bytes bytes = ptm_bytes_of(at, least);
		elf->sections.at[elf->sections.length++] = section_of(&bytes, elf->is_32bit);
	}
	if (elf->names >= count)
		elf->names = 0;
	return PTM_OK;
}

/* Takes the build-id out of notes at `offset`: each is name size, description
 * size, type, then name and description, both padded to 4 bytes. */
static ptm_status read_notes(ptm_elf *elf, ptm_source *source, uint64_t offset, uint64_t size)
{
	const uint8_t *at;
	uint32_t length = size < MOST_NOTE_BYTES ? (uint32_t)size : MOST_NOTE_BYTES;
	if (elf->build_id_length || offset > source->size)
		return PTM_OK;
	PTM_TRY(ptm_source_view_some(source, offset, &length, &at));
	ptm_bytes bytes = ptm_bytes_of(at, length);
	while (ptm_bytes_left(&bytes) >= 12) {
		uint32_t name_size = ptm_bytes_u32(&bytes), text_size = ptm_bytes_u32(&bytes), type = ptm_bytes_u32(&bytes);
		const uint8_t *name = ptm_bytes_take(&bytes, name_size);
		ptm_bytes_skip(&bytes, -(size_t)name_size & 3);
		const uint8_t *text = ptm_bytes_take(&bytes, text_size);
		if (!name || !text)
			break;
		ptm_bytes_skip(&bytes, -(size_t)text_size & 3);
		if (type == 3 && name_size == 4 && !memcmp(name, "GNU", 4) && text_size) {
			elf->build_id_length = text_size < sizeof elf->build_id ? (uint8_t)text_size : sizeof elf->build_id;
			memcpy(elf->build_id, text, elf->build_id_length);
			break;
		}
	}
	return PTM_OK;
}

static ptm_status read_segments(ptm_elf *elf, const frame *frame, ptm_source *source, const char *path, ptm_message *message)
{
	uint32_t least = elf->is_32bit ? 32 : 56, count = frame->segment_count;
	const uint8_t *at;
	if (count == 0xffff || frame->segment_size < least)
		count = 0;
	for (uint32_t i = 0; i < count && elf->loads.length < MOST_LOADS; i++) {
		if (ptm_source_view(source, frame->segments + (uint64_t)i * frame->segment_size, least, &at) != PTM_OK)
			return ptm_message_set(message, PTM_TRUNCATED, "%s is cut short: its %u program headers at byte %llu are not all "
					       "in its %llu bytes.", path, count, (unsigned long long)frame->segments,
					       (unsigned long long)source->size);
		ptm_bytes bytes = ptm_bytes_of(at, least);
		uint32_t type = ptm_bytes_u32(&bytes), flags = elf->is_32bit ? 0 : ptm_bytes_u32(&bytes);
		ptm_load load;
		load.file_offset = word(&bytes, elf->is_32bit);
		load.address = word(&bytes, elf->is_32bit);
		(void)word(&bytes, elf->is_32bit);
		load.file_size = word(&bytes, elf->is_32bit);
		load.memory_size = word(&bytes, elf->is_32bit);
		if (elf->is_32bit)
			flags = ptm_bytes_u32(&bytes);
		load.executable = flags & 1;
		if (type == 1)
			PTM_TRY(ptm_array_push(&elf->loads, load));
		else if (type == 4)
			PTM_TRY(read_notes(elf, source, load.file_offset, load.file_size));
	}
	return PTM_OK;
}

static void find_stripped_code(ptm_elf *elf)
{
	bool with_bytes = false, without = false;
	for (uint32_t i = 1; i < elf->sections.length; i++) {
		const ptm_elf_section *section = &elf->sections.at[i];
		if (!(section->flags & PTM_SECTION_EXECUTABLE) || !section->size)
			continue;
		if (section->type == PTM_SECTION_NOBITS)
			without = true;
		else
			with_bytes = true;
	}
	elf->code_stripped = without && !with_bytes;
}

ptm_status ptm_elf_read(ptm_elf *elf, ptm_source *source, const char *path, ptm_message *message)
{
	frame frame = { 0 };
	*elf = (ptm_elf){ 0 };
	PTM_TRY(read_header(elf, &frame, source, path, message));
	PTM_TRY(read_segments(elf, &frame, source, path, message));
	PTM_TRY(read_sections(elf, &frame, source));
	for (uint32_t i = 1; i < elf->sections.length && !elf->build_id_length; i++)
		if (elf->sections.at[i].type == PTM_SECTION_NOTE)
			PTM_TRY(read_notes(elf, source, elf->sections.at[i].offset, elf->sections.at[i].size));
	find_stripped_code(elf);
	return PTM_OK;
}

void ptm_elf_free(ptm_elf *elf)
{
	ptm_array_free(&elf->loads);
	ptm_array_free(&elf->sections);
}

void ptm_elf_section_name(const ptm_elf *elf, ptm_source *source, const ptm_elf_section *section, char *into, uint32_t capacity)
{
	const uint8_t *at;
	uint32_t length = capacity - 1;
	*into = 0;
	if (!elf->names || section->name >= elf->sections.at[elf->names].size)
		return;
	uint64_t offset = elf->sections.at[elf->names].offset;
	if (offset > source->size || ptm_source_view_some(source, offset + section->name, &length, &at) != PTM_OK)
		return;
	length = (uint32_t)strnlen((const char *)at, length);
	memcpy(into, at, length);
	into[length] = 0;
}

const ptm_elf_section *ptm_elf_section_named(const ptm_elf *elf, ptm_source *source, const char *name)
{
	char text[64];
	for (uint32_t i = 1; i < elf->sections.length; i++) {
		ptm_elf_section_name(elf, source, &elf->sections.at[i], text, sizeof text);
		if (!strcmp(text, name))
			return &elf->sections.at[i];
	}
	return NULL;
}

const ptm_elf_section *ptm_elf_symbols_named(const ptm_elf *elf, ptm_source *source, const char *name, uint32_t type)
{
	const ptm_elf_section *section = ptm_elf_section_named(elf, source, name);
	bool usable = section && section->type == type && section->entry_size == (elf->is_32bit ? 16 : 24) &&
		      section->offset <= source->size && section->size <= source->size - section->offset;
	return usable ? section : NULL;
}

uint64_t ptm_load_page_end(const ptm_load *load)
{
	uint64_t end = load->file_offset + load->file_size;
	return end < load->file_offset || end > UINT64_MAX - PAGE ? UINT64_MAX : (end + PAGE - 1) & ~(uint64_t)(PAGE - 1);
}

const ptm_load *ptm_load_at_offset(const ptm_load *loads, uint32_t count, uint64_t offset)
{
	const ptm_load *found = NULL;
	for (uint32_t i = 0; i < count; i++) {
		const ptm_load *load = &loads[i];
		uint64_t first = load->file_offset & ~(uint64_t)(PAGE - 1);
		bool exact = offset >= load->file_offset && offset - load->file_offset < load->file_size;
		if (!load->file_size || offset < first || offset >= ptm_load_page_end(load))
			continue;
		if (exact && load->executable)
			return load;
		if (!found || load->executable)
			found = load;
	}
	return found;
}
