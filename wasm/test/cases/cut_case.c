/* SPDX-License-Identifier: Apache-2.0 */
/* Cuts of one thread out of streams that several share, with sanitizers: of whole
 * traces nothing of the thread may be lost, of damaged ones every question comes
 * to an end. Usage: cut_case FIXTURES. What a cut decodes to is thread-bundle.test.ts. */
#include "check.h"
#include "cli/host.h"
#include "cli/open.h"
#include "base/table.h"
#include <stdlib.h>
#include <unistd.h>

#define MOST_STEPS 100000u
#define MOST_THREADS 6u

/* Asks one table to its end; stores the f64 in the first row of `column` (UINT32_MAX: none). */
static ptm_status ask(ptm_session *session, uint32_t id, const char *text, uint32_t column, double *first)
{
	ptm_request request = { .table = id, .thread = PTM_ALL, .queue = PTM_ALL, .count = 1000, .text = text };
	ptm_table *table;
	ptm_status status = PTM_MORE;

	for (uint32_t step = 0; status == PTM_MORE && step < MOST_STEPS; step++)
		status = ptm_query(session, &request, &table);
	if (status != PTM_OK)
		return status;
	if (column != UINT32_MAX && ptm_table_rows(table))
		*first = *(const double *)ptm_table_data(table, column);
	ptm_table_free(table);
	return PTM_OK;
}

/* Cuts out each of the first threads. Stores how many stretches of them were given up. */
static ptm_status cut_all(const char *path, const char *symfs, double *lost)
{
	ptm_session *session = ptm_session_new();
	ptm_status status = session ? ptm_open_with_symfs(session, path, symfs) : PTM_NO_MEMORY;

	*lost = 0;
	if (status == PTM_OK)
		status = ptm_decode_all(session, 1u << 16);
	for (uint32_t thread = 1; status == PTM_OK && thread <= MOST_THREADS; thread++) {
		char text[16];
		double given_up = 0;
		snprintf(text, sizeof text, "%u", thread);
		status = ask(session, PTM_TABLE_cut_lost, text, PTM_cut_lost_stretches, &given_up);
		*lost += given_up;
		if (status == PTM_OK)
			status = ask(session, PTM_TABLE_cut_blanks, text, UINT32_MAX, NULL);
		if (status == PTM_OK)
			status = ask(session, PTM_TABLE_cut_code, text, UINT32_MAX, NULL);
		if (status == PTM_OK)
			status = ask(session, PTM_TABLE_cut_addresses, text, UINT32_MAX, NULL);
		/* There is no such thread; or its addresses cannot be replaced. */
		if (status == PTM_BAD_REQUEST && *ptm_session_message(session))
			status = PTM_OK;
	}
	if (session)
		ptm_session_free(session);
	return status;
}

static void check_whole(const char *fixtures, const char *name)
{
	char path[1024], symfs[1024];
	double lost;
	snprintf(path, sizeof path, "%s/%s.perf.data", fixtures, name);
	snprintf(symfs, sizeof symfs, "%s/symfs", fixtures);
	check_number(cut_all(path, symfs, &lost), PTM_OK, name, __FILE__, __LINE__);
	check_number((uint64_t)lost, 0, name, __FILE__, __LINE__);
}

static void survive(const char *symfs, const uint8_t *bytes, size_t length)
{
	char path[] = "/tmp/ptarmigan-cut-XXXXXX";
	double lost;
	int file = mkstemp(path);
	if (file < 0)
		return;
	if (write(file, bytes, length) == (ssize_t)length) {
		(void)!cut_all(path, symfs, &lost);
		check_passed++;
	}
	close(file);
	unlink(path);
	ptm_host_close_all();
}

static void check_damage(const char *fixtures, const char *name, uint32_t changes)
{
	static uint8_t bytes[1 << 16], damaged[1 << 16];
	char path[1024], symfs[1024];
	snprintf(path, sizeof path, "%s/%s.perf.data", fixtures, name);
	snprintf(symfs, sizeof symfs, "%s/symfs", fixtures);
	FILE *file = fopen(path, "rb");
	size_t length = file ? fread(bytes, 1, sizeof bytes, file) : 0;
	if (file)
		fclose(file);
	CHECK(length > 1000 && length < sizeof bytes);
	uint32_t random = 1;
	for (uint32_t i = 0; i < changes; i++) {
		memcpy(damaged, bytes, length);
		for (int k = 0; k < 6; k++) {
			random = random * 1664525u + 1013904223u;
			damaged[(random >> 8) % length] ^= (uint8_t)(1u << (random >> 29));
		}
		survive(symfs, damaged, i % 4 ? length : length * (i + 1) / changes);
	}
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	uint32_t changes = argc > 2 ? (uint32_t)atoi(argv[2]) : 12;
	static const char *const shared[] = { "threads-2cpu", "threads-cpu-wide", "forks-2cpu", "signals-irq", "calls-ovf", "calls-ovf-compressed", "calls-truncated" };
	for (uint32_t i = 0; i < sizeof shared / sizeof *shared; i++)
		check_whole(argv[1], shared[i]);
	check_damage(argv[1], "threads-2cpu", changes);
	check_damage(argv[1], "forks-2cpu", changes);
	check_damage(argv[1], "calls-ovf-compressed", changes);
	return check_report("cuts");
}
