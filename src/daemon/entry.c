/* SPDX-License-Identifier: BSD-3-Clause */
/* An entry for systemd's journal. */
#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/entry.h"

static void put(struct entry *entry, const void *bytes, size_t len)
{
	memcpy(entry->bytes + entry->len, bytes, len);
	entry->len += len;
}

/* A value of several lines has its length before it instead of a "=". */
bool entry_add(struct entry *entry, const char *name, const char *value)
{
	size_t name_len = strlen(name), len = strlen(value);
	uint64_t length = htole64(len);

	if (name_len + len + sizeof(length) + 2 >
	    sizeof(entry->bytes) - entry->len)
		return false;

	put(entry, name, name_len);
	if (strchr(value, '\n')) {
		put(entry, "\n", 1);
		put(entry, &length, sizeof(length));
	} else {
		put(entry, "=", 1);
	}

	put(entry, value, len);
	put(entry, "\n", 1);
	return true;
}

bool entry_stderr_is_journal(const char *stream)
{
	uintmax_t device, inode;
	struct stat status;
	char end;

	return stream &&
		sscanf(stream, "%ju:%ju%c", &device, &inode, &end) == 2 &&
		!fstat(STDERR_FILENO, &status) &&
		status.st_dev == device && status.st_ino == inode;
}
