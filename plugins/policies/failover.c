/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * failover: one rail carries, the others stand by.
 *
 * Rails are in an order: those that the option order names, as it names
 * them, then the others by number. Each has its best pair (pairs.h) open;
 * one is active, the paths of all others are backup paths.
 *
 *	first	the first rail in order becomes active as soon as it has a
 *		path. One that comes up sooner waits for it, a second at
 *		most, counted from when there first was a pair of addresses:
 *		the rendezvous subflow carries meanwhile. First is also a
 *		rail of ours that the peer has announced nothing on yet.
 *	loss	without a path on the active rail, the first in order that
 *		has one becomes active at once.
 *	return	a rail before the active one becomes active when its path
 *		has been up for hold; until then it stands by.
 *
 * A rail that order names and this host does not have is passed over, so
 * that hosts can share a policy file. Both ends decide for themselves, by
 * the same rule and the same news.
 */
#include <errno.h>
#include <stdlib.h>

#include "hash.h"
#include "names.h"
#include "pairs.h"

/* How long the first rail in order is waited for. */
#define PATIENCE anchor_ms(1000)

/* Behind every rail that is named. */
#define UNNAMED 100000

enum option {
	OPTION_ORDER,
	OPTION_HOLD,
};

struct instance {
	const char *order;
	struct anchor_span hold;
};

struct memory {
	uint64_t active;		/* hash of its name: numbers change */
	struct anchor_time since;	/* when there first was a pair */
	bool seen;			/* since is set */
	bool chosen;			/* active is set */
};

/* Rails that are allowed, in order. */
struct order {
	unsigned int n;
	const struct rail *of[RAILS_MAX + 1];
};

static int place_of(const struct instance *instance,
		    const struct anchor_view *view, int16_t rail)
{
	int place = -1;

	if (rail >= 0 && rail < view->n_rails)
		place = names_find(instance->order, view->rails[rail]);

	if (place < 0)
		place = UNNAMED + (rail < 0 ? RAILS_MAX : rail);

	return place;
}

static void put_in_order(const struct instance *instance,
			 const struct anchor_view *view,
			 const struct rails *rails, struct order *order)
{
	order->n = 0;
	for (unsigned int i = 0; i < rails->n; i++) {
		const struct rail *rail = &rails->of[i];
		int place = place_of(instance, view, rail->number);
		unsigned int at = order->n;

		if (!rail->allowed)
			continue;

		order->n++;
		while (at && place < place_of(instance, view,
					      order->of[at - 1]->number)) {
			order->of[at] = order->of[at - 1];
			at--;
		}

		order->of[at] = rail;
	}
}

static uint64_t key_of(const struct anchor_view *view,
		       const struct rail *rail)
{
	return hash_name(0, rail_name(view, rail));
}

static const struct rail *first_up(const struct order *order)
{
	for (unsigned int i = 0; i < order->n; i++)
		if (rail_up(order->of[i]))
			return order->of[i];

	return NULL;
}

static const struct rail *active_rail(const struct anchor_view *view,
				      const struct order *order,
				      const struct memory *memory)
{
	for (unsigned int i = 0; i < order->n; i++)
		if (memory->chosen && rail_up(order->of[i]) &&
		    key_of(view, order->of[i]) == memory->active)
			return order->of[i];

	return NULL;
}

/* Is there a link of ours on a rail before this one? */
static bool is_preceded(const struct instance *instance,
			const struct anchor_view *view,
			const struct rail *rail)
{
	int place = place_of(instance, view, rail->number);

	for (uint8_t l = 0; l < view->n_locals; l++)
		if (view->locals[l].usable &&
		    place_of(instance, view, view->locals[l].rail) < place)
			return true;

	return false;
}

static struct anchor_time patience_end(const struct memory *memory)
{
	return anchor_time_add(memory->since, PATIENCE);
}

/* May the first one ever still come, on a rail with no pair yet? */
static bool is_early(const struct instance *instance,
		     const struct anchor_view *view,
		     const struct order *order, const struct memory *memory)
{
	return !memory->chosen &&
		anchor_time_before(view->now, patience_end(memory)) &&
		is_preceded(instance, view, order->of[0]);
}

/* The first one ever: NULL while a better one may still come. */
static const struct rail *first_choice(const struct instance *instance,
				       const struct anchor_view *view,
				       const struct order *order,
				       const struct memory *memory,
				       struct anchor_plan *plan)
{
	struct anchor_time until = patience_end(memory);
	const struct rail *rail = first_up(order);

	if (!rail || !anchor_time_before(view->now, until) ||
	    (rail == order->of[0] &&
	     !is_early(instance, view, order, memory)))
		return rail;

