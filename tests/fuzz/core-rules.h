/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rules for a fuzzed core: every module of the tree with options of some
 * kind, each under a spy that hands on what it plans. They are made once, by
 * the first who asks, and never change.
 */
#ifndef TESTS_CORE_RULES_H
#define TESTS_CORE_RULES_H

#include "core/core.h"

#define RULES_MAX 16

struct rules {
	struct core_rule rules[RULES_MAX];
	bool rests[RULES_MAX];	/* comes to rest if nothing happens */
	size_t n;
};

/* After each plan(), with what it has been given and said. */
typedef void (*rules_spy)(const struct anchor_view *view,
			  const struct anchor_plan *plan, void *data);

/* Who is told from now on. */
const struct rules *rules_get(rules_spy spy, void *data);

#endif
