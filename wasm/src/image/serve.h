/* SPDX-License-Identifier: Apache-2.0 */
/* What images.c lends to the other files that judge what was given. */
#ifndef PTM_IMAGE_SERVE_H
#define PTM_IMAGE_SERVE_H

#include "image/elf.h"

/* Makes the file the image's code and, unless it has a better one, the source of
 * its names. `match` as in ptm_image. */
ptm_status ptm_image_serve(ptm_image *image, const ptm_elf *elf, uint32_t source, uint64_t size, uint32_t match) PTM_MUST_CHECK;

/* Whether two build-ids are one: old records pad theirs with zeros. False when one is unknown. */
bool ptm_same_build(const uint8_t *a, uint32_t a_length, const uint8_t *b, uint32_t b_length);
/* PTM_MISMATCH, with the sentence. */
ptm_status ptm_refuse_build(const ptm_image *image, const char *path, const uint8_t *own, uint32_t own_length, ptm_message *message);

#endif
