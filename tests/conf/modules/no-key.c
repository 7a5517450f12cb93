/* SPDX-License-Identifier: BSD-3-Clause */
/* Refused: an option nobody could write into a file. */
#include <stdlib.h>

#include <anchor/policy.h>

static int make(const union anchor_value *values, void **ret_instance)
{
	(void) values;
	*ret_instance = NULL;
	return 0;
}

static void plan(const void *instance, const struct anchor_view *view,
		 void *memory, struct anchor_plan *plan)
{
	(void) instance;
	(void) view;
	(void) memory;
	(void) plan;
}

extern const struct anchor_policy anchor_policy;

static const struct anchor_option options[] = {
	{ .type = ANCHOR_OPTION_BOOL, .fallback = "yes" },
};

const struct anchor_policy anchor_policy = {
	.abi = ANCHOR_POLICY_ABI,
	.size = sizeof(struct anchor_policy),
	.name = "no-key",
	.summary = "an option without a key",
	.options = options,
	.n_options = 1,
	.make = make,
	.plan = plan,
	.free = free,
};
