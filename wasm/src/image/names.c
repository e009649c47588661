/* SPDX-License-Identifier: Apache-2.0 */
#include "image/names.h"
#include "image/name_list.h"
#include "image/symbols.h"
#include <stdio.h>

#define FIRST_LINE 1024u

ptm_status ptm_names_of_memory(ptm_images *images, uint32_t name, int32_t pid, uint32_t *file, bool *is_memory)
{
	static const char *const memory[] = { "//anon", "/dev/zero", "/anon_hugepage", "[stack", "/SYSV", "[heap]" };
	const char *text = ptm_strings_get(images->strings, name);
	char path[40];
	*file = name;
	*is_memory = false;
	for (size_t i = 0; i < sizeof memory / sizeof *memory; i++)
		if (!strncmp(text, memory[i], strlen(memory[i])))
			*is_memory = true;
	if (!*is_memory)
		return PTM_OK;
	int length = snprintf(path, sizeof path, "/tmp/perf-%d.map", pid);
	return ptm_strings_add(images->strings, path, (size_t)length, file);
}

/* ---------------------------------------------------------------- perf maps */

/* "…/perf-123.map" is of process 123; 0 when a path is no such thing. */
static uint32_t perf_map_pid(const char *path)
{
	char *end;
	const char *name = ptm_base_name(path);
	if (strncmp(name, "perf-", 5))
		return 0;
	unsigned long pid = strtoul(name + 5, &end, 10);
	return strcmp(end, ".map") || pid > INT32_MAX ? 0 : (uint32_t)pid;
}

static ptm_status count_line(void *context, const ptm_name_line *line)
{
	ptm_perf_map_line told;
	uint32_t *count = context;
	*count += ptm_perf_map_line_read(line, &told) && told.address && told.size;
	return PTM_OK;
}

static ptm_status offer_perf_map(ptm_images *images, ptm_source *reader, uint32_t pid, const char *path, uint32_t *served, ptm_message *message)
{
	char wanted[40];
	uint32_t lines = 0;
	if (reader->size > UINT32_MAX)
		return ptm_message_set(message, PTM_UNSUPPORTED, "%s is too large for a list of symbols (%llu bytes).", path,
				       (unsigned long long)reader->size);
	PTM_TRY(ptm_name_lines(reader, count_line, &lines));
	if (!lines)
		return ptm_message_set(message, PTM_BAD_DATA, "%s holds no symbols: each line should be an address, a size (both in hexadecimal) "
				       "and a name.", path);
	snprintf(wanted, sizeof wanted, "/tmp/perf-%u.map", pid);
	for (uint32_t i = 1; i < images->images.length; i++) {
		ptm_image *image = &images->images.at[i];
		if (strcmp(ptm_strings_get(images->strings, image->path), wanted))
			continue;
		ptm_symbols_free(image);
		image->names = PTM_NAMES_PERF_MAP;
		image->names_source = reader->id;
		image->names_size = reader->size;
		(*served)++;
	}
	if (*served)
		return PTM_OK;
	return ptm_message_set(message, PTM_NOT_FOUND, "%s is not needed: process %u ran no code outside of files in this trace.", path, pid);
}

/* ----------------------------------------------------------------- jitdumps */

/* Where the trace says that the process had its jitdump. */
static ptm_status directory_of(ptm_images *images, const char *path, uint32_t *directory)
{
	const char *name = ptm_base_name(path);
	*directory = 0;
	for (uint32_t i = 1; i < images->images.length; i++) {
		const char *mapped = ptm_strings_get(images->strings, images->images.at[i].path);
		if (!strcmp(ptm_base_name(mapped), name))
			return ptm_strings_add(images->strings, mapped, (size_t)(ptm_base_name(mapped) - mapped), directory);
	}
	return PTM_OK;
}

/* A dump is mapped only to tell where it is: it is given now, and no code is in that map. */
static void ask_no_more_for(ptm_images *images, const char *path)
{
	const char *name = ptm_base_name(path);
	for (uint32_t i = 1; i < images->images.length; i++) {
		ptm_image *image = &images->images.at[i];
		if (!strcmp(ptm_base_name(ptm_strings_get(images->strings, image->path)), name) && image->status != PTM_IMAGE_LOADED)
			image->is_anonymous = true;
	}
}

static ptm_status offer_jitdump(ptm_images *images, ptm_source *reader, const char *path, uint32_t *served, ptm_message *message)
{
	ptm_jitdump dump = { .file = { reader->id, reader->size } };
	uint32_t name;
	char text[64];
	PTM_TRY(ptm_jitdump_header(reader, path, &dump.header, message));
	if (reader->size > UINT32_MAX)
		return ptm_message_set(message, PTM_UNSUPPORTED, "%s is too large (%llu bytes); jitdumps up to 4 GB are read.", path,
				       (unsigned long long)reader->size);
	for (uint32_t i = 0; i < images->jitdumps.length; i++)
		if (images->jitdumps.at[i].header.pid == dump.header.pid)
			return ptm_message_set(message, PTM_NOT_FOUND, "%s is not needed: a jitdump of process %u was given already.", path,
					       dump.header.pid);
	PTM_TRY(directory_of(images, path, &dump.directory));
	int length = snprintf(text, sizeof text, "jitted code of process %u", dump.header.pid);
	PTM_TRY(ptm_strings_add(images->strings, text, (size_t)length, &name));
	PTM_TRY(ptm_images_want(images, name, NULL, 0, &dump.image));
	ptm_image *image = &images->images.at[dump.image];
	image->status = PTM_IMAGE_LOADED;
	image->is_flat = image->is_anonymous = true;
	image->names = PTM_NAMES_JITDUMP;
	image->names_source = reader->id;
	image->names_size = reader->size;
	image->is_32bit = dump.header.machine == 3;
	ptm_source_init(&image->source, reader->id, reader->size, 16384);
	ptm_pages_init(&image->code, reader->id, reader->size, 65536);
	ask_no_more_for(images, path);
	images->maps_changed = true;
	*served = 1;
	return ptm_array_push(&images->jitdumps, dump);
}

/* -------------------------------------------------------------------- which */

static bool is_kallsyms(const uint8_t *at, uint32_t length)
{
	ptm_kallsyms_line told;
	const uint8_t *end = memchr(at, '\n', length);
	ptm_name_line line = { at, end ? end : at + length, 0 };
	return ptm_kallsyms_line_read(&line, &told);
}

ptm_status ptm_names_offer(ptm_images *images, ptm_source *reader, const char *path, bool *is_names, uint32_t *served, ptm_message *message)
{
	const uint8_t *at;
	uint32_t length = FIRST_LINE, pid = perf_map_pid(path);
	*is_names = true;
	PTM_TRY(ptm_source_view_some(reader, 0, &length, &at));
	if (pid)
		return offer_perf_map(images, reader, pid, path, served, message);
	if (length >= 4 && ptm_jitdump_is(at, length))
		return offer_jitdump(images, reader, path, served, message);
	*is_names = is_kallsyms(at, length);
	if (!*is_names)
		return PTM_OK;
	ptm_status status = ptm_kernel_offer_kallsyms(images, reader->id, reader->size, path, message);
	*served = status == PTM_OK;
	return status;
}
