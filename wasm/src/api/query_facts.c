/* SPDX-License-Identifier: Apache-2.0 */
/* Tables about the trace as a whole: queues, segments, threads, functions, images. */
#include "api/session.h"
#include "image/kernel.h"
#include <math.h>
#include <stdio.h>

double ptm_relative_ns(const ptm_session *session, uint64_t time_ns)
{
	if (!time_ns || time_ns == PTM_NO_TIME)
		return NAN;
	return (double)(int64_t)(time_ns - session->start_ns);
}

uint64_t ptm_absolute_ns(const ptm_session *session, double relative_ns)
{
	double most = (double)(UINT64_MAX - session->start_ns);
	if (!(relative_ns > 0))
		return session->start_ns;
	return relative_ns >= most ? UINT64_MAX : session->start_ns + (uint64_t)relative_ns;
}

static ptm_status set_string(const ptm_session *session, ptm_table *table, uint32_t column, uint32_t row, uint32_t string)
{
	const char *text = ptm_strings_get(&session->strings, string);
	return ptm_table_set_text(table, column, row, text, strlen(text));
}

ptm_status ptm_query_queues(ptm_session *session, ptm_table *table)
{
	uint32_t count;
	const ptm_queue_total *totals = ptm_profile_queues(session->profile, &count);
	for (uint32_t queue = 0; queue < session->file.queues.length; queue++) {
		ptm_queue_total total = { 0 };
		uint32_t row;
		for (uint32_t i = 0; i < count; i++)
			if (totals[i].queue == queue)
				total = totals[i];
		PTM_TRY(ptm_table_add_row(table, &row));
		ptm_table_set_i32(table, PTM_queues_cpu, row, session->file.queues.at[queue].cpu);
		ptm_table_set_i32(table, PTM_queues_tid, row, session->file.queues.at[queue].tid);
		ptm_table_set_f64(table, PTM_queues_aux_bytes, row, (double)session->file.queues.at[queue].size);
		ptm_table_set_f64(table, PTM_queues_packets, row, (double)total.packets);
		ptm_table_set_f64(table, PTM_queues_instructions, row, (double)total.instructions);
	}
	return PTM_OK;
}

ptm_status ptm_query_segments(ptm_session *session, ptm_table *table)
{
	for (uint32_t i = 0; i < session->segments.length; i++) {
		const ptm_segment *segment = &session->segments.at[i];
		uint32_t row;
		PTM_TRY(ptm_table_add_row(table, &row));
		ptm_table_set_u32(table, PTM_segments_queue, row, segment->queue);
		ptm_table_set_f64(table, PTM_segments_offset, row, (double)segment->offset);
		ptm_table_set_f64(table, PTM_segments_size, row, (double)(segment->limit - segment->offset));
		ptm_table_set_f64(table, PTM_segments_start_ns, row, ptm_relative_ns(session, segment->start_ns));
		ptm_table_set_u8(table, PTM_segments_merged, row, segment->merged);
	}
	return PTM_OK;
}

typedef struct thread_totals {
	uint64_t start_ns, end_ns, instructions, branches, cycles, on_ns;
	uint32_t gaps;
} thread_totals;

static void sum_thread(const ptm_session *session, const ptm_gap *gaps, uint32_t gap_count, uint32_t thread, thread_totals *sum)
{
	const ptm_ordinals *ordinals = &session->ordinals;
	*sum = (thread_totals){ .start_ns = UINT64_MAX };
	for (uint32_t i = 0; i < ordinals->runs.length; i++) {
		const ptm_run *run = &ordinals->runs.at[i];
		if (run->thread != thread)
			continue;
		if (run->start_ns < sum->start_ns)
			sum->start_ns = run->start_ns;
		if (run->end_ns > sum->end_ns)
			sum->end_ns = run->end_ns;
		sum->instructions += run->instructions;
		sum->branches += run->branches;
		sum->cycles += run->cycles;
		sum->on_ns += run->on_ns;
	}
	for (uint32_t i = 0; i < gap_count; i++)
		if (gaps[i].thread == thread && ptm_gap_is_loss(gaps[i].reason))
			sum->gaps += (uint32_t)gaps[i].count;
}

