/* SPDX-License-Identifier: Apache-2.0 */
/* A guest's own perf.data, recorded while the host's was: its records are made into such as
 * perf inject --guest-data joins to a host's file, with the host's times and ids of their
 * own, as a volume of the host's trace. What perf does is in its manual page and in what it
 * writes: a guest's time is turned into its TSC, less the offset and divided by the scale
 * (in floating point) that is the host's TSC, and that into the host's time. 0, a time of
 * before the recording, stays 0. */
#include "file/guest_join.h"
#include "file/perf_data.h"
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>

#define GUEST_WINDOW (256u << 10)
#define RECORD_HEADER 8u
#define RECORD_MOST UINT16_MAX
#define MOST_VCPUS 65536u
#define TWO_TO_64 18446744073709551616.0
#define VCPU_NAME "CPU "
enum { SAMPLE_TID = 1 << 1, SAMPLE_TIME = 1 << 2, SAMPLE_ID = 1 << 6, SAMPLE_CPU = 1 << 7, SAMPLE_STREAM_ID = 1 << 9, SAMPLE_IDENTIFIER = 1 << 16 };
enum { MISC_CPUMODE = 7, MISC_USER = 2, MISC_GUEST_KERNEL = 4, MISC_GUEST_USER = 5, KSYMBOL_OUT_OF_LINE = 2 };

/* Which thread of the host runs a CPU of the guest. */
typedef struct vcpu_thread {
	int32_t vcpu, tid;
} vcpu_thread;

/* An event of the guest on one of its CPUs; its row makes its id. */
typedef struct event_place {
	uint32_t attr;
	int32_t cpu;
} event_place;

typedef struct joining {
	ptm_trace_file *host;
	const ptm_guest_data *data;
	ptm_trace_file guest;
	uint32_t first_attr;             /* row of the guest's first event among the host's */
	uint64_t first_id;
	uint32_t without_thread;         /* CPUs that no thread is known to run */
	uint64_t first_ns, last_ns;      /* of its records with a time, by the host's clock; last 0: none has one */
	uint64_t host_first_ns, host_last_ns; /* of the host's own records */
	PTM_ARRAY(vcpu_thread) vcpus;
	PTM_ARRAY(event_place) places;   /* sorted, each once */
	PTM_ARRAY(uint8_t) bytes;        /* of the new records */
} joining;

/* ---------------------------------------------------------------- who runs it */

/* QEMU (-name debug-threads=on) calls the thread that runs CPU 3 "CPU 3/KVM". */
static bool vcpu_of(const char *name, int32_t *vcpu)
{
	uint32_t number = 0;

	if (strncmp(name, VCPU_NAME, sizeof VCPU_NAME - 1))
		return false;
	for (name += sizeof VCPU_NAME - 1; *name == ' '; name++)
		;
	if (!isdigit((unsigned char)*name))
		return false;
	for (; isdigit((unsigned char)*name) && number < MOST_VCPUS; name++)
		number = number * 10 + (uint32_t)(*name - '0');
	*vcpu = (int32_t)number;
	return number < MOST_VCPUS;
}

static vcpu_thread *find_vcpu(const joining *join, int32_t vcpu)
{
	for (uint32_t i = 0; i < join->vcpus.length; i++)
		if (join->vcpus.at[i].vcpu == vcpu)
			return &join->vcpus.at[i];
	return NULL;
}

static ptm_status take_vcpu(joining *join, const ptm_record *record, int32_t vcpu)
{
	const vcpu_thread *known = find_vcpu(join, vcpu);

	if (!known)
		return ptm_array_push(&join->vcpus, ((vcpu_thread){ vcpu, record->tid }));
	if (known->tid == record->tid)
		return PTM_OK;
	return ptm_trace_file_warn(join->host, "Two threads of process %" PRId32 " are named for CPU %" PRId32 " of its virtual machine (%" PRId32 " and %" PRId32 "): what the guest did is shown for the first.",
		record->pid, vcpu, known->tid, record->tid);
}

/* The processes that have such threads, for a sentence. */
static void name_hypervisors(const ptm_trace_file *host, char *into, size_t size)
{
	int32_t last = -1, vcpu;
	size_t length = 0;

	into[0] = 0;
	for (uint32_t i = 0; i < host->records.length && length + 16 < size; i++) {
		const ptm_record *record = &host->records.at[i];
		if (record->type != PTM_RECORD_COMM || record->machine || record->pid == last || !vcpu_of(ptm_strings_get(host->strings, record->as.comm.name), &vcpu))
			continue;
		last = record->pid;
		length += (size_t)snprintf(into + length, size - length, "%s%" PRId32, length ? ", " : "", last);
	}
}

