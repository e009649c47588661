/* SPDX-License-Identifier: Apache-2.0 */
/* The call tree of a file that holds samples without a flow: one path for each
 * call chain, weighted by period. Calls count samples; time, cycles or
 * instructions are known where the event counts just that. */
#include "api/sample_chain.h"
#include "profile/call_tree.h"
#include <math.h>

enum { TYPE_HARDWARE = 0, TYPE_SOFTWARE = 1 };

typedef struct tree {
	ptm_session *session;
	ptm_call_tree calls;
	PTM_ARRAY(uint32_t) roots;   /* by thread: node, PTM_NO_NODE */
	PTM_ARRAY(uint32_t) threads; /* by node */
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
	PTM_TRY(ptm_sample_chain(into->session, sample, attr, into->space, frames, &count));
	for (uint32_t i = 0; i < count; i++)
		add_frame(into, frames[i].ip, frames[i].in_kernel);
	if (!into->count)
		add_frame(into, sample->ip, (sample->misc & PTM_MODE_MASK) == PTM_MODE_KERNEL);
	return PTM_OK;
}

static ptm_status note_threads(tree *into, uint32_t thread)
{
	while (into->threads.length < into->calls.nodes.length)
		PTM_TRY(ptm_array_push(&into->threads, thread));
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

/* What an event's period is. */
static uint64_t *weight_of(ptm_tree_node *node, const ptm_attr *attr)
{
	if (attr->type == TYPE_SOFTWARE && attr->config <= 1) /* cpu-clock, task-clock: ns */
		return &node->self_ns;
	if (attr->type == TYPE_HARDWARE && attr->config == 1)
		return &node->self_instructions;
	return attr->type == TYPE_HARDWARE && !attr->config ? &node->self_cycles : NULL;
}

static ptm_status add_sample(tree *into, uint32_t row, uint32_t thread)
{
	ptm_session *session = into->session;
	const ptm_sample_ref *ref = &session->file.samples.at[row];
	const ptm_attr *attr = &session->file.attrs.at[ref->attr];
	ptm_sample sample;
	uint32_t node;

	PTM_TRY(ptm_sample_read(&session->file, row, &sample));
	uint64_t time = ref->time ? ref->time : UINT64_MAX - 1, *weight;
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
	weight = weight_of(&into->calls.nodes.at[node], attr);
	if (weight)
		*weight += sample.period;
	return PTM_OK;
}

/* Whether some sample counts in the weight at `place` of a node. */
static bool is_counted(const ptm_session *session, size_t place)
{
	ptm_tree_node node;
	for (uint32_t i = 0; i < session->file.samples.length; i++) {
		const uint64_t *weight = weight_of(&node, &session->file.attrs.at[session->file.samples.at[i].attr]);
		if (weight && (size_t)((const char *)weight - (const char *)&node) == place)
			return true;
	}
	return false;
}

static ptm_status put_all(const tree *from, ptm_table *table)
{
	bool ns = is_counted(from->session, offsetof(ptm_tree_node, self_ns));
	bool instructions = is_counted(from->session, offsetof(ptm_tree_node, self_instructions));
	bool cycles = is_counted(from->session, offsetof(ptm_tree_node, self_cycles));
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
	}
	return PTM_OK;
}

ptm_status ptm_sample_tree(ptm_session *session, const ptm_request *request, ptm_table *table)
{
	bool everything = !request->start_ns && !request->end_ns;
	uint64_t start = everything ? 0 : ptm_absolute_ns(session, request->start_ns);
	uint64_t end = everything ? UINT64_MAX : ptm_absolute_ns(session, request->end_ns);
	tree made = { .session = session };
	ptm_status status = PTM_OK;

	for (uint32_t row = 0; status == PTM_OK && row < session->file.samples.length; row++) {
		const ptm_sample_ref *ref = &session->file.samples.at[row];
		uint32_t thread = ptm_sideband_thread(&session->sideband, ref->pid, ref->tid);
		if (ref->time >= start && ref->time < end && (request->thread == PTM_ALL || request->thread == thread))
			status = add_sample(&made, row, thread);
	}
	if (status == PTM_OK)
		status = put_all(&made, table);
	ptm_call_tree_free(&made.calls);
	ptm_array_free(&made.roots);
	ptm_array_free(&made.threads);
	return status;
}
