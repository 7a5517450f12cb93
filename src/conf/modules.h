/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Policy modules: NAME.so in the module folder exports the descriptor
 * anchor_policy of anchor/policy.h, with name NAME. A module is opened when
 * it is first asked for, checked, and stays until modules_free().
 */
#ifndef CONF_MODULES_H
#define CONF_MODULES_H

#include <stddef.h>

#include <anchor/policy.h>

struct modules;

/* dir is copied. NULL on -ENOMEM. */
struct modules *modules_new(const char *dir);
void modules_free(struct modules *modules);

/*
 * Returns 0, or a negative errno with the reason in words: the module is
 * missing, has the wrong ABI or size, lacks the symbol or plan(), has another
 * name than its file, or it or its folder is writable by everybody. Nothing
 * half-loaded stays.
 */
int modules_get(struct modules *modules, const char *name,
		const struct anchor_policy **ret_policy, char *reason,
		size_t reason_len);

#endif