/* Samples do not change once a trace is open, and there may be millions. */
static ptm_status count_samples(ptm_session *session)
{
	uint32_t threads = session->sideband.threads.length;

	if (session->thread_samples.length == threads)
		return PTM_OK;
	session->thread_samples.length = 0;
	PTM_TRY(ptm_array_reserve(&session->thread_samples, threads));
	session->thread_samples.length = threads;
	memset(session->thread_samples.at, 0, threads * sizeof *session->thread_samples.at);
	for (uint32_t i = 0; i < session->file.samples.length; i++) {
		const ptm_sample_ref *ref = &session->file.samples.at[i];
		session->thread_samples.at[ptm_sideband_thread(&session->sideband, ref->pid, ref->tid)]++;
	}
	return PTM_OK;
}

/* A guest of which only the kernel is known has no name: it is called as perf calls those that it knows. */
static ptm_status set_comm(ptm_session *session, ptm_table *table, uint32_t row, const ptm_thread *thread)
{
	char text[32];

	if (!thread->guest || thread->last_comm)
		return set_string(session, table, PTM_threads_comm, row, thread->last_comm);
	int length = snprintf(text, sizeof text, "[guest/%d]", thread->pid);
	return ptm_table_set_text(table, PTM_threads_comm, row, text, (size_t)length);
}

ptm_status ptm_query_threads(ptm_session *session, ptm_table *table)
{
	uint32_t gap_count;
	PTM_TRY(ptm_ordinals_refresh(session));
	PTM_TRY(count_samples(session));
	const ptm_gap *gaps = ptm_profile_gaps(session->profile, &gap_count);
	for (uint32_t thread = 0; thread < session->sideband.threads.length; thread++) {
		const ptm_thread *known = &session->sideband.threads.at[thread];
		thread_totals sum;
		uint32_t row;
		sum_thread(session, gaps, gap_count, thread, &sum);
		PTM_TRY(ptm_table_add_row(table, &row));
		ptm_table_set_i32(table, PTM_threads_pid, row, known->pid);
		ptm_table_set_i32(table, PTM_threads_tid, row, known->tid);
		PTM_TRY(set_comm(session, table, row, known));
		ptm_table_set_f64(table, PTM_threads_start_ns, row, sum.instructions ? ptm_relative_ns(session, sum.start_ns) : NAN);
		ptm_table_set_f64(table, PTM_threads_end_ns, row, sum.instructions ? ptm_relative_ns(session, sum.end_ns) : NAN);
		ptm_table_set_f64(table, PTM_threads_instructions, row, (double)sum.instructions);
		ptm_table_set_f64(table, PTM_threads_branches, row, (double)sum.branches);
		ptm_table_set_f64(table, PTM_threads_cycles, row, session->pt.cyc_enabled ? (double)sum.cycles : NAN);
		ptm_table_set_f64(table, PTM_threads_on_ns, row, (double)sum.on_ns);
		ptm_table_set_u32(table, PTM_threads_gaps, row, sum.gaps);
		ptm_table_set_u32(table, PTM_threads_samples, row, session->thread_samples.at[thread]);
		ptm_table_set_i32(table, PTM_threads_machine, row, known->machine);
	}
	return PTM_OK;
}

ptm_status ptm_query_functions(ptm_session *session, ptm_table *table)
{
	for (uint32_t i = 0; i < ptm_spaces_function_count(session->spaces); i++) {
		const ptm_function *function = ptm_spaces_function(session->spaces, i);
		uint32_t row;
		PTM_TRY(ptm_table_add_row(table, &row));
		PTM_TRY(set_string(session, table, PTM_functions_name, row, function->name));
		ptm_table_set_u32(table, PTM_functions_image, row, function->image);
		ptm_table_set_u64(table, PTM_functions_address, row, function->address);
		ptm_table_set_u64(table, PTM_functions_size, row, function->size);
	}
	return PTM_OK;
}

/* ----------------------------------------------------------------- images */

static ptm_status set_id(ptm_table *table, uint32_t column, uint32_t row, const uint8_t *id, uint32_t length)
{
	char text[41];
	for (uint32_t i = 0; i < length && i < 20; i++)
		snprintf(text + 2 * i, 3, "%02x", id[i]);
	return ptm_table_set_text(table, column, row, text, length * 2 > 40 ? 40 : length * 2);
}

typedef struct image_totals { uint64_t instructions, lost_bytes, gaps, samples; } image_totals;

