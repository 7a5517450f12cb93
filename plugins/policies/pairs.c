/* SPDX-License-Identifier: BSD-3-Clause */
/* Pairs of addresses, and the best of each rail. */
#include "pairs.h"

#define SETTLE anchor_ms(100)

bool path_counts(const struct anchor_view *view, uint8_t path)
{
	const struct anchor_local *local =
				&view->locals[view->paths[path].local];

	/* At the rendezvous it is no path; between links it is one. */
	if (view->paths[path].initial)
		return local->usable;

	return local->usable ||
		anchor_addr_equal(&local->addr, &view->local.addr);
}

bool pair_has(const struct anchor_view *view, const struct pair *pair,
	      uint8_t path)
{
	return view->paths[path].local == pair->local &&
		view->paths[path].remote == pair->remote &&
		path_counts(view, path);
}

static enum pair_kind kind_of(const struct anchor_view *view, uint8_t l,
			      uint8_t r)
{
	int16_t local = view->locals[l].rail;
	int16_t remote = view->remotes[r].rail;

	if (local == ANCHOR_RAIL_NONE)
		return PAIR_INDIRECT;

	if (remote == ANCHOR_RAIL_NONE)
		return PAIR_STRAY;

	return local == remote ? PAIR_COMMON : PAIR_CROSS;
}

static bool foreign_family(const struct anchor_view *view,
			   const struct pair *pair)
{
	return view->locals[pair->local].addr.family !=
		view->local.addr.family;
}

