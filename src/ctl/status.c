/* SPDX-License-Identifier: BSD-3-Clause */
/* anchorctl status: is all well? */
#include <string.h>

#include "ctl/commands.h"
#include "ctl/format.h"

/* 0 if it is missing. */
static long long count_of(const json_t *answer, const char *key)
{
	return (long long) json_integer_value(json_object_get(answer, key));
}

static void print_list(const json_t *list, const char *label, FILE *out)
{
	const json_t *item;
	size_t i;

	fprintf(out, "%-12s", label);
	json_array_foreach((json_t *) list, i, item)
		fprintf(out, " %s", format_text(item));

	if (!json_is_array(list))
		fputs(" -", out);
	else if (!json_array_size(list))
		fputs(" none", out);

	fputc('\n', out);
}

static const char *count_rails(const json_t *rails, char *buf)
{
	size_t n = json_array_size(rails);

	if (!json_is_array(rails))
		return "- rails";

	snprintf(buf, FORMAT_MAX, "%zu rail%s", n, n == 1 ? "" : "s");
	return buf;
}

static bool is_hosted(const json_t *answer)
{
	const json_t *host = json_object_get(answer, "host");

	return json_is_string(host) &&
		strcmp(json_string_value(host), "anchord");
}

static const char *name_of(const json_t *answer)
{
	return is_hosted(answer) ? "anchor.so" : "anchord";
}

static void print_verdict(const json_t *answer, FILE *out)
{
	char age[FORMAT_MAX], connections[FORMAT_MAX], paths[FORMAT_MAX];
	char rails[FORMAT_MAX];

	fprintf(out, "%s %s up %s: %s, %s on %s\n", name_of(answer),
		format_string(answer, "version"),
		format_uptime(answer, "uptime_ms", age),
		format_count(answer, "connections", "connection",
			     connections),
		format_count(answer, "paths", "path", paths),
		count_rails(json_object_get(answer, "rails"), rails));
}

static void print_repairs(const json_t *answer, FILE *out)
{
	const json_t *lists = json_object_get(answer, "lists");
	const json_t *repairs = json_object_get(lists, "repairs");
	const json_t *value;
	const char *key;
	long long n = 0;

	json_object_foreach((json_t *) repairs, key, value)
		n += (long long) json_integer_value(value);

	if (n)
		fprintf(out, "%-12s %lld things were not as the kernel says, "
			"and are now\n", "trouble", n);
}

/* Only what is not zero: on a good day there is nothing to read. */
static void print_troubles(const json_t *answer, FILE *out)
{
	const json_t *counters = json_object_get(answer, "counters");
	const json_t *links = json_object_get(answer, "links");
	static const struct {
		const char *key;
		const char *text;
	} troubles[] = {
		{ "failed", "commands failed" },
		{ "over_limit", "refused by a limit" },
		{ "links_over_limit", "links or addresses too many" },
		{ "listeners_over_limit", "announcements without a listener" },
		{ "bad_plan_items", "plan items refused" },
		{ "overruns", "times events were lost" },
		{ "malformed", "malformed messages" },
		{ "unknown", "events that are not known" },
		{ "strangers", "strangers reset at join ports" },
	};

	if (json_is_false(json_object_get(answer, "ready")))
		fprintf(out, "%-12s connections made before are still being "
			"looked at\n", "starting");

	if (json_is_integer(links) && !json_integer_value(links))
		fprintf(out, "%-12s no link is usable\n", "trouble");

	for (size_t i = 0; i < sizeof(troubles) / sizeof(*troubles); i++)
		if (count_of(counters, troubles[i].key))
			fprintf(out, "%-12s %lld %s\n", "trouble",
				count_of(counters, troubles[i].key),
				troubles[i].text);

	print_repairs(answer, out);
}

static void print(const json_t *answer, FILE *out)
{
	const json_t *manager = json_object_get(answer, "path_manager");
	char links[FORMAT_MAX], pid[FORMAT_MAX];

	print_verdict(answer, out);
	print_list(json_object_get(answer, "rendezvous"), "rendezvous", out);
	print_list(json_object_get(answer, "rails"), "rails", out);
	fprintf(out, "%-12s %s usable\n", "links",
		format_number(answer, "links", links));
	fprintf(out, "%-12s %s, %s\n", "path manager",
		format_string(manager, "name"),
		format_bool(manager, "selected_by_anchor", is_hosted(answer) ?
			    "selected by anchor.so" : "selected by anchord",
			    "selected before it came"));
	fprintf(out, "%-12s %s%s%s\n", "process",
		format_number(answer, "pid", pid),
		is_hosted(answer) ? " " : "",
		is_hosted(answer) ? format_string(answer, "host") : "");
	print_troubles(answer, out);
}

const struct command command_status = {
	.name = "status",
	.help = "whether all is well, in a few lines",
	.print = print,
};