static uint32_t image_of_gap(const ptm_session *session, const ptm_gap *gap)
{
	int32_t machine = session->sideband.threads.at[gap->thread].machine;
	uint32_t space = gap->reason == PTM_GAP_GUEST_CODE ? ptm_spaces_as_guest(session->spaces, 0, ptm_kernel_of_guest(&session->images, machine), gap->start_ns) :
		ptm_session_space_of(session, gap->thread, session->flow_source == PTM_SOURCE_BTS ? gap->end_ns : gap->start_ns);
	const ptm_map *map = ptm_spaces_find(session->spaces, space, gap->ip);
	return map ? map->image : 0;
}

static void sum_images(ptm_session *session, image_totals *sums)
{
	uint32_t count;
	const ptm_block_stat *stats = ptm_profile_blocks(session->profile, &count);
	for (uint32_t i = 0; i < count; i++) {
		const ptm_block *block = &session->blocks.blocks.at[stats[i].block];
		sums[ptm_spaces_function(session->spaces, block->function)->image].instructions += stats[i].instructions;
	}
	const ptm_gap *gaps = ptm_profile_gaps(session->profile, &count);
	for (uint32_t i = 0; i < count; i++) {
		if (gaps[i].reason != PTM_GAP_NO_CODE && gaps[i].reason != PTM_GAP_GUEST_CODE)
			continue;
		image_totals *sum = &sums[image_of_gap(session, &gaps[i])];
		sum->lost_bytes += gaps[i].bytes;
		sum->gaps += gaps[i].count;
	}
	for (uint32_t i = 0; i < session->image_samples.length; i++)
		sums[i].samples = session->image_samples.at[i];
}

/* Counts the samples in each image, once: their places never change. */
static ptm_status count_image_samples(ptm_session *session)
{
	if (session->image_samples.length)
		return PTM_OK;
	PTM_TRY(ptm_array_reserve(&session->image_samples, session->images.images.length));
	memset(session->image_samples.at, 0, session->images.images.length * sizeof *session->image_samples.at);
	for (uint32_t i = 0; i < session->file.samples.length; i++) {
		const ptm_sample_ref *ref = &session->file.samples.at[i];
		uint64_t time = ref->time ? ref->time : UINT64_MAX - 1;
		const ptm_map *map = ptm_spaces_find(session->spaces, ptm_spaces_at(session->spaces, ref->in_kernel ? -1 : ref->pid, time), ref->ip);
		if (map && map->image < session->images.images.length)
			session->image_samples.at[map->image]++;
	}
	session->image_samples.length = session->images.images.length;
	return PTM_OK;
}

const char *ptm_image_remedy(const ptm_session *session, const ptm_image *image)
{
	bool is_guest = image->machine || image->is_guest, is_module = image->is_kernel && !strstr(ptm_strings_get(&session->strings, image->path), "kernel.kallsyms");

	if (is_module)
		return is_guest ? "Add the guest's kallsyms with a copy of its kcore: perf record --kcore in the guest keeps both." : "Add kallsyms with a copy of kcore: perf record --kcore keeps both.";
	if (image->is_kernel)
		return is_guest ? "Add the guest's kallsyms with a copy of its kcore (perf record --kcore in the guest keeps both), or its vmlinux."
				: "Add kallsyms with a copy of kcore (perf record --kcore keeps both), or vmlinux.";
	return is_guest ? "Add the file that ran, from the guest that ran it." : "Add the file that ran, from the traced machine.";
}

static ptm_status set_image_message(ptm_session *session, ptm_table *table, uint32_t row, const ptm_image *image, const image_totals *sum)
{
	char text[700];
	int length = 0;
	const char *name = ptm_strings_get(&session->strings, image->path);

	if (image->status == PTM_IMAGE_LOADED && image->message.text[0])
		return ptm_table_set_text(table, PTM_images_message, row, image->message.text, strlen(image->message.text));
	if (image->status == PTM_IMAGE_LOADED || (image->is_anonymous && !sum->gaps))
		return PTM_OK;
	if (image->is_anonymous)
		length = snprintf(text, sizeof text, "Code of %s is in no file (generated or kernel code): decoding stopped there %llu times.", name, (unsigned long long)sum->gaps);
	else if (image->message.text[0])
		length = snprintf(text, sizeof text, "%s", image->message.text);
	else if (sum->gaps)
		length = snprintf(text, sizeof text, "Missing: decoding stopped %llu times for want of it. %s", (unsigned long long)sum->gaps, ptm_image_remedy(session, image));
	else if (sum->samples)
		length = snprintf(text, sizeof text, "Missing: %llu sample%s taken in it, whose functions have no names. %s",
			(unsigned long long)sum->samples, sum->samples == 1 ? " was" : "s were", ptm_image_remedy(session, image));
	else
		length = snprintf(text, sizeof text, "Not given. Nothing was lost for want of it so far.");
	return ptm_table_set_text(table, PTM_images_message, row, text, (size_t)length < sizeof text ? (size_t)length : sizeof text - 1);
}

