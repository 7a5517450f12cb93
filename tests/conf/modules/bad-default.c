/* SPDX-License-Identifier: BSD-3-Clause */
/* Refused: the default of an option is out of its own range. */
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
	{
		.key = "count",
		.type = ANCHOR_OPTION_UINT,
		.fallback = "9",
		.min = 1,
		.max = 8,
	},
};

const struct anchor_policy anchor_policy = {
	.abi = ANCHOR_POLICY_ABI,
	.size = sizeof(struct anchor_policy),
	.name = "bad-default",
	.summary = "a default out of range",
	.options = options,
	.n_options = 1,
	.make = make,
	.plan = plan,
	.free = free,
};
