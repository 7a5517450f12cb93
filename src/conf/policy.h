/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One policy file: what it matches, its module, the module's options.
 * Parsing, checking and making an instance are separate steps, so that no
 * instance is made as long as anything is wrong anywhere:
 *
 *	struct policy *policy = policy_new("50-ceph", path);
 *
 *	policy_parse(policy, diag, ini, modules) ||
 *		policy_check(policy, diag);
 *	policy_make(policy, diag);
 *	policy_rule(policy, &rule);
 */
#ifndef CONF_POLICY_H
#define CONF_POLICY_H

#include <stdio.h>

#include "conf/config.h"
#include "conf/diag.h"
#include "conf/ini.h"
#include "core/core.h"

struct modules;
struct policy;

/* Both are copied; file is for errors. NULL on lack of memory. */
struct policy *policy_new(const char *name, const char *file);
void policy_free(struct policy *policy);

/* Each returns 0, or a negative errno with all reasons in diag. */
int policy_parse(struct policy *policy, struct diag *diag,
		 const struct ini *ini, struct modules *modules);
int policy_check(const struct policy *policy, struct diag *diag);
int policy_make(struct policy *policy, struct diag *diag);

/* What the rule points to is the policy's. */
void policy_rule(const struct policy *policy, struct core_rule *ret_rule);

void policy_print(const struct policy *policy, FILE *out);

/* The keys of policy files, like config_key(). */
const struct config_key *policy_key(size_t i);

#endif
