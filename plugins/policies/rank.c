/* SPDX-License-Identifier: BSD-3-Clause */
/* Rails in an order of preference. */
#include "hash.h"
#include "rank.h"

#define LOAD_STEPS 20

static const struct anchor_load *load_of(const struct anchor_view *view,
					 const struct rail *rail)
{
	return &view->locals[rail->best.local].load;
}

/* The busier direction. */
static uint64_t rate_of(const struct anchor_load *load)
{
	return load->rate_out > load->rate_in ? load->rate_out :
		load->rate_in;
}

/*
 * Where a link's speed is not known, the highest rate on any stands for the
 * speed of all, so that like is compared with like. 0: nothing is known.
 */
static uint64_t common_speed(const struct anchor_view *view,
			     const struct ranking *ranking)
{
	uint64_t highest = 0;
	bool unknown = false;

	for (unsigned int i = 0; i < ranking->n; i++) {
		const struct anchor_load *load = load_of(view,
						ranking->of[i].rail);

		unknown |= !load->speed;
		if (rate_of(load) > highest)
			highest = rate_of(load);
	}

	return unknown ? highest : 0;
}

static void add_loads(const struct anchor_view *view, struct ranking *ranking)
{
	uint64_t common = common_speed(view, ranking);

	for (unsigned int i = 0; i < ranking->n; i++) {
		struct ranked *ranked = &ranking->of[i];
		const struct anchor_load *load = load_of(view, ranked->rail);
		uint64_t speed = common ? common : load->speed;

		if (speed)
			ranked->load = (unsigned int)
				(rate_of(load) * LOAD_STEPS / speed);
	}
}

void ranking_make(const struct anchor_view *view, const struct rails *rails,
		  bool by_load, struct ranking *ret_ranking)
{
	uint64_t connection = hash_connection(view);

	ret_ranking->n = 0;
	for (unsigned int i = 0; i < rails->n; i++) {
		const struct rail *rail = &rails->of[i];

		if (!rail->allowed)
			continue;

		ret_ranking->of[ret_ranking->n++] = (struct ranked) {
			.rail = rail,
			.weight = hash_name(connection,
					    rail_name(view, rail)),
		};
	}

	if (by_load)
		add_loads(view, ret_ranking);
}

static bool before(const struct ranked *a, const struct ranked *b)
{
	if (a->group != b->group)
		return a->group < b->group;

	if (a->load != b->load)
		return a->load < b->load;

	return a->weight > b->weight;
}

void ranking_sort(struct ranking *ranking)
{
	for (unsigned int i = 1; i < ranking->n; i++) {
		const struct ranked ranked = ranking->of[i];
		unsigned int at = i;

		while (at && before(&ranked, &ranking->of[at - 1])) {
			ranking->of[at] = ranking->of[at - 1];
			at--;
		}

		ranking->of[at] = ranked;
	}
}
