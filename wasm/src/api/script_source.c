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
	char line[1024];

	int length = snprintf(line, sizeof line, format, base_name(name), number);
	return ptm_strings_add(&session->strings, line, (size_t)length < sizeof line ? (size_t)length : sizeof line - 1, text);
}

static ptm_status ask_file(ptm_session *session, uint32_t row, uint64_t address, bool *known, uint32_t *text)
{
	ptm_image *image = &session->images.images.at[row];
	uint32_t file, line, inlined[1], depth = 1;

	*known = false;
	if (image->status != PTM_IMAGE_LOADED || image->source_failures > MOST_FAILURES)
		return PTM_OK;
	ptm_status status = ptm_image_line(&session->images, row, address, &file, &line, inlined, &depth);
	if (status == PTM_NO_MEMORY)
		return status;
	*known = status == PTM_OK && file;
	if (!*known) {
		line = 0;
		PTM_TRY(ptm_image_function_file(&session->images, row, address, known, &file));
	}
	image = &session->images.images.at[row];
	if (*known)
		image->source_known = true;
	else if (!image->source_known)
		image->source_failures++;
	return *known && file != PTM_NO_FUNCTION_FILE ? add_text(session, text, "%s:%" PRIu64, ptm_strings_get(&session->strings, file), line) : PTM_OK;
}

ptm_status ptm_script_source_line(ptm_session *session, const ptm_map *map, uint64_t ip, uint32_t *text)
{
	bool known = false;

	*text = 0;
	if (!map || !map->image)
		return PTM_OK;
	uint64_t address = ptm_image_address(&session->images.images.at[map->image], map->file_offset + (ip - map->start));
	if (ptm_is_asked_of_addr2line(ptm_strings_get(&session->strings, map->name)))
		PTM_TRY(ask_file(session, map->image, address, &known, text));
	return known ? PTM_OK : add_text(session, text, "%s[%" PRIx64 "]", ptm_strings_get(&session->strings, map->name), address);
}

void ptm_script_put_source(ptm_script *script, uint64_t ip)
{
	uint32_t space, text;

	if (!(script->fields & PTM_SCRIPT_SRCLINE) || script->status != PTM_OK)
		return;
	script->status = ptm_script_source_line(script->session, ptm_script_map(script, ip, &space), ip, &text);
	if (script->status != PTM_OK || !text)
		return;
	const char *line = ptm_strings_get(&script->session->strings, text);
	ptm_script_put_text(script, "\n  ", 3);
	ptm_script_put_text(script, line, strlen(line));
}

void ptm_script_put_line(ptm_script *script, uint32_t file, uint32_t line)
{
	if (script->fields & PTM_SCRIPT_SRCLINE)
		ptm_script_put(script, "\n  %s:%u", file ? base_name(ptm_strings_get(&script->session->strings, file)) : "??", line);
}