ptm_status ptm_query_images(ptm_session *session, ptm_table *table)
{
	uint32_t count = session->images.images.length, row;
	image_totals *sums = calloc(count ? count : 1, sizeof *sums);
	ptm_status status = sums ? count_image_samples(session) : PTM_NO_MEMORY;

	if (status == PTM_OK)
		sum_images(session, sums);
	for (uint32_t i = 1; status == PTM_OK && i < count; i++)
		if (sums[i].instructions || sums[i].samples)
			(void)ptm_image_symbol(&session->images, i, 0); /* reads the symbols, to count them */
	for (uint32_t i = 0; status == PTM_OK && i < count; i++) {
		const ptm_image *image = &session->images.images.at[i];
		status = ptm_table_add_row(table, &row);
		if (status == PTM_OK)
			status = set_string(session, table, PTM_images_path, row, image->path);
		if (status == PTM_OK)
			status = set_id(table, PTM_images_build_id, row, image->build_id, image->build_id_length);
		if (status == PTM_OK)
			status = set_id(table, PTM_images_own_build_id, row, image->own_build_id, image->own_build_id_length);
		if (status == PTM_OK)
			status = set_string(session, table, PTM_images_debug_link, row, image->debug_link);
		if (status == PTM_OK)
			status = set_string(session, table, PTM_images_alternate, row, image->alternate_name);
		if (status == PTM_OK)
			status = set_id(table, PTM_images_alternate_id, row, image->alternate_id, image->alternate_id_length);
		if (status != PTM_OK)
			break;
		ptm_table_set_u8(table, PTM_images_alternate_given, row, image->alternate.size != 0);
		ptm_table_set_u8(table, PTM_images_status, row, image->status);
		ptm_table_set_u8(table, PTM_images_anonymous, row, image->is_anonymous || image->is_kernel);
		ptm_table_set_i32(table, PTM_images_machine, row, image->machine);
		ptm_table_set_u32(table, PTM_images_symbols, row, ptm_image_symbol_count(&session->images, i));
		ptm_table_set_f64(table, PTM_images_instructions, row, (double)sums[i].instructions);
		ptm_table_set_f64(table, PTM_images_lost_bytes, row, (double)sums[i].lost_bytes);
		ptm_table_set_f64(table, PTM_images_gaps, row, (double)sums[i].gaps);
		ptm_table_set_f64(table, PTM_images_samples, row, (double)sums[i].samples);
		status = set_image_message(session, table, row, image, &sums[i]);
	}
	free(sums);
	return status;
}

static ptm_status put_skeleton(ptm_session *session, ptm_table *table, uint32_t image, const ptm_skeleton *skeleton)
{
	uint32_t row;
	char id[17];

	PTM_TRY(ptm_table_add_row(table, &row));
	snprintf(id, sizeof id, "%016llx", (unsigned long long)skeleton->id);
	ptm_table_set_u32(table, PTM_split_files_image, row, image);
	ptm_table_set_u8(table, PTM_split_files_given, row, skeleton->given);
	PTM_TRY(set_string(session, table, PTM_split_files_name, row, skeleton->name));
	PTM_TRY(set_string(session, table, PTM_split_files_directory, row, skeleton->directory));
	return ptm_table_set_text(table, PTM_split_files_id, row, id, 16);
}

ptm_status ptm_query_split_files(ptm_session *session, ptm_table *table)
{
	for (uint32_t image = 1; image < session->images.images.length; image++) {
		uint32_t count;
		PTM_TRY(ptm_image_skeletons(&session->images, image, &count));
		for (uint32_t i = 0; i < count; i++) {
			ptm_skeleton skeleton;
			PTM_TRY(ptm_image_skeleton(&session->images, image, i, &skeleton));
			PTM_TRY(put_skeleton(session, table, image, &skeleton));
		}
	}
	return PTM_OK;
}
