/* SPDX-License-Identifier: BSD-3-Clause */
/* Refused: nobody could free what it makes. */
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

const struct anchor_policy anchor_policy = {
	.abi = ANCHOR_POLICY_ABI,
	.size = sizeof(struct anchor_policy),
	.name = "no-free",
	.summary = "without free()",
	.make = make,
	.plan = plan,
};
