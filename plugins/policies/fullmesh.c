/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fullmesh: a path between every pair of addresses, at most max of them.
 *
 * If there are more pairs than that, or than the limit of subflows leaves
 * room for, the best are had (pairs.h): first those on a common rail, and
 * among equals those that have a path already.
 */
#include <errno.h>
#include <stdlib.h>

#include "pairs.h"

enum option {
	OPTION_MAX,
};

struct instance {
	unsigned int max;
};

/* The best pairs seen so far, the best first. */
struct mesh {
	struct pair pairs[ANCHOR_PATHS_MAX];
	unsigned int n;
	unsigned int max;
	bool dropped;		/* some did not fit */
};

/* A pair with a path is told of once more as if it had none. */
static bool is_known(const struct mesh *mesh, const struct pair *pair)
{
	for (unsigned int i = 0; i < mesh->n; i++)
		if (mesh->pairs[i].local == pair->local &&
		    mesh->pairs[i].remote == pair->remote)
			return true;

	return false;
}

static void insert(const struct anchor_view *view, const struct pair *pair,
		   void *data)
{
	struct mesh *mesh = data;
	unsigned int at = mesh->n;

	if (is_known(mesh, pair))
		return;

	while (at && pair_better(view, pair, &mesh->pairs[at - 1]))
		at--;

	mesh->dropped |= mesh->n == mesh->max;
	if (at == mesh->max)
		return;

	if (mesh->n < mesh->max)
		mesh->n++;

	memmove(&mesh->pairs[at + 1], &mesh->pairs[at],
		(mesh->n - at - 1) * sizeof(*mesh->pairs));
	mesh->pairs[at] = *pair;
}

static const char *why_of(enum pair_kind kind)
{
	switch (kind) {
	case PAIR_COMMON:
		return "common rail";
	case PAIR_STRAY:
		return "the peer's address fits no rail";
	case PAIR_INDIRECT:
		return "joined by the peer at our rendezvous address";
	case PAIR_CROSS:
		return "between two rails";
	case PAIR_NONE:
		break;
	}

	return NULL;
}

static void plan(const void *data, const struct anchor_view *view,
		 void *memory, struct anchor_plan *plan)
{
	const struct instance *instance = data;
	unsigned int room = paths_room(view);
	struct mesh mesh = {
		.max = room < instance->max ? room : instance->max,
	};

	pairs_each(view, insert, &mesh);
	for (unsigned int i = 0; i < mesh.n; i++) {
		const struct pair *pair = &mesh.pairs[i];

		anchor_plan_path(plan, pair->local, pair->remote, false);
		plan->paths[i].why = why_of(pair->kind);
	}

	if (!mesh.n)
		plan->why = "no addresses to pair";
	else if (mesh.dropped)
		plan->why = "there are more pairs than max or the limit of "
			"subflows";
}

static int make(const union anchor_value *values, void **ret_instance)
{
	struct instance *instance = calloc(1, sizeof(*instance));

	if (!instance)
		return -ENOMEM;

	instance->max = (unsigned int) values[OPTION_MAX].number;
	*ret_instance = instance;
	return 0;
}

static const struct anchor_option options[] = {
	[OPTION_MAX] = {
		.key = "max",
		.type = ANCHOR_OPTION_UINT,
		.fallback = "8",
		.min = 1,
		.max = ANCHOR_PATHS_MAX,
		.help = "the most paths of a connection",
	},
};

extern const struct anchor_policy anchor_policy;
const struct anchor_policy anchor_policy = {
	.abi = ANCHOR_POLICY_ABI,
	.size = sizeof(struct anchor_policy),
	.name = "fullmesh",
	.summary = "a path between every pair of addresses, bounded",
	.options = options,
	.n_options = sizeof(options) / sizeof(*options),
	.make = make,
	.plan = plan,
	.free = free,
};
