/* SPDX-License-Identifier: BSD-3-Clause */
/* Loads well and checks well, and cannot be set up. */
#include <errno.h>
#include <stdlib.h>

#include <anchor/policy.h>

static int make(const union anchor_value *values, void **ret_instance)
{
	(void) values;
	(void) ret_instance;
	return -EBUSY;
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
	.name = "fails",
	.summary = "make() fails",
	.make = make,
	.plan = plan,
	.free = free,
};
