/* SPDX-License-Identifier: Apache-2.0 */
/* A small world for the PT flow: flat code at one address of process 1, PT bytes
 * in memory, one thread. Code goes through a real ELF file and address space. */
#ifndef PTM_TEST_PT_WORLD_H
#define PTM_TEST_PT_WORLD_H

#include "elf_file.h"
#include "flow/pt_flow.h"

/* Most code that a world holds. */
#define PT_WORLD_CODE (ELF_FILE_BYTES - 0x1000)

typedef struct pt_world {
	ptm_strings strings;
	ptm_images images;
	ptm_spaces *spaces;
	ptm_blocks blocks;
	ptm_pt_flow_config config;
	void *user;              /* of a test */
	const uint8_t *bytes;
	uint32_t size;
} pt_world;

static inline ptm_status pt_world_read(void *context, uint64_t offset, uint8_t *into, uint32_t *length)
{
	const pt_world *world = context;
	uint32_t left = offset < world->size ? (uint32_t)(world->size - offset) : 0;
	if (*length > left)
		*length = left;
	memcpy(into, world->bytes + (left ? offset : 0), *length);
	return PTM_OK;
}

static inline uint64_t pt_world_buffer_end(void *context, uint64_t offset)
{
	(void)offset;
	return ((const pt_world *)context)->size;
}

static inline void pt_world_context(void *host, uint64_t tsc, ptm_flow_context *context)
{
	const pt_world *world = host;
	(void)tsc;
	*context = (ptm_flow_context){ .thread = 1, .guest_thread = 1, .space = ptm_spaces_at(world->spaces, 1, UINT64_MAX - 1), .until_tsc = UINT64_MAX };
}

/* Sets the PT bytes that flows read. */
static inline void pt_world_trace(pt_world *world, const uint8_t *bytes, uint32_t size)
{
	world->bytes = bytes;
	world->size = size;
	world->config.input.size = size;
}

/* An ELF file whose one load is `code`. */
static inline void pt_world_elf(elf_file *file, uint64_t address, const uint8_t *code, uint32_t size)
{
	memset(file, 0, sizeof *file);
	Elf64_Ehdr *header = (Elf64_Ehdr *)file->bytes;
	memcpy(header->e_ident, "\177ELF\2\1\1", 7);
	header->e_type = ET_EXEC;
	header->e_machine = EM_X86_64;
	header->e_phoff = 64;
	header->e_phentsize = sizeof(Elf64_Phdr);
	header->e_phnum = 1;
	*(Elf64_Phdr *)(file->bytes + 64) = (Elf64_Phdr){ .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_offset = 0x1000,
		.p_vaddr = address, .p_filesz = size, .p_memsz = size };
	memcpy(file->bytes + 0x1000, code, size);
	file->size = 0x1000 + size;
}

/* Maps `code` (at most PT_WORLD_CODE bytes) at `address`. Time in TSC ticks is time in ns. */
static inline void pt_world_open(pt_world *world, uint64_t address, const uint8_t *code, uint32_t size)
{
	static elf_file file;
	ptm_message message;
	uint32_t name, image, served;
	*world = (pt_world){ 0 };
	pt_world_elf(&file, address, code, size);
	elf_file_publish(&file);
	if (ptm_images_init(&world->images, &world->strings) != PTM_OK || ptm_strings_add(&world->strings, "/code", 5, &name) != PTM_OK ||
	    ptm_images_want(&world->images, name, NULL, 0, &image) != PTM_OK ||
	    ptm_images_offer(&world->images, file.source, file.size, "/code", &served, &message) != PTM_OK ||
	    ptm_spaces_new(&world->spaces, &world->images) != PTM_OK)
		abort();
	ptm_map map = { .start = address, .end = address + size, .file_offset = 0x1000, .image = image, .name = name };
	if (ptm_spaces_map(world->spaces, 1, 1, &map) != PTM_OK)
		abort();
	ptm_blocks_init(&world->blocks, world->spaces);
	world->config = (ptm_pt_flow_config){
		.input = { world, pt_world_read, pt_world_buffer_end, 0 },
		.clock = { .tsc_ctc_numerator = 100, .tsc_ctc_denominator = 1, .mtc_period = 3, .max_nonturbo_ratio = 32 },
		.time = { .shift = 0, .mult = 1, .zero = 0 },
		.return_compression = true,
		.host = world,
		.context = pt_world_context,
	};
}

static inline void pt_world_close(pt_world *world)
{
	ptm_blocks_free(&world->blocks);
	ptm_spaces_free(world->spaces);
	ptm_images_free(&world->images);
	ptm_strings_free(&world->strings);
}

#endif
