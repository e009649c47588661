/* SPDX-License-Identifier: Apache-2.0 */
/* The native host: sources are files opened with ptm_host_open. */
#include "host.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_FILES 16384

static int files[MOST_FILES];
static uint32_t file_count;

bool ptm_host_open(const char *path, uint32_t *source, uint64_t *size)
{
	struct stat status;
	if (file_count == MOST_FILES)
		return false;
	int file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return false;
	if (fstat(file, &status) || !S_ISREG(status.st_mode)) {
		close(file);
		return false;
	}
	files[file_count] = file;
	*source = file_count++;
	*size = (uint64_t)status.st_size;
	return true;
}

void ptm_host_close_all(void)
{
	while (file_count)
		close(files[--file_count]);
}

int32_t ptm_host_read(uint32_t source, uint64_t offset, void *into, uint32_t length)
{
	if (source >= file_count)
		return -1;
	ssize_t total = 0;
	while ((uint32_t)total < length) {
		ssize_t got = pread(files[source], (char *)into + total, length - (uint32_t)total, (off_t)offset + total);
		if (got < 0)
			return -1;
		if (!got)
			break;
		total += got;
	}
	return (int32_t)total;
}
