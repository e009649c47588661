/* SPDX-License-Identifier: Apache-2.0 */
/* Files of kernel modules (.ko). They name a module's functions, as perf does;
 * their code is not used: the kernel moves and patches it when it loads one. */
#ifndef PTM_IMAGE_KERNEL_MODULE_H
#define PTM_IMAGE_KERNEL_MODULE_H

#include "image/elf.h"

/* Whether an ELF file is a kernel module. */
bool ptm_kernel_module_is(const ptm_elf *elf, ptm_source *source);

/* Offers such a file, as ptm_images_offer does: to the module of its build-id, or, where the trace
 * does not tell that, to the one of its name if it was made for the traced kernel's release. */
ptm_status ptm_kernel_module_offer(ptm_images *images, const ptm_elf *elf, ptm_source *source, const char *path, uint32_t *served,
				   ptm_message *message) PTM_MUST_CHECK;

/* The name of the module that a path is of: "/lib/…/snd-seq.ko.xz" and "[snd_seq]" are "snd_seq".
 * Stored cut to fit `capacity` (at least 1). */
void ptm_kernel_module_name(const char *path, char *into, size_t capacity);

#endif
