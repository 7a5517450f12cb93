/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line of anchord. */
#ifndef DAEMON_OPTIONS_H
#define DAEMON_OPTIONS_H

#include <stdbool.h>

enum options_mode {
	OPTIONS_RUN,
	OPTIONS_CHECK_CONFIG,
	OPTIONS_PRINT_CONFIG,
};

/* Strings are the command line's own, or constants. */
struct options {
	enum options_mode mode;
	const char *config;
	bool config_given;	/* then it must exist */
	const char *policy_dir;
	const char *module_dir;
	const char *control;
	const char *debug;	/* glob, NULL: no debug output */
};

/*
 * Returns true to go on. False: everything is said and done, *ret_status is
 * the exit status.
 */
bool options_parse(int argc, char **argv, struct options *ret_options,
		   int *ret_status);

#endif
