/* SPDX-License-Identifier: Apache-2.0 */
/* The binaries a trace ran, given by the user, and what they hold: code by file
 * offset, symbols, source lines. Sections are read when first needed. */
#ifndef PTM_IMAGE_IMAGE_H
#define PTM_IMAGE_IMAGE_H

#include "base/array.h"
#include "base/message.h"
#include "base/source.h"
#include "base/strings.h"
#include "image/demangle.h"
#include "image/pages.h"

typedef enum ptm_image_status {
	PTM_IMAGE_MISSING,       /* mapped with execute permission, but not given */
	PTM_IMAGE_LOADED,
	PTM_IMAGE_MISMATCHED     /* given, but with another build-id: refused */
} ptm_image_status;

/* Where an image's names are. */
typedef enum ptm_names_kind {
	PTM_NAMES_ELF,           /* in its ELF file, or the one split from it, or the one of names_source */
	PTM_NAMES_KALLSYMS,      /* in the kernel's list of them, by runtime address */
	PTM_NAMES_PERF_MAP,      /* in the list of names_source, by runtime address */
	PTM_NAMES_JITDUMP,       /* in the jitdump that is the image itself */
	PTM_NAMES_SELF           /* it is one function (of eBPF, a trampoline), called what the image is called */
} ptm_names_kind;

/* One loadable piece of an ELF file (PT_LOAD). */
typedef struct ptm_load { uint64_t file_offset, file_size, address, memory_size; bool executable; } ptm_load;

/* One symbol, in the file's own address space. */
typedef struct ptm_symbol {
	uint64_t address, size;  /* size: of the symbol, or up to the next one as perf guesses it */
	uint32_t name;           /* string id, as perf prints it (demangled; PLT entries as "name@plt"); set once ptm_image_symbol found it */
} ptm_symbol;

/* A file of the host. */
typedef struct ptm_given { uint32_t source; uint64_t size; } ptm_given; /* size 0: none */

/* One image: a file that at least one map names. Rows 1…; row 0 is unused ("no image"). */
typedef struct ptm_image {
	uint32_t path;           /* string id, as in the maps */
	uint8_t build_id[20], build_id_length;   /* wanted, from the trace; 0: not known */
	uint8_t own_build_id[20], own_build_id_length; /* of the given file */
	uint8_t status;          /* enum ptm_image_status */
	bool is_32bit;           /* ELFCLASS32 */
	bool is_anonymous;       /* //anon, [heap], JIT: no file to ask for */
	bool is_vdso, is_kernel; /* is_kernel: modules and eBPF too */
	uint8_t name_style;      /* enum ptm_name_style */
	bool newer_perf;         /* entries of PLTs are named, and lines looked for, as perf 6.12 does */
	bool is_guest;           /* with is_kernel: of a virtual machine's */
	int32_t machine;         /* pid of the process that runs the virtual machine whose file it is; 0: the traced machine's */
	bool is_flat;            /* code is at any file offset; there are no loads */
	bool symbols_read, more_read;
	uint8_t names;           /* enum ptm_names_kind */
	ptm_source source;       /* when loaded */
	uint32_t names_source;   /* host id of the file with the names, when it is another */
	uint64_t names_size;     /* 0: none */
	uint64_t names_slide;    /* what an address is above the one in that file */
	uint64_t module_start;   /* of a kernel module: where it was loaded; 0: it is none, or was at several places */
	bool module_moved;       /* it was at several */
	ptm_given module_file;   /* the .ko file of a kernel module, for its lines */
	ptm_symbol self;         /* of a PTM_NAMES_SELF */
	uint32_t debug_source;   /* host id of its separate debug file, for symbols and lines */
	uint64_t debug_size;     /* 0: none given */
	ptm_given lines_file;    /* one for lines alone, where no separate debug file was given */
	uint32_t debug_link, debug_link_crc; /* name (string id, 0: none) and CRC-32 of that file, as the binary says */
	uint32_t alternate_name; /* name of the file that the debug information refers to (string id, 0: none), and its build-id or checksum */
	uint8_t alternate_id[20], alternate_id_length;
	ptm_given alternate;     /* that file, once it is given */
	PTM_ARRAY(ptm_load) loads;
	uint32_t next_same_path; /* row of another image with this path (and another build-id); 0: none */
	uint32_t match;          /* how sure the given file is (images.c) */
	ptm_pages code;          /* when loaded */
	struct ptm_symbol_index *symbol_index; /* owned by image/symbols.c; NULL until read */
	struct ptm_symbol_index *more_symbols; /* the same, of what perf does not read */
	void *lines;             /* owned by image/lines.c */
	bool not_split;          /* it is known that no debug information was split from it */
	struct ptm_function_files *function_files; /* owned by image/function_files.c */
	bool resolved;           /* perf script: a sample was in it, so perf has read its symbols */
	bool source_known;       /* perf script: addr2line told a line of it */
	uint32_t source_failures;/* perf script: addresses of which it told none, before the first that it told */
	void *cfi;               /* owned by image/cfi.c */
	ptm_message message;     /* why it is not loaded */
} ptm_image;

