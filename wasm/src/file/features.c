/* SPDX-License-Identifier: Apache-2.0 */
/* The features of a perf.data: sections behind the data, one for each bit of
 * the header (or records, in pipe mode), with facts about the machine and the
 * recording. Only those we
 * use are read; a broken one costs a warning, never the trace.
 * Layout: Linux tools/perf/Documentation/perf.data-file-format.txt. */
#include "file/perf_data.h"
#include <inttypes.h>

enum {
	FEATURE_TRACING_DATA = 1, FEATURE_BUILD_ID = 2, FEATURE_HOSTNAME = 3, FEATURE_OSRELEASE = 4, FEATURE_VERSION = 5, FEATURE_ARCH = 6,
	FEATURE_NRCPUS = 7, FEATURE_CPUDESC = 8, FEATURE_CPUID = 9, FEATURE_TOTAL_MEM = 10, FEATURE_CMDLINE = 11,
	FEATURE_EVENT_DESC = 12, FEATURE_AUXTRACE = 18, FEATURE_SAMPLE_TIME = 21, FEATURE_DIR_FORMAT = 24, FEATURE_BPF_PROG_INFO = 25,
	FEATURE_CPU_PMU_CAPS = 28, FEATURE_CLOCK_DATA = 29, FEATURE_CUT = 255 /* ours */
};

#define MOST_FEATURE_BYTES (16u << 20)   /* of one that is read whole */
#define MOST_BUILD_ID_BYTES (64u << 20)
#define MISC_BUILD_ID_SIZE (1 << 15)

static const char *feature_name(uint32_t feature)
{
	static const char *const names[] = { [FEATURE_BUILD_ID] = "BUILD_ID", [FEATURE_HOSTNAME] = "HOSTNAME",
		[FEATURE_OSRELEASE] = "OSRELEASE", [FEATURE_VERSION] = "VERSION", [FEATURE_ARCH] = "ARCH",
		[FEATURE_NRCPUS] = "NRCPUS", [FEATURE_CPUDESC] = "CPUDESC", [FEATURE_CPUID] = "CPUID",
		[FEATURE_TOTAL_MEM] = "TOTAL_MEM", [FEATURE_CMDLINE] = "CMDLINE", [FEATURE_EVENT_DESC] = "EVENT_DESC",
		[FEATURE_SAMPLE_TIME] = "SAMPLE_TIME", [FEATURE_DIR_FORMAT] = "DIR_FORMAT", [FEATURE_BPF_PROG_INFO] = "BPF_PROG_INFO", [FEATURE_CLOCK_DATA] = "CLOCK_DATA",
		[FEATURE_CPU_PMU_CAPS] = "CPU_PMU_CAPS" };
	return feature < sizeof names / sizeof *names && names[feature] ? names[feature] : NULL;
}

/* Takes a string: its padded length in 32 bits, then the text. */
static const char *take_string(ptm_bytes *bytes, size_t *length)
{
	return ptm_bytes_text(bytes, ptm_bytes_u32(bytes), length);
}

static ptm_status read_string(ptm_trace_file *file, ptm_bytes *bytes, uint32_t *id)
{
	size_t length;
	const char *text = take_string(bytes, &length);
	return text ? ptm_strings_add(file->strings, text, length, id) : PTM_OK;
}

/* Joins the words of the command line with spaces, as perf shows it. */
static ptm_status read_command_line(ptm_trace_file *file, ptm_bytes *bytes)
{
	PTM_ARRAY(char) line = { 0 };
	ptm_status status = PTM_OK;
	uint32_t count = ptm_bytes_u32(bytes);

	for (uint32_t i = 0; i < count && !bytes->failed && status == PTM_OK; i++) {
		size_t length;
		const char *word = take_string(bytes, &length);
		if (!word)
			break;
		status = ptm_array_reserve(&line, (uint32_t)length + 1);
		if (status != PTM_OK)
			break;
		if (line.length)
			line.at[line.length++] = ' ';
		memcpy(line.at + line.length, word, length);
		line.length += (uint32_t)length;
	}
	if (status == PTM_OK && line.length)
		status = ptm_strings_add(file->strings, line.at, line.length, &file->command_line);
	ptm_array_free(&line);
	return status;
}