static ptm_status find_vcpus(joining *join, ptm_message *message)
{
	const ptm_trace_file *host = join->host;
	char others[128];
	int32_t vcpu;

	for (uint32_t i = 0; i < host->records.length; i++) {
		const ptm_record *record = &host->records.at[i];
		if (record->type == PTM_RECORD_COMM && !record->machine && record->pid == join->data->machine && vcpu_of(ptm_strings_get(host->strings, record->as.comm.name), &vcpu))
			PTM_TRY(take_vcpu(join, record, vcpu));
	}
	if (join->vcpus.length)
		return PTM_OK;
	name_hypervisors(host, others, sizeof others);
	return ptm_message_set(message, PTM_NOT_FOUND, "No thread of process %" PRId32 " runs a CPU of a virtual machine: they are known by names as \"CPU 0/KVM\" (qemu -name debug-threads=on). %s%s.",
		join->data->machine, *others ? "Processes with such threads: " : "No process of the host's trace has such threads", others);
}

/* ---------------------------------------------------------------- its records */

/* Those that perf inject takes over. */
static bool is_wanted(const joining *join, const ptm_record *record)
{
	const uint8_t *bytes;

	if (record->machine)
		return false;
	switch (record->type) {
	case PTM_RECORD_MMAP: case PTM_RECORD_MMAP2: case PTM_RECORD_COMM: case PTM_RECORD_FORK: case PTM_RECORD_EXIT:
	case PTM_RECORD_SWITCH: case PTM_RECORD_SWITCH_CPU_WIDE: case PTM_RECORD_LOST: case PTM_RECORD_TEXT_POKE:
		return true;
	case PTM_RECORD_KSYMBOL: /* eBPF programs are left out: only what the kernel copied is taken */
		return ptm_trace_file_view(&join->guest, record->file_offset, RECORD_HEADER + 14, &bytes) == PTM_OK && bytes[RECORD_HEADER + 12] == KSYMBOL_OUT_OF_LINE && !bytes[RECORD_HEADER + 13];
	default:
		return false;
	}
}

static event_place place_of(const ptm_record *record)
{
	return (event_place){ record->attr == UINT32_MAX ? 0 : record->attr, record->cpu };
}

static int compare_places(const void *left, const void *right)
{
	const event_place *a = left, *b = right;
	if (a->attr != b->attr)
		return a->attr < b->attr ? -1 : 1;
	return (a->cpu > b->cpu) - (a->cpu < b->cpu);
}

/* Every event on every CPU that a record is of. */
static ptm_status find_places(joining *join)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < join->guest.records.length; i++) {
		event_place place = place_of(&join->guest.records.at[i]);
		bool is_last = join->places.length && !compare_places(&join->places.at[join->places.length - 1], &place);
		if (!is_last && is_wanted(join, &join->guest.records.at[i]))
			PTM_TRY(ptm_array_push(&join->places, place));
	}
	if (join->places.length)
		qsort(join->places.at, join->places.length, sizeof *join->places.at, compare_places);
	for (uint32_t i = 0; i < join->places.length; i++)
		if (!i || compare_places(&join->places.at[kept - 1], &join->places.at[i]))
			join->places.at[kept++] = join->places.at[i];
	join->places.length = kept;
	return PTM_OK;
}

static uint64_t highest_id(const ptm_trace_file *host)
{
	uint64_t most = 0;

	for (uint32_t i = 0; i < host->ids.length; i++)
		if (host->ids.at[i] > most && host->ids.at[i] < UINT64_MAX - UINT32_MAX)
			most = host->ids.at[i];
	return most;
}

