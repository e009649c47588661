/* SPDX-License-Identifier: Apache-2.0 */
/* The field srcline as perf 6.1 prints it: what addr2line says of an address. A
 * line of the line table; else line 0 of the file that the symbol table names for
 * the function; nothing where it names none; and "binary[address]" where there is
 * not even a function, or no file. */
#include "api/sample_chain.h"
#include "api/script.h"
#include "image/function_files.h"
#include <inttypes.h>
#include <stdio.h>

/* perf asks addr2line no more of a binary of which it could not tell the first so many addresses. */
#define MOST_FAILURES 123u

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

static ptm_status add_text(ptm_session *session, uint32_t *text, const char *format, const char *name, uint64_t number)
{
	char line[4200];

	int length = snprintf(line, sizeof line, format, name, number);
	return ptm_strings_add(&session->strings, line, (size_t)length < sizeof line ? (size_t)length : sizeof line - 1, text);
}

ptm_status ptm_script_lineless(ptm_session *session, uint32_t row, uint64_t address, enum ptm_lineless *what, uint32_t *file)
{
	bool known;

	PTM_TRY(ptm_image_lineless(&session->images, row, address, what, file));
	if (*what != PTM_LINELESS_UNTOLD)
		return PTM_OK;
	PTM_TRY(ptm_image_function_file(&session->images, row, address, &known, file));
	*what = !known ? PTM_LINELESS_UNKNOWN : *file == PTM_NO_FUNCTION_FILE ? PTM_LINELESS_FUNCTION : PTM_LINELESS_FILE;
	return PTM_OK;
}

/* What addr2line tells of an address: `known` is whether it tells anything, `file` PTM_NO_FUNCTION_FILE where that is no file; the empty name is one. */
static ptm_status ask_file(ptm_session *session, uint32_t row, uint64_t address, bool *known, uint32_t *file, uint32_t *line)
{
	ptm_image *image = &session->images.images.at[row];
	uint32_t inlined[1], depth = 1;

	*known = false;
	*file = PTM_NO_FUNCTION_FILE;
	*line = 0;
	if (image->status != PTM_IMAGE_LOADED || image->source_failures > MOST_FAILURES)
		return PTM_OK;
	bool has_lines = true;
	if (image->newer_perf)
		PTM_TRY(ptm_image_has_own_lines(&session->images, row, &has_lines));
	if (!has_lines)
		return PTM_OK;
	ptm_status status = ptm_image_line(&session->images, row, address, file, line, inlined, &depth);
	if (status == PTM_NO_MEMORY)
		return status;
	*known = status == PTM_OK && *file;
	if (!*known) {
		enum ptm_lineless what;
		*line = 0;
		PTM_TRY(ptm_script_lineless(session, row, address, &what, file));
		*known = what != PTM_LINELESS_UNKNOWN;
		if (what != PTM_LINELESS_FILE)
			*file = PTM_NO_FUNCTION_FILE;
	}
	image = &session->images.images.at[row];
	if (*known)
		image->source_known = true;
	else if (!image->source_known)
		image->source_failures++;
	return PTM_OK;
}

static uint64_t address_of(const ptm_session *session, const ptm_map *map, uint64_t ip)
{
	return ptm_image_address(&session->images.images.at[map->image], map->file_offset + (ip - map->start));
}

ptm_status ptm_script_source_line(ptm_script *script, const ptm_map *map, uint64_t ip, uint32_t *text)
{
	ptm_session *session = script->session;
	bool known = false;
	uint32_t file = PTM_NO_FUNCTION_FILE, line;

	*text = 0;
	if (!map || !map->image)
		return PTM_OK;
	uint64_t address = address_of(session, map, ip);
	if (ptm_is_asked_of_addr2line(ptm_strings_get(&session->strings, map->name)))
		PTM_TRY(ask_file(session, map->image, address, &known, &file, &line));
	if (file != PTM_NO_FUNCTION_FILE) {
		const char *path = ptm_strings_get(&session->strings, file);
		return add_text(session, text, "%s:%" PRIu64, script->options.full_source_path ? path : base_name(path), line);
	}
	char name[PTM_SHORT_NAME];
	if (known && script->options.version >= 612)
		return ptm_strings_add(&session->strings, "??:0", 4, text);
	return known ? PTM_OK : add_text(session, text, "%s[%" PRIx64 "]", ptm_script_short_name(ptm_strings_get(&session->strings, map->name), name), address);
}

ptm_status ptm_script_source_code(ptm_session *session, const ptm_map *map, uint64_t ip, uint32_t *text)
{
	bool known;
	uint32_t file, line;
	char place[4200];

	*text = 0;
	if (!map || !map->image || !ptm_is_asked_of_addr2line(ptm_strings_get(&session->strings, map->name)))
		return PTM_OK;
	PTM_TRY(ask_file(session, map->image, address_of(session, map, ip), &known, &file, &line));
	if (file == PTM_NO_FUNCTION_FILE || !line)
		return PTM_OK;
	int length = snprintf(place, sizeof place, "%u" PTM_SOURCE_CODE "%s", line, ptm_strings_get(&session->strings, file));
	if ((size_t)length >= sizeof place)
		return PTM_OK;
	return ptm_strings_add(&session->strings, place, (size_t)length, text);
}

void ptm_script_put_source(ptm_script *script, uint64_t ip)
{
	uint32_t space, text;

	if (!(script->fields & PTM_SCRIPT_SRCLINE) || script->status != PTM_OK)
		return;
	script->status = ptm_script_source_line(script, ptm_script_map(script, ip, &space), ip, &text);
	if (script->status != PTM_OK || !text)
		return;
	const char *line = ptm_strings_get(&script->session->strings, text);
	ptm_script_put_text(script, "\n  ", 3);
	ptm_script_put_text(script, line, strlen(line));
}

void ptm_script_put_source_code(ptm_script *script, uint64_t ip)
{
	uint32_t space, text;

	if (!(script->fields & PTM_SCRIPT_SRCCODE) || script->status != PTM_OK)
		return;
	script->status = ptm_script_source_code(script->session, ptm_script_map(script, ip, &space), ip, &text);
	if (script->status == PTM_OK && text)
		ptm_script_put(script, PTM_SOURCE_CODE "%d" PTM_SOURCE_CODE "%s\n", script->tid, ptm_strings_get(&script->session->strings, text));
}

void ptm_script_put_line(ptm_script *script, uint32_t file, uint32_t line)
{
	const char *path = file ? ptm_strings_get(&script->session->strings, file) : "??";

	if (script->fields & PTM_SCRIPT_SRCLINE)
		ptm_script_put(script, "\n  %s:%u", script->options.full_source_path ? path : base_name(path), line);
}
