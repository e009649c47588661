/* SPDX-License-Identifier: Apache-2.0 */
/* The volumes of a trace: see trace_file.h. */
#include "file/perf_data.h"
#include "file/unpacked.h"
#include <inttypes.h>
#include <stdio.h>

#define DATA_WINDOW (256u << 10)
#define WITHIN (((uint64_t)1 << PTM_VOLUME_SHIFT) - 1)

ptm_status ptm_volume_add_data(ptm_trace_file *file, const ptm_data_file *data)
{
	ptm_volume volume = { 0 };

	if (file->volumes.length == PTM_MOST_DATA_FILES || data->size > WITHIN)
		return PTM_BAD_DATA;
	ptm_source_init_careful(&volume.source, data->source, data->size, DATA_WINDOW);
	PTM_TRY(ptm_strings_add(file->strings, data->name, strlen(data->name), &volume.name));
	file->data_files++;
	return ptm_array_push(&file->volumes, volume);
}

ptm_status ptm_volume_add_unpacked(ptm_trace_file *file, uint32_t of, uint32_t *number)
{
	ptm_volume volume = { .of = of };

	PTM_TRY(ptm_array_reserve(&file->volumes, 1));
	PTM_TRY(ptm_unpacked_new(&volume.unpacked, ptm_volume_source(file, of)));
	file->volumes.at[file->volumes.length++] = volume;
	*number = file->volumes.length;
	return PTM_OK;
}

ptm_status ptm_volume_add_joined(ptm_trace_file *file, uint8_t *bytes, uint32_t length, uint64_t first_id, const char *name, uint32_t *number)
{
	static const uint8_t nothing;
	ptm_volume volume = { .joined = bytes, .first_id = first_id };

	PTM_TRY(ptm_strings_add(file->strings, name, strlen(name), &volume.name));
	PTM_TRY(ptm_array_reserve(&file->volumes, 1));
	ptm_source_init_memory(&volume.source, bytes ? bytes : &nothing, length);
	file->volumes.at[file->volumes.length++] = volume;
	*number = file->volumes.length;
	return PTM_OK;
}

void ptm_volumes_free(ptm_trace_file *file)
{
	for (uint32_t i = 0; i < file->volumes.length; i++) {
		ptm_unpacked_free(file->volumes.at[i].unpacked);
		ptm_source_free(&file->volumes.at[i].source);
		free(file->volumes.at[i].joined);
	}
	ptm_array_free(&file->volumes);
}

static ptm_volume *volume_at(const ptm_trace_file *file, uint64_t offset)
{
	uint32_t number = ptm_volume_of(offset);
	return number && number <= file->volumes.length ? &file->volumes.at[number - 1] : NULL;
}

uint64_t ptm_trace_file_volume_end(const ptm_trace_file *file, uint64_t offset)
{
	const ptm_volume *volume = volume_at(file, offset);
	if (!volume)
		return file->source->size;
	uint64_t size = volume->unpacked ? ptm_unpacked_size(volume->unpacked) : volume->source.size;
	return (offset & ~WITHIN) + size;
}

ptm_status ptm_trace_file_view(const ptm_trace_file *file, uint64_t offset, uint32_t length, const uint8_t **at)
{
	ptm_volume *volume = volume_at(file, offset);
	if (!volume)
		return ptm_source_view(file->source, offset, length, at);
	if (volume->unpacked)
		return ptm_unpacked_view(volume->unpacked, offset & WITHIN, length, at);
	return ptm_source_view(&volume->source, offset & WITHIN, length, at);
}

ptm_status ptm_trace_file_view_some(const ptm_trace_file *file, uint64_t offset, uint32_t *length, const uint8_t **at)
{
	uint64_t end = ptm_trace_file_volume_end(file, offset);
	if (offset > end)
		return PTM_TRUNCATED;
	if (*length > end - offset)
		*length = (uint32_t)(end - offset);
	*at = NULL;
	return *length ? ptm_trace_file_view(file, offset, *length, at) : PTM_OK;
}

void ptm_trace_file_want(const ptm_trace_file *file, uint64_t offset, uint64_t length)
{
	ptm_volume *volume = volume_at(file, offset);
	if (!volume)
		ptm_source_want(file->source, offset, length);
	else if (!volume->unpacked && !volume->source.memory)
		ptm_source_want(&volume->source, offset & WITHIN, length);
}

const ptm_source *ptm_trace_file_source(const ptm_trace_file *file, uint64_t offset, uint64_t *within)
{
	const ptm_volume *volume = volume_at(file, offset);

	*within = volume ? offset & WITHIN : offset;
	if (!volume)
		return file->source->memory ? NULL : file->source;
	return volume->unpacked || volume->source.memory ? NULL : &volume->source;
}

const char *ptm_trace_file_place(const ptm_trace_file *file, uint64_t offset)
{
	static char text[160];
	const ptm_volume *volume = volume_at(file, offset);
	const ptm_volume *whole = volume && volume->unpacked && volume->of ? &file->volumes.at[volume->of - 1] : volume;
	const char *name = whole && whole->name ? ptm_strings_get(file->strings, whole->name) : "";

	snprintf(text, sizeof text, "byte %" PRIu64 "%s%s%.100s", offset & WITHIN, volume && volume->unpacked ? " of the unpacked records" : "",
		*name ? " of " : "", name);
	return text;
}
