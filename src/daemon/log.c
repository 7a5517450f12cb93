/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * anchord's log. ELL would write to the journal too, but without a handler
 * of our own there are no fields. ELL's handler is one for the process and
 * has no data: so is the descriptor here.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ell/ell.h>

#include "daemon/dgram.h"
#include "daemon/entry.h"
#include "daemon/log.h"

#define JOURNAL "/run/systemd/journal/socket"
#define IDENTIFIER "anchord"
#define TEXT_MAX 1024
#define NAME_MAX_LEN 32

static int journal = -1;

static void begin(struct entry *entry, int priority, const char *text)
{
	char number[12];

	snprintf(number, sizeof(number), "%d", priority);
	entry_add(entry, "PRIORITY", number);
	entry_add(entry, "SYSLOG_IDENTIFIER", IDENTIFIER);
	entry_add(entry, "MESSAGE", text);
}

/* The journal reads stderr as well, line by line. */
static void finish(const struct entry *entry, const char *text)
{
	if (dgram_send(journal, entry->bytes, entry->len) < 0)
		fprintf(stderr, "%s\n", text);
}

__attribute__((format(printf, 5, 0)))
static void on_line(int priority, const char *file, const char *line,
		    const char *func, const char *format, va_list ap)
{
	struct entry entry = { .len = 0 };
	char text[TEXT_MAX];

	/* ELL's macros end each line. */
	vsnprintf(text, sizeof(text), format, ap);
	text[strcspn(text, "\n")] = '\0';
	begin(&entry, priority, text);
	entry_add(&entry, "CODE_FILE", file);
	entry_add(&entry, "CODE_LINE", line);
	entry_add(&entry, "CODE_FUNC", func);
	finish(&entry, text);
}

static void say(int priority, const char *text,
		const struct log_field *fields, void *data)
{
	struct entry entry = { .len = 0 };
	char name[NAME_MAX_LEN];

	begin(&entry, priority, text);
	for (; fields->name; fields++) {
		if (!fields->value)
			continue;

		snprintf(name, sizeof(name), "ANCHOR_%s", fields->name);
		entry_add(&entry, name, fields->value);
	}

	finish(&entry, text);
}

struct log_sink log_start(const char *debug)
{
	if (debug)
		l_debug_enable(debug);

	if (entry_stderr_is_journal(getenv("JOURNAL_STREAM")))
		journal = dgram_open(JOURNAL);

	if (journal < 0) {
		l_log_set_stderr();
		return (struct log_sink) { .say = NULL };
	}

	l_log_set_handler(on_line);
	return (struct log_sink) { .say = say };
}
