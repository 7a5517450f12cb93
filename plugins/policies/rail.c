/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rail: one path on each rail that both hosts have.
 *
 * Each rail gets its best pair of addresses (pairs.h says which that is). A
 * path to an address of the peer that fits no rail is had only if nothing is
 * common; a cross-rail one as the option cross says.
 */
#include <errno.h>
#include <stdlib.h>

#include "pairs.h"

enum option {
	OPTION_CROSS,
};

struct instance {
	enum cross cross;
};

static void plan(const void *data, const struct anchor_view *view,
		 void *memory, struct anchor_plan *plan)
{
	const struct instance *instance = data;
	struct rails rails;

	rails_find(view, instance->cross, &rails);
	for (unsigned int i = 0; i < rails.n; i++)
		if (rails.of[i].allowed)
			rail_ask(view, plan, &rails.of[i], false,
				 rails.of[i].why);

	rails_keep(view, plan, &rails);
	if (!plan->n_paths)
		plan->why = rails.n ? "no common rail is up" :
			"no addresses to pair";
}

static int make(const union anchor_value *values, void **ret_instance)
{
	struct instance *instance = calloc(1, sizeof(*instance));

	if (!instance)
		return -ENOMEM;

	instance->cross = values[OPTION_CROSS].word;
	*ret_instance = instance;
	return 0;
}

static const char *const cross_words[] = {
	[CROSS_WHEN_ALONE] = "when-alone",
	[CROSS_NEVER] = "never",
	[CROSS_ALWAYS] = "always",
	NULL,
};

static const struct anchor_option options[] = {
	[OPTION_CROSS] = {
		.key = "cross",
		.type = ANCHOR_OPTION_ENUM,
		.fallback = "when-alone",
		.words = cross_words,
		.help = "a path between two different rails",
	},
};

extern const struct anchor_policy anchor_policy;
const struct anchor_policy anchor_policy = {
	.abi = ANCHOR_POLICY_ABI,
	.size = sizeof(struct anchor_policy),
	.name = "rail",
	.summary = "one path on each rail that both hosts have",
	.options = options,
	.n_options = sizeof(options) / sizeof(*options),
	.make = make,
	.plan = plan,
	.free = free,
};
