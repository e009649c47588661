/* SPDX-License-Identifier: Apache-2.0 */
/* The header of a perf.data as perf script --header prints it: where things are in the
 * file, then what each feature says, in the order of their bits. A pipe's features are records.
 * Layout: Linux tools/perf/Documentation/perf.data-file-format.txt. */
#include "api/script_header.h"
#include <inttypes.h>
#include <stdio.h>

enum {
	TRACING_DATA = 1, BUILD_ID = 2, HOSTNAME = 3, OSRELEASE = 4, VERSION = 5, ARCH = 6, NRCPUS = 7, CPUDESC = 8, CPUID = 9, TOTAL_MEM = 10,
	CMDLINE = 11, EVENT_DESC = 12, CPU_TOPOLOGY = 13, NUMA_TOPOLOGY = 14, BRANCH_STACK = 15, PMU_MAPPINGS = 16, GROUP_DESC = 17, AUXTRACE = 18,
	STAT = 19, CACHE = 20, SAMPLE_TIME = 21, MEM_TOPOLOGY = 22, CLOCKID = 23, DIR_FORMAT = 24, BPF_PROG_INFO = 25, BPF_BTF = 26, COMPRESSED = 27,
	CPU_PMU_CAPS = 28, CLOCK_DATA = 29, HYBRID_TOPOLOGY = 30, PMU_CAPS = 31, FEATURES = 32
};

static const char *const names[FEATURES] = { NULL, "TRACING_DATA", "BUILD_ID", "HOSTNAME", "OSRELEASE", "VERSION", "ARCH", "NRCPUS", "CPUDESC", "CPUID",
	"TOTAL_MEM", "CMDLINE", "EVENT_DESC", "CPU_TOPOLOGY", "NUMA_TOPOLOGY", "BRANCH_STACK", "PMU_MAPPINGS", "GROUP_DESC", "AUXTRACE", "STAT", "CACHE",
	"SAMPLE_TIME", "MEM_TOPOLOGY", "CLOCKID", "DIR_FORMAT", "BPF_PROG_INFO", "BPF_BTF", "COMPRESSED", "CPU_PMU_CAPS", "CLOCK_DATA", "HYBRID_TOPOLOGY", "PMU_CAPS" };

#define MOST_BYTES (16u << 20) /* of one feature */
#define NS UINT64_C(1000000000)

typedef struct header {
	uint64_t data_offset, data_size, feature_offset, features;
	bool piped;
} header;

void ptm_script_put_string(ptm_script *script, ptm_bytes *bytes)
{
	size_t length;
	const char *text = ptm_bytes_text(bytes, ptm_bytes_u32(bytes), &length);
	if (text)
		ptm_script_put_text(script, text, length);
}

static void put_words(ptm_script *script, const char *text)
{
	ptm_script_put_text(script, text, strlen(text));
}

static void put_line(ptm_script *script, const char *name, ptm_bytes *bytes)
{
	ptm_script_put(script, "# %s : ", name);
	ptm_script_put_string(script, bytes);
	put_words(script, "\n");
}

/* Every word has a space behind it, and every ' a backslash before it. */
static void put_command(ptm_script *script, ptm_bytes *bytes)
{
	uint32_t count = ptm_bytes_u32(bytes);

	put_words(script, "# cmdline : ");
	for (uint32_t i = 0; i < count && !bytes->failed; i++) {
		size_t length;
		const char *word = ptm_bytes_text(bytes, ptm_bytes_u32(bytes), &length);
		for (size_t at = 0; word && at < length; at++) {
			if (word[at] == '\'')
				put_words(script, "\\");
			ptm_script_put_text(script, word + at, 1);
		}
		if (word)
			put_words(script, " ");
	}
	put_words(script, "\n");
}

/* Whether all events are there, and of a kind that perf knows. */
static bool are_events_known(ptm_bytes bytes)
{
	uint32_t count = ptm_bytes_u32(&bytes), attr_size = ptm_bytes_u32(&bytes);

	for (uint32_t i = 0; i < count && !bytes.failed; i++) {
		const uint8_t *attr = ptm_bytes_take(&bytes, attr_size);
		uint32_t ids = ptm_bytes_u32(&bytes);
		ptm_bytes_skip(&bytes, ptm_bytes_u32(&bytes));
		ptm_bytes_skip(&bytes, (size_t)ids * 8);
		if (attr && !ptm_script_attr_is_known(attr, attr_size))
			return false;
	}
	return !bytes.failed;
}

