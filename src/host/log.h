/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lines of the log with what they are about, for a log that can keep fields
 * beside the words, as the journal does:
 *
 *	log_say(&sink, L_LOG_INFO,
 *		LOG_FIELDS({ "EVENT", "link-up" }, { "LINK", name }),
 *		"link %s is up", name);
 *
 * anchord(8) documents the fields. What is about nothing that anybody would
 * look for goes to ELL's log as it is.
 */
#ifndef HOST_LOG_H
#define HOST_LOG_H

/* The last one has no name; one without a value is left out. */
struct log_field {
	const char *name;
	const char *value;
};

#define LOG_FIELDS(...) \
	(const struct log_field[]) { __VA_ARGS__, { NULL, NULL } }

/* Without a function lines go to ELL's log, and fields nowhere. */
struct log_sink {
	void (*say)(int priority, const char *text,
		    const struct log_field *fields, void *data);
	void *data;
};

/* priority is ELL's. What does not fit into a line of 512 bytes is cut. */
void log_say(const struct log_sink *sink, int priority,
	     const struct log_field *fields, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#endif