/* Walks the descriptions of events; with `names` it names events that have no name yet: the n-th description belongs to the n-th attr. */
static ptm_status walk_event_descriptions(ptm_trace_file *file, ptm_bytes *bytes, bool names)
{
	uint32_t count = ptm_bytes_u32(bytes);
	uint32_t attr_size = ptm_bytes_u32(bytes);

	for (uint32_t row = 0; row < count && !bytes->failed; row++) {
		size_t length;
		ptm_bytes attr = *bytes;
		ptm_bytes_skip(&attr, 4);
		uint32_t size_told = ptm_bytes_u32(&attr);
		ptm_bytes_skip(bytes, attr_size);
		uint32_t ids = ptm_bytes_u32(bytes);
		const char *name = take_string(bytes, &length);
		ptm_bytes_skip(bytes, (size_t)ids * 8);
		/* perf takes a description without a size for the end of them. */
		names &= size_told != 0;
		if (names && name && row < file->attrs.length && !file->attrs.at[row].name)
			PTM_TRY(ptm_strings_add(file->strings, name, length, &file->attrs.at[row].name));
	}
	return PTM_OK;
}

/* As in perf, one damaged description takes all names with it. */
static ptm_status read_event_names(ptm_trace_file *file, ptm_bytes *bytes)
{
	ptm_bytes again = *bytes;

	PTM_TRY(walk_event_descriptions(file, bytes, false));
	return bytes->failed ? PTM_OK : walk_event_descriptions(file, &again, true);
}

/* The event is: misc, pid, id (20 bytes, then its size in newer files), path. */
ptm_status ptm_build_id_read(ptm_trace_file *file, const uint8_t *at, uint32_t size)
{
	ptm_build_id entry = { 0 };
	size_t length;
	ptm_bytes bytes = ptm_bytes_of(at, size);

	ptm_bytes_skip(&bytes, 4);
	uint16_t misc = ptm_bytes_u16(&bytes);
	ptm_bytes_skip(&bytes, 2);
	entry.pid = (int32_t)ptm_bytes_u32(&bytes);
	entry.kernel = (misc & 7) == 1;
	entry.guest = (misc & 7) == 4 || (misc & 7) == 5;
	const uint8_t *id = ptm_bytes_take(&bytes, 20);
	uint8_t id_size = ptm_bytes_u8(&bytes);
	ptm_bytes_skip(&bytes, 3);
	const char *path = ptm_bytes_text(&bytes, ptm_bytes_left(&bytes), &length);
	if (bytes.failed || !id || !path)
		return PTM_OK;
	entry.length = misc & MISC_BUILD_ID_SIZE && id_size <= sizeof entry.id ? id_size : sizeof entry.id;
	memcpy(entry.id, id, entry.length);
	PTM_TRY(ptm_strings_add(file->strings, path, length, &entry.path));
	return ptm_array_push(&file->build_ids, entry);
}

/* Walks the build-id table record by record. */
static ptm_status read_build_ids(ptm_trace_file *file, ptm_perf_section section, bool *whole)
{
	const uint8_t *at;
	uint32_t first = file->build_ids.length;

	while (section.size >= 8) {
		PTM_TRY(ptm_source_view(file->source, section.offset, 8, &at));
		ptm_bytes bytes = ptm_bytes_of(at, 8);
		ptm_bytes_skip(&bytes, 6);
		uint16_t size = ptm_bytes_u16(&bytes);
		if (size < 8 || size > section.size)
			break;
		PTM_TRY(ptm_source_view(file->source, section.offset, size, &at));
		PTM_TRY(ptm_build_id_read(file, at, size));
		section.offset += size;
		section.size -= size;
	}
	for (uint32_t i = first; i < file->build_ids.length; i++)
		file->build_ids.at[i].listed = true;
	*whole = !section.size;
	return PTM_OK;
}

/* Capabilities of the CPU's PMU, by name: of interest is how deep its LBR is. */
static ptm_status read_pmu_capabilities(ptm_trace_file *file, ptm_bytes *bytes)
{
	uint32_t count = ptm_bytes_u32(bytes);

	for (uint32_t i = 0; i < count && !bytes->failed; i++) {
		size_t name_length, length;
		char number[16];
		const char *name = take_string(bytes, &name_length), *value = take_string(bytes, &length);
		if (!name || !value || name_length != 8 || memcmp(name, "branches", 8) || length >= sizeof number)
			continue;
		memcpy(number, value, length);
		number[length] = 0;
		file->lbr_registers = (uint32_t)strtoul(number, NULL, 10);
	}
	return PTM_OK;
}