static ptm_status put_events(ptm_script *script, ptm_bytes *bytes)
{
	if (!are_events_known(*bytes)) {
		put_words(script, "# event desc: not available or unable to read\n");
		return PTM_OK;
	}
	uint32_t count = ptm_bytes_u32(bytes), attr_size = ptm_bytes_u32(bytes);

	for (uint32_t i = 0; i < count && !bytes->failed; i++) {
		const uint8_t *attr = ptm_bytes_take(bytes, attr_size);
		uint32_t ids = ptm_bytes_u32(bytes);
		if (bytes->failed)
			return PTM_OK;
		put_words(script, "# event : name = ");
		ptm_script_put_string(script, bytes);
		put_words(script, ", ");
		for (uint32_t id = 0; id < ids && ptm_bytes_left(bytes) >= 8; id++)
			ptm_script_put(script, "%s %" PRIu64, id ? "," : ", id = {", ptm_bytes_u64(bytes));
		if (ids)
			put_words(script, " }");
		PTM_TRY(ptm_script_put_attr(script, attr, attr_size));
		put_words(script, "\n");
	}
	return PTM_OK;
}

static void put_pmus(ptm_script *script, ptm_bytes *bytes)
{
	uint32_t count = ptm_bytes_u32(bytes);

	if (!count)
		put_words(script, "# pmu mappings: not available\n");
	for (uint32_t i = 0; i < count && !bytes->failed; i++) {
		uint32_t type = ptm_bytes_u32(bytes);
		put_words(script, i ? ", " : "# pmu mappings: ");
		ptm_script_put_string(script, bytes);
		ptm_script_put(script, " = %" PRIu32, type);
	}
	if (count)
		put_words(script, "\n");
}

static void put_groups(ptm_script *script, ptm_bytes *bytes)
{
	const ptm_session *session = script->session;
	uint32_t count = ptm_bytes_u32(bytes);

	for (uint32_t i = 0; i < count && !bytes->failed; i++) {
		size_t length;
		const char *name = ptm_bytes_text(bytes, ptm_bytes_u32(bytes), &length);
		uint32_t leader = ptm_bytes_u32(bytes), members = ptm_bytes_u32(bytes);
		if (bytes->failed)
			return;
		put_words(script, "# group: ");
		if (strncmp(name, "{anon_group}", length + 1))
			ptm_script_put_text(script, name, length);
		for (uint32_t row = leader; row - leader < members && row < session->file.attrs.length; row++) {
			put_words(script, row == leader ? "{" : ",");
			put_words(script, ptm_strings_get(&session->strings, session->file.attrs.at[row].name));
		}
		put_words(script, "}\n");
	}
}

static void put_sample_time(ptm_script *script, ptm_bytes *bytes)
{
	uint64_t first = ptm_bytes_u64(bytes), last = ptm_bytes_u64(bytes);

	ptm_script_put(script, "# time of first sample : %" PRIu64 ".%06" PRIu64 "\n", first / NS, first % NS / 1000);
	ptm_script_put(script, "# time of last sample : %" PRIu64 ".%06" PRIu64 "\n", last / NS, last % NS / 1000);
	ptm_script_put(script, "# sample duration : %10.3f ms\n", (double)(last - first) / 1e6);
}

/* Name and value of each; what follows is perf's word for whose they are. */
static void put_capabilities(ptm_script *script, ptm_bytes *bytes, uint32_t count, const char *pmu, size_t pmu_length)
{
	for (uint32_t i = 0; i < count && !bytes->failed; i++) {
		if (!i) {
			put_words(script, "# ");
			ptm_script_put_text(script, pmu, pmu_length);
			put_words(script, " pmu capabilities: ");
		} else
			put_words(script, ", ");
		ptm_script_put_string(script, bytes);
		put_words(script, "=");
		ptm_script_put_string(script, bytes);
	}
	if (count)
		put_words(script, "\n");
}

