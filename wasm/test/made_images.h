/* SPDX-License-Identifier: Apache-2.0 */
/* Binaries that a test builds in a directory of its own, and offers to images. */
#ifndef PTM_TEST_MADE_IMAGES_H
#define PTM_TEST_MADE_IMAGES_H

#include "../cli/host.h"
#include "check.h"
#include "image/image.h"
#include <stdlib.h>
#include <unistd.h>

static ptm_strings strings;
static ptm_images images;
static ptm_message message;
static char directory[] = "/tmp/ptarmigan-images-XXXXXX"; /* for mkdtemp */

/* Runs a command in the directory, `with` at both its %s; what it says is not of interest. */
static void run(const char *format, const char *with)
{
	char command[1024], line[1200];
	snprintf(command, sizeof command, format, with, with);
	snprintf(line, sizeof line, "cd %s && { %s; } >/dev/null 2>&1", directory, command);
	CHECK_EQ(system(line), 0);
}

/* Offers a file of the directory, which must be there. */
static ptm_status offer(const char *name)
{
	char path[256];
	uint32_t source, served;
	uint64_t size;
	snprintf(path, sizeof path, "%s/%s", directory, name);
	CHECK(ptm_host_open(path, &source, &size));
	return ptm_images_offer(&images, source, size, name, &served, &message);
}

#endif
