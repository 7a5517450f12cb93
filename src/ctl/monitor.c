/* SPDX-License-Identifier: BSD-3-Clause */
/* anchorctl monitor: what happens, as it happens. */
#include <time.h>

#include "ctl/commands.h"
#include "ctl/format.h"

/* "14:02:03.123456" of the local day */
static void print_time(const json_t *news, FILE *out)
{
	const json_t *stamp = json_object_get(news, "time_us");
	json_int_t us = json_integer_value(stamp);
	time_t seconds = (time_t) (us / 1000000);
	struct tm day;
	char text[16];

	if (!json_is_integer(stamp) || us < 0 || !localtime_r(&seconds, &day))
		return;

	strftime(text, sizeof(text), "%T", &day);
	fprintf(out, "%s.%06d ", text, (int) (us % 1000000));
}

static void print_endpoints(const json_t *news, FILE *out)
{
	const json_t *local = json_object_get(news, "local");
	const json_t *remote = json_object_get(news, "remote");
	char text[FORMAT_MAX];

	if (local)
		fprintf(out, " %s", format_endpoint(local, text));

	if (local && remote)
		fputs(" -", out);

	if (remote)
		fprintf(out, " %s", format_endpoint(remote, text));
}

/* What else there is to say, each under its name. */
static void print_rest(const json_t *news, FILE *out)
{
	static const char *const strings[] = {
		"link", "rail", "reason", "failure",
	};
	static const char *const numbers[] = {
		"id", "held_ms", "paths", "silent_us", "took_us", "count",
	};
	char text[FORMAT_MAX];

	for (size_t i = 0; i < sizeof(strings) / sizeof(*strings); i++)
		if (json_is_string(json_object_get(news, strings[i])))
			fprintf(out, " %s=\"%s\"", strings[i],
				format_string(news, strings[i]));

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		if (json_is_integer(json_object_get(news, numbers[i])))
			fprintf(out, " %s=%s", numbers[i],
				format_number(news, numbers[i], text));

	if (json_is_true(json_object_get(news, "backup")))
		fputs(" backup", out);
}

static void print(const json_t *news, FILE *out)
{
	if (json_object_get(news, "monitor")) {
		fputs("watching; end with Ctrl-C\n", out);
		return;
	}

	print_time(news, out);
	fputs(format_string(news, "event"), out);
	if (json_object_get(news, "token"))
		fprintf(out, " %s", format_string(news, "token"));

	print_endpoints(news, out);
	print_rest(news, out);
	fputs("\n", out);
}

const struct command command_monitor = {
	.name = "monitor",
	.help = "what happens, as it happens",
	.print = print,
	.follows = true,
};
