/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Prints tables that manual pages repeat, for tests/check-man, a line each,
 * with tabs between:
 *
 *	list-keys conf		section.key, default and what is allowed, of
 *				anchor.conf
 *	list-keys policy	the same of policy files
 *	list-keys modules DIR	module.key, default and what is allowed, of
 *				all modules in DIR; for each module also its
 *				name and its summary
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/config.h"
#include "conf/modules.h"
#include "conf/option.h"
#include "conf/policy.h"

#define SUFFIX ".so"
#define REASON_MAX 512

static int list_keys(const struct config_key *(*key_at)(size_t i))
{
	const struct config_key *key;

	for (size_t i = 0; (key = key_at(i)); i++)
		printf("%s.%s\t%s\t%s\n", key->section, key->key,
		       key->fallback, key->allowed);

	return EXIT_SUCCESS;
}

static void list_options(const struct anchor_policy *policy)
{
	for (size_t i = 0; i < policy->n_options; i++) {
		const struct anchor_option *option = &policy->options[i];
		char buf[OPTION_ALLOWED_MAX];
		const char *allowed = option_allowed(option, buf);

		printf("%s.%s\t%s\t%s\n", policy->name, option->key,
		       option->fallback, allowed ? allowed : "any text");
	}
}

static bool list_module(struct modules *modules, const char *name)
{
	const struct anchor_policy *policy;
	char reason[REASON_MAX];

	if (modules_get(modules, name, &policy, reason, sizeof(reason)) < 0) {
		fprintf(stderr, "list-keys: %s\n", reason);
		return false;
	}

	printf("%s\t%s\n", policy->name,
	       policy->summary ? policy->summary : "");
	list_options(policy);
	return true;
}

/* All of them, even if one is bad. */
static bool list_folder(struct modules *modules, DIR *stream)
{
	const struct dirent *entry;
	bool good = true;

	while ((entry = readdir(stream))) {
		size_t len = strlen(entry->d_name);
		char *name;

		if (len <= strlen(SUFFIX) ||
		    strcmp(entry->d_name + len - strlen(SUFFIX), SUFFIX))
			continue;

		name = strndup(entry->d_name, len - strlen(SUFFIX));
		good &= name && list_module(modules, name);
		free(name);
	}

	return good;
}

static int list_modules(const char *dir)
{
	struct modules *modules = modules_new(dir);
	DIR *stream = opendir(dir);
	bool good = false;

	if (stream)
		good = modules && list_folder(modules, stream);
	else
		perror(dir);

	if (stream)
		closedir(stream);

	modules_free(modules);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "conf"))
		return list_keys(config_key);

	if (argc == 2 && !strcmp(argv[1], "policy"))
		return list_keys(policy_key);

	if (argc == 3 && !strcmp(argv[1], "modules"))
		return list_modules(argv[2]);

	fputs("usage: list-keys conf | policy | modules DIR\n", stderr);
	return 2;
}
