/* SPDX-License-Identifier: Apache-2.0 */
/* Resolves file offsets of one binary for symbols.mjs: reads them in hex, one a
 * line, and prints "symbol+0xoffset" or "[unknown]" as perf script would.
 * Usage: symbols BINARY [DEBUG-FILE] < OFFSETS */
#include "../../cli/host.h"
#include "image/image.h"
#include <stdio.h>

static void resolve(ptm_images *images, ptm_strings *strings)
{
	char line[64];
	while (fgets(line, sizeof line, stdin)) {
		uint64_t address = ptm_image_address(&images->images.at[1], strtoull(line, NULL, 16));
		const ptm_symbol *symbol = ptm_image_symbol(images, 1, address);
		if (symbol)
			printf("%s+0x%llx\n", ptm_strings_get(strings, symbol->name), (unsigned long long)(address - symbol->address));
		else
			puts("[unknown]");
	}
}

int main(int count, char **arguments)
{
	ptm_strings strings = { 0 };
	ptm_images images;
	ptm_message message = { "not a file" };
	uint32_t source, name, image, served;
	uint64_t size;
	if (ptm_images_init(&images, &strings) != PTM_OK || ptm_strings_add(&strings, "binary", 6, &name) != PTM_OK ||
	    ptm_images_want(&images, name, NULL, 0, &image) != PTM_OK)
		return 1;
	for (int i = 1; i < count; i++)
		if (!ptm_host_open(arguments[i], &source, &size) ||
		    ptm_images_offer(&images, source, size, "binary", &served, &message) != PTM_OK) {
			fprintf(stderr, "%s: %s\n", arguments[i], message.text);
			return 1;
		}
	resolve(&images, &strings);
	ptm_images_free(&images);
	ptm_strings_free(&strings);
	return 0;
}
