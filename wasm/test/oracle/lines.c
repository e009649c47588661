/* SPDX-License-Identifier: Apache-2.0 */
/* Source positions of one binary for lines.mjs: reads addresses in hex, one a
 * line, and prints "FILE:LINE" and, outermost first, " > NAME" per inlined call.
 * Usage: lines BINARY [SPLIT-FILE...] < ADDRESSES */
#include "../../cli/host.h"
#include "image/image.h"
#include <stdio.h>

static void resolve(ptm_images *images, ptm_strings *strings)
{
	char text[64];
	while (fgets(text, sizeof text, stdin)) {
		uint32_t file, line, inlined[64], depth = 64;
		if (ptm_image_line(images, 1, strtoull(text, NULL, 16), &file, &line, inlined, &depth) != PTM_OK)
			exit(1);
		printf("%s:%u", line ? ptm_strings_get(strings, file) : "??", line);
		for (uint32_t i = 0; i < depth; i++)
			printf(" > %s", ptm_strings_get(strings, inlined[i]));
		putchar('\n');
	}
}

int main(int count, char **arguments)
{
	ptm_strings strings = { 0 };
	ptm_images images;
	ptm_message message = { "not a file" };
	uint32_t source, name, image, served;
	uint64_t size;
	if (count < 2)
		return 2;
	if (ptm_images_init(&images, &strings) != PTM_OK || ptm_strings_add(&strings, "binary", 6, &name) != PTM_OK ||
	    ptm_images_want(&images, name, NULL, 0, &image) != PTM_OK || !ptm_host_open(arguments[1], &source, &size) ||
	    ptm_images_offer(&images, source, size, "binary", &served, &message) != PTM_OK) {
		fprintf(stderr, "%s: %s\n", arguments[1], message.text);
		return 1;
	}
	for (int i = 2; i < count; i++)
		if (!ptm_host_open(arguments[i], &source, &size) || ptm_images_offer(&images, source, size, arguments[i], &served, &message) != PTM_OK) {
			fprintf(stderr, "%s: %s\n", arguments[i], message.text);
			return 1;
		}
	resolve(&images, &strings);
	ptm_images_free(&images);
	ptm_strings_free(&strings);
	return 0;
}
