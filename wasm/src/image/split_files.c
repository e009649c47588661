/* SPDX-License-Identifier: Apache-2.0 */
#include "image/split_files.h"
#include "base/hash.h"
#include "image/lines.h"
#include "image/split_package.h"
#include <inttypes.h>

#define MOST_UNITS (1u << 20)    /* of one file */
#define MOST_FILES (1u << 20)

typedef struct split_file {
	ptm_given given;
	ptm_split_package *package;      /* owned; NULL: it is a .dwo file */
	ptm_dwarf dwarf;                 /* of a package, which stays open */
} split_file;

typedef struct split_unit {
	uint64_t id;
	uint32_t file;
} split_unit;

struct ptm_split_files {
	PTM_ARRAY(split_file) files;
	PTM_ARRAY(split_unit) units;     /* of .dwo files */
	bool sorted;                     /* the units, by id */
};

typedef PTM_ARRAY(uint64_t) id_list;

void ptm_split_files_free(ptm_images *images)
{
	struct ptm_split_files *split = images->split;
	for (uint32_t i = 0; split && i < split->files.length; i++) {
		if (split->files.at[i].package)
			ptm_dwarf_close(&split->files.at[i].dwarf);
		free(split->files.at[i].package);
	}
	if (split) {
		ptm_array_free(&split->files);
		ptm_array_free(&split->units);
		free(split);
	}
	images->split = NULL;
}

bool ptm_split_file_is(const ptm_elf *elf, ptm_source *reader)
{
	return !elf->loads.length && ptm_elf_section_named(elf, reader, ".debug_info.dwo");
}

/* ------------------------------------------------------------------- offers */

/* Appends the ids of a .dwo file's units. */
static ptm_status list_units(ptm_dwarf *dwarf, id_list *ids)
{
	uint64_t size = dwarf->sections[DWARF_INFO].size, offset = 0;
	ptm_status status = PTM_OK;
	while (status == PTM_OK && offset < size && ids->length < MOST_UNITS) {
		ptm_dwarf_unit unit;
		status = ptm_dwarf_unit_read(dwarf, offset, &unit);
		if (status == PTM_OK && unit.holds_code && unit.split_id)
			status = ptm_array_push(ids, unit.split_id);
		ptm_dwarf_unit_free(&unit);
		offset = unit.end > offset ? unit.end : size;
		if (status == PTM_BAD_DATA)
			status = PTM_OK;
	}
	return status;
}

static ptm_status list_package(const ptm_split_package *package, ptm_dwarf *dwarf, id_list *ids)
{
	uint64_t id;
	for (uint32_t slot = 0; slot < package->slots && ids->length < MOST_UNITS; slot++)
		if (ptm_split_package_id(package, dwarf, slot, &id))
			PTM_TRY(ptm_array_push(ids, id));
	return PTM_OK;
}

/* Opens the file and lists its units' ids. */
static ptm_status read_ids(split_file *file, const char *path, id_list *ids, ptm_message *message)
{
	ptm_status status = ptm_dwarf_open_split(&file->dwarf, file->given.source, file->given.size);
	if (status == PTM_OK && file->dwarf.sections[DWARF_UNIT_INDEX].size) {
		file->package = calloc(1, sizeof *file->package);
		if (!file->package)
			return PTM_NO_MEMORY;
		PTM_TRY(ptm_split_package_read(file->package, &file->dwarf, path, message));
		status = list_package(file->package, &file->dwarf, ids);
	} else if (status == PTM_OK) {
		status = list_units(&file->dwarf, ids);
	}
	if (status == PTM_NO_MEMORY || status == PTM_READ_FAILED || (status == PTM_OK && ids->length))
		return status;
	return ptm_message_set(message, PTM_BAD_DATA, "%s holds no split debug information that can be read (%llu bytes).", path, (unsigned long long)file->given.size);
}

/* Why a file is not taken that has the name of one that is wanted. */
static ptm_status refuse_build(ptm_images *images, uint32_t row, const char *path, uint64_t own, uint64_t wanted, ptm_message *message)
{
	const char *binary = ptm_strings_get(images->strings, images->images.at[row].path);
	return ptm_message_set(message, PTM_MISMATCH, "%s has id %016" PRIx64 ", but %s was built with %016" PRIx64 ": this is another build. Use the file of that build.",
			       path, own, binary, wanted);
}