/* The PMU's name stands behind its capabilities. */
static void put_pmu_capabilities(ptm_script *script, ptm_bytes *bytes)
{
	uint32_t pmus = ptm_bytes_u32(bytes);

	for (uint32_t i = 0; i < pmus && !bytes->failed; i++) {
		uint32_t count = ptm_bytes_u32(bytes);
		ptm_bytes capabilities = *bytes;
		size_t length;
		for (uint32_t text = 0; text < 2 * (uint64_t)count && !bytes->failed; text++)
			ptm_bytes_skip(bytes, ptm_bytes_u32(bytes));
		const char *pmu = ptm_bytes_text(bytes, ptm_bytes_u32(bytes), &length);
		if (pmu)
			put_capabilities(script, &capabilities, count, pmu, length);
	}
}

static const char *clock_name(uint32_t clock)
{
	static const char *const clocks[] = { "realtime", "monotonic", NULL, NULL, "monotonic_raw", NULL, NULL, "boottime", NULL, NULL, NULL, "tai" };
	const char *name = clock < sizeof clocks / sizeof *clocks ? clocks[clock] : NULL;
	return name ? name : "(not found)";
}

static void put_clock_data(ptm_script *script, ptm_bytes *bytes)
{
	char date[64];

	ptm_bytes_skip(bytes, 4); /* version */
	uint32_t clock = ptm_bytes_u32(bytes);
	uint64_t wall = ptm_bytes_u64(bytes), at = ptm_bytes_u64(bytes);
	if (bytes->failed || !ptm_wall_clock(script->session, at, script->options.utc_offset, false, date))
		return;
	ptm_script_put(script, "# clockid: %s (%" PRIu32 ")\n", clock_name(clock), clock);
	ptm_script_put(script, "# reference time: %s = %" PRIu64 ".%06" PRIu64 " (TOD) = %" PRIu64 ".%09" PRIu64 " (%s)\n", date, wall / NS, wall % NS / 1000,
		at / NS, at % NS, clock_name(clock));
}

static void put_compressed(ptm_script *script, ptm_bytes *bytes)
{
	ptm_bytes_skip(bytes, 4); /* version */
	uint32_t type = ptm_bytes_u32(bytes), level = ptm_bytes_u32(bytes), ratio = ptm_bytes_u32(bytes);
	ptm_script_put(script, "# compressed : %s, level = %" PRIu32 ", ratio = %" PRIu32 "\n", type == 1 ? "Zstd" : "Unknown", level, ratio);
}

static void put_btf(ptm_script *script, ptm_bytes *bytes)
{
	uint32_t count = ptm_bytes_u32(bytes);

	for (uint32_t i = 0; i < count && ptm_bytes_left(bytes) >= 8; i++) {
		ptm_script_put(script, "# btf info of id %" PRIu32 "\n", ptm_bytes_u32(bytes));
		ptm_bytes_skip(bytes, ptm_bytes_u32(bytes));
	}
}

static ptm_status put_feature(ptm_script *script, uint32_t feature, ptm_bytes *bytes)
{
	switch (feature) {
	case HOSTNAME: put_line(script, "hostname", bytes); break;
	case OSRELEASE: put_line(script, "os release", bytes); break;
	case VERSION: put_line(script, "perf version", bytes); break;
	case ARCH: put_line(script, "arch", bytes); break;
	case CPUDESC: put_line(script, "cpudesc", bytes); break;
	case CPUID: put_line(script, "cpuid", bytes); break;
	case NRCPUS: {
		uint32_t available = ptm_bytes_u32(bytes);
		ptm_script_put(script, "# nrcpus online : %" PRIu32 "\n# nrcpus avail : %" PRIu32 "\n", ptm_bytes_u32(bytes), available);
		break;
	}
	case TOTAL_MEM: ptm_script_put(script, "# total memory : %" PRIu64 " kB\n", ptm_bytes_u64(bytes)); break;
	case CMDLINE: put_command(script, bytes); break;
	case EVENT_DESC: return put_events(script, bytes);
	case BRANCH_STACK: put_words(script, "# contains samples with branch stack\n"); break;
	case PMU_MAPPINGS: put_pmus(script, bytes); break;
	case GROUP_DESC: put_groups(script, bytes); break;
	case AUXTRACE: put_words(script, "# contains AUX area data (e.g. instruction trace)\n"); break;
	case STAT: put_words(script, "# contains stat data\n"); break;
	case SAMPLE_TIME: put_sample_time(script, bytes); break;
	case CLOCKID: ptm_script_put(script, "# clockid frequency: %" PRIu64 " MHz\n", ptm_bytes_u64(bytes) * 1000); break;
	case DIR_FORMAT: ptm_script_put(script, "# directory data version : %" PRIu64 "\n", ptm_bytes_u64(bytes)); break;
	case BPF_BTF: put_btf(script, bytes); break;
	case COMPRESSED: put_compressed(script, bytes); break;
	case CPU_PMU_CAPS: put_capabilities(script, bytes, ptm_bytes_u32(bytes), "cpu", 3); break;
	case CLOCK_DATA: put_clock_data(script, bytes); break;
	case PMU_CAPS: put_pmu_capabilities(script, bytes); break;
	default: break;
	}
	return PTM_OK;
}

