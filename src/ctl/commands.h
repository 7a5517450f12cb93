/* SPDX-License-Identifier: BSD-3-Clause */
/* The subcommands: what each asks for, and how its answer becomes text. */
#ifndef CTL_COMMANDS_H
#define CTL_COMMANDS_H

#include <jansson.h>
#include <stdio.h>

struct command {
	const char *name;	/* also what the daemon is asked for */
	const char *help;
	void (*print)(const json_t *answer, FILE *out);
};

extern const struct command command_connections;
extern const struct command command_links;
extern const struct command command_paths;
extern const struct command command_status;

#endif
