/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ondemand: one path, more of them while there is not enough bandwidth.
 *
 * There is one path on each rail in use, its best pair (pairs.h). The first
 * is on the rail whose link is least loaded when it is chosen (rank.h; by a
 * hash of the connection where loads are alike), which is when the peer has
 * announced an address on each of our rails, or has had time to. Samples
 * tell the rest, taken every sample, or once a second while nothing moves:
 *
 *	a path carries	if it sends or receives at a hundredth of its link's
 *		speed at least; where the speed is not known, at a hundredth
 *		of the best that it ever gave, and 1 Mbit/s.
 *	it is full	if it carries and
 *		- has data waiting (busy for half of the time, not limited by
 *		  the application, some not sent yet or half of its window
 *		  under way; or busy all of the time), and sends at full per
 *		  cent of its link's speed, or of the best that it ever gave,
 *		  or its link sends as much for all who use it; or
 *		- receives at full per cent of its link's speed.
 *	the connection is short of bandwidth	if some path carries and all
 *		that do are full, and none has come up too lately to tell.
 *		How long it has been is added up; time that it is not counts
 *		twice against that, so that dips do no harm, and bursts do
 *		not add up.
 *
 * When it has been short for after, the next rail is opened, the least
 * loaded of those left; one that does not come up in three seconds gives way
 * to the next. Then it must be short for after again, with all its paths. A
 * path that has not carried for idle is closed, but for one: the oldest, if
 * none carries. That goes for paths that the peer opened too, for the sender
 * knows better who is short.
 */
#include <errno.h>
#include <stdlib.h>

#include "rank.h"

#define PATIENCE anchor_ms(3000)
#define SLOW_SAMPLE anchor_ms(1000)	/* while nothing moves */
#define CARRY_PERCENT 1			/* of link speed or best */
#define CARRY_RATE 125000		/* bytes/s, with best */
#define BUSY 500			/* per mille */
#define ALL_BUSY 1000

enum option {
	OPTION_AFTER,
	OPTION_FULL,
	OPTION_IDLE,
	OPTION_SAMPLE,
};

struct instance {
	struct anchor_span after;
	struct anchor_span idle;
	struct anchor_span sample;
	uint64_t full;			/* per cent */
};

struct memory {
	struct anchor_time sampled;	/* the last that was counted */
	struct anchor_span short_for;
	struct settling settling;
	struct anchor_time wish_since;
	uint8_t wish;			/* slot of the rail to open, plus 1 */
	uint8_t n_up;			/* paths, when plan() looked */

	/*
	 * When the rail in this slot last carried, in milliseconds since the
	 * connection began, modulo 2^32: all rails must fit. Rails that are
	 * numbered anew may have one path closed a little soon or late.
	 */
	uint32_t carried[RAILS_MAX + 1];
};

/* How the path on a rail does. */
struct state {
	const struct rail *rail;
	struct anchor_time opened;
	struct anchor_time at;		/* of its sample */
	struct anchor_span quiet;	/* since it last carried */
	bool measured;
	bool carries;
	bool full;
};

/* The paths that there are. */
struct states {
	unsigned int n;
	struct state of[RAILS_MAX + 1];
};

static unsigned int slot_of(const struct rail *rail)
{
	return rail->number < 0 ? RAILS_MAX : (unsigned int) rail->number;
}

static bool is_part(uint64_t rate, uint64_t whole, uint64_t percent)
{
	return rate * 100 >= whole * percent;
}

static bool does_carry(uint64_t rate, uint64_t speed, uint64_t best)
{
	if (speed)
		return is_part(rate, speed, CARRY_PERCENT);

	return rate >= CARRY_RATE && is_part(rate, best, CARRY_PERCENT);
}

/*
 * Would it send more if it could? One small request after the other is busy
 * too, three quarters of the time for 4 KiB each at 400 Mbit/s, but has little
 * under way or nothing; and subflows of Linux 6.18 are never marked as limited
 * by the application. A bulk transfer has data waiting whenever one looks.
 */
