/* SPDX-License-Identifier: BSD-3-Clause */
/* anchorctl status: is all well? */
#include "ctl/commands.h"
#include "ctl/format.h"

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
		fprintf(out, " %s", json_string_value(item));

	fputs(json_array_size(list) ? "\n" : " none\n", out);
}

static void print_verdict(const json_t *answer, FILE *out)
{
	char age[FORMAT_MAX], connections[FORMAT_MAX], paths[FORMAT_MAX];
	char links[FORMAT_MAX];

	fprintf(out, "anchord %s up %s: %s, %s on %s\n",
		format_string(answer, "version"),
		format_age(answer, "uptime_ms", age),
		format_count(count_of(answer, "connections"), "connection",
			     connections),
		format_count(count_of(answer, "paths"), "path", paths),
		format_count(count_of(answer, "links"), "usable link",
			     links));
}

/* Only what is not zero: on a good day there is nothing to read. */
static void print_troubles(const json_t *counters, FILE *out)
{
	static const struct {
		const char *key;
		const char *text;
	} troubles[] = {
		{ "failed", "commands failed" },
		{ "over_limit", "refused by a limit" },
		{ "bad_plan_items", "plan items refused" },
		{ "overruns", "times events were lost" },
		{ "malformed", "malformed messages" },
		{ "strangers", "strangers reset at join ports" },
	};

	for (size_t i = 0; i < sizeof(troubles) / sizeof(*troubles); i++)
		if (count_of(counters, troubles[i].key))
			fprintf(out, "%-12s %lld %s\n", "",
				count_of(counters, troubles[i].key),
				troubles[i].text);
}

static void print(const json_t *answer, FILE *out)
{
	const json_t *manager = json_object_get(answer, "path_manager");

	print_verdict(answer, out);
	print_list(json_object_get(answer, "rendezvous"), "rendezvous", out);
	print_list(json_object_get(answer, "rails"), "rails", out);
	fprintf(out, "%-12s %s, %s\n", "kernel",
		format_string(manager, "name"),
		format_bool(manager, "selected_by_anchor",
			    "selected by anchord", "selected before it came"));
	print_troubles(json_object_get(answer, "counters"), out);
}

const struct command command_status = {
	.name = "status",
	.help = "whether all is well, in a few lines",
	.print = print,
};
