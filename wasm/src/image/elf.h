/* SPDX-License-Identifier: Apache-2.0 */
/* The frame of an ELF file: class, PT_LOADs, sections, build-id. Little-endian
 * x86 files only; nothing of the sections' contents but names and the build-id. */
#ifndef PTM_IMAGE_ELF_H
#define PTM_IMAGE_ELF_H

#include "image/image.h"

typedef struct ptm_elf_section {
	uint32_t name;           /* offset in the section names */
	uint32_t type, link;
	uint64_t flags, address, offset, size, alignment, entry_size;
} ptm_elf_section;

typedef struct ptm_elf {
	bool is_32bit;
	bool code_stripped;      /* the executable sections hold no bytes: a separate debug file */
	uint64_t lost_sections;  /* where the section headers are that should be beyond the end of the file; 0: none */
	uint16_t type, machine;
	uint8_t build_id[20], build_id_length;
	PTM_ARRAY(ptm_load) loads;
	PTM_ARRAY(ptm_elf_section) sections;
	uint32_t names;          /* index of the section of section names; 0: none */
} ptm_elf;

enum { PTM_SECTION_SYMBOLS = 2, PTM_SECTION_RELA = 4, PTM_SECTION_NOTE = 7, PTM_SECTION_NOBITS = 8, PTM_SECTION_REL = 9,
       PTM_SECTION_DYNAMIC_SYMBOLS = 11 };
enum { PTM_SECTION_ALLOC = 2, PTM_SECTION_EXECUTABLE = 4, PTM_SECTION_COMPRESSED = 0x800 };

/* Reads the frame. PTM_BAD_DATA when it is no ELF file, PTM_TRUNCATED when it
 * ends early, PTM_UNSUPPORTED when it is of another kind of machine; `message`
 * then says so of `path`. Free with ptm_elf_free in any case. */
ptm_status ptm_elf_read(ptm_elf *elf, ptm_source *source, const char *path, ptm_message *message) PTM_MUST_CHECK;
void ptm_elf_free(ptm_elf *elf);

/* First section of this name, or NULL. */
const ptm_elf_section *ptm_elf_section_named(const ptm_elf *elf, ptm_source *source, const char *name);
/* The table of symbols of this name and type, if it is of that type and all in the file; else NULL. */
const ptm_elf_section *ptm_elf_symbols_named(const ptm_elf *elf, ptm_source *source, const char *name, uint32_t type);
/* Stores the name of a section, cut to fit `capacity` (at least 1). */
void ptm_elf_section_name(const ptm_elf *elf, ptm_source *source, const ptm_elf_section *section, char *into, uint32_t capacity);

/* Load that maps the file offset `offset` (whole pages are mapped), or NULL. */
const ptm_load *ptm_load_at_offset(const ptm_load *loads, uint32_t count, uint64_t offset);
/* End of the last page of the file that the load maps. */
uint64_t ptm_load_page_end(const ptm_load *load);

#endif