static bool has_more(const struct anchor_sample *sample)
{
	if (sample->busy < BUSY || sample->app_limited)
		return false;

	if (!sample->unacked && !sample->waiting)
		return sample->busy == ALL_BUSY;

	return sample->waiting || sample->unacked >= sample->cwnd / 2;
}

static bool sends_full(const struct instance *instance,
		       const struct anchor_sample *sample,
		       const struct anchor_load *load)
{
	if (!has_more(sample))
		return false;

	if (load->speed && (is_part(sample->rate_out, load->speed,
				    instance->full) ||
			    is_part(load->rate_out, load->speed,
				    instance->full)))
		return true;

	return is_part(sample->rate_out, sample->best_out, instance->full);
}

static bool receives_full(const struct instance *instance,
			  const struct anchor_sample *sample,
			  const struct anchor_load *load)
{
	return load->speed && is_part(sample->rate_in, load->speed,
				      instance->full);
}

static void measure(const struct instance *instance,
		    const struct anchor_view *view, struct state *state)
{
	uint8_t path = rail_path(view, state->rail);
	const struct anchor_sample *sample = &view->samples[path];
	const struct anchor_load *load =
			&view->locals[view->paths[path].local].load;

	state->opened = view->paths[path].since;
	state->at = sample->at;
	state->measured = sample->interval.us > 0;
	state->carries = does_carry(sample->rate_out, load->speed,
				    sample->best_out) ||
		does_carry(sample->rate_in, load->speed, sample->best_in);
	state->full = state->carries &&
		(sends_full(instance, sample, load) ||
		 receives_full(instance, sample, load));
}

/* What nothing is known of counts as carrying here: a path begins so. */
static void note_quiet(const struct anchor_view *view, struct state *state,
		       struct memory *memory)
{
	uint32_t *carried = &memory->carried[slot_of(state->rail)];
	uint32_t now = (uint32_t)
		(anchor_time_since(view->now, view->since).us / 1000);

	if (state->carries || !state->measured)
		*carried = now;

	state->quiet = anchor_ms((uint32_t) (now - *carried));
}

static void find_states(const struct instance *instance,
			const struct anchor_view *view,
			const struct rails *rails, struct memory *memory,
			struct states *states)
{
	states->n = 0;
	for (unsigned int i = 0; i < rails->n; i++) {
		struct state *state = &states->of[states->n];

		if (!rails->of[i].allowed || !rail_up(&rails->of[i]))
			continue;

		state->rail = &rails->of[i];
		measure(instance, view, state);
		note_quiet(view, state, memory);
		states->n++;
	}
}

static bool is_short_now(const struct states *states)
{
	bool carries = false;

	for (unsigned int i = 0; i < states->n; i++) {
		const struct state *state = &states->of[i];

		if (!state->measured || (state->carries && !state->full))
			return false;

		carries |= state->carries;
	}

	return carries;
}

/*
 * A sample counts for the time since the one before, but only for as much as
 * option sample says: what was between two that are far apart is not known.
 */
static void note_sample(const struct instance *instance,
			const struct states *states, struct memory *memory)
{
	struct anchor_time at = memory->sampled;
	struct anchor_span since;

	for (unsigned int i = 0; i < states->n; i++)
		if (anchor_time_before(at, states->of[i].at))
			at = states->of[i].at;

	since = anchor_time_since(at, memory->sampled);
	if (since.us > instance->sample.us)
		since = instance->sample;

	memory->sampled = at;
	memory->short_for.us += is_short_now(states) ? since.us :
		-2 * since.us;
}

