/* SPDX-License-Identifier: BSD-3-Clause */
/* anchorctl links: the interfaces, and what they are used for. */
#include "ctl/commands.h"
#include "ctl/format.h"
#include "ctl/table.h"

/* An empty reason says that nothing stands against it. */
static const char *state_of(const json_t *link, const json_t *address)
{
	const json_t *reason = json_object_get(address ? address : link,
					       "reason");

	if (!json_is_string(reason))
		return "-";

	return json_string_length(reason) ? json_string_value(reason) :
		"usable";
}

static void add_row(struct table *table, const json_t *link,
		    const json_t *address)
{
	char port[FORMAT_MAX], len[FORMAT_MAX];
	const json_t *join_port = json_object_get(address, "join_port");

	table_cell(table, "%s", format_string(link, "name"));
	table_cell(table, "%s", format_string(link, "rail"));
	if (address)
		table_cell(table, "%s/%s", format_string(address, "address"),
			   format_number(address, "prefixlen", len));
	else
		table_cell(table, "-");

	/* 0: there is no listener */
	table_cell(table, "%s", json_integer_value(join_port) ?
		   format_number(address, "join_port", port) : "-");
	table_cell(table, "%s", state_of(link, address));
}

static void print(const json_t *answer, FILE *out)
{
	static const char *const headers[] = {
		"LINK", "RAIL", "ADDRESS", "JOIN PORT", "STATE",
	};
	struct table *table = table_new(5);
	const json_t *link, *address;
	size_t i, k;

	table_headers(table, headers);
	json_array_foreach(json_object_get(answer, "links"), i, link) {
		const json_t *addresses = json_object_get(link, "addresses");

		if (!json_array_size(addresses))
			add_row(table, link, NULL);

		json_array_foreach((json_t *) addresses, k, address)
			add_row(table, link, address);
	}

	table_print(table, out);
	table_free(table);
}

const struct command command_links = {
	.name = "links",
	.help = "interfaces, their rails, addresses and join ports",
	.print = print,
};