/* What is told at length only when it was asked for. */
static void put_machine(ptm_script *script, uint32_t feature, ptm_bytes *bytes)
{
	switch (feature) {
	case CPU_TOPOLOGY: ptm_script_put_cpu_topology(script, bytes); break;
	case NUMA_TOPOLOGY: ptm_script_put_numa(script, bytes); break;
	case CACHE: ptm_script_put_caches(script, bytes); break;
	case MEM_TOPOLOGY: ptm_script_put_memory(script, bytes); break;
	default: ptm_script_put_hybrid(script, bytes); break;
	}
}

/* Prints the feature in `size` bytes at `offset`. */
static ptm_status put_section(ptm_script *script, uint32_t feature, uint64_t offset, uint64_t size)
{
	ptm_source *source = script->session->file.source;
	const uint8_t *at;

	/* These print nothing of what they hold, which may be a lot. */
	if (feature == TRACING_DATA || feature == BUILD_ID)
		return PTM_OK;
	if (offset > source->size || size > source->size - offset || size > MOST_BYTES)
		return PTM_OK;
	PTM_TRY(ptm_source_view(source, offset, (uint32_t)size, &at));
	ptm_bytes bytes = ptm_bytes_of(at, size);
	if (feature != CPU_TOPOLOGY && feature != NUMA_TOPOLOGY && feature != CACHE && feature != MEM_TOPOLOGY && feature != HYBRID_TOPOLOGY)
		PTM_TRY(put_feature(script, feature, &bytes));
	else if (script->options.show_info)
		put_machine(script, feature, &bytes);
	else
		ptm_script_put(script, "# %s info available, use -I to display\n", names[feature]);
	return script->status;
}

/* Keeps what PMU has what number, for the events, which are told before it. */
static ptm_status keep_pmus(ptm_script *script, uint64_t offset, uint64_t size)
{
	ptm_source *source = script->session->file.source;
	const uint8_t *at;

	if (offset > source->size || size > source->size - offset || size > MOST_BYTES)
		return PTM_OK;
	PTM_TRY(ptm_source_view(source, offset, (uint32_t)size, &at));
	PTM_TRY(ptm_array_reserve(&script->pmus, (uint32_t)size));
	memcpy(script->pmus.at, at, size);
	script->pmus.length = (uint32_t)size;
	return PTM_OK;
}

static ptm_status keep_section(ptm_script *script, uint32_t feature, uint64_t offset, uint64_t size)
{
	return feature == PMU_MAPPINGS ? keep_pmus(script, offset, size) : PTM_OK;
}

