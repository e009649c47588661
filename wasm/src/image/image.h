/* SPDX-License-Identifier: Apache-2.0 */
/* The binaries a trace ran, given by the user, and what they hold: code by file
 * offset, symbols, source lines. Sections are read when first needed. */
#ifndef PTM_IMAGE_IMAGE_H
#define PTM_IMAGE_IMAGE_H

#include "base/array.h"
#include "base/message.h"
#include "base/source.h"
#include "base/strings.h"
#include "image/pages.h"

typedef enum ptm_image_status {
	PTM_IMAGE_MISSING,       /* mapped with execute permission, but not given */
	PTM_IMAGE_LOADED,
	PTM_IMAGE_MISMATCHED     /* given, but with another build-id: refused */
} ptm_image_status;

/* One loadable piece of an ELF file (PT_LOAD). */
typedef struct ptm_load { uint64_t file_offset, file_size, address, memory_size; bool executable; } ptm_load;

/* One symbol, in the file's own address space. */
typedef struct ptm_symbol {
	uint64_t address, size;  /* size: of the symbol, or up to the next one as perf guesses it */
	uint32_t name;           /* string id, as perf prints it (demangled; PLT entries as "name@plt"); set once ptm_image_symbol found it */
} ptm_symbol;

/* One image: a file that at least one map names. Rows 1…; row 0 is unused ("no image"). */
typedef struct ptm_image {
	uint32_t path;           /* string id, as in the maps */
	uint8_t build_id[20], build_id_length;   /* wanted, from the trace; 0: not known */
	uint8_t own_build_id[20], own_build_id_length; /* of the given file */
	uint8_t status;          /* enum ptm_image_status */
	bool is_32bit;           /* ELFCLASS32 */
	bool is_anonymous;       /* //anon, [heap], JIT: no file to ask for */
	bool is_vdso, is_kernel;
	bool symbols_read;
	ptm_source source;       /* when loaded */
	uint32_t debug_source;   /* host id of its separate debug file, for symbols and lines */
	uint64_t debug_size;     /* 0: none given */
	PTM_ARRAY(ptm_load) loads;
	PTM_ARRAY(ptm_symbol) symbols;   /* sorted by address, no two with the same address */
	uint32_t next_same_path; /* row of another image with this path (and another build-id); 0: none */
	uint32_t match;          /* how sure the given file is: parts of the path that agree, UINT32_MAX: by build-id */
	ptm_pages code;          /* when loaded */
	struct ptm_symbol_index *symbol_index; /* owned by image/symbols.c */
	void *lines;             /* owned by image/lines.c */
	void *cfi;               /* owned by image/cfi.c */
	ptm_message message;     /* why it is not loaded */
} ptm_image;

typedef struct ptm_images {
	ptm_strings *strings;    /* borrowed */
	PTM_ARRAY(ptm_image) images;
	PTM_ARRAY(uint32_t) by_path;     /* string id of a path -> its first image's row, 0: none */
} ptm_images;

ptm_status ptm_images_init(ptm_images *images, ptm_strings *strings) PTM_MUST_CHECK;
void ptm_images_free(ptm_images *images);

/* Row of the image that maps call `path` (string id) with this build-id (length
 * 0: unknown); makes it, missing, when new. */
ptm_status ptm_images_want(ptm_images *images, uint32_t path, const uint8_t *build_id, uint32_t build_id_length, uint32_t *image) PTM_MUST_CHECK;

/* Tells the wanted build-id of every image with this path that has none yet. */
void ptm_images_set_build_id(ptm_images *images, uint32_t path, const uint8_t *build_id, uint32_t build_id_length);

/* Offers a file. Matching: (1) its build-id equals a wanted one; (2) an image
 * without wanted build-id whose path ends in the given path's longest common
 * tail (at least the file name). A file without code but with the build-id of an
 * image (a separate debug file) serves its symbols and lines, not its code: it
 * does not make it loaded. Stores the number of images it now serves.
 * Status as of ptm_session_add_image. */
ptm_status ptm_images_offer(ptm_images *images, uint32_t source, uint64_t size, const char *path, uint32_t *served, ptm_message *message) PTM_MUST_CHECK;

/* Stores up to 15 bytes of code at `file_offset` (as a map's page offset counts). PTM_NOT_FOUND
 * when the image is not loaded or the offset is outside it; fewer bytes than
 * asked for only at the end of the executable segment. */
ptm_status ptm_image_code(ptm_image *image, uint64_t file_offset, uint8_t *into, uint32_t *length) PTM_MUST_CHECK;

/* Address in the file's own address space of a file offset. */
uint64_t ptm_image_address(const ptm_image *image, uint64_t file_offset);

/* Symbol at an address of the file's own address space, as perf script
 * resolves it; NULL when there is none. Reads the symbols the first time. */
const ptm_symbol *ptm_image_symbol(ptm_images *images, uint32_t image, uint64_t address);

/* Source position of an address: file (string id) and line, 0 when unknown;
 * and, outermost first, the functions inlined there (string ids), at most
 * `*depth`, of which the count is stored. Reads DWARF 2-5 the first time. */
ptm_status ptm_image_line(ptm_images *images, uint32_t image, uint64_t address, uint32_t *file, uint32_t *line, uint32_t *inlined, uint32_t *depth) PTM_MUST_CHECK;

#endif
