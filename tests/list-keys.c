/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Prints the table of keys of anchor.conf, or, with the argument "policy",
 * of policy files, for tests/check-man: section.key, default and what is
 * allowed, with tabs between.
 */
#include <stdio.h>
#include <string.h>

#include "conf/config.h"
#include "conf/policy.h"

int main(int argc, char **argv)
{
	bool policy = argc > 1 && !strcmp(argv[1], "policy");
	const struct config_key *key;

	for (size_t i = 0; (key = policy ? policy_key(i) : config_key(i));
	     i++)
		printf("%s.%s\t%s\t%s\n", key->section, key->key,
		       key->fallback, key->allowed);

	return 0;
}
