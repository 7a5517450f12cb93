/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An entry for systemd's journal, as its native protocol has it: fields of
 * any bytes, one datagram for all of them. Bytes only, nothing is sent.
 *
 *	struct entry entry = { 0 };
 *	entry_add(&entry, "MESSAGE", text);
 *	dgram_send(fd, entry.bytes, entry.len);
 */
#ifndef DAEMON_ENTRY_H
#define DAEMON_ENTRY_H

#include <stdbool.h>
#include <stddef.h>

struct entry {
	char bytes[4096];
	size_t len;
};

/* False: there is no room, and the entry is as before. */
bool entry_add(struct entry *entry, const char *name, const char *value);

/* Is stderr what $JOURNAL_STREAM (NULL: unset) says is the journal's? */
bool entry_stderr_is_journal(const char *stream);

#endif
