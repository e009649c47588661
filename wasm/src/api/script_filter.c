/* SPDX-License-Identifier: Apache-2.0 */
/* Which samples and frames perf script's options let through: by time, CPU,
 * thread, symbol, binary, and by the function whose calls are asked for. */
#include "api/script.h"
#include <stdio.h>

/* ------------------------------------------------------------ who and when */

static bool is_among(const int32_t *numbers, uint32_t count, int32_t number)
{
	for (uint32_t i = 0; i < count; i++)
		if (numbers[i] == number)
			return true;
	return !count;
}

static bool is_named(const ptm_script *script, const uint32_t *names, uint32_t count, const char *name)
{
	for (uint32_t i = 0; i < count; i++)
		if (!strcmp(ptm_strings_get(&script->session->strings, names[i]), name))
			return true;
	return false;
}

bool ptm_script_is_in_time(const ptm_script_options *options, uint64_t ns)
{
	bool in_time = !options->times.length;

	for (uint32_t i = 0; i < options->times.length && !in_time; i++)
		in_time = ns >= options->times.at[i].start && ns <= options->times.at[i].end;
	return in_time;
}

bool ptm_script_wants_cpu(const ptm_script_options *options, int32_t cpu)
{
	return cpu < 0 || is_among(options->cpus.at, options->cpus.length, cpu);
}

bool ptm_script_wants(const ptm_script *script, uint64_t ns)
{
	const ptm_script_options *options = &script->options;
	return (!ns || ptm_script_is_in_time(options, ns)) && ptm_script_wants_cpu(options, script->cpu) &&
	       is_among(options->pids.at, options->pids.length, script->pid) && is_among(options->tids.at, options->tids.length, script->tid) &&
	       (!options->comms.length || is_named(script, options->comms.at, options->comms.length, script->comm));
}

uint32_t ptm_script_attr_named(const ptm_session *session, uint32_t name)
{
	for (uint32_t i = 0; name && i < session->file.attrs.length; i++)
		if (session->file.attrs.at[i].script_name == name)
			return i;
	return UINT32_MAX;
}

bool ptm_script_discards(ptm_script *script, uint32_t attr)
{
	const ptm_script_options *options = &script->options;

	if (script->discards) {
		script->discards = attr != script->on_attr;
		return script->discards || !options->show_on_off;
	}
	if (attr == UINT32_MAX || attr != script->off_attr)
		return false;
	/* Without an event that switches on again perf leaves out this one alone. */
	script->discards = options->switch_on;
	if (!options->switch_on)
		script->off_attr = UINT32_MAX;
	return !options->show_on_off;
}

/* ------------------------------------------------------------------- where */

const char *ptm_script_short_name(const char *path, char into[PTM_SHORT_NAME])
{
	const char *slash = strrchr(path, '/');
	int pid;
	if (sscanf(path, "/tmp/perf-%d.map", &pid) != 1)
		return slash ? slash + 1 : path;
	snprintf(into, PTM_SHORT_NAME, "[JIT] tid %d", pid);
	return into;
}

/* A number stands for an address in a binary, or for as many as addr_range says from there on. */
static bool has_address(const ptm_script_options *options, uint64_t ip)
{
	for (uint32_t i = 0; i < options->addresses.length; i++)
		if (ip == options->addresses.at[i] || ip - options->addresses.at[i] < options->address_range)
			return true;
	return false;
}

bool ptm_script_filters_places(const ptm_script *script)
{
	const ptm_script_options *options = &script->options;
	return options->symbols.length || options->addresses.length || options->dsos.length;
}

bool ptm_script_wants_place(const ptm_script *script, uint64_t ip, const char *symbol, const char *dso)
{
	const ptm_script_options *options = &script->options;
	char short_name[PTM_SHORT_NAME];

	if (!dso)
		return !ptm_script_filters_places(script);
	if (options->dsos.length && !is_named(script, options->dsos.at, options->dsos.length, dso) &&
	    !is_named(script, options->dsos.at, options->dsos.length, ptm_script_short_name(dso, short_name)))
		return false;
	if (!options->symbols.length && !options->addresses.length)
		return true;
	return (*symbol && is_named(script, options->symbols.at, options->symbols.length, symbol)) || has_address(options, ip);
}

/* ------------------------------------------------------------------- calls */

bool ptm_script_wants_call(ptm_script *script, const char *function, uint32_t depth)
{
	const ptm_script_options *options = &script->options;

	if (!options->graph_functions.length)
		return true;
	while (script->status == PTM_OK && script->inside.length <= script->thread)
		script->status = ptm_array_push(&script->inside, 0);
	if (script->status != PTM_OK)
		return false;
	uint32_t *inside = &script->inside.at[script->thread];
	if (*inside) {
		bool stays = depth >= *inside;
		if (!stays)
			*inside = 0;
		return stays;
	}
	if (!is_named(script, options->graph_functions.at, options->graph_functions.length, function))
		return false;
	*inside = depth + 1;
	return true;
}

/* ------------------------------------------------------------------ frames */

bool ptm_script_stops_at(const ptm_script *script, const char *function)
{
	const ptm_script_options *options = &script->options;
	return options->stop_symbols.length && is_named(script, options->stop_symbols.at, options->stop_symbols.length, function);
}
