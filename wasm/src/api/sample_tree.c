/* SPDX-License-Identifier: Apache-2.0 */
/* The call tree of a file that holds samples without a flow: one path for each
 * call chain, weighted by samples and by period. Calls count samples; time, cycles
 * or instructions are known where the event counts just that. */
#include "api/sample_chain.h"
#include "profile/call_tree.h"
#include <math.h>

enum { TYPE_HARDWARE = 0, TYPE_SOFTWARE = 1, TYPE_TRACEPOINT = 2 };
/* What a period counts: column unit of sample_events. */
enum { UNIT_EVENT, UNIT_NS, UNIT_CYCLES, UNIT_INSTRUCTIONS };

/* What is summed beside a node's time, cycles and instructions. */
typedef struct sums { uint64_t samples, events; } sums;

typedef struct tree {
	ptm_session *session;
	ptm_call_tree calls;
	PTM_ARRAY(uint32_t) roots;   /* by thread: node, PTM_NO_NODE */
	PTM_ARRAY(uint32_t) threads; /* by node */
	PTM_ARRAY(sums) sums;        /* by node */
	uint32_t event;              /* row of attrs whose samples count; UINT32_MAX: all */
	uint32_t units;              /* bit by unit: some sample counted in it */
	uint32_t space, kernel_space;
	uint32_t functions[PTM_CHAIN_MOST]; /* innermost first */
	uint32_t count;
} tree;

static void add_frame(tree *into, uint64_t ip, bool in_kernel)
{
	uint64_t offset;
	if (into->count < PTM_CHAIN_MOST)
		into->functions[into->count++] = ptm_spaces_function_at(into->session->spaces, in_kernel ? into->kernel_space : into->space, ip, &offset);
}

/* The sample's functions, innermost first: of its call chain, or of where it was taken. */
static ptm_status add_frames(tree *into, const ptm_sample *sample, const ptm_attr *attr)
{
	ptm_chain_frame frames[PTM_CHAIN_MOST];
	uint32_t count;

	into->count = 0;
	PTM_TRY(ptm_sample_chain(into->session, sample, attr, into->space, UINT32_MAX, frames, &count));
	/* A call-stack LBR tells which function was called, not where it jumped to since (a tail call). */
	if (count && !frames[0].in_kernel && sample->ip && ptm_sample_chain_is_lbr(sample, attr, UINT32_MAX) && (sample->misc & PTM_MODE_MASK) != PTM_MODE_KERNEL) {
		add_frame(into, sample->ip, false);
		add_frame(into, frames[0].ip, false);
		into->count = into->functions[0] != into->functions[1];
	}
	for (uint32_t i = 0; i < count; i++)
		add_frame(into, frames[i].ip, frames[i].in_kernel);
	if (!into->count)
		add_frame(into, sample->ip, (sample->misc & PTM_MODE_MASK) == PTM_MODE_KERNEL);
	return PTM_OK;
}

static ptm_status note_threads(tree *into, uint32_t thread)
{
	while (into->threads.length < into->calls.nodes.length) {
		PTM_TRY(ptm_array_push(&into->threads, thread));
		PTM_TRY(ptm_array_push(&into->sums, ((sums){ 0 })));
	}
	return PTM_OK;
}

static ptm_status root_of(tree *into, uint32_t thread, uint32_t *node)
{
	while (into->roots.length <= thread)
		PTM_TRY(ptm_array_push(&into->roots, PTM_NO_NODE));
	if (into->roots.at[thread] == PTM_NO_NODE) {
		PTM_TRY(ptm_call_tree_add(&into->calls, PTM_NO_NODE, 0, &into->roots.at[thread]));
		PTM_TRY(note_threads(into, thread));
	}
	*node = into->roots.at[thread];
	return PTM_OK;
}

/* What an event's period counts. */
static uint8_t unit_of(const ptm_attr *attr)
{
	if (attr->type == TYPE_SOFTWARE && attr->config <= 1) /* cpu-clock, task-clock */
		return UNIT_NS;
	if (attr->type == TYPE_HARDWARE && attr->config == 1)
		return UNIT_INSTRUCTIONS;
	return attr->type == TYPE_HARDWARE && !attr->config ? UNIT_CYCLES : UNIT_EVENT;
}

static void add_weight(tree *into, uint32_t row, const ptm_attr *attr, uint64_t period)
{
	ptm_tree_node *node = &into->calls.nodes.at[row];
	uint8_t unit = unit_of(attr);

	into->units |= 1u << unit;
	into->sums.at[row].samples++;
	into->sums.at[row].events += period;
	switch (unit) {
	case UNIT_NS: node->self_ns += period; break;
	case UNIT_CYCLES: node->self_cycles += period; break;
	case UNIT_INSTRUCTIONS: node->self_instructions += period; break;
	default: break;
	}
}

static ptm_status add_sample(tree *into, uint32_t row, uint32_t thread)
{
	ptm_session *session = into->session;
	const ptm_sample_ref *ref = &session->file.samples.at[row];
	const ptm_attr *attr = &session->file.attrs.at[ref->attr];
	ptm_sample sample;
	uint32_t node;

	PTM_TRY(ptm_sample_read(&session->file, row, &sample));
	uint64_t time = ref->time ? ref->time : UINT64_MAX - 1;
	into->space = ptm_spaces_at(session->spaces, ref->pid, time);
	into->kernel_space = ptm_spaces_at(session->spaces, -1, time);
	/* Looking up functions reads the binaries, never the trace: the sample stays. */
	PTM_TRY(add_frames(into, &sample, attr));
	PTM_TRY(root_of(into, thread, &node));
	for (uint32_t i = into->count; i-- > 0;) {
		PTM_TRY(ptm_call_tree_find(&into->calls, node, into->functions[i], &node));
		PTM_TRY(note_threads(into, thread));
		into->calls.nodes.at[node].calls++;
	}
	add_weight(into, node, attr, sample.period);
	return PTM_OK;
}