	plan->ask_again = until;
	return NULL;
}

/* The first that is before the active one and has been up for hold. */
static const struct rail *fail_back(const struct instance *instance,
				    const struct anchor_view *view,
				    const struct order *order,
				    const struct rail *active,
				    struct anchor_plan *plan)
{
	for (unsigned int i = 0; order->of[i] != active; i++) {
		const struct rail *rail = order->of[i];
		struct anchor_time until;

		if (!rail_up(rail))
			continue;

		until = anchor_time_add(
				view->paths[rail_path(view, rail)].since,
				instance->hold);
		if (!anchor_time_before(view->now, until))
			return rail;

		if (anchor_time_before(until, plan->ask_again))
			plan->ask_again = until;
	}

	return active;
}

static const struct rail *choose(const struct instance *instance,
				 const struct anchor_view *view,
				 const struct order *order,
				 struct memory *memory,
				 struct anchor_plan *plan)
{
	const struct rail *rail = active_rail(view, order, memory);

	if (rail)
		rail = fail_back(instance, view, order, rail, plan);
	else if (memory->chosen)
		rail = first_up(order);
	else
		rail = first_choice(instance, view, order, memory, plan);

	if (rail) {
		memory->active = key_of(view, rail);
		memory->chosen = true;
	}

	return rail;
}

/*
 * A path that the connection began with goes on carrying until there is an
 * active rail: without a rendezvous subflow there is nothing else.
 */
static bool is_beginning(const struct anchor_view *view,
			 const struct rail *rail)
{
	return rail_up(rail) && view->paths[rail_path(view, rail)].initial;
}

/* hope: which is active as soon as it is up, or NULL. */
static void ask(const struct anchor_view *view, const struct order *order,
		const struct rail *active, const struct rail *hope,
		struct anchor_plan *plan)
{
	for (unsigned int i = 0; i < order->n; i++) {
		const struct rail *rail = order->of[i];
		const char *why = "standby, the first rail is waited for";
		bool backup = true;

		if (rail == active) {
			why = "carries";
			backup = false;
		} else if (active) {
			why = "standby";
		} else if (rail == hope || is_beginning(view, rail)) {
			why = "to carry once it is up";
			backup = false;
		}

		rail_ask(view, plan, rail, backup, why);
	}
}

static void plan(const void *data, const struct anchor_view *view,
		 void *memory, struct anchor_plan *plan)
{
	const struct instance *instance = data;
	struct memory *mine = memory;
	const struct rail *hope = NULL;
	const struct rail *active;
	struct rails rails;
	struct order order;

	rails_find(view, CROSS_WHEN_ALONE, &rails);
	put_in_order(instance, view, &rails, &order);
	if (!order.n) {
		plan->why = "no addresses to pair";
		return;
	}

	if (!mine->seen) {
		mine->seen = true;
		mine->since = view->now;
	}

	active = choose(instance, view, &order, mine, plan);
	if (!is_early(instance, view, &order, mine))
		hope = order.of[0];

	ask(view, &order, active, hope, plan);
	rails_keep(view, plan, &rails);
	if (active && active != order.of[0])
		plan->why = "a rail that is preferred has no path, or has "
			"not been up for hold";
}

/* Which rail carries; what it should be is found out with the next plan. */
static bool reconfigure(const void *before, const void *now, void *memory)
{
	return true;
}

static int make(const union anchor_value *values, void **ret_instance)
{
	struct instance *instance = calloc(1, sizeof(*instance));

	if (!instance)
		return -ENOMEM;

	instance->order = values[OPTION_ORDER].string;
	instance->hold = values[OPTION_HOLD].span;
	*ret_instance = instance;
	return 0;
}

static const struct anchor_option options[] = {
	[OPTION_ORDER] = {
		.key = "order",
		.type = ANCHOR_OPTION_STRING,
		.fallback = "",
		.help = "rails by name, the preferred first; the others "
			"follow by number",
	},
	[OPTION_HOLD] = {
		.key = "hold",
		.type = ANCHOR_OPTION_SPAN,
		.fallback = "10s",
		.min = 0,
		.max = 86400 * UINT64_C(1000000),
		.help = "how long a path must be up before its rail is "
			"preferred again",
	},
};

extern const struct anchor_policy anchor_policy;
const struct anchor_policy anchor_policy = {
	.abi = ANCHOR_POLICY_ABI,
	.size = sizeof(struct anchor_policy),
	.name = "failover",
	.summary = "one rail carries, the others stand by",
	.memory = sizeof(struct memory),
	.options = options,
	.n_options = sizeof(options) / sizeof(*options),
	.make = make,
	.reconfigure = reconfigure,
	.plan = plan,
	.free = free,
};
