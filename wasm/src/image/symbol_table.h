/* SPDX-License-Identifier: Apache-2.0 */
/* The symbols of one ELF file as perf 6.1 keeps them: which entries of .symtab
 * and .dynsym count, at what file offset, up to where, which of several at one
 * place, and the names it makes up for PLT entries. */
#ifndef PTM_IMAGE_SYMBOL_TABLE_H
#define PTM_IMAGE_SYMBOL_TABLE_H

#include "image/demangle.h"
#include "image/elf.h"
#include "image/symbol_tree.h"

/* The first three hold NUL-terminated names; those of a list end at a tab or the line's end. */
enum { PTM_TABLE_SYMTAB, PTM_TABLE_DYNSYM, PTM_TABLE_PLT, PTM_TABLE_LIST, PTM_TABLES };

/* Instead of a table: names that are made up for parts of a PLT. */
enum {
	PTM_NAME_PLT_START = 0x40,       /* ".plt" */
	PTM_NAME_PLT_PLACE,              /* "offset_0x…@plt", of the offset in place of a name */
	PTM_NAME_AT_PLT = 0x80           /* with a table: its name and "@plt" */
};

/* Where the names are, by table: file 0 holds the symbols, file 1 the code. */
typedef struct ptm_symbol_names {
	struct { uint64_t offset, size; uint8_t file; } tables[PTM_TABLES];
	ptm_pages pages[2];
	ptm_name_style style;    /* PTM_NAMED_LINKED for the kernel's, as perf leaves them */
	bool with_tabs;          /* a tab is part of a list's name */
	ptm_text text;           /* scratch */
} ptm_symbol_names;

/* A file to read symbols from, with its frame. */
typedef struct ptm_symbol_file {
	const ptm_elf *elf;
	uint32_t source;         /* host id */
	uint64_t size;
	const uint8_t *memory;   /* borrowed: the whole file, or NULL */
} ptm_symbol_file;

typedef struct ptm_symbol_table {
	ptm_symbol_tree tree;
	ptm_symbol_names names;
} ptm_symbol_table;

/* Reads the symbols of `symbols`, which is the file with the code itself or was
 * split from it, and makes up those of the code's PLT, as perf 6.1 or, `newer_perf`,
 * as perf 6.12. Which of several at one place is kept depends on their names, and so on `style`. Without any symbols
 * the tree is empty. Free in any case. */
ptm_status ptm_symbol_table_read(ptm_symbol_table *table, const ptm_symbol_file *symbols, const ptm_symbol_file *code, ptm_name_style style, bool newer_perf) PTM_MUST_CHECK;
/* Reads what perf 6.1 leaves nameless: the .symtab of `symbols` (the unpacked
 * .gnu_debugdata of the code's file; `code` itself: there is none), and the PLT
 * entries that it does not know. Free in any case. */
ptm_status ptm_symbol_table_read_more(ptm_symbol_table *table, const ptm_symbol_file *symbols, const ptm_symbol_file *code) PTM_MUST_CHECK;
void ptm_symbol_table_free(ptm_symbol_table *table);

/* A symbol without a size reaches to the next one; the last, and the last before
 * a module or after one, to the page after its own. */
void ptm_symbol_table_fix_ends(ptm_symbol_tree *tree);
/* Of symbols that start at one place, leaves the one that perf prefers. */
ptm_status ptm_symbol_table_drop_duplicates(ptm_symbol_table *table) PTM_MUST_CHECK;

/* Replaces `into` by the name perf prints. */
ptm_status ptm_symbol_names_get(ptm_symbol_names *names, uint8_t table, uint32_t name, ptm_text *into) PTM_MUST_CHECK;
void ptm_symbol_names_free(ptm_symbol_names *names);

#endif
