/* SPDX-License-Identifier: BSD-3-Clause */
/* anchorctl paths: every subflow of every connection. */
#include "ctl/commands.h"
#include "ctl/format.h"
#include "ctl/table.h"

static void add_row(struct table *table, const json_t *path)
{
	char local[FORMAT_MAX], remote[FORMAT_MAX], age[FORMAT_MAX];

	table_cell(table, "%s", format_string(path, "token"));
	table_cell(table, "%s", format_string(path, "link"));
	table_cell(table, "%s", format_string(path, "rail"));
	table_cell(table, "%s", format_endpoint(json_object_get(path, "local"),
						local));
	table_cell(table, "%s",
		   format_endpoint(json_object_get(path, "remote"), remote));
	table_cell(table, "%s", format_string(path, "role"));
	table_cell(table, "%s", format_bool(path, "backup", "backup",
					    "active"));
	table_cell(table, "%s", format_string(path, "state"));
	table_cell(table, "%s", format_age(path, "age_ms", age));
}

static void print(const json_t *answer, FILE *out)
{
	static const char *const headers[] = {
		"TOKEN", "LINK", "RAIL", "LOCAL", "REMOTE", "ROLE", "USE",
		"STATE", "AGE",
	};
	struct table *table = table_new(9);
	const json_t *path;
	size_t i;

	for (i = 0; i < 9; i++)
		table_cell(table, "%s", headers[i]);

	json_array_foreach(json_object_get(answer, "paths"), i, path)
		add_row(table, path);

	table_print(table, out);
	table_free(table);
}

const struct command command_paths = {
	.name = "paths",
	.help = "every subflow of every connection",
	.print = print,
};