static void note_short(const struct instance *instance,
		       const struct states *states, struct memory *memory)
{
	note_sample(instance, states, memory);

	/* With another path it must prove to be short again. */
	if (memory->short_for.us < 0 || states->n > memory->n_up)
		memory->short_for = anchor_us(0);
	else if (memory->short_for.us > 2 * instance->after.us)
		memory->short_for = anchor_us(2 * instance->after.us);

	memory->n_up = (uint8_t) states->n;
}

/* Once it is on the way, a dip does not call it off. */
static bool wants_more(const struct instance *instance,
		       const struct states *states,
		       const struct memory *memory)
{
	return !states->n || memory->short_for.us >= instance->after.us ||
		(memory->wish && memory->short_for.us > 0);
}

/*
 * The first rail in order that is not up, or the first after the one that
 * was wished for in vain.
 */
static const struct rail *next_rail(const struct anchor_view *view,
				    const struct rails *rails, uint8_t vain)
{
	const struct rail *first = NULL;
	struct ranking ranking;
	bool passed = !vain;

	ranking_make(view, rails, true, &ranking);
	ranking_sort(&ranking);
	for (unsigned int i = 0; i < ranking.n; i++) {
		const struct rail *rail = ranking.of[i].rail;

		if (rail_up(rail))
			continue;

		if (passed)
			return rail;

		if (!first)
			first = rail;

		passed = slot_of(rail) + 1 == vain;
	}

	return first;
}

/* The rail that is wished for, if it still can be had and is not yet. */
static const struct rail *wished(const struct rails *rails,
				 const struct memory *memory)
{
	for (unsigned int i = 0; i < rails->n; i++)
		if (rails->of[i].allowed && !rail_up(&rails->of[i]) &&
		    slot_of(&rails->of[i]) + 1 == memory->wish)
			return &rails->of[i];

	return NULL;
}

/* Returns the rail to open, or NULL. */
static const struct rail *wish(const struct instance *instance,
			       const struct anchor_view *view,
			       const struct rails *rails,
			       const struct states *states,
			       struct memory *memory,
			       struct anchor_plan *plan)
{
	const struct rail *rail = NULL;
	uint8_t vain = 0;

	if (wants_more(instance, states, memory)) {
		rail = wished(rails, memory);
		if (rail && anchor_time_since(view->now,
				memory->wish_since).us >= PATIENCE.us) {
			vain = memory->wish;
			rail = NULL;
		}

		if (!rail) {
			rail = next_rail(view, rails, vain);
			memory->wish_since = view->now;
		}
	}

	memory->wish = rail ? (uint8_t) (slot_of(rail) + 1) : 0;
	if (rail)
		plan->ask_again = anchor_time_add(memory->wish_since,
						  PATIENCE);

	return rail;
}

static bool any_carries(const struct states *states)
{
	for (unsigned int i = 0; i < states->n; i++)
		if (states->of[i].carries)
			return true;

	return false;
}

/* The one to keep if none carries. */
static const struct state *oldest(const struct states *states)
{
	const struct state *oldest = NULL;

	for (unsigned int i = 0; i < states->n; i++)
		if (!oldest || anchor_time_before(states->of[i].opened,
						  oldest->opened))
			oldest = &states->of[i];

	return oldest;
}

static void ask(const struct instance *instance,
		const struct anchor_view *view, const struct states *states,
		struct anchor_plan *plan)
{
	const struct state *last = any_carries(states) ? NULL :
		oldest(states);

	for (unsigned int i = 0; i < states->n; i++) {
		const struct state *state = &states->of[i];
		struct anchor_time until = anchor_time_add(view->now,
			anchor_us(instance->idle.us - state->quiet.us));

		if (state == last) {
			rail_ask(view, plan, state->rail, false,
				 "the one path");
		} else if (state->quiet.us < instance->idle.us) {
			rail_ask(view, plan, state->rail, false, "carries");
			if (states->n > 1 &&
			    anchor_time_before(until, plan->ask_again))
				plan->ask_again = until;
		}
	}
}

