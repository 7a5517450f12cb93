/* SPDX-License-Identifier: BSD-3-Clause */
/* Refused: its descriptor has another size than ours. */
#include <anchor/policy.h>

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
	.size = sizeof(struct anchor_policy) - 8,
	.name = "size",
	.summary = "of another size",
	.plan = plan,
};
