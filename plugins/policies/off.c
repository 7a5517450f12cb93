/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * off: the connection stays on its rendezvous subflow. Nothing is announced
 * and no path asked for; what the peer opens is surplus, and the rendezvous
 * subflow carries whatever the policy file says of it.
 */
#include <anchor/policy.h>

static void plan(const void *instance, const struct anchor_view *view,
		 void *memory, struct anchor_plan *plan)
{
	plan->announce = 0;
	plan->rendezvous = ANCHOR_RENDEZVOUS_KEEP;
	plan->why = "the rendezvous subflow only";
}

extern const struct anchor_policy anchor_policy;
const struct anchor_policy anchor_policy = {
	.abi = ANCHOR_POLICY_ABI,
	.size = sizeof(struct anchor_policy),
	.name = "off",
	.summary = "no paths: only the rendezvous subflow",
	.plan = plan,
};