static ptm_status refuse_package(const char *path, uint32_t units, const char *binary, ptm_message *message)
{
	return ptm_message_set(message, PTM_MISMATCH, "%s holds %u unit%s, but none of those that %s was built of: it is of another build.", path, units,
			       units == 1 ? "" : "s", binary);
}

/* Whether `path` ends in the name of the image's file and ".dwp". */
static bool is_package_of(const char *path, const char *binary)
{
	const char *name = ptm_base_name(path), *wanted = ptm_base_name(binary);
	size_t length = strlen(wanted);
	return !strncmp(name, wanted, length) && !strcmp(name + length, ".dwp");
}

static ptm_status refuse(ptm_images *images, const split_file *file, const char *path, const id_list *ids, ptm_message *message)
{
	for (uint32_t row = 1; row < images->images.length; row++) {
		uint32_t count;
		PTM_TRY(ptm_image_skeletons(images, row, &count));
		const char *binary = ptm_strings_get(images->strings, images->images.at[row].path);
		if (count && file->package && is_package_of(path, binary))
			return refuse_package(path, ids->length, binary, message);
		for (uint32_t i = 0; i < count && !file->package; i++) {
			ptm_skeleton skeleton;
			PTM_TRY(ptm_image_skeleton(images, row, i, &skeleton));
			if (!skeleton.given && !strcmp(ptm_base_name(ptm_strings_get(images->strings, skeleton.name)), ptm_base_name(path)))
				return refuse_build(images, row, path, ids->at[0], skeleton.id, message);
		}
	}
	return ptm_message_set(message, PTM_NOT_FOUND, "%s is not needed: no binary that was given was built with its debug information. Give the binary first.", path);
}

static ptm_status keep(ptm_images *images, split_file *file, const id_list *ids)
{
	if (!images->split)
		images->split = calloc(1, sizeof *images->split);
	struct ptm_split_files *split = images->split;
	if (!split)
		return PTM_NO_MEMORY;
	for (uint32_t i = 0; i < ids->length && !file->package; i++)
		PTM_TRY(ptm_array_push(&split->units, ((split_unit){ ids->at[i], split->files.length })));
	split->sorted = false;
	PTM_TRY(ptm_array_push(&split->files, *file));
	if (file->package)
		*file = (split_file){ 0 }; /* handed over */
	return PTM_OK;
}

ptm_status ptm_split_file_offer(ptm_images *images, ptm_source *reader, const char *path, uint32_t *served, ptm_message *message)
{
	split_file file = { .given = { reader->id, reader->size } };
	id_list ids = { 0 };

	ptm_status status = read_ids(&file, path, &ids, message);
	for (uint32_t row = 1; status == PTM_OK && row < images->images.length; row++) {
		bool wanted = false;
		uint32_t count = 0;
		status = ptm_image_skeletons(images, row, &count);
		for (uint32_t i = 0; status == PTM_OK && count && i < ids.length; i++)
			status = ptm_image_take_split(images, row, ids.at[i], &wanted);
		*served += wanted;
	}
	if (status == PTM_OK)
		status = *served ? keep(images, &file, &ids) : refuse(images, &file, path, &ids, message);
	ptm_dwarf_close(&file.dwarf);
	free(file.package);
	ptm_array_free(&ids);
	return status;
}

/* -------------------------------------------------------------------- units */

static int compare_units(const void *a, const void *b)
{
	uint64_t x = ((const split_unit *)a)->id, y = ((const split_unit *)b)->id;
	return x < y ? -1 : x > y;
}

/* The file with a unit, NULL: none was given. Of a package the unit is chosen. */
static split_file *file_with(struct ptm_split_files *split, uint64_t id)
{
	split_unit wanted = { .id = id };
	if (!split)
		return NULL;
	if (!split->sorted && split->units.length)
		qsort(split->units.at, split->units.length, sizeof wanted, compare_units);
	split->sorted = true;
	const split_unit *found = split->units.length ? bsearch(&wanted, split->units.at, split->units.length, sizeof wanted, compare_units) : NULL;
	if (found)
		return &split->files.at[found->file];
	for (uint32_t i = 0; i < split->files.length; i++)
		if (split->files.at[i].package && ptm_split_package_choose(split->files.at[i].package, &split->files.at[i].dwarf, id))
			return &split->files.at[i];
	return NULL;
}