static ptm_status read_fact(ptm_trace_file *file, uint32_t feature, uint64_t offset, ptm_bytes *bytes)
{
	switch (feature) {
	case FEATURE_HOSTNAME:
		return read_string(file, bytes, &file->hostname);
	case FEATURE_OSRELEASE:
		return read_string(file, bytes, &file->os_release);
	case FEATURE_VERSION:
		return read_string(file, bytes, &file->version);
	case FEATURE_ARCH:
		return read_string(file, bytes, &file->arch);
	case FEATURE_CPUDESC:
		return read_string(file, bytes, &file->cpu_description);
	case FEATURE_CPUID:
		return read_string(file, bytes, &file->cpuid);
	case FEATURE_NRCPUS:
		file->cpus_available = ptm_bytes_u32(bytes);
		file->cpus_online = ptm_bytes_u32(bytes);
		return PTM_OK;
	case FEATURE_TOTAL_MEM:
		file->memory_kb = ptm_bytes_u64(bytes);
		return PTM_OK;
	case FEATURE_CMDLINE:
		return read_command_line(file, bytes);
	case FEATURE_EVENT_DESC:
		return read_event_names(file, bytes);
	case FEATURE_BPF_PROG_INFO:
		return ptm_bpf_info_read(file, offset, bytes);
	case FEATURE_CPU_PMU_CAPS:
		return read_pmu_capabilities(file, bytes);
	case FEATURE_SAMPLE_TIME: /* what --time's percentages are of */
		file->sample_time.first = ptm_bytes_u64(bytes);
		file->sample_time.last = ptm_bytes_u64(bytes);
		return PTM_OK;
	case FEATURE_CLOCK_DATA:
		ptm_bytes_skip(bytes, 8); /* version, clock id */
		file->clock_data.wall_ns = ptm_bytes_u64(bytes);
		file->clock_data.clock_ns = ptm_bytes_u64(bytes);
		file->clock_data.seen = !bytes->failed;
		return PTM_OK;
	case FEATURE_DIR_FORMAT: /* its version; 0: a directory, but all data in this file */
		return ptm_bytes_u64(bytes) && !file->data_files ? PTM_UNSUPPORTED : PTM_OK;
	default:
		return PTM_OK;
	}
}

static ptm_status read_feature(ptm_trace_file *file, uint32_t feature, ptm_perf_section section)
{
	const uint8_t *at;
	bool whole = false;
	uint64_t size = file->source->size;
	bool there = section.offset <= size && section.size <= size - section.offset;

	if (there && feature == FEATURE_CUT) {
		file->cut_offset = section.offset;
		file->cut_size = section.size;
	}
	if (there && feature == FEATURE_TRACING_DATA) {
		file->tracing_data_offset = section.offset;
		file->tracing_data_size = section.size;
	}

	if (there && !feature_name(feature))
		return PTM_OK;
	if (there && feature == FEATURE_BUILD_ID && section.size <= MOST_BUILD_ID_BYTES) {
		PTM_TRY(read_build_ids(file, section, &whole));
	} else if (there && section.size <= MOST_FEATURE_BYTES) {
		PTM_TRY(ptm_source_view(file->source, section.offset, (uint32_t)section.size, &at));
		ptm_bytes bytes = ptm_bytes_of(at, (size_t)section.size);
		PTM_TRY(read_fact(file, feature, section.offset, &bytes));
		whole = !bytes.failed;
	}
	if (whole)
		return PTM_OK;
	return ptm_trace_file_warn(file, "The %s section of the perf.data (feature %" PRIu32 ", %" PRIu64 " bytes at %" PRIu64 ") is damaged or cut; what it says is not used.",
		feature_name(feature) ? feature_name(feature) : "(unused)", feature, section.size, section.offset);
}

static ptm_status refuse_directory(ptm_message *message)
{
	return ptm_message_set(message, PTM_UNSUPPORTED,
		"This is the file `data` of a perf.data directory (perf record --threads), whose records are in the data.N files beside it: open the whole directory.");
}

ptm_status ptm_feature_read(ptm_trace_file *file, uint32_t feature, ptm_perf_section section, ptm_message *message)
{
	ptm_status status = read_feature(file, feature, section);
	return status == PTM_UNSUPPORTED ? refuse_directory(message) : status;
}

ptm_status ptm_features_read(ptm_trace_file *file, const ptm_perf_header *header, ptm_message *message)
{
	const uint8_t *at;
	uint64_t offset = header->data.offset + header->data.size;

	for (uint32_t feature = 0; feature < PTM_PERF_FEATURES; feature++) {
		if (!(header->features[feature / 64] >> feature % 64 & 1))
			continue;
		file->has_auxtrace |= feature == FEATURE_AUXTRACE;
		ptm_status status = ptm_source_view(file->source, offset, 16, &at);
		if (status == PTM_TRUNCATED)
			return ptm_trace_file_warn(file, "The file ends inside its list of features (at byte %" PRIu64 "): hostname, command line or build-ids may be missing.", file->source->size);
		PTM_TRY(status);
		offset += 16;
		ptm_bytes bytes = ptm_bytes_of(at, 16);
		ptm_perf_section section;
		section.offset = ptm_bytes_u64(&bytes);
		section.size = ptm_bytes_u64(&bytes);
		PTM_TRY(ptm_feature_read(file, feature, section, message));
	}
	return PTM_OK;
}
