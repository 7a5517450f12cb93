/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * All that files say: anchor.conf, the policy files, the modules they name.
 * Settings are made whole or not at all and never change; a reload makes
 * other ones and swaps.
 *
 *	struct diag *diag = diag_new();
 *
 *	if (settings_load(&files, diag, &settings) < 0)
 *		print every line of diag, go on with the old ones
 */
#ifndef HOST_SETTINGS_H
#define HOST_SETTINGS_H

#include <jansson.h>

#include "conf/config.h"
#include "conf/diag.h"
#include "conf/modules.h"
#include "conf/policies.h"

/* Where they are. The strings are the caller's and outlive the settings. */
struct settings_files {
	const char *config;
	bool config_given;	/* then it must exist */
	const char *policy_dir;
	const char *module_dir;
};

struct settings {
	struct config *config;
	struct modules *modules;
	struct policies *policies;
};

/* Returns 0, or a negative errno with all errors of all files in diag. */
int settings_load(const struct settings_files *files, struct diag *diag,
		  struct settings **ret_settings);
void settings_free(struct settings *settings);

/*
 * The keys that differ, "[section] key", and that take effect with the next
 * start only. A new reference to an array.
 */
json_t *settings_for_restart(const struct settings *before,
			     const struct settings *now);

#endif