/* Calls `take` for each feature of the file, up to the first that is cut off. */
static ptm_status each_section(ptm_script *script, const header *of, ptm_status (*take)(ptm_script *, uint32_t, uint64_t, uint64_t))
{
	ptm_source *source = script->session->file.source;
	uint64_t offset = of->feature_offset;
	const uint8_t *at;

	for (uint32_t feature = 0; feature < FEATURES; feature++) {
		if (!(of->features >> feature & 1))
			continue;
		ptm_status status = ptm_source_view(source, offset, 16, &at);
		if (status == PTM_TRUNCATED)
			return PTM_OK;
		PTM_TRY(status);
		ptm_bytes bytes = ptm_bytes_of(at, 16);
		uint64_t section = ptm_bytes_u64(&bytes), size = ptm_bytes_u64(&bytes);
		PTM_TRY(take(script, feature, section, size));
		offset += 16;
	}
	return PTM_OK;
}

/* perf prints the features of a pipe when it meets their records: all of them stand before the first of the kernel's. */
static ptm_status each_piped(ptm_script *script, uint64_t at, ptm_status (*take)(ptm_script *, uint32_t, uint64_t, uint64_t))
{
	ptm_source *source = script->session->file.source;
	const uint8_t *bytes;

	for (;;) {
		ptm_status status = ptm_source_view(source, at, 16, &bytes);
		if (status != PTM_OK)
			return status == PTM_TRUNCATED ? PTM_OK : status;
		ptm_bytes record = ptm_bytes_of(bytes, 16);
		uint32_t type = ptm_bytes_u32(&record);
		ptm_bytes_skip(&record, 2);
		uint16_t size = ptm_bytes_u16(&record);
		uint64_t feature = ptm_bytes_u64(&record);
		if (size < 16 || type < PTM_RECORD_HEADER_ATTR)
			return PTM_OK;
		if (type == PTM_RECORD_HEADER_FEATURE && feature < FEATURES)
			PTM_TRY(take(script, (uint32_t)feature, at + 16, size - 16u));
		at += size;
	}
}

static void put_missing(ptm_script *script, const header *of)
{
	put_words(script, "# missing features: ");
	for (uint32_t feature = TRACING_DATA; feature < FEATURES; feature++)
		if (!(of->features >> feature & 1))
			ptm_script_put(script, "%s ", names[feature]);
	put_words(script, "\n");
}

static ptm_status read_header(ptm_script *script, header *of)
{
	enum { PIPE_HEADER = 16, FILE_HEADER = 104, DATA = 40, FEATURE_BITS = 72 };
	ptm_source *source = script->session->file.source;
	const uint8_t *at;

	of->piped = script->session->file.data_offset == PIPE_HEADER;
	if (of->piped)
		return PTM_OK;
	PTM_TRY(ptm_source_view(source, 0, FILE_HEADER, &at));
	ptm_bytes data = ptm_bytes_of(at + DATA, 16), bits = ptm_bytes_of(at + FEATURE_BITS, 8);
	of->data_offset = ptm_bytes_u64(&data);
	of->data_size = ptm_bytes_u64(&data);
	of->feature_offset = of->data_offset + of->data_size;
	of->features = ptm_bytes_u64(&bits);
	return PTM_OK;
}

ptm_status ptm_script_put_header(ptm_script *script)
{
	ptm_session *session = script->session;
	header of = { 0 };

	if (!session->file.attrs.length)
		return ptm_message_set(&session->message, PTM_BAD_REQUEST, "--header: this is no perf.data; it has no header to print.");
	PTM_TRY(read_header(script, &of));
	/* The formats of tracepoints, whose names are told of events: read now, since bytes at hand last until the next are read. */
	ptm_event_format *format;
	PTM_TRY(ptm_session_event_format(session, &(ptm_attr){ 0 }, &format));
	put_words(script, "# ========\n# captured on    : ");
	put_words(script, ptm_strings_get(&session->strings, script->options.header));
	ptm_script_put(script, "\n# header version : 1\n# data offset    : %" PRIu64 "\n# data size      : %" PRIu64 "\n# feat offset    : %" PRIu64 "\n",
		of.data_offset, of.data_size, of.feature_offset);
	if (!of.piped) {
		PTM_TRY(each_section(script, &of, keep_section));
		PTM_TRY(each_section(script, &of, put_section));
		put_missing(script, &of);
	}
	put_words(script, "# ========\n#\n");
	if (of.piped && !script->options.header_only) {
		PTM_TRY(each_piped(script, 16, keep_section));
		PTM_TRY(each_piped(script, 16, put_section));
	}
	return script->status;
}
