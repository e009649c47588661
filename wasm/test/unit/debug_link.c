/* SPDX-License-Identifier: Apache-2.0 */
/* Which file a binary's .gnu_debuglink means, and which source file the symbol
 * table says a function is of. */
#include "check.h"
#include "elf_file.h"
#include "image/debug_link.h"

static void a_link_means_a_name_and_a_checksum(void)
{
	enum { SUM = 0xcbf43926 }; /* CRC-32 of "123456789" */
	static elf_file file;

	memcpy(file.bytes, "123456789", 9);
	file.size = 9;
	elf_file_publish(&file);
	CHECK(ptm_debug_link_fits("app.dbg", SUM, file.source, 9, "/usr/lib/debug/app.dbg"));
	CHECK(ptm_debug_link_fits("app.dbg", SUM, file.source, 9, "app.dbg"));
	CHECK(!ptm_debug_link_fits("app.dbg", SUM ^ 1, file.source, 9, "app.dbg"));
	CHECK(!ptm_debug_link_fits("app.dbg", SUM, file.source, 9, "/my-app.dbg"));
	CHECK(!ptm_debug_link_fits("app.dbg", SUM, file.source, 9, "dbg"));
	CHECK(!ptm_debug_link_fits("app.dbg", SUM, file.source, 10, "app.dbg"));
}

int main(void)
{
	a_link_means_a_name_and_a_checksum();
	return check_report("debug_link");
}
