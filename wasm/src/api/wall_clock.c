/* SPDX-License-Identifier: Apache-2.0 */
/* Dates of perf's times, where the recording tied its clock to the time of day (perf record -k). */
#include "api/session.h"
#include <inttypes.h>
#include <stdio.h>

#define NS 1000000000ull
#define DAY 86400

/* The civil date of a day since 1 January 1970 (Gregorian). */
static void date_of(int64_t day, int64_t *year, int *month, int *of_month)
{
	int64_t from_march = day + 719468; /* days since 1 March of the year 0 */
	int64_t era = (from_march >= 0 ? from_march : from_march - 146096) / 146097;
	int64_t of_era = from_march - era * 146097;
	int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t march = (5 * of_year + 2) / 153;

	*of_month = (int)(of_year - (153 * march + 2) / 5 + 1);
	*month = (int)(march < 10 ? march + 3 : march - 9);
	*year = year_of_era + era * 400 + (*month <= 2);
}

bool ptm_wall_clock(const ptm_session *session, uint64_t time_ns, double utc_offset_s, bool ns, char into[64])
{
	const ptm_trace_file *file = &session->file;
	int64_t year;
	int month, day;

	if (!file->clock_data.seen)
		return false;
	uint64_t wall = file->clock_data.wall_ns + (time_ns - file->clock_data.clock_ns);
	int64_t seconds = (int64_t)(wall / NS) + (int64_t)utc_offset_s;
	int64_t days = seconds / DAY - (seconds % DAY < 0), rest = seconds - days * DAY;
	uint64_t below = wall % NS;
	date_of(days, &year, &month, &day);
	snprintf(into, 64, "%04" PRId64 "-%02d-%02d %02d:%02d:%02d.%0*" PRIu64, year, month, day, (int)(rest / 3600), (int)(rest / 60 % 60), (int)(rest % 60),
		ns ? 9 : 6, ns ? below : below / 1000);
	return true;
}
