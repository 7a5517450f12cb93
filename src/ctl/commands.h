/* SPDX-License-Identifier: BSD-3-Clause */
/* The subcommands: what each asks for, and how its answer becomes text. */
#ifndef CTL_COMMANDS_H
#define CTL_COMMANDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

struct command {
	const char *name;	/* also what the daemon is asked for */
	const char *arguments;	/* for the usage, NULL: there are none */
	const char *help;

	/* Adds arguments to the request; false if they are wrong. */
	bool (*request)(json_t *request, int argc, char **argv);
	void (*print)(const json_t *answer, FILE *out);
	bool follows;		/* answers go on coming: print each */
};

extern const struct command command_connections;
extern const struct command command_explain;
extern const struct command command_links;
extern const struct command command_monitor;
extern const struct command command_paths;
extern const struct command command_reload;
extern const struct command command_status;

#endif
