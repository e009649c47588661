/* SPDX-License-Identifier: Apache-2.0 */
/* Field trace: what tracepoints say, in the words of the format files that the
 * recording brought along (file/event_format.h). */
#include "api/script.h"
#include <inttypes.h>

ptm_status ptm_session_event_format(ptm_session *session, const ptm_attr *attr, ptm_event_format **format)
{
	if (!session->event_formats_read)
		PTM_TRY(ptm_event_formats_read(&session->event_formats, &session->file));
	session->event_formats_read = true;
	return ptm_event_formats_find(&session->event_formats, attr->config, format);
}

static void put_text(void *context, const char *text, size_t length)
{
	ptm_script_put_text(context, text, length);
}

/* Only the kernel's functions: perf asks for no others. */
static bool put_function(void *context, uint64_t address, bool with_offset)
{
	ptm_script *script = context;
	ptm_session *session = script->session;
	uint64_t offset;
	const ptm_map *map = ptm_spaces_find(session->spaces, script->kernel_space, address);

	if (!map || !session->images.images.at[map->image].is_kernel)
		return false;
	const ptm_function *function = ptm_spaces_function(session->spaces, ptm_spaces_perf_function_at(session->spaces, script->kernel_space, address, &offset));
	const char *name = ptm_strings_get(&session->strings, function->name);
	if (!*name)
		return false;
	ptm_script_put_text(script, name, strlen(name));
	if (with_offset)
		ptm_script_put(script, "+0x%" PRIx64, ptm_script_offset(function, map, offset));
	return true;
}

void ptm_script_put_trace(ptm_script *script, const ptm_sample *sample, const ptm_attr *attr)
{
	const ptm_event_writer writer = { script, put_text, put_function };
	ptm_event_format *format = NULL;

	if (!sample->raw_size || script->status != PTM_OK)
		return;
	script->status = ptm_session_event_format(script->session, attr, &format);
	if (script->status == PTM_OK && format)
		ptm_event_format_text(format, sample->raw, sample->raw_size, &writer);
}
