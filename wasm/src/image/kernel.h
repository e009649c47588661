/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel of a trace: where the trace says it was, and which of the files
 * given for it are its own: vmlinux and kcore (code), kallsyms (names). A file
 * of another kernel, or of another boot of the same, is refused: its names and
 * code would be wrong without looking it. What perf calls the pieces is what we
 * call them. */
#ifndef PTM_IMAGE_KERNEL_H
#define PTM_IMAGE_KERNEL_H

#include "image/elf.h"

/* What a machine calls its own kernel. */
#define PTM_KERNEL_NAME "[kernel.kallsyms]"

/* A piece of the kernel's code in the given file. */
typedef struct ptm_kernel_piece {
	uint64_t start, end;     /* runtime addresses */
	uint64_t file_offset;
	uint32_t dso;            /* string id: what perf prints for it */
} ptm_kernel_piece;

/* Notes a kernel map of the trace (of the kernel itself, a module, or what else
 * the kernel has mapped): stores its image, made when new, and the string id of
 * what perf prints for it. `name` is the record's, `reference` its file offset. */
ptm_status ptm_kernel_want(ptm_images *images, uint32_t name, uint64_t start, uint64_t end, uint64_t reference, const uint8_t *build_id,
			   uint32_t build_id_length, uint32_t *image, uint32_t *dso) PTM_MUST_CHECK;

/* The same of a guest's kernel and its modules, as perf kvm --guest tells of them (`machine` 0), or, of `machine`, as its own recording
 * does; of another map of a guest stores 0. */
ptm_status ptm_kernel_want_guest(ptm_images *images, int32_t machine, uint32_t name, uint64_t start, uint64_t end, uint64_t reference,
				 uint32_t *image, uint32_t *dso) PTM_MUST_CHECK;

/* Row of images' guests + 1: the kernel of a virtual machine (`machine`: as in ptm_image); 0: none is known. */
uint32_t ptm_kernel_of_guest(const ptm_images *images, int32_t machine);

/* The kernel whose kallsyms names the functions of an image of a kernel (borrowed); NULL: it is none's. */
ptm_kernel *ptm_kernel_of_image(ptm_images *images, const ptm_image *image);

/* Stores the string id of the name that a module has by its path, which holds a slash:
 * "/lib/modules/…/snd-seq.ko.xz" is "[snd_seq]". */
ptm_status ptm_kernel_module_dso(ptm_images *images, const char *path, uint32_t *dso) PTM_MUST_CHECK;

/* Whether an ELF file is a kernel, or a core file as /proc/kcore is one. */
bool ptm_kernel_is(const ptm_elf *elf);

/* Offers such a file, as ptm_images_offer does: to the traced machine's kernel, and, where it is not of that, to its guests'. */
ptm_status ptm_kernel_offer(ptm_images *images, const ptm_elf *elf, uint32_t source, uint64_t size, const char *path, ptm_message *message) PTM_MUST_CHECK;

/* Offers a copy of /proc/kallsyms likewise. PTM_MISMATCH when it is of neither kernel. */
ptm_status ptm_kernel_offer_kallsyms(ptm_images *images, uint32_t source, uint64_t size, const char *path, ptm_message *message) PTM_MUST_CHECK;

/* Name of a runtime address in the kallsyms given for a kernel, or NULL. */
const ptm_symbol *ptm_kernel_symbol(ptm_images *images, ptm_kernel *kernel, uint64_t address);

/* Whether anything was given of it. */
static inline bool ptm_kernel_is_given(const ptm_kernel *kernel)
{
	return kernel->kallsyms.size || kernel->vmlinux.size || kernel->kcore.size;
}

void ptm_kernel_free(ptm_kernel *kernel);

#endif
