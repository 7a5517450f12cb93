/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The options of policy modules: values by the rows of the table that a
 * module exports, see anchor/policy.h.
 */
#ifndef CONF_OPTION_H
#define CONF_OPTION_H

#include <stdio.h>

#include <anchor/policy.h>

#include "conf/diag.h"

/*
 * Whether a row is one: a key, a range or words, a fallback that fits them.
 * Returns 0, or -EINVAL with the reason in place->diag.
 */
int option_check(const struct anchor_option *option,
		 const struct diag_place *place);

/* Returns 0, or a negative errno with the reason in place->diag. */
int option_parse(const struct anchor_option *option,
		 const struct diag_place *place, const char *text,
		 union anchor_value *ret_value);
void option_clear(const struct anchor_option *option,
		  union anchor_value *value);

#define OPTION_ALLOWED_MAX 256

/* What is allowed, in words; NULL: any text. buf: OPTION_ALLOWED_MAX. */
const char *option_allowed(const struct anchor_option *option, char *buf);

void option_print(const struct anchor_option *option,
		  const union anchor_value *value, FILE *out);

#endif
