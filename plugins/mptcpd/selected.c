/* SPDX-License-Identifier: BSD-3-Clause */
/* Is this plugin the one that mptcpd was told to use? */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ell/ell.h>

#include "selected.h"

#define OPTION "path-manager"
#define SHORTEST 2	/* "--p" could also be --plugin-dir */

/* What follows "--path-manager", or what getopt_long() takes for that. */
static const char *match_option(const char *arg)
{
	size_t len;

	if (strncmp(arg, "--", 2))
		return NULL;

	arg += 2;
	len = strcspn(arg, "=");
	return len >= SHORTEST && len <= strlen(OPTION) &&
		!strncmp(arg, OPTION, len) ? arg + len : NULL;
}

/* The last one on the command line; to be l_free()d, NULL if there is none. */
static char *from_cmdline(const char *path)
{
	FILE *file = fopen(path, "re");
	bool follows = false;
	char *name = NULL;
	char *arg = NULL;
	size_t size = 0;

	while (file && getdelim(&arg, &size, '\0', file) > 0) {
		const char *rest = match_option(arg);

		if (follows || (rest && *rest == '=')) {
			l_free(name);
			name = l_strdup(follows ? arg : rest + 1);
		}

		follows = !follows && rest && !*rest;
	}

	free(arg);
	if (file)
		fclose(file);

	return name;
}

static char *from_conf(const char *path)
{
	struct l_settings *settings = l_settings_new();
	char *name = NULL;

	if (l_settings_load_from_file(settings, path))
		name = l_settings_get_string(settings, "core", OPTION);

	l_settings_free(settings);
	return name;
}

bool selected_is(const char *plugin, const char *cmdline, const char *conf)
{
	char *name = from_cmdline(cmdline);
	bool is;

	if (!name)
		name = from_conf(conf);

	is = name && !strcmp(name, plugin);
	l_free(name);
	return is;
}
