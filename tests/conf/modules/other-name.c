/* SPDX-License-Identifier: BSD-3-Clause */
/* Refused: its name is not that of its file. */
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
	.size = sizeof(struct anchor_policy),
	.name = "someone-else",
	.summary = "of another name",
	.plan = plan,
};
