/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The policy files of a folder, and the modules they name, as rules.
 *
 * Files are read in the order of their names ("*.conf"); the first rule that
 * fits a connection decides; a built-in rule with module "rail" that fits
 * everything comes last. A set of policies is made whole or not at all.
 */
#ifndef CONF_POLICIES_H
#define CONF_POLICIES_H

#include <stdio.h>

#include "conf/diag.h"
#include "core/core.h"

struct modules;
struct policies;

#define POLICIES_MAX 256

/*
 * A missing folder is an empty one. Returns 0, or a negative errno with every
 * error of all files in diag. modules must outlive the policies.
 */
int policies_load(const char *dir, struct modules *modules, struct diag *diag,
		  struct policies **ret_policies);
void policies_free(struct policies *policies);

/* For core_config; live as long as the policies. */
const struct core_rule *policies_rules(const struct policies *policies,
				       size_t *ret_n);

/*
 * Each file's effective content, defaults included, as it may be written,
 * under a comment with its name.
 */
void policies_print(const struct policies *policies, FILE *out);

#endif
