/* SPDX-License-Identifier: Apache-2.0 */
/* Symbols made up for entries of a procedure linkage table (PLT), called
 * PTM_TABLE_PLT; their names are in the strings of .dynsym. */
#ifndef PTM_IMAGE_SYMBOL_PLT_H
#define PTM_IMAGE_SYMBOL_PLT_H

#include "image/symbol_table.h"

/* Adds the entries of .plt as perf 6.1 has them: after a header of one entry, by
 * the relocations of .rela.plt in order. `dynamic` is the file's .dynsym. */
ptm_status ptm_plt_add_in_order(ptm_symbol_tree *tree, const ptm_symbol_file *file, const ptm_elf_section *dynamic) PTM_MUST_CHECK;

/* Adds the entries of .plt, .plt.got and .plt.sec as perf 6.12 has them. `dynamic`: NULL: there is no .dynsym. */
ptm_status ptm_plt_add_newer(ptm_symbol_tree *tree, const ptm_symbol_file *file, const ptm_elf_section *dynamic) PTM_MUST_CHECK;

/* Adds all entries that jump through a slot which a relocation fills, wherever they
 * are: of .plt.sec and .plt.got too. 64-bit files only. */
ptm_status ptm_plt_add_by_slot(ptm_symbol_tree *tree, const ptm_symbol_file *file, const ptm_elf_section *dynamic) PTM_MUST_CHECK;

#endif