/* Whose the ids are, and which events of the guest have them. */
static ptm_status add_ids(joining *join)
{
	ptm_trace_file *host = join->host;
	uint32_t row = 0;

	join->first_id = highest_id(host) + 1;
	join->first_attr = host->attrs.length;
	for (uint32_t of = 0; of < join->guest.attrs.length; of++) {
		ptm_attr attr = join->guest.attrs.at[of];
		attr.exclude_host = attr.sample_id_all = true;
		attr.sample_type |= SAMPLE_IDENTIFIER;
		attr.name = 0; /* named anew, for it is the guest's: see attr_name.c */
		attr.first_id = host->ids.length;
		for (; row < join->places.length && join->places.at[row].attr == of; row++) {
			const int32_t cpu = join->places.at[row].cpu;
			const vcpu_thread *runs = find_vcpu(join, cpu);
			ptm_guest_id id = { .id = join->first_id + row, .machine = join->data->machine, .vcpu = cpu, .tid = runs ? runs->tid : 0 };
			join->without_thread += !runs && cpu >= 0;
			PTM_TRY(ptm_array_push(&host->ids, id.id));
			PTM_TRY(ptm_array_push(&host->guest_ids, id));
		}
		attr.id_count = host->ids.length - attr.first_id;
		PTM_TRY(ptm_array_push(&host->attrs, attr));
	}
	ptm_guest_ids_sort(host);
	return PTM_OK;
}

static uint64_t host_time(const joining *join, uint64_t ns)
{
	uint64_t ticks = ptm_time_conv_ticks(&join->guest.time_conv, ns);

	if (!ns || ns == PTM_NO_TIME)
		return 0;
	double scaled = (double)(ticks - join->data->time_offset) / join->data->time_scale;
	return ptm_time_conv_ns(&join->host->time_conv, scaled < TWO_TO_64 ? (uint64_t)scaled : 0);
}

static ptm_status put(joining *join, const void *value, uint32_t size)
{
	PTM_TRY(ptm_array_reserve(&join->bytes, size));
	memcpy(join->bytes.at + join->bytes.length, value, size);
	join->bytes.length += size;
	return PTM_OK;
}

static ptm_status put_u64(joining *join, uint64_t value)
{
	return put(join, &value, sizeof value);
}

static uint64_t note_time(joining *join, uint64_t ns)
{
	if (ns && (!join->last_ns || ns < join->first_ns))
		join->first_ns = ns;
	if (ns > join->last_ns)
		join->last_ns = ns;
	return ns;
}

/* The trailer `old` (or none) as the guest's event lays it out, with the host's time and the id, which it always ends with. */
static ptm_status put_trailer(joining *join, const ptm_attr *attr, const ptm_record *record, ptm_bytes *old, uint64_t id)
{
	static const uint32_t words[] = { SAMPLE_TID, SAMPLE_TIME, SAMPLE_ID, SAMPLE_STREAM_ID, SAMPLE_CPU };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (!(attr->sample_type & words[i]))
			continue;
		uint64_t word = ptm_bytes_u64(old);
		if (words[i] == SAMPLE_TIME)
			word = note_time(join, host_time(join, record->time));
		PTM_TRY(put_u64(join, words[i] == SAMPLE_ID ? id : word));
	}
	return put_u64(join, id);
}

static ptm_status rewrite(joining *join, const ptm_record *record)
{
	event_place place = place_of(record);
	const event_place *found = bsearch(&place, join->places.at, join->places.length, sizeof place, compare_places);
	const ptm_attr *own = &join->guest.attrs.at[place.attr], *attr = &join->host->attrs.at[join->first_attr + place.attr];
	uint16_t misc = (uint16_t)((record->misc & ~MISC_CPUMODE) | ((record->misc & MISC_CPUMODE) == MISC_USER ? MISC_GUEST_USER : MISC_GUEST_KERNEL));
	const uint8_t *bytes;

	PTM_TRY(ptm_trace_file_view(&join->guest, record->file_offset, RECORD_HEADER, &bytes));
	uint32_t size = (uint32_t)(bytes[6] | bytes[7] << 8), trailer = own->sample_id_all ? ptm_record_trailer_size(own->sample_type) : 0;
	uint32_t body = size < RECORD_HEADER + trailer ? size : size - trailer, whole = body + ptm_record_trailer_size(attr->sample_type);
	if (!found || size < RECORD_HEADER || whole > RECORD_MOST)
		return PTM_OK; /* what was read in it is not all there is: damaged, and counted by who read it */
	PTM_TRY(ptm_trace_file_view(&join->guest, record->file_offset, size, &bytes));
	ptm_bytes old = ptm_bytes_of(bytes + body, size - body);
	uint16_t head[] = { record->type, 0, misc, (uint16_t)whole };
	PTM_TRY(put(join, head, sizeof head));
	PTM_TRY(put(join, bytes + RECORD_HEADER, body - RECORD_HEADER));
	return put_trailer(join, attr, record, &old, join->first_id + (uint64_t)(found - join->places.at));
}

