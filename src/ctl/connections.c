/* SPDX-License-Identifier: BSD-3-Clause */
/* anchorctl connections: each connection, with its subflows below it. */
#include <string.h>

#include "ctl/commands.h"
#include "ctl/format.h"
#include "ctl/table.h"

static void add_row(struct table *table, const json_t *subflow)
{
	const json_t *from = json_object_get(subflow, "local");
	const json_t *to = json_object_get(subflow, "remote");
	char local[FORMAT_MAX], remote[FORMAT_MAX], age[FORMAT_MAX];
	char rails[FORMAT_MAX], state[FORMAT_MAX];

	table_cell(table, "    %s", format_rails(subflow, rails));
	table_cell(table, "%s", format_string(subflow, "link"));
	table_cell(table, "%s - %s", format_endpoint(from, local),
		   format_endpoint(to, remote));
	table_cell(table, "%s", format_string(subflow, "role"));
	table_cell(table, "%s", format_use(subflow));
	table_cell(table, "%s", format_age(subflow, "age_ms", age));
	table_cell(table, "%s", format_state(subflow, state));
}

static void print_subflows(const json_t *subflows, FILE *out)
{
	struct table *table = table_new(7);
	const json_t *subflow;
	size_t i;

	json_array_foreach((json_t *) subflows, i, subflow)
		add_row(table, subflow);

	table_print(table, out);
	table_free(table);
}

/* Which policy it has, or that its paths are not ours to manage. */
static void print_manager(const json_t *connection, FILE *out)
{
	const char *manager = json_string_value(json_object_get(connection,
							"path_manager"));

	if (manager && !strcmp(manager, "kernel"))
		fputs("left to the kernel's path manager", out);
	else
		fprintf(out, "policy %s (%s)",
			format_string(connection, "policy"),
			format_string(connection, "rule"));
}

static void print_connection(const json_t *connection, FILE *out)
{
	char local[FORMAT_MAX], remote[FORMAT_MAX], age[FORMAT_MAX];

	fprintf(out, "%s %s %s - %s  ", format_string(connection, "token"),
		format_string(connection, "role"),
		format_endpoint(json_object_get(connection, "local"), local),
		format_endpoint(json_object_get(connection, "remote"),
				remote));
	print_manager(connection, out);
	fprintf(out, "  %s  %s\n",
		format_bool(connection, "established", "established",
			    "not yet established"),
		format_age(connection, "age_ms", age));
	print_subflows(json_object_get(connection, "subflows"), out);
}

static void print(const json_t *answer, FILE *out)
{
	const json_t *list = json_object_get(answer, "connections");
	const json_t *connection;
	size_t i;

	json_array_foreach((json_t *) list, i, connection)
		print_connection(connection, out);

	if (!json_array_size(list))
		fputs("no connections\n", out);
}

const struct command command_connections = {
	.name = "connections",
	.help = "each connection, with its subflows",
	.print = print,
};
