/* SPDX-License-Identifier: BSD-3-Clause */
/* Refused: made for another version of the interface. */
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
	.abi = ANCHOR_POLICY_ABI + 1,
	.size = sizeof(struct anchor_policy),
	.name = "abi",
	.summary = "of another ABI",
	.plan = plan,
};
