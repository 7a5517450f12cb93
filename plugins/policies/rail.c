/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rail: one path on each rail that both hosts have.
 *
 * Pairs of addresses come in kinds, the better first:
 *
 *	common	both addresses are on one rail
 *	stray	the peer's address fits no rail; only if nothing is common
 *	indirect  ours is not a link's: the peer joined our rendezvous address
 *	cross	two different rails; as the option cross says
 *
 * Each rail gets its best pair. Within a kind, a path that exists beats one
 * that would have to be opened, so that a plan is stable; and a path that
 * exists stays until a better one on its rail is up.
 */
#include <errno.h>
#include <stdlib.h>

#include <anchor/policy.h>

#define RAILS_MAX 64

enum kind {
	KIND_COMMON,
	KIND_STRAY,
	KIND_INDIRECT,
	KIND_CROSS,
	KIND_NONE,
};

enum option {
	OPTION_CROSS,
};

enum cross {
	CROSS_WHEN_ALONE,
	CROSS_NEVER,
	CROSS_ALWAYS,
};

struct pair {
	enum kind kind;
	uint8_t local;
	uint8_t remote;
	bool exists;
};

/* The best pair of a rail, and the best that exists. */
struct choice {
	struct pair best;
	struct pair existing;
};

/* One for each rail, the last one for pairs that are on none. */
struct choices {
	struct choice of[RAILS_MAX + 1];
};

struct instance {
	enum cross cross;
};

static enum kind kind_of(const struct anchor_view *view, uint8_t l, uint8_t r)
{
	int16_t local = view->locals[l].rail;
	int16_t remote = view->remotes[r].rail;

	if (local == ANCHOR_RAIL_NONE)
		return KIND_INDIRECT;

	if (remote == ANCHOR_RAIL_NONE)
		return KIND_STRAY;

	return local == remote ? KIND_COMMON : KIND_CROSS;
}

static bool foreign_family(const struct anchor_view *view,
			   const struct pair *pair)
{
	return view->locals[pair->local].addr.family !=
		view->local.addr.family;
}

static bool better(const struct anchor_view *view, const struct pair *a,
		   const struct pair *b)
{
	if (a->kind != b->kind)
		return a->kind < b->kind;

	if (a->exists != b->exists)
		return a->exists;

	if (foreign_family(view, a) != foreign_family(view, b))
		return !foreign_family(view, a);

	if (view->remotes[a->remote].id != view->remotes[b->remote].id)
		return view->remotes[a->remote].id <
			view->remotes[b->remote].id;

	return a->local < b->local;
}

static void keep_better(const struct anchor_view *view, struct pair *best,
			const struct pair *pair)
{
	if (best->kind == KIND_NONE || better(view, pair, best))
		*best = *pair;
}

static void consider(const struct anchor_view *view, struct choices *choices,
		     uint8_t local, uint8_t remote, bool exists)
{
	int16_t rail = view->locals[local].rail;
	struct pair pair = {
		.kind = kind_of(view, local, remote),
		.local = local,
		.remote = remote,
		.exists = exists,
	};
	struct choice *choice;

	if (rail == ANCHOR_RAIL_NONE)
		rail = view->remotes[remote].rail;

	choice = &choices->of[rail >= 0 && rail < RAILS_MAX ? rail :
				RAILS_MAX];
	keep_better(view, &choice->best, &pair);
	if (exists)
		keep_better(view, &choice->existing, &pair);
}

static void consider_all(const struct anchor_view *view,
			 struct choices *choices)
{
	for (uint8_t i = 0; i < view->n_paths; i++) {
		const struct anchor_path *path = &view->paths[i];

		/* At the rendezvous it is no path; between links it is one. */
		if (!path->initial || view->locals[path->local].usable)
			consider(view, choices, path->local, path->remote,
				 true);
	}

	for (uint8_t l = 0; l < view->n_locals; l++)
		for (uint8_t r = 0; r < view->n_remotes; r++)
			if (anchor_view_pairs(view, l, r))
				consider(view, choices, l, r, false);
}

static enum kind best_kind(const struct choices *choices)
{
	enum kind kind = KIND_NONE;

	for (unsigned int i = 0; i <= RAILS_MAX; i++)
		if (choices->of[i].best.kind < kind)
			kind = choices->of[i].best.kind;

	return kind;
}

/* The worst kind that a rail may have without being the only one. */
static bool allowed(enum kind kind, enum kind best, enum cross cross)
{
	switch (kind) {
	case KIND_COMMON:
	case KIND_INDIRECT:
		return true;
	case KIND_STRAY:
		return best != KIND_COMMON;
	case KIND_CROSS:
		return cross == CROSS_ALWAYS;
	case KIND_NONE:
		return false;
	}

	return false;
}

static void add(struct anchor_plan *plan, const struct choice *choice)
{
	const struct pair *best = &choice->best;
	const struct pair *existing = &choice->existing;

	anchor_plan_path(plan, best->local, best->remote, false);
	if (!best->exists && existing->kind != KIND_NONE)
		anchor_plan_path(plan, existing->local, existing->remote,
				 false);
}

/* No common rail: one cross-rail path, the best there is. */
static void add_alone(const struct anchor_view *view,
		      const struct choices *choices, struct anchor_plan *plan)
{
	struct pair best = { .kind = KIND_NONE };

	for (unsigned int i = 0; i <= RAILS_MAX; i++)
		if (choices->of[i].best.kind != KIND_NONE)
			keep_better(view, &best, &choices->of[i].best);

	anchor_plan_path(plan, best.local, best.remote, false);
}

/* Better paths are on their way, none is up: what there is stays. */
static void keep_others(const struct choices *choices,
			struct anchor_plan *plan)
{
	for (unsigned int i = 0; i <= RAILS_MAX; i++) {
		const struct pair *pair = &choices->of[i].existing;
		bool planned = false;

		for (uint8_t p = 0; p < plan->n_paths; p++)
			if (plan->paths[p].local == pair->local &&
			    plan->paths[p].remote == pair->remote)
				planned = true;

		if (pair->kind != KIND_NONE && !planned)
			anchor_plan_path(plan, pair->local, pair->remote,
					 false);
	}
}

static void plan(const void *data, const struct anchor_view *view,
		 void *memory, struct anchor_plan *plan)
{
	const struct instance *instance = data;
	struct choices choices;
	bool up = false;
	enum kind best;

	for (unsigned int i = 0; i <= RAILS_MAX; i++)
		choices.of[i].best.kind = choices.of[i].existing.kind =
								KIND_NONE;

	consider_all(view, &choices);
	best = best_kind(&choices);

	for (unsigned int i = 0; i <= RAILS_MAX; i++) {
		const struct choice *choice = &choices.of[i];

		if (!allowed(choice->best.kind, best, instance->cross))
			continue;

		add(plan, choice);
		up |= choice->existing.kind == choice->best.kind;
	}

	if (best == KIND_CROSS && instance->cross == CROSS_WHEN_ALONE)
		add_alone(view, &choices, plan);
	else if (plan->n_paths && !up)
		keep_others(&choices, plan);
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
