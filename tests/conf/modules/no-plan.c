/* SPDX-License-Identifier: BSD-3-Clause */
/* Refused: it plans nothing. */
#include <anchor/policy.h>

extern const struct anchor_policy anchor_policy;

const struct anchor_policy anchor_policy = {
	.abi = ANCHOR_POLICY_ABI,
	.size = sizeof(struct anchor_policy),
	.name = "no-plan",
	.summary = "without plan()",
};
