/* SPDX-License-Identifier: Apache-2.0 */
/* Table `samples`: ordinary samples one by one, with what each recorded, and
 * where it lies on the path that a processor trace of the same time gives. */
#include "api/sample_chain.h"
#include "api/sample_pin.h"
#include "api/script.h"
#include <math.h>
#include <stdio.h>

/* Rows per answer at most, and pinned ones: each decodes a stretch again. */
#define MOST_ROWS 65536u
#define MOST_PINNED 256u
/* Longest text of a call chain. */
#define CHAIN_TEXT 8192

size_t ptm_symbol_text(ptm_session *session, uint32_t space, uint64_t ip, char *into, size_t size)
{
	uint64_t offset;
	const ptm_function *function = ptm_spaces_function(session->spaces, ptm_spaces_function_at(session->spaces, space, ip, &offset));
	const char *name = function ? ptm_strings_get(&session->strings, function->name) : "";
	/* Room for the offset, so that only the name is cut. */
	int most = size > 24 ? (int)(size < 4096 ? size : 4096) - 24 : 0;

	*into = 0;
	if (!ip || !*name || most <= 0)
		return 0;
	int length = snprintf(into, size, "%.*s+0x%llx", most, name, (unsigned long long)offset);
	return length < 0 ? 0 : (size_t)length < size ? (size_t)length : size - 1;
}