bool pair_better(const struct anchor_view *view, const struct pair *a,
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

static void tell(const struct anchor_view *view, uint8_t local,
		 uint8_t remote, bool exists, pair_cb cb, void *data)
{
	const struct pair pair = {
		.kind = kind_of(view, local, remote),
		.local = local,
		.remote = remote,
		.exists = exists,
	};

	cb(view, &pair, data);
}

void pairs_each(const struct anchor_view *view, pair_cb cb, void *data)
{
	for (uint8_t i = 0; i < view->n_paths; i++)
		if (path_counts(view, i))
			tell(view, view->paths[i].local,
			     view->paths[i].remote, true, cb, data);

	for (uint8_t l = 0; l < view->n_locals; l++)
		for (uint8_t r = 0; r < view->n_remotes; r++)
			if (anchor_view_pairs(view, l, r))
				tell(view, l, r, false, cb, data);
}

static void keep_better(const struct anchor_view *view, struct pair *best,
			const struct pair *pair)
{
	if (best->kind == PAIR_NONE || pair_better(view, pair, best))
		*best = *pair;
}

/* Here each rail still stands at its number, and after them what has none. */
static void consider(const struct anchor_view *view, const struct pair *pair,
		     void *data)
{
	int16_t number = view->locals[pair->local].rail;
	struct rails *rails = data;
	struct rail *rail;

	if (number == ANCHOR_RAIL_NONE)
		number = view->remotes[pair->remote].rail;

	rail = &rails->of[number >= 0 && number < (int) rails->n ? number :
				(int) rails->n];
	keep_better(view, &rail->best, pair);
	if (pair->exists)
		keep_better(view, &rail->existing, pair);
}

static void clear(const struct anchor_view *view, struct rails *rails)
{
	rails->n = view->n_rails < RAILS_MAX ? view->n_rails : RAILS_MAX;
	for (unsigned int i = 0; i <= rails->n; i++)
		rails->of[i] = (struct rail) {
			.number = i < rails->n ? (int16_t) i : ANCHOR_RAIL_NONE,
			.best.kind = PAIR_NONE,
			.existing.kind = PAIR_NONE,
		};
}

static void close_ranks(struct rails *rails)
{
	unsigned int last = rails->n;

	rails->n = 0;
	for (unsigned int i = 0; i <= last; i++)
		if (rails->of[i].best.kind != PAIR_NONE)
			rails->of[rails->n++] = rails->of[i];
}

static struct rail *best_rail(const struct anchor_view *view,
			      struct rails *rails)
{
	struct rail *best = NULL;

	for (unsigned int i = 0; i < rails->n; i++)
		if (!best || pair_better(view, &rails->of[i].best,
					 &best->best))
			best = &rails->of[i];

	return best;
}

/* best: the kind of the best pair on any rail. */
static void judge(struct rail *rail, enum pair_kind best, enum cross cross)
{
	switch (rail->best.kind) {
	case PAIR_COMMON:
		rail->allowed = true;
		rail->why = "common rail";
		break;
	case PAIR_STRAY:
		rail->allowed = best != PAIR_COMMON;
		rail->why = "the peer's address fits no rail";
		break;
	case PAIR_INDIRECT:
		rail->allowed = true;
		rail->why = "joined by the peer at our rendezvous address";
		break;
	case PAIR_CROSS:
		rail->allowed = cross == CROSS_ALWAYS;
		rail->why = best == PAIR_CROSS ? "no common rail is up" :
			"between two rails";
		break;
	case PAIR_NONE:
		break;
	}
}

void rails_find(const struct anchor_view *view, enum cross cross,
		struct rails *ret_rails)
{
	struct rail *best;

	clear(view, ret_rails);
	pairs_each(view, consider, ret_rails);
	close_ranks(ret_rails);
	best = best_rail(view, ret_rails);

	for (unsigned int i = 0; i < ret_rails->n; i++)
		judge(&ret_rails->of[i], best->best.kind, cross);

	if (best && best->best.kind == PAIR_CROSS &&
	    cross == CROSS_WHEN_ALONE)
		best->allowed = true;
}

static bool is_common(const struct rails *rails, int16_t number)
{
	for (unsigned int i = 0; i < rails->n; i++)
		if (rails->of[i].number == number)
			return rails->of[i].best.kind == PAIR_COMMON;

	return false;
}

static bool all_common(const struct anchor_view *view,
		       const struct rails *rails)
{
	for (uint8_t l = 0; l < view->n_locals; l++)
		if (view->locals[l].usable &&
		    view->locals[l].rail != ANCHOR_RAIL_NONE &&
		    !is_common(rails, view->locals[l].rail))
			return false;

	return true;
}

bool rails_settled(const struct anchor_view *view, const struct rails *rails,
		   struct settling *settling, struct anchor_plan *plan)
{
	struct anchor_time until;

	if (!rails->n)
		return false;

	if (!settling->began) {
		settling->began = true;
		settling->since = view->now;
	}

	until = anchor_time_add(settling->since, SETTLE);
	if (!anchor_time_before(view->now, until) || all_common(view, rails))
		return true;

	plan->ask_again = until;
	return false;
}

const char *rail_name(const struct anchor_view *view, const struct rail *rail)
{
	if (rail->number < 0 || rail->number >= view->n_rails)
		return "";

	return view->rails[rail->number];
}

uint8_t rail_path(const struct anchor_view *view, const struct rail *rail)
{
	uint8_t oldest = view->n_paths;

	for (uint8_t i = 0; i < view->n_paths; i++)
		if (pair_has(view, &rail->existing, i) &&
		    (oldest == view->n_paths ||
		     anchor_time_before(view->paths[i].since,
					view->paths[oldest].since)))
			oldest = i;

	return oldest;
}

/* No more than the limit: what is over it would be refused. */
static void ask(const struct anchor_view *view, struct anchor_plan *plan,
		const struct pair *pair, unsigned int count, bool backup,
		const char *why)
{
	unsigned int left = view->subflows_max;

	for (uint8_t i = 0; i < plan->n_paths; i++)
		left -= plan->paths[i].count;

	if (!left || !anchor_plan_path(plan, pair->local, pair->remote,
				       backup))
		return;

	plan->paths[plan->n_paths - 1].count =
				(uint8_t) (count < left ? count : left);
	plan->paths[plan->n_paths - 1].why = why;
}

static unsigned int count_paths(const struct anchor_view *view,
				const struct pair *pair)
{
	unsigned int n = 0;

	for (uint8_t i = 0; i < view->n_paths; i++)
		n += pair_has(view, pair, i);

	return n;
}

void rail_ask(const struct anchor_view *view, struct anchor_plan *plan,
	      const struct rail *rail, bool backup, const char *why)
{
	ask(view, plan, &rail->best, 1, backup, why);
	if (!rail->best.exists && rail_up(rail))
		ask(view, plan, &rail->existing, 1, backup,
		    "until a better one is up");
}

void rail_ask_many(const struct anchor_view *view, struct anchor_plan *plan,
		   const struct rail *rail, unsigned int count,
		   const char *why)
{
	ask(view, plan, &rail->best, count, false, why);
	if (!rail->best.exists && rail_up(rail))
		ask(view, plan, &rail->existing,
		    count_paths(view, &rail->existing), false,
		    "until a better one is up");
}

void rail_keep(const struct anchor_view *view, struct anchor_plan *plan,
	       const struct rail *rail, const char *why)
{
	ask(view, plan, &rail->existing, 1, false, why);
}

static bool is_planned(const struct anchor_plan *plan,
		       const struct pair *pair)
{
	for (uint8_t i = 0; i < plan->n_paths; i++)
		if (plan->paths[i].local == pair->local &&
		    plan->paths[i].remote == pair->remote)
			return true;

	return false;
}

/* Has a rail that is asked for a path as good as its best pair? */
static bool any_up(const struct anchor_plan *plan, const struct rails *rails)
{
	for (unsigned int i = 0; i < rails->n; i++) {
		const struct rail *rail = &rails->of[i];

		if (rail->existing.kind == rail->best.kind &&
		    is_planned(plan, &rail->best))
			return true;
	}

	return false;
}

void rails_keep(const struct anchor_view *view, struct anchor_plan *plan,
		const struct rails *rails)
{
	if (!plan->n_paths || any_up(plan, rails))
		return;

	for (unsigned int i = 0; i < rails->n; i++)
		if (rail_up(&rails->of[i]) &&
		    !is_planned(plan, &rails->of[i].existing))
			rail_keep(view, plan, &rails->of[i],
				  "until a better one is up");
}

unsigned int paths_room(const struct anchor_view *view)
{
	unsigned int room = view->subflows_max;

	for (uint8_t i = 0; i < view->n_paths; i++)
		if (view->paths[i].initial && !path_counts(view, i))
			room--;

	return room;
}