/* With one rail there is nothing to decide. */
static void ask_samples(const struct instance *instance,
			const struct rails *rails,
			const struct states *states, struct anchor_plan *plan)
{
	struct anchor_span every = SLOW_SAMPLE;
	unsigned int n = 0;

	for (unsigned int i = 0; i < rails->n; i++)
		n += rails->of[i].allowed;

	if (n < 2 || !states->n)
		return;

	for (unsigned int i = 0; i < states->n; i++)
		if (states->of[i].carries || !states->of[i].measured)
			every = instance->sample;

	plan->sample_every = every;
}

static void plan(const void *data, const struct anchor_view *view,
		 void *memory, struct anchor_plan *plan)
{
	const struct instance *instance = data;
	struct memory *mine = memory;
	const struct rail *rail = NULL;
	struct states states;
	struct rails rails;

	rails_find(view, CROSS_WHEN_ALONE, &rails);
	find_states(instance, view, &rails, mine, &states);
	note_short(instance, &states, mine);
	if (states.n || rails_settled(view, &rails, &mine->settling, plan))
		rail = wish(instance, view, &rails, &states, mine, plan);

	ask(instance, view, &states, plan);
	if (rail)
		rail_ask(view, plan, rail, false, states.n ?
			 "short of bandwidth" : "the least loaded link");

	rails_keep(view, plan, &rails);
	ask_samples(instance, &rails, &states, plan);
	if (!rails.n)
		plan->why = "no addresses to pair";
	else if (!plan->n_paths)
		plan->why = "more addresses of the peer are waited for";
	else if (mine->short_for.us)
		plan->why = "short of bandwidth";
}

/* What it has seen of the connection stays true. */
static bool reconfigure(const void *before, const void *now, void *memory)
{
	return true;
}

static int make(const union anchor_value *values, void **ret_instance)
{
	struct instance *instance = calloc(1, sizeof(*instance));

	if (!instance)
		return -ENOMEM;

	instance->after = values[OPTION_AFTER].span;
	instance->full = values[OPTION_FULL].number;
	instance->idle = values[OPTION_IDLE].span;
	instance->sample = values[OPTION_SAMPLE].span;
	*ret_instance = instance;
	return 0;
}

static const struct anchor_option options[] = {
	[OPTION_AFTER] = {
		.key = "after",
		.type = ANCHOR_OPTION_SPAN,
		.fallback = "500ms",
		.min = 10 * 1000,
		.max = 3600 * UINT64_C(1000000),
		.help = "how long it must be short of bandwidth before the "
			"next rail is opened",
	},
	[OPTION_FULL] = {
		.key = "full",
		.type = ANCHOR_OPTION_UINT,
		.fallback = "80",
		.min = 1,
		.max = 100,
		.help = "per cent of a link's speed, or of a path's best, "
			"that are full",
	},
	[OPTION_IDLE] = {
		.key = "idle",
		.type = ANCHOR_OPTION_SPAN,
		.fallback = "10s",
		.min = 100 * 1000,
		.max = 86400 * UINT64_C(1000000),
		.help = "after how long without traffic a path beyond the "
			"first is closed",
	},
	[OPTION_SAMPLE] = {
		.key = "sample",
		.type = ANCHOR_OPTION_SPAN,
		.fallback = "100ms",
		.min = 10 * 1000,
		.max = 1000 * 1000,
		.help = "how often paths are looked at while they carry",
	},
};

extern const struct anchor_policy anchor_policy;
const struct anchor_policy anchor_policy = {
	.abi = ANCHOR_POLICY_ABI,
	.size = sizeof(struct anchor_policy),
	.name = "ondemand",
	.summary = "one path, more while bandwidth is short",
	.flags = ANCHOR_WANTS_LOAD,
	.memory = sizeof(struct memory),
	.options = options,
	.n_options = sizeof(options) / sizeof(*options),
	.make = make,
	.reconfigure = reconfigure,
	.plan = plan,
	.free = free,
};
