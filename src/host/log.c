/* SPDX-License-Identifier: BSD-3-Clause */
/* Lines of the log with what they are about. */
#include <stdarg.h>
#include <stdio.h>

#include <ell/ell.h>

#include "host/log.h"

#define TEXT_MAX 512

void log_say(const struct log_sink *sink, int priority,
	     const struct log_field *fields, const char *format, ...)
{
	char text[TEXT_MAX];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (sink->say)
		sink->say(priority, text, fields, sink->data);
	else
		l_log(priority, "%s", text);
}