static ptm_status put_all(const tree *from, ptm_table *table)
{
	bool ns = from->units >> UNIT_NS & 1, cycles = from->units >> UNIT_CYCLES & 1, instructions = from->units >> UNIT_INSTRUCTIONS & 1;
	uint32_t row;

	for (uint32_t i = 0; i < from->calls.nodes.length; i++) {
		const ptm_tree_node *node = &from->calls.nodes.at[i];
		PTM_TRY(ptm_table_add_row(table, &row));
		ptm_table_set_u32(table, PTM_call_tree_parent, row, node->parent == PTM_NO_NODE ? PTM_ALL : node->parent);
		ptm_table_set_u32(table, PTM_call_tree_function, row, node->function);
		ptm_table_set_u32(table, PTM_call_tree_thread, row, from->threads.at[i]);
		ptm_table_set_f64(table, PTM_call_tree_calls, row, (double)node->calls);
		ptm_table_set_f64(table, PTM_call_tree_self_ns, row, ns ? (double)node->self_ns : NAN);
		ptm_table_set_f64(table, PTM_call_tree_self_instructions, row, instructions ? (double)node->self_instructions : NAN);
		ptm_table_set_f64(table, PTM_call_tree_self_cycles, row, cycles ? (double)node->self_cycles : NAN);
		ptm_table_set_f64(table, PTM_call_tree_self_samples, row, (double)from->sums.at[i].samples);
		ptm_table_set_f64(table, PTM_call_tree_self_events, row, from->event == UINT32_MAX ? NAN : (double)from->sums.at[i].events);
	}
	return PTM_OK;
}

/* Stores how many samples each row of attrs has; caller frees. */
static ptm_status count_samples(const ptm_session *session, uint64_t **counts)
{
	*counts = calloc(session->file.attrs.length + 1u, sizeof **counts);
	if (!*counts)
		return PTM_NO_MEMORY;
	for (uint32_t i = 0; i < session->file.samples.length; i++)
		(*counts)[session->file.samples.at[i].attr]++;
	return PTM_OK;
}

/* The row of attrs that row `wanted` - 1 of sample_events is of; with 0 the only one that has samples, UINT32_MAX: there are several. */
static ptm_status find_event(const ptm_session *session, uint32_t wanted, uint32_t *event)
{
	uint64_t *counts;
	uint32_t events = 0, last = UINT32_MAX;

	PTM_TRY(count_samples(session, &counts));
	*event = UINT32_MAX;
	for (uint32_t i = 0; i < session->file.attrs.length; i++) {
		if (!counts[i])
			continue;
		last = i;
		if (++events == wanted)
			*event = i;
	}
	free(counts);
	if (!wanted && events == 1)
		*event = last;
	return PTM_OK;
}

ptm_status ptm_query_sample_events(ptm_session *session, ptm_table *table)
{
	uint64_t *counts;
	uint32_t row;
	ptm_status status = count_samples(session, &counts);

	for (uint32_t i = 0; status == PTM_OK && i < session->file.attrs.length; i++) {
		const ptm_attr *attr = &session->file.attrs.at[i];
		const char *name = ptm_strings_get(&session->strings, attr->name);
		ptm_event_format *format = NULL;
		if (!counts[i] || (status = ptm_table_add_row(table, &row)) != PTM_OK)
			continue;
		ptm_table_set_f64(table, PTM_sample_events_samples, row, (double)counts[i]);
		ptm_table_set_u32(table, PTM_sample_events_type, row, attr->type);
		ptm_table_set_u8(table, PTM_sample_events_unit, row, unit_of(attr));
		if (attr->type == TYPE_TRACEPOINT && (status = ptm_session_event_format(session, attr, &format)) != PTM_OK)
			break;
		ptm_table_set_u8(table, PTM_sample_events_has_words, row, format && format->sense != PTM_EVENT_UNKNOWN);
		status = ptm_table_set_text(table, PTM_sample_events_name, row, name, strlen(name));
	}
	free(counts);
	return status;
}

ptm_status ptm_sample_tree(ptm_session *session, const ptm_request *request, ptm_table *table)
{
	bool everything = !request->start_ns && !request->end_ns;
	uint64_t start = everything ? 0 : ptm_absolute_ns(session, request->start_ns);
	uint64_t end = everything ? UINT64_MAX : ptm_absolute_ns(session, request->end_ns);
	tree made = { .session = session };
	ptm_status status = find_event(session, request->extra, &made.event);

	for (uint32_t row = 0; status == PTM_OK && row < session->file.samples.length; row++) {
		const ptm_sample_ref *ref = &session->file.samples.at[row];
		uint32_t thread = ptm_sideband_thread(&session->sideband, ref->pid, ref->tid);
		if (made.event != UINT32_MAX && ref->attr != made.event)
			continue;
		if (ref->time >= start && ref->time < end && (request->thread == PTM_ALL || request->thread == thread))
			status = add_sample(&made, row, thread);
	}
	if (status == PTM_OK)
		status = put_all(&made, table);
	ptm_call_tree_free(&made.calls);
	ptm_array_free(&made.roots);
	ptm_array_free(&made.threads);
	ptm_array_free(&made.sums);
	return status;
}