uint32_t ptm_sample_at(const ptm_session *session, uint64_t time_ns)
{
	uint32_t low = 0, high = session->file.samples.length;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (session->file.samples.at[middle].time < time_ns)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static uint32_t space_of(const ptm_session *session, const ptm_sample_ref *ref, bool kernel)
{
	uint64_t time = ref->time ? ref->time : UINT64_MAX - 1;
	return ptm_spaces_at(session->spaces, kernel ? -1 : ref->pid, time);
}

static ptm_status put_symbol(ptm_session *session, ptm_table *table, uint32_t column, uint32_t row, uint32_t space, uint64_t ip)
{
	char text[1024];
	return ptm_table_set_text(table, column, row, text, ptm_symbol_text(session, space, ip, text, sizeof text));
}

/* Functions of the call chain, one a line. */
static ptm_status put_chain(ptm_session *session, const ptm_sample *sample, const ptm_sample_ref *ref, ptm_table *table, uint32_t row)
{
	ptm_chain_frame frames[PTM_CHAIN_MOST];
	char *text = malloc(CHAIN_TEXT);
	uint32_t count = 0;
	size_t at = 0;

	ptm_status status = text ? ptm_sample_chain(session, sample, &session->file.attrs.at[ref->attr], space_of(session, ref, false), UINT32_MAX, frames, &count) : PTM_NO_MEMORY;
	for (uint32_t i = 0; status == PTM_OK && i < count && at + 1100 < CHAIN_TEXT; i++) {
		size_t length = ptm_symbol_text(session, space_of(session, ref, frames[i].in_kernel), frames[i].ip, text + at, 1024);
		if (!length)
			length = (size_t)snprintf(text + at, 1024, "0x%llx", (unsigned long long)frames[i].ip);
		at += length;
		if (i + 1 < count)
			text[at++] = '\n';
	}
	if (status == PTM_OK)
		status = ptm_table_set_text(table, PTM_samples_chain, row, text, at);
	free(text);
	return status;
}

static ptm_status put_recorded(ptm_session *session, const ptm_sample *sample, const ptm_sample_ref *ref, ptm_table *table, uint32_t row)
{
	const ptm_attr *attr = &session->file.attrs.at[ref->attr];
	const char *event = ptm_strings_get(&session->strings, attr->name);
	ptm_words_text source = { .length = 0 };

	PTM_TRY(ptm_table_set_text(table, PTM_samples_event, row, event, strlen(event)));
	ptm_table_set_f64(table, PTM_samples_period, row, sample->period ? (double)sample->period : NAN);
	ptm_table_set_u64(table, PTM_samples_ip, row, sample->ip);
	PTM_TRY(put_symbol(session, table, PTM_samples_symbol, row, space_of(session, ref, sample->ip >> 63), sample->ip));
	ptm_table_set_u64(table, PTM_samples_address, row, sample->addr);
	bool weighed = sample->type & (PTM_SAMPLE_WEIGHT | PTM_SAMPLE_WEIGHT_STRUCT);
	ptm_table_set_f64(table, PTM_samples_weight, row, weighed ? (double)sample->weight : NAN);
	if (sample->type & PTM_SAMPLE_DATA_SRC)
		ptm_data_source_text(sample->data_source, true, &source);
	PTM_TRY(ptm_table_set_text(table, PTM_samples_data_source, row, source.text, source.length));
	ptm_table_set_u32(table, PTM_samples_branches, row, sample->branch_count);
	return put_chain(session, sample, ref, table, row);
}

static ptm_status put_pin(ptm_session *session, uint32_t sample, uint64_t ip, ptm_table *table, uint32_t row)
{
	char text[600];
	ptm_pin pin;

	PTM_TRY(ptm_sample_pin(session, sample, ip, &pin));
	ptm_table_set_u8(table, PTM_samples_pin, row, pin.state);
	ptm_table_set_f64(table, PTM_samples_pin_ordinal, row, pin.ordinal == UINT64_MAX || pin.state == PTM_PIN_OTHER_THREAD ? NAN : (double)pin.ordinal);
	ptm_table_set_u64(table, PTM_samples_pin_ip, row, pin.ip);
	PTM_TRY(put_symbol(session, table, PTM_samples_pin_symbol, row, pin.space, pin.ip));
	ptm_table_set_u32(table, PTM_samples_pin_places, row, pin.places);
	ptm_table_set_f64(table, PTM_samples_pin_from_ns, row, ptm_relative_ns(session, pin.from_ns));
	ptm_table_set_f64(table, PTM_samples_pin_to_ns, row, ptm_relative_ns(session, pin.to_ns));
	return ptm_table_set_text(table, PTM_samples_pin_text, row, text, ptm_pin_text(session, &pin, ip, text, sizeof text));
}

static ptm_status put_sample(ptm_session *session, uint32_t row, uint32_t thread, bool pinned, ptm_table *table)
{
	const ptm_sample_ref *ref = &session->file.samples.at[row];
	ptm_sample sample;
	uint32_t at;

	PTM_TRY(ptm_sample_read(&session->file, row, &sample));
	uint64_t ip = sample.ip;
	PTM_TRY(ptm_table_add_row(table, &at));
	ptm_table_set_u32(table, PTM_samples_row, at, row);
	ptm_table_set_f64(table, PTM_samples_time_ns, at, ptm_relative_ns(session, ref->time));
	ptm_table_set_u32(table, PTM_samples_thread, at, thread);
	ptm_table_set_i32(table, PTM_samples_cpu, at, ref->cpu);
	PTM_TRY(put_recorded(session, &sample, ref, table, at));
	ptm_table_set_f64(table, PTM_samples_pin_ordinal, at, NAN);
	return pinned ? put_pin(session, row, ip, table, at) : PTM_OK;
}

ptm_status ptm_query_samples(ptm_session *session, const ptm_request *request, ptm_table *table)
{
	bool everything = !request->start_ns && !request->end_ns, pinned = request->flags & 1;
	uint64_t end_ns = everything ? UINT64_MAX : ptm_absolute_ns(session, request->end_ns);
	uint32_t row = everything ? 0 : ptm_sample_at(session, ptm_absolute_ns(session, request->start_ns));
	uint32_t left = request->count, most = pinned ? MOST_PINNED : MOST_ROWS;

	PTM_TRY(ptm_ordinals_refresh(session));
	if (request->first > row)
		row = request->first < UINT32_MAX ? (uint32_t)request->first : UINT32_MAX;
	if (left > most)
		left = most;
	for (; left && row < session->file.samples.length; row++) {
		const ptm_sample_ref *ref = &session->file.samples.at[row];
		if (!everything && ref->time >= end_ns)
			break;
		uint32_t thread = ptm_sideband_thread(&session->sideband, ref->pid, ref->tid);
		if (request->thread != PTM_ALL && request->thread != thread)
			continue;
		PTM_TRY(put_sample(session, row, thread, pinned, table));
		left--;
	}
	return PTM_OK;
}
