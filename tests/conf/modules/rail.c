/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A stand-in for the module of the built-in rule, with an option of every
 * type. An instance is a copy of the values.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <anchor/policy.h>

enum option {
	OPTION_STRICT,
	OPTION_COUNT,
	OPTION_WAIT,
	OPTION_CROSS,
	OPTION_LABEL,
	OPTIONS_N,
};

static const char *const cross_words[] = {
	"when-alone", "never", "always", NULL,
};

static const struct anchor_option options[] = {
	[OPTION_STRICT] = {
		.key = "strict",
		.type = ANCHOR_OPTION_BOOL,
		.fallback = "no",
	},
	[OPTION_COUNT] = {
		.key = "count",
		.type = ANCHOR_OPTION_UINT,
		.fallback = "3",
		.min = 1,
		.max = 9,
	},
	[OPTION_WAIT] = {
		.key = "wait",
		.type = ANCHOR_OPTION_SPAN,
		.fallback = "50ms",
		.min = 1000,
		.max = 10000000,
	},
	[OPTION_CROSS] = {
		.key = "cross",
		.type = ANCHOR_OPTION_ENUM,
		.fallback = "when-alone",
		.words = cross_words,
	},
	[OPTION_LABEL] = {
		.key = "label",
		.type = ANCHOR_OPTION_STRING,
		.fallback = "some text",
	},
};

static int check(const union anchor_value *values, char *reason, size_t len)
{
	if (!values[OPTION_STRICT].flag || values[OPTION_COUNT].number < 5)
		return 0;

	snprintf(reason, len, "strict allows a count of at most 4");
	return -EINVAL;
}

static int make(const union anchor_value *values, void **ret_instance)
{
	union anchor_value *copy = calloc(OPTIONS_N, sizeof(*copy));

	if (!copy)
		return -ENOMEM;

	memcpy(copy, values, OPTIONS_N * sizeof(*copy));
	*ret_instance = copy;
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
	.name = "rail",
	.summary = "for tests",
	.options = options,
	.n_options = OPTIONS_N,
	.check = check,
	.make = make,
	.plan = plan,
	.free = free,
};
