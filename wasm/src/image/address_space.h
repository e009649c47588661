/* SPDX-License-Identifier: Apache-2.0 */
/* What was mapped where, in which process, over time. A process's maps change
 * with mmap, fork and exec; every state is a `space`: an immutable, sorted list
 * of maps. Spaces that differ only by added maps share a `code` id, so that
 * code found in one stays valid in the next. */
#ifndef PTM_IMAGE_ADDRESS_SPACE_H
#define PTM_IMAGE_ADDRESS_SPACE_H

#include "image/image.h"

typedef struct ptm_map {
	uint64_t start, end;     /* virtual addresses, end exclusive */
	uint64_t file_offset;    /* of start */
	uint32_t image;          /* row of images, 0: none */
	uint32_t name;           /* string id as in the record */
} ptm_map;

/* In the code ids of kernel code; the rest counts its versions (of guests: of all guests' kernels). */
#define PTM_KERNEL_CODE 0x80000000u
/* In those of a guest's kernel too. */
#define PTM_GUEST_CODE 0x40000000u

typedef struct ptm_spaces ptm_spaces;

ptm_status ptm_spaces_new(ptm_spaces **spaces, ptm_images *images) PTM_MUST_CHECK;
void ptm_spaces_free(ptm_spaces *spaces);

/* What a process of a virtual machine (`machine`: pid of the process that runs it; 0: the traced machine) is called below. */
static inline int64_t ptm_spaces_process(int32_t machine, int32_t pid)
{
	return machine ? (int64_t)machine << 32 | (uint32_t)pid : pid;
}

/* Carries records in, in time order (rows of one process must not go back in time). */
ptm_status ptm_spaces_map(ptm_spaces *spaces, uint64_t time, int64_t pid, const ptm_map *map) PTM_MUST_CHECK;
ptm_status ptm_spaces_fork(ptm_spaces *spaces, uint64_t time, int64_t pid, int64_t parent) PTM_MUST_CHECK;
ptm_status ptm_spaces_exec(ptm_spaces *spaces, uint64_t time, int64_t pid) PTM_MUST_CHECK;

/* Forgets everything but the functions, to be told all records again. */
ptm_status ptm_spaces_clear(ptm_spaces *spaces) PTM_MUST_CHECK;

/* A function that a kernel made (eBPF, a trampoline) came; with image and name
 * 0, went. In time order, as pokes; all count from the next settle on. `guest`: as of
 * ptm_kernel_of_guest; 0: the traced machine's kernel. */
ptm_status ptm_spaces_map_function(ptm_spaces *spaces, uint32_t guest, uint64_t time, const ptm_map *map) PTM_MUST_CHECK;
/* A kernel's code at `address` became `bytes`. */
ptm_status ptm_spaces_poke(ptm_spaces *spaces, uint32_t guest, uint64_t time, uint64_t address, const uint8_t *bytes, uint32_t length) PTM_MUST_CHECK;
/* A map of a guest's kernel is there, always. */
ptm_status ptm_spaces_map_guest(ptm_spaces *spaces, uint32_t guest, const ptm_map *map) PTM_MUST_CHECK;
/* Lays out the kernel's maps: after the records, and when files of the kernel were given. */
ptm_status ptm_spaces_settle(ptm_spaces *spaces) PTM_MUST_CHECK;

/* The space of process `pid` at `time` (a change at exactly `time` counts).
 * Never fails: 0 is the empty space. pid -1: the kernel's maps only. */
uint32_t ptm_spaces_at(ptm_spaces *spaces, int64_t pid, uint64_t time);
/* The space with the kernel that a guest has at `time` instead of the host's; `guest` 0: with none. */
uint32_t ptm_spaces_as_guest(ptm_spaces *spaces, uint32_t space, uint32_t guest, uint64_t time);
/* Identity of the code seen in a space: equal ids, equal code wherever both map. */
uint32_t ptm_spaces_code_id(const ptm_spaces *spaces, uint32_t space);
/* The same for kernel code (an `ip` of the upper half), which all spaces share:
 * changes when code within 4 KB behind `ip` did. */
uint32_t ptm_spaces_kernel_code_id(const ptm_spaces *spaces, uint32_t space, uint64_t ip);
/* A space with that code id (of kernel code: with that kernel alone, the traced machine's as it is at the end): of several the last; 0: none. */
uint32_t ptm_spaces_of_code(ptm_spaces *spaces, uint32_t code_id);
/* Map that holds `ip`, or NULL. Kernel maps (record pid -1) are in every space. */
const ptm_map *ptm_spaces_find(const ptm_spaces *spaces, uint32_t space, uint64_t ip);

/* Copies up to `*length` (at most PTM_CODE_BYTES; 15 of a kernel that patches itself) bytes of code at `ip`, across adjacent
 * maps; stores how many. PTM_NOT_FOUND when there is none (then `*map` tells
 * whether a map without its file, or no map at all, is the cause). */
ptm_status ptm_spaces_code(ptm_spaces *spaces, uint32_t space, uint64_t ip, uint8_t *into, uint32_t *length, const ptm_map **map) PTM_MUST_CHECK;
/* Copies up to `*length` bytes of the file from `ip` on, past the end of its map. PTM_NOT_FOUND: there is none at `ip`. */
ptm_status ptm_spaces_code_beyond(ptm_spaces *spaces, uint32_t space, uint64_t ip, uint8_t *into, uint32_t *length) PTM_MUST_CHECK;

/* A function of the trace: symbol of an image, or a stand-in for an image's
 * nameless code, or for code in no map. Rows count from 0; row 0 is unknown. */
typedef struct ptm_function {
	uint32_t name;           /* string id; "" where nameless */
	uint32_t image;          /* row of images; 0: none */
	uint64_t address, size;  /* in the image's own address space; 0 where nameless */
} ptm_function;

/* Stores the row of the function equal to `function` (its name an id of
 * ptm_spaces_strings); makes it when new. PTM_BAD_DATA when its image is none
 * of the session's. */
ptm_status ptm_spaces_function_add(ptm_spaces *spaces, const ptm_function *function, uint32_t *row) PTM_MUST_CHECK;
/* The strings that names are ids of (borrowed). */
ptm_strings *ptm_spaces_strings(const ptm_spaces *spaces);

/* The images that maps name (borrowed). */
ptm_images *ptm_spaces_images(const ptm_spaces *spaces);

uint32_t ptm_spaces_function_count(const ptm_spaces *spaces);
const ptm_function *ptm_spaces_function(const ptm_spaces *spaces, uint32_t function);
/* Whether it stands for code without a name; `spaces` NULL: only the unknown one does. */
static inline bool ptm_spaces_is_nameless(const ptm_spaces *spaces, uint32_t function)
{
	if (!function || !spaces)
		return !function;
	const ptm_function *known = ptm_spaces_function(spaces, function);
	return !known->size && !known->address;
}
/* Row of the function at `ip`, and the offset of `ip` in it (in the image's
 * address space; for nameless code, the image's own address of ip). */
uint32_t ptm_spaces_function_at(ptm_spaces *spaces, uint32_t space, uint64_t ip, uint64_t *offset);
/* The same as perf 6.1 names it: nameless where perf does not read the name that there is. */
uint32_t ptm_spaces_perf_function_at(ptm_spaces *spaces, uint32_t space, uint64_t ip, uint64_t *offset);

#endif
