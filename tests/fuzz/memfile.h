/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A file in memory with a path, for code that reads files: it is of mode
 * 0600, as what may not be written by everybody must be.
 */
#ifndef TESTS_MEMFILE_H
#define TESTS_MEMFILE_H

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz/fuzz.h"

struct memfile {
	int fd;
	char path[32];
};

static inline struct memfile memfile_new(const void *bytes, size_t len)
{
	struct memfile file = { memfd_create("fuzz", MFD_CLOEXEC), "" };

	require(file.fd >= 0);
	require(!fchmod(file.fd, 0600));
	require(write(file.fd, bytes, len) == (ssize_t) len);
	snprintf(file.path, sizeof(file.path), "/proc/self/fd/%d", file.fd);
	return file;
}

static inline void memfile_close(const struct memfile *file)
{
	close(file->fd);
}

#endif
