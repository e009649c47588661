/* SPDX-License-Identifier: Apache-2.0 */
/* What perf shows of an address, looked up once; and its text, made once. */
#include "api/script_put.h"
#include "image/kernel.h"

const ptm_place ptm_script_unknown_place;

/* The file of a module that goes by its short name ("[ath9k]"); without one, that name. */
static uint32_t module_path(ptm_session *session, uint32_t name)
{
	for (uint32_t i = 1; i < session->images.images.length; i++) {
		const ptm_image *image = &session->images.images.at[i];
		const char *path = ptm_strings_get(&session->strings, image->path);
		uint32_t dso;
		if (image->is_kernel && *path == '/' && ptm_kernel_module_dso(&session->images, path, &dso) == PTM_OK && dso == name)
			return image->path;
	}
	return name;
}

uint32_t ptm_script_binary_name(const ptm_script *script, const ptm_map *map)
{
	ptm_session *session = script->session;
	const char *name = ptm_strings_get(&session->strings, map->name);

	if (!script->options.show_kernel_path || *name != '[')
		return map->name;
	if (!strcmp(name, PTM_KERNEL_NAME))
		return script->options.kernel_path ? script->options.kernel_path : map->name;
	return module_path(session, map->name);
}

/* Fills in what perf shows of an address. */
static void look_up(ptm_script *script, ptm_place *place, uint32_t space, uint64_t ip)
{
	ptm_session *session = script->session;
	const ptm_map *map = ptm_spaces_find(session->spaces, space, ip);

	*place = (ptm_place){ .ip = ip, .space = space, .known = true };
	if (!map)
		return;
	const ptm_function *function = ptm_spaces_function(session->spaces, ptm_spaces_perf_function_at(session->spaces, space, ip, &place->offset));
	const uint32_t name = ptm_script_binary_name(script, map);
	const char *dso = ptm_strings_get(&session->strings, name);
	place->offset = ptm_script_offset(function, map, place->offset);
	place->name = function->name;
	place->name_length = (uint32_t)strlen(ptm_strings_get(&session->strings, function->name));
	place->dso = name;
	place->dso_length = (uint32_t)strlen(dso);
	place->file_offset = ip - map->start + map->file_offset;
	place->in_file = map->image != 0;
}

ptm_place *ptm_script_place_of(ptm_script *script, uint32_t space, uint64_t ip)
{
	ptm_place *place = &script->places[(ip ^ ip >> 13 ^ space * 0x9e3779b1u) % PTM_PLACES];
	if (!place->known || place->ip != ip || place->space != space)
		look_up(script, place, space, ip);
	return place;
}

/* Reads the instruction at a place. */
void ptm_script_look_at_code(ptm_script *script, ptm_place *place, uint8_t length)
{
	ptm_session *session = script->session;
	uint32_t available = length == PTM_LENGTH_UNKNOWN ? 15 : length;
	const ptm_map *map;
	ptm_insn insn = { .length = length };

	place->has_code = true;
	if (ptm_spaces_code(session->spaces, place->space, place->ip, place->code, &available, &map) != PTM_OK)
		return;
	if (length == PTM_LENGTH_UNKNOWN && ptm_insn_decode(place->code, available, PTM_MODE_64 | PTM_MODE_AS_PERF, &insn) != PTM_OK)
		return;
	place->code_length = insn.length;
}

static void put_name(ptm_script *script, const ptm_place *place)
{
	if (!room(script, place->name_length + LINE_BYTES))
		return;
	if (!place->name_length) {
		PUT_LITERAL(script, " [unknown]");
		return;
	}
	put_byte(script, ' ');
	put_bytes(script, ptm_strings_get(&script->session->strings, place->name), place->name_length);
	if (!(script->fields & PTM_SCRIPT_SYMOFF))
		return;
	PUT_LITERAL(script, "+0x");
	put_hex(script, place->offset, 0);
}

/* "(binary)", without the space before it. */
void ptm_script_put_binary(ptm_script *script, const ptm_place *place)
{
	if (!room(script, place->dso_length + LINE_BYTES))
		return;
	put_byte(script, '(');
	uint32_t start = script->text.length;
	if (place->dso)
		put_bytes(script, ptm_strings_get(&script->session->strings, place->dso), place->dso_length);
	else
		PUT_LITERAL(script, "[unknown]");
	if (script->options.pad_dso) {
		uint32_t length = script->text.length - start, shown = length < PTM_SCRIPT_DSO_WIDTH ? length : PTM_SCRIPT_DSO_WIDTH - 1;
		script->text.length = start + shown;
		put_spaces(script, PTM_SCRIPT_DSO_WIDTH - shown);
	}
	if (script->fields & PTM_SCRIPT_DSOFF && place->in_file) {
		PUT_LITERAL(script, "+0x");
		put_hex(script, place->file_offset, 0);
	}
	put_byte(script, ')');
}

/* What of the fields tells how a place is put. */
#define PLACE_FIELDS (PTM_SCRIPT_SYM | PTM_SCRIPT_SYMOFF | PTM_SCRIPT_DSO | PTM_SCRIPT_DSOFF)
#define KEPT_BYTES (1u << 20)

/* Keeps what was put of a place, from `start` on. */
static void keep_place(ptm_script *script, ptm_place *place, uint32_t start)
{
	uint32_t length = script->text.length - start;

	if (script->status != PTM_OK || length > LINE_BYTES / 2)
		return;
	if (script->kept.length + length + CHUNK > KEPT_BYTES) {
		script->kept.length = 0;
		for (uint32_t i = 0; i < PTM_PLACES; i++)
			script->places[i].kept_fields = 0;
	}
	/* Without memory for it, it is put anew each time. */
	if (ptm_array_reserve(&script->kept, length + CHUNK) != PTM_OK)
		return;
	place->kept = script->kept.length;
	place->kept_length = (uint16_t)length;
	place->kept_fields = script->fields & PLACE_FIELDS;
	memcpy(script->kept.at + place->kept, script->text.at + start, length);
	memset(script->kept.at + place->kept + length, 0, CHUNK);
	script->kept.length += length + CHUNK;
}

static void put_place_anew(ptm_script *script, const ptm_place *place)
{
	if (script->fields & PTM_SCRIPT_SYM)
		put_name(script, place);
	if (script->fields & PTM_SCRIPT_DSO && room(script, LINE_BYTES)) {
		put_byte(script, ' ');
		ptm_script_put_binary(script, place);
	}
	room(script, LINE_BYTES);
}

/* Symbol and binary of an address, as far as they were asked for. */
void ptm_script_put_place(ptm_script *script, uint64_t ip)
{
	ptm_place *place = ip ? ptm_script_place_of(script, script->space, ip) : NULL;

	if (!place) {
		put_place_anew(script, &ptm_script_unknown_place);
	} else if (place->kept_fields && place->kept_fields == (script->fields & PLACE_FIELDS)) {
		if (room(script, LINE_BYTES))
			put_again(script, script->kept.at + place->kept, place->kept_length);
		room(script, LINE_BYTES);
	} else {
		uint32_t start = script->text.length;
		put_place_anew(script, place);
		keep_place(script, place, start);
	}
}
