/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a file given for the kernel is of the kernel that ran, in the boot in
 * which it ran. Each check that fails says which, with both values. */
#ifndef PTM_IMAGE_KERNEL_CHECK_H
#define PTM_IMAGE_KERNEL_CHECK_H

#include "image/elf.h"

/* A vmlinux: by build-id where the trace tells it, else by the release in its
 * banner. Stores how far the kernel was moved from where it was linked. */
ptm_status ptm_kernel_check_vmlinux(const ptm_images *images, const ptm_kernel *kernel, const ptm_elf *elf, uint32_t source, uint64_t size, const char *path,
				    uint64_t *slide, ptm_message *message) PTM_MUST_CHECK;
/* A core file: the kernel's code begins where it began in the trace. */
ptm_status ptm_kernel_check_core(const ptm_kernel *kernel, const ptm_elf *elf, const char *path, ptm_message *message) PTM_MUST_CHECK;
/* A kallsyms: the symbol by which the trace tells where its kernel was is there. */
ptm_status ptm_kernel_check_kallsyms(const ptm_images *images, const ptm_kernel *kernel, uint32_t source, uint64_t size, const char *path, ptm_message *message) PTM_MUST_CHECK;

#endif
