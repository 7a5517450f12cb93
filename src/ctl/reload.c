/* SPDX-License-Identifier: BSD-3-Clause */
/* anchorctl reload: the daemon reads its configuration again. */
#include "ctl/commands.h"
#include "ctl/format.h"

static void print(const json_t *answer, FILE *out)
{
	char rules[FORMAT_MAX], moved[FORMAT_MAX];
	const json_t *key;
	size_t i;

	fprintf(out, "%s; %s moved to another policy\n",
		format_count(answer, "rules", "rule", rules),
		format_count(answer, "moved", "connection", moved));
	json_array_foreach(json_object_get(answer, "restart"), i, key)
		fprintf(out, "%s takes effect with the next start\n",
			format_text(key));
}

const struct command command_reload = {
	.name = "reload",
	.help = "read the configuration again, whole or not at all",
	.print = print,
};