bool ptm_split_unit_known(const ptm_images *images, uint64_t id)
{
	return file_with(images->split, id);
}

/* Reads the unit with that id. Free it in any case. */
static ptm_status find_unit(ptm_dwarf *dwarf, uint64_t id, ptm_dwarf_unit *unit)
{
	uint64_t size = dwarf->sections[DWARF_INFO].size, offset = 0;
	*unit = (ptm_dwarf_unit){ 0 };
	for (uint32_t i = 0; i < MOST_UNITS && offset < size; i++) {
		ptm_status status = ptm_dwarf_unit_read(dwarf, offset, unit);
		if (status == PTM_OK && unit->holds_code && unit->split_id == id)
			return PTM_OK;
		offset = unit->end > offset ? unit->end : size;
		ptm_dwarf_unit_free(unit);
		*unit = (ptm_dwarf_unit){ 0 };
		if (status != PTM_OK && status != PTM_BAD_DATA)
			return status;
	}
	return PTM_NOT_FOUND;
}

static ptm_dwarf_unit *unit_of_entry(void *context, bool alternate, uint64_t offset)
{
	ptm_dwarf_unit *unit = context;
	return !alternate && offset >= unit->offset && offset < unit->end ? unit : NULL;
}

/* Names all inlined calls, each function once: the file does not stay open. */
static ptm_status name_calls(ptm_inlines *inlines, ptm_dwarf *dwarf, ptm_dwarf_unit *unit, ptm_strings *strings)
{
	uint32_t slots = 16;
	while (slots < 2 * inlines->calls.length)
		slots *= 2;
	uint32_t *named = calloc(slots, sizeof *named); /* by hash of the origin: row of calls + 1 */
	ptm_status status = named ? PTM_OK : PTM_NO_MEMORY;
	for (uint32_t i = 0; status == PTM_OK && i < inlines->calls.length; i++) {
		ptm_inline_call *call = &inlines->calls.at[i];
		if (call->is_function)
			continue;
		uint32_t slot = (uint32_t)ptm_hash_u64(call->origin) & (slots - 1);
		while (named[slot] && inlines->calls.at[named[slot] - 1].origin != call->origin)
			slot = (slot + 1) & (slots - 1);
		if (named[slot]) {
			call->name = inlines->calls.at[named[slot] - 1].name;
			continue;
		}
		named[slot] = i + 1;
		status = ptm_inline_call_name(call, dwarf, &(ptm_unit_finder){ unit_of_entry, unit }, strings);
	}
	free(named);
	return status;
}

static ptm_status read_unit(ptm_images *images, ptm_dwarf *dwarf, ptm_dwarf *program, const ptm_dwarf_unit *skeleton, ptm_inlines *inlines)
{
	ptm_dwarf_unit unit;

	dwarf->program = program;
	dwarf->loads = program->loads;
	dwarf->load_count = program->load_count;
	ptm_status status = find_unit(dwarf, skeleton->split_id, &unit);
	unit.address_base = skeleton->address_base;
	unit.ranges_base = skeleton->ranges_base;
	unit.low_pc = skeleton->low_pc;
	if (status == PTM_OK)
		status = ptm_inlines_read(inlines, dwarf, &unit);
	if (status == PTM_OK)
		status = name_calls(inlines, dwarf, &unit, images->strings);
	ptm_dwarf_unit_free(&unit);
	return status;
}

ptm_status ptm_split_unit_read(ptm_images *images, ptm_dwarf *program, const ptm_dwarf_unit *skeleton, ptm_inlines *inlines)
{
	split_file *file = file_with(images->split, skeleton->split_id);
	ptm_dwarf opened;

	if (!file)
		return PTM_NOT_FOUND;
	if (file->package)
		return read_unit(images, &file->dwarf, program, skeleton, inlines);
	ptm_status status = ptm_dwarf_open_split(&opened, file->given.source, file->given.size);
	if (status == PTM_OK)
		status = read_unit(images, &opened, program, skeleton, inlines);
	ptm_dwarf_close(&opened);
	return status;
}
