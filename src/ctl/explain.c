/* SPDX-License-Identifier: BSD-3-Clause */
/* anchorctl explain: what becomes of a connection with a peer, and why. */
#include <string.h>

#include "ctl/commands.h"
#include "ctl/format.h"
#include "ctl/table.h"

static bool request(json_t *request, int argc, char **argv)
{
	if (argc < 1 || argc > 2)
		return false;

	if (argc == 2 && strcmp(argv[1], "client") && strcmp(argv[1], "server"))
		return false;

	json_object_set_new(request, "peer", json_string(argv[0]));
	if (argc == 2)
		json_object_set_new(request, "role", json_string(argv[1]));

	return true;
}

/* "As client of 10.255.0.2 port 5000" */
static void print_subject(const json_t *answer, FILE *out)
{
	char port[FORMAT_MAX];
	bool server = !strcmp(format_string(answer, "role"), "server");

	fprintf(out, "As %s of %s", server ? "server" : "client",
		format_string(answer, "peer"));
	if (json_integer_value(json_object_get(answer, "port")))
		fprintf(out, "%s port %s", server ? " at" : "",
			format_number(answer, "port", port));

	fputs(":\n", out);
}

static void print_files(const json_t *answer, FILE *out)
{
	const json_t *file;
	size_t i;

	json_array_foreach(json_object_get(answer, "files"), i, file) {
		bool fits = json_is_true(json_object_get(file, "fits"));

		fprintf(out, "  %s: %s\n", format_string(file, "name"),
			fits ? "fits" : format_string(file, "reason"));
		if (fits)
			return;
	}
}

/* An address that is not known is any on its rail. */
static const char *remote_text(const json_t *path, char *buf)
{
	const json_t *remote = json_object_get(path, "remote");

	if (json_is_string(json_object_get(remote, "address")))
		return format_endpoint(remote, buf);

	return "its address there";
}

static void print_paths(const json_t *answer, FILE *out)
{
	static const char *const headers[] = {
		"RAIL", "LINK", "LOCAL", "REMOTE", "COUNT", "USE", "WHY",
	};
	const json_t *paths = json_object_get(answer, "paths");
	struct table *table;
	const json_t *path;
	size_t i;

	if (!json_array_size(paths))
		return;

	fputs("\n", out);
	table = table_new(7);
	table_headers(table, headers);
	json_array_foreach((json_t *) paths, i, path) {
		const json_t *local = json_object_get(path, "local");
		char rails[FORMAT_MAX], remote[FORMAT_MAX], count[FORMAT_MAX];

		table_cell(table, "%s", format_rails(path, rails));
		table_cell(table, "%s", format_string(path, "link"));
		table_cell(table, "%s", format_string(local, "address"));
		table_cell(table, "%s", remote_text(path, remote));
		table_cell(table, "%s", format_number(path, "count", count));
		table_cell(table, "%s", format_bool(path, "backup", "backup",
						    "active"));
		table_cell(table, "%s", format_string(path, "why"));
	}

	table_print(table, out);
	table_free(table);
}

static void print_announced(const json_t *answer, FILE *out)
{
	const json_t *list = json_object_get(answer, "announce");
	const json_t *item;
	size_t i;

	fputs("  announces", out);
	json_array_foreach((json_t *) list, i, item)
		fprintf(out, "%s %s", i ? "," : "",
			format_string(item, "address"));

	fputs(json_array_size(list) ? "\n" : " nothing\n", out);
}

static void print(const json_t *answer, FILE *out)
{
	print_subject(answer, out);
	if (!json_is_true(json_object_get(answer, "managed"))) {
		fprintf(out, "  not managed: %s\n",
			format_string(answer, "reason"));
		return;
	}

	print_files(answer, out);
	fprintf(out, "  module %s: %s\n", format_string(answer, "policy"),
		format_string(answer, "summary"));
	if (json_is_string(json_object_get(answer, "why")))
		fprintf(out, "  because: %s\n", format_string(answer, "why"));

	print_announced(answer, out);
	fprintf(out, "  rendezvous subflow, once a path is up: %s\n",
		format_string(answer, "rendezvous"));
	if (json_is_true(json_object_get(answer, "assumed")))
		fputs("  no connection with it tells its addresses: taken to "
		      "be one on each of our rails\n", out);

	print_paths(answer, out);
}

const struct command command_explain = {
	.name = "explain",
	.arguments = "PEER[:PORT] [client|server]",
	.help = "which policy a connection with PEER has, and what it does",
	.request = request,
	.print = print,
};