/* What the guest's recording says of its binaries and of its kernel. */
static ptm_status add_build_ids(joining *join)
{
	ptm_guest_release release = { join->data->machine, join->guest.os_release };

	if (release.release)
		PTM_TRY(ptm_array_push(&join->host->guest_releases, release));
	for (uint32_t i = 0; i < join->guest.build_ids.length; i++) {
		ptm_build_id known = join->guest.build_ids.at[i];
		if (known.guest)
			continue;
		known.guest = true;
		known.kernel = known.listed = false;
		known.pid = join->data->machine;
		PTM_TRY(ptm_array_push(&join->host->build_ids, known));
	}
	return PTM_OK;
}

/* ------------------------------------------------------------------- sentences */

static ptm_status pass_warnings(const joining *join)
{
	for (uint32_t i = 0; i < join->guest.warnings.length; i++)
		PTM_TRY(ptm_trace_file_warn(join->host, "In %.100s: %s", join->data->name, ptm_strings_get(join->host->strings, join->guest.warnings.at[i])));
	if (join->guest.sample_count)
		PTM_TRY(ptm_trace_file_warn(join->host, "%.100s holds %" PRIu64 " samples, which are not shown: of a guest's recording, who ran what is read.", join->data->name, join->guest.sample_count));
	if (join->without_thread)
		PTM_TRY(ptm_trace_file_warn(join->host, "%.100s tells of CPUs that no thread of process %" PRId32 " is known to run: what ran on them is not shown.", join->data->name, join->data->machine));
	if (join->places.length && join->places.at[join->places.length - 1].cpu < 0)
		return ptm_trace_file_warn(join->host, "%.100s does not say on which CPU things happened: record the guest with perf record -a, that it is known what ran.", join->data->name);
	return PTM_OK;
}

/* Both were recorded at the same time: where they do not overlap the clock is not the right one. */
static ptm_status warn_of_clock(const joining *join)
{
	if (!join->last_ns || join->host_first_ns == PTM_NO_TIME || (join->first_ns <= join->host_last_ns && join->last_ns >= join->host_first_ns))
		return PTM_OK;
	return ptm_trace_file_warn(join->host, "By the TSC offset and scale that were given, %.100s was recorded from %.6f s to %.6f s, the host's trace from %.6f s to %.6f s: a wrong offset names the wrong processes. `perf inject --vm-time-correlation=dry-run` finds it in the host's trace.",
		join->data->name, (double)join->first_ns / 1e9, (double)join->last_ns / 1e9, (double)join->host_first_ns / 1e9, (double)join->host_last_ns / 1e9);
}

static ptm_status refuse(const joining *join, ptm_status status, ptm_message *message)
{
	ptm_message why = *message;

	if (status == PTM_NO_MEMORY || !why.text[0])
		return status;
	return ptm_message_set(message, status, "%.100s cannot be used as the guest's recording: %s", join->data->name, why.text);
}

static ptm_status join_all(joining *join, ptm_message *message)
{
	PTM_TRY(find_vcpus(join, message));
	PTM_TRY(find_places(join));
	PTM_TRY(add_ids(join));
	for (uint32_t i = 0; i < join->guest.records.length; i++)
		if (is_wanted(join, &join->guest.records.at[i]))
			PTM_TRY(rewrite(join, &join->guest.records.at[i]));
	PTM_TRY(add_build_ids(join));
	PTM_TRY(pass_warnings(join));
	PTM_TRY(warn_of_clock(join));
	uint32_t number, length = join->bytes.length;
	PTM_TRY(ptm_volume_add_joined(join->host, join->bytes.at, length, join->first_id, join->data->name, &number));
	join->bytes.at = NULL;
	return ptm_data_section_walk_joined(join->host, number, message);
}

ptm_status ptm_guest_join(ptm_trace_file *host, const ptm_guest_data *data, ptm_message *message)
{
	joining join = { .host = host, .data = data, .host_first_ns = host->first_time, .host_last_ns = host->last_time };
	const ptm_trace_company company = { .others = data->others, .other_count = data->other_count };
	ptm_source source;

	ptm_source_init_careful(&source, data->source, data->size, GUEST_WINDOW);
	ptm_status status = ptm_trace_file_open_with(&join.guest, &source, &company, host->strings, message);
	if (status == PTM_OK)
		status = join_all(&join, message);
	if (status != PTM_OK)
		status = refuse(&join, status, message);
	ptm_trace_file_free(&join.guest);
	ptm_source_free(&source);
	ptm_array_free(&join.vcpus);
	ptm_array_free(&join.places);
	ptm_array_free(&join.bytes);
	return status;
}
