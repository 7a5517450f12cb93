/* SPDX-License-Identifier: BSD-3-Clause */
/* anchorctl paths: every subflow of every connection. */
#include "ctl/commands.h"
#include "ctl/format.h"
#include "ctl/table.h"

static void add_row(struct table *table, const json_t *path)
{
	const json_t *from = json_object_get(path, "local");
	const json_t *to = json_object_get(path, "remote");
	char local[FORMAT_MAX], remote[FORMAT_MAX], age[FORMAT_MAX];
	char rails[FORMAT_MAX], state[FORMAT_MAX];

	table_cell(table, "%s", format_string(path, "token"));
	table_cell(table, "%s", format_string(path, "peer"));
	table_cell(table, "%s", format_rails(path, rails));
	table_cell(table, "%s", format_string(path, "link"));
	table_cell(table, "%s", format_endpoint(from, local));
	table_cell(table, "%s", format_endpoint(to, remote));
	table_cell(table, "%s", format_string(path, "role"));
	table_cell(table, "%s", format_use(path));
	table_cell(table, "%s", format_age(path, "age_ms", age));
	table_cell(table, "%s", format_state(path, state));
}

/* Asked for with --samples. */
static void add_sample(struct table *table, const json_t *path)
{
	const json_t *sample = json_object_get(path, "sample");
	char rtt[FORMAT_MAX], rate[FORMAT_MAX], out[FORMAT_MAX];
	char in[FORMAT_MAX], again[FORMAT_MAX], cwnd[FORMAT_MAX];

	table_cell(table, "%s", format_number(sample, "rtt_us", rtt));
	table_cell(table, "%s", format_mbit(sample, "delivery_rate", rate));
	table_cell(table, "%s", format_bytes(sample, "bytes_out", out));
	table_cell(table, "%s", format_bytes(sample, "bytes_in", in));
	table_cell(table, "%s", format_number(sample, "retransmitted", again));
	table_cell(table, "%s", format_number(sample, "cwnd", cwnd));
}

static bool has_samples(const json_t *paths)
{
	const json_t *path;
	size_t i;

	json_array_foreach((json_t *) paths, i, path)
		if (json_object_get(path, "sample"))
			return true;

	return false;
}

static void print(const json_t *answer, FILE *out)
{
	static const char *const headers[] = {
		"TOKEN", "PEER", "RAIL", "LINK", "LOCAL", "REMOTE", "ROLE",
		"USE", "AGE", "STATE", "RTT US", "MBIT/S", "OUT", "IN",
		"RETRANS", "CWND",
	};
	const json_t *paths = json_object_get(answer, "paths");
	bool samples = has_samples(paths);
	struct table *table = table_new(samples ? 16 : 10);
	const json_t *path;
	size_t i;

	table_headers(table, headers);
	json_array_foreach((json_t *) paths, i, path) {
		add_row(table, path);
		if (samples)
			add_sample(table, path);
	}

	table_print(table, out);
	table_free(table);
}

const struct command command_paths = {
	.name = "paths",
	.help = "every subflow of every connection",
	.print = print,
};