/* Where a kernel was, as the trace says, and what was given of it. See image/kernel.h. */
typedef struct ptm_kernel {
	uint32_t image;          /* row; 0: the trace names no kernel */
	int32_t machine;         /* as in ptm_image; 0 too of a guest that perf kvm tells of */
	uint64_t start, end;     /* of the map that the trace has of it */
	uint64_t reference;      /* address of the symbol `reference_name`; 0: hidden from the recording user */
	uint32_t reference_name, release; /* string ids; release: of that machine, 0 unknown */
	ptm_given vmlinux, kcore, kallsyms;
	uint64_t slide;          /* what the kernel's addresses are above vmlinux' */
	PTM_ARRAY(struct ptm_kernel_piece) pieces; /* of code, by address, as the given file has them */
	struct ptm_symbol_index *names; /* of kallsyms; NULL until read */
} ptm_kernel;

typedef struct ptm_images {
	ptm_strings *strings;    /* borrowed */
	ptm_kernel kernel;
	PTM_ARRAY(ptm_kernel) guests;    /* of virtual machines: one each */
	int32_t for_guest;               /* whose files are offered: 0: the host's first; PTM_ANY_GUEST, PTM_NO_GUEST, or the guest of a process */
	PTM_ARRAY(ptm_image) images;
	PTM_ARRAY(uint32_t) by_path;     /* string id of a path -> its first image's row, 0: none */
	PTM_ARRAY(struct ptm_jitdump) jitdumps; /* image/names.h */
	struct ptm_split_files *split;   /* image/split_files.h; NULL: none was given */
	bool maps_changed;               /* what was given changes what is mapped: lay the maps out again */
} ptm_images;

ptm_status ptm_images_init(ptm_images *images, ptm_strings *strings) PTM_MUST_CHECK;
void ptm_images_free(ptm_images *images);
/* How functions are named from now on, and whether entries of PLTs and lines are found as perf 6.12 finds them. */
void ptm_images_name(ptm_images *images, ptm_name_style style, bool newer_perf);

/* Row of the image that maps call `path` (string id) with this build-id (length
 * 0: unknown); makes it, missing, when new. */
ptm_status ptm_images_want(ptm_images *images, uint32_t path, const uint8_t *build_id, uint32_t build_id_length, uint32_t *image) PTM_MUST_CHECK;
/* The same of a virtual machine's files: another machine's of the same path is another image. */
ptm_status ptm_images_want_of(ptm_images *images, int32_t machine, uint32_t path, const uint8_t *build_id, uint32_t build_id_length, uint32_t *image) PTM_MUST_CHECK;

/* Row of the image of one function that the kernel (of `machine`, as in ptm_image) made and called `name` (eBPF, a
 * trampoline); makes it when new. Its code is `size` bytes at `offset` of host
 * source `source`; `offset` is the runtime address when there is no code
 * (`source_size` 0). */
ptm_status ptm_images_want_function(ptm_images *images, int32_t machine, uint32_t name, uint64_t size, uint32_t source, uint64_t source_size,
				    uint64_t offset, uint32_t *image) PTM_MUST_CHECK;

/* Tells the wanted build-id of every image of a machine with this path that has none yet. */
void ptm_images_set_build_id(ptm_images *images, int32_t machine, uint32_t path, const uint8_t *build_id, uint32_t build_id_length);

/* Offers a file: a binary, or what else holds code or names (image/kernel.h,
 * image/names.h). A binary is matched (1) when its build-id equals a wanted one; (2) to an image
 * without wanted build-id whose path ends in the given path's longest common
 * tail (at least the file name). A file without code but with the build-id of an
 * image (a separate debug file) serves its symbols and lines, not its code: it
 * does not make it loaded. Stores the number of images it now serves.
 * Status as of ptm_session_add_image. */
ptm_status ptm_images_offer(ptm_images *images, uint32_t source, uint64_t size, const char *path, uint32_t *served, ptm_message *message) PTM_MUST_CHECK;

/* Offers a separate debug file for the lines of the images of its build-id alone, not for their names: perf takes
 * lines from files of the machine it runs on even where it is told to look for all others elsewhere. Stores and
 * returns as ptm_images_offer. */
ptm_status ptm_images_offer_lines(ptm_images *images, uint32_t source, uint64_t size, const char *path, uint32_t *served, ptm_message *message) PTM_MUST_CHECK;

/* The file that holds the image's debug information: a separate one, or itself. */
ptm_given ptm_image_debug_file(const ptm_image *image);

/* Where the debug information of a module's .ko file has its .text. Not at 0, where a range of no
 * bytes at the start of a function would be taken for the end of a list of ranges. */
#define PTM_MODULE_TEXT (1ull << 36)

