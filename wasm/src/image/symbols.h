/* SPDX-License-Identifier: Apache-2.0 */
/* Symbols, chosen and named as perf 6.1 does, made ready to be found by
 * address. See ptm_image_symbol. */
#ifndef PTM_IMAGE_SYMBOLS_H
#define PTM_IMAGE_SYMBOLS_H

#include "image/image.h"

typedef struct ptm_symbol_index ptm_symbol_index;

void ptm_symbols_free(ptm_image *image);

/* Reads a list of names (see image/name_list.h) of `size` bytes. Stores an index
 * to be freed with ptm_symbol_index_free, or NULL. */
ptm_status ptm_symbol_index_read_list(ptm_symbol_index **index, uint8_t kind, uint32_t source, uint64_t size) PTM_MUST_CHECK;
void ptm_symbol_index_free(ptm_symbol_index *index);

/* The symbol at an address, its name put into `strings`; NULL when there is none. */
const ptm_symbol *ptm_symbol_index_find(ptm_symbol_index *index, ptm_strings *strings, uint64_t address);
/* How many symbols hold code; 0 for NULL. */
uint32_t ptm_symbol_index_count(const ptm_symbol_index *index);

#endif
