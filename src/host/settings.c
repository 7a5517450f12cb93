/* SPDX-License-Identifier: BSD-3-Clause */
/* All that files say. */
#include <errno.h>
#include <string.h>

#include <ell/ell.h>

#include "host/settings.h"

int settings_load(const struct settings_files *files, struct diag *diag,
		  struct settings **ret_settings)
{
	struct settings *settings = l_new(struct settings, 1);
	int err, policies_err;

	/* Modules are opened afresh: they may have been upgraded meanwhile. */
	settings->modules = modules_new(files->module_dir);
	if (!settings->modules) {
		settings_free(settings);
		return -ENOMEM;
	}

	err = config_load(files->config, !files->config_given, diag,
			  &settings->config);
	policies_err = policies_load(files->policy_dir, settings->modules,
				     diag, &settings->policies);
	if (!err)
		err = policies_err;

	if (err < 0) {
		settings_free(settings);
		return err;
	}

	*ret_settings = settings;
	return 0;
}

void settings_free(struct settings *settings)
{
	if (!settings)
		return;

	policies_free(settings->policies);
	modules_free(settings->modules);
	config_free(settings->config);
	l_free(settings);
}

json_t *settings_for_restart(const struct settings *before,
			     const struct settings *now)
{
	const struct config *a = before->config;
	const struct config *b = now->config;
	const struct {
		const char *key;
		bool differs;
	} keys[] = {
		/* Other ports would cost connections the paths they have. */
		{ "[join] port", a->join.port != b->join.port },
		{ "[limits] clients", a->limits.clients != b->limits.clients },
		{ "[kernel] select-path-manager",
		  a->kernel.select_path_manager !=
			b->kernel.select_path_manager },
		{ "[kernel] receive-buffer",
		  a->kernel.receive_buffer != b->kernel.receive_buffer },
		{ "[control] group",
		  strcmp(a->control.group, b->control.group) },
	};
	json_t *list = json_array();

	for (size_t i = 0; i < L_ARRAY_SIZE(keys); i++)
		if (keys[i].differs)
			json_array_append_new(list, json_string(keys[i].key));

	return list;
}