/* What an address of the image is above the one in the file with its debug information: of kernels and their modules. */
static inline uint64_t ptm_image_lines_slide(const ptm_image *image)
{
	if (image->module_file.size)
		return image->module_start - PTM_MODULE_TEXT;
	return image->is_kernel && image->debug_size ? image->names_slide : 0;
}

/* Most bytes of code that one call stores. */
#define PTM_CODE_BYTES 64

/* Stores up to PTM_CODE_BYTES bytes of code at `file_offset` (as a map's page offset counts). PTM_NOT_FOUND
 * when the image is not loaded or the offset is outside it; fewer bytes than
 * asked for only at the end of the executable segment. */
ptm_status ptm_image_code(ptm_image *image, uint64_t file_offset, uint8_t *into, uint32_t *length) PTM_MUST_CHECK;
/* Likewise, but up to the end of the file. */
ptm_status ptm_image_bytes(ptm_image *image, uint64_t file_offset, uint8_t *into, uint32_t *length) PTM_MUST_CHECK;

/* Address in the file's own address space of a file offset. */
uint64_t ptm_image_address(const ptm_image *image, uint64_t file_offset);

/* Symbol at an address of the file's own address space, as perf script
 * resolves it; NULL when there is none. Reads the symbols the first time. */
const ptm_symbol *ptm_image_symbol(ptm_images *images, uint32_t image, uint64_t address);

/* Symbol at an address for which ptm_image_symbol has none, where perf 6.1 prints
 * [unknown] and the file does tell: of .gnu_debugdata (MiniDebugInfo), and entries
 * of .plt.sec, .plt.got and of a .plt of unknown entry size. NULL when there is none. */
const ptm_symbol *ptm_image_more_symbol(ptm_images *images, uint32_t image, uint64_t address);

/* How many symbols with code were read so far. */
uint32_t ptm_image_symbol_count(ptm_images *images, uint32_t image);

/* Source position of an address: file (string id) and line, 0 when unknown;
 * and, outermost first, the functions inlined there (string ids), at most
 * `*depth`, of which the count is stored. Reads DWARF 2-5 the first time. Of
 * programs whose debug information was split, inlined functions are those of the
 * files that were given of it. */
ptm_status ptm_image_line(ptm_images *images, uint32_t image, uint64_t address, uint32_t *file, uint32_t *line, uint32_t *inlined, uint32_t *depth) PTM_MUST_CHECK;
/* Whether the binary, or the file that was split from it, has lines: perf 6.12 asks addr2line of no other, though it
 * would find those of a file that is installed elsewhere. */
ptm_status ptm_image_has_own_lines(ptm_images *images, uint32_t image, bool *has) PTM_MUST_CHECK;
/* What is known of code without a line. */
enum ptm_lineless {
	PTM_LINELESS_UNTOLD,     /* ask the symbols (image/function_files.h) */
	PTM_LINELESS_FILE,       /* its file */
	PTM_LINELESS_FUNCTION,   /* a function that is in no file */
	PTM_LINELESS_UNKNOWN,    /* nothing */
};

/* What the line table says of code of no line (0), and its file as string id (0: of an empty name). Of a bundle: what its original says. */
ptm_status ptm_image_lineless(ptm_images *images, uint32_t image, uint64_t address, enum ptm_lineless *what, uint32_t *file) PTM_MUST_CHECK;

/* A unit of an image whose functions are in a file of their own (.dwo). */
typedef struct ptm_skeleton {
	uint64_t id;
	uint32_t name, directory; /* string ids: of the file as the program was built, and what a relative name is relative to (may be empty) */
	bool given;
} ptm_skeleton;

/* Stores how many such units an image has (0 where none is loaded), and tells one of them. */
ptm_status ptm_image_skeletons(ptm_images *images, uint32_t image, uint32_t *count) PTM_MUST_CHECK;
ptm_status ptm_image_skeleton(ptm_images *images, uint32_t image, uint32_t index, ptm_skeleton *skeleton) PTM_MUST_CHECK;

/* One function around an address, as the debug information names it. */
typedef struct ptm_code_frame {
	uint32_t name;           /* string id, demangled; 0: it has none */
	uint32_t file, line;     /* where in it the address is: string id of a path, and line; 0: not told */
	bool inlined;            /* into the one that follows; else the last */
	bool by_symbol;          /* addr2line tells the symbol's name instead */
} ptm_code_frame;

/* Stores the functions around an address, innermost first, `most` at most: those
 * inlined there, then the one whose code it is; none without debug information.
 * `as_addr2line`: by_symbol is told, which depends on what was asked before; addr2line
 * does not read what was split from a program, and neither does this.
 * In an image out of a bundle the one whose code it is, and where others are
 * called, is not told. */
ptm_status ptm_image_frames(ptm_images *images, uint32_t image, uint64_t address, bool as_addr2line, ptm_code_frame *frames, uint32_t most, uint32_t *count) PTM_MUST_CHECK;

#endif
