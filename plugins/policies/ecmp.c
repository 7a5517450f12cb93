/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ecmp: several subflows on each path, so that a fabric that hashes ports
 * spreads them, and the unlucky ones replaced.
 *
 * Each rail's best pair (pairs.h) has so many subflows as the option
 * subflows says, less if the limit of subflows leaves no room for that on
 * every rail. Each has a source port of its own, which the kernel chooses.
 *
 * Every period it is counted what each subflow carried in it, out and in
 * together. The slowest of a pair is replaced by a fresh one, on another
 * port, if
 *	- it has been there for the whole period, as had its siblings that it
 *	  is compared with, and is not the one that the connection began with;
 *	- it carried less than threshold per cent of their mean;
 *	- they carried 1 Mbit/s each at least, in the mean;
 *	- this end was the one that sent the less, or the slowest had data to
 *	  send for half of the time: one that was given none is not slow.
 *
 * That is one subflow of a pair in a period. If the connection as a whole
 * carries no more in the next period (by a twentieth), the replacement was
 * in vain. After three in vain in a row a period is let pass in which one is
 * slow, after six in a row three such periods, then seven, and so on up to
 * 63. With a gain, with subflows that do equally well, or with a rail more or
 * less, it is every period again.
 *
 * Only the end that opens subflows does that: the server's, or a client's
 * whose server has opened none.
 *
 * After the "refresh" controller of SMAPP (Hesmans et al., CoNEXT 2015).
 */
#include <errno.h>
#include <stdlib.h>

#include "hash.h"
#include "pairs.h"

#define MARKS_MAX 56
#define GATHER anchor_ms(100)	/* for the samples of one round to come in */
#define BUSY 500		/* per mille */
#define SIBLINGS_RATE 125000	/* bytes/s */
#define VAIN_IN_A_ROW 3
#define REST_SHIFT_MAX 6

enum option {
	OPTION_SUBFLOWS,
	OPTION_PERIOD,
	OPTION_THRESHOLD,
};

struct instance {
	unsigned int subflows;
	struct anchor_span period;
	uint64_t threshold;		/* per cent */
};

/* What a subflow had carried when the period began. */
struct mark {
	uint32_t key;			/* of hash_path() */
	uint32_t kib;			/* modulo 2^32 */
};

struct memory {
	struct anchor_time judged;	/* when the period began */
	uint64_t rate;			/* bytes/s, of the period before the
					 * replacement */
	bool started;			/* judged is set */
	bool replaced;			/* when the period began */
	uint8_t vain;			/* replacements in a row */
	uint8_t rest;			/* periods to let pass */
	uint8_t n_rails;
	uint8_t n_marks;
	struct mark marks[MARKS_MAX];
};

_Static_assert(sizeof(struct memory) <= ANCHOR_MEMORY_MAX, "too much");

/* What a subflow carried in the period. */
struct carried {
	uint64_t bytes;
	bool fresh;		/* there is a sample for it */
	bool whole;		/* it was there all the time */
};

struct period {
	const struct instance *instance;
	const struct anchor_view *view;
	struct anchor_span span;
	struct carried of[ANCHOR_PATHS_MAX];	/* by path of the view */
};

static bool chooses(const struct anchor_view *view)
{
	if (view->role == ANCHOR_ROLE_SERVER)
		return true;

	for (uint8_t i = 0; i < view->n_paths; i++)
		if (!view->paths[i].opened_here && !view->paths[i].initial)
			return false;

	return true;
}

static uint32_t key_of(const struct anchor_view *view, uint8_t path)
{
	return (uint32_t) hash_path(view, &view->paths[path]);
}

static uint32_t kib_of(const struct anchor_sample *sample)
{
	return (uint32_t) ((sample->bytes_out + sample->bytes_in) / 1024);
}

static const struct mark *find_mark(const struct memory *memory, uint32_t key)
{
	for (uint8_t i = 0; i < memory->n_marks; i++)
		if (memory->marks[i].key == key)
			return &memory->marks[i];

	return NULL;
}

/* Without a mark it has come up since: all its bytes are of this period. */
static void count(const struct memory *memory, struct period *period)
{
	const struct anchor_view *view = period->view;

	for (uint8_t i = 0; i < view->n_paths; i++) {
		const struct anchor_sample *sample = &view->samples[i];
		const struct mark *mark;

		period->of[i] = (struct carried) { 0 };
		if (!path_counts(view, i) ||
		    !anchor_time_before(memory->judged, sample->at))
			continue;

		mark = find_mark(memory, key_of(view, i));
		period->of[i] = (struct carried) {
			.bytes = UINT64_C(1024) * (uint32_t)
				(kib_of(sample) - (mark ? mark->kib : 0)),
			.fresh = true,
			.whole = mark,
		};
	}
}

static void set_marks(const struct period *period, struct memory *memory)
{
	const struct anchor_view *view = period->view;

	memory->n_marks = 0;
	for (uint8_t i = 0; i < view->n_paths; i++)
		if (period->of[i].fresh && memory->n_marks < MARKS_MAX)
			memory->marks[memory->n_marks++] = (struct mark) {
				.key = key_of(view, i),
				.kib = kib_of(&view->samples[i]),
			};
}

/* Bytes per second. */
static uint64_t rate_of(const struct period *period, uint64_t bytes)
{
	return (uint64_t) ((double) bytes * 1e6 / (double) period->span.us);
}

static uint64_t whole_rate(const struct period *period)
{
	uint64_t bytes = 0;

	for (uint8_t i = 0; i < period->view->n_paths; i++)
		bytes += period->of[i].bytes;

	return rate_of(period, bytes);
}

/* False for one that was slow because it was given nothing to send. */
static bool had_work(const struct anchor_view *view, uint8_t path)
{
	uint64_t out = 0, in = 0;

	for (uint8_t i = 0; i < view->n_paths; i++) {
		out += view->samples[i].rate_out;
		in += view->samples[i].rate_in;
	}

	return out < in || view->samples[path].busy >= BUSY;
}

/*
 * The subflow of a pair to replace, or -1. Sets even if there is none, the
 * pair carries enough to tell, and no subflow is too young.
 */
static int find_slow(const struct period *period, const struct pair *pair,
		     bool *even)
{
	const struct anchor_view *view = period->view;
	uint64_t bytes = 0, mean;
	unsigned int n = 0;
	bool young = false;
	int slowest = -1;

	for (uint8_t i = 0; i < view->n_paths; i++) {
		if (!pair_has(view, pair, i))
			continue;

		if (!period->of[i].whole) {
			young = true;
			continue;
		}

		n++;
		bytes += period->of[i].bytes;
		if (!view->paths[i].initial && (slowest < 0 ||
		    period->of[i].bytes < period->of[slowest].bytes))
			slowest = i;
	}

	if (slowest < 0 || n < 2)
		return -1;

	mean = (bytes - period->of[slowest].bytes) / (n - 1);
	if (rate_of(period, mean) < SIBLINGS_RATE)
		return -1;

	if (period->of[slowest].bytes * 100 <
	    mean * period->instance->threshold &&
	    had_work(view, (uint8_t) slowest))
		return slowest;

	*even |= !young;
	return -1;
}

/* Bit i: path i of the view should be replaced. */
static uint64_t find_all_slow(const struct period *period,
			      const struct rails *rails, bool *even)
{
	uint64_t slow = 0;

	*even = false;
	for (unsigned int i = 0; i < rails->n; i++) {
		const struct rail *rail = &rails->of[i];
		int path = -1;

		if (rail->allowed && rail->best.exists)
			path = find_slow(period, &rail->best, even);

		if (path >= 0)
			slow |= UINT64_C(1) << path;
	}

	return slow;
}

static void note_gain(const struct period *period, struct memory *memory)
{
	if (!memory->replaced)
		return;

	memory->replaced = false;
	if (whole_rate(period) > memory->rate + memory->rate / 20)
		memory->vain = 0;
	else if (memory->vain < VAIN_IN_A_ROW * REST_SHIFT_MAX)
		memory->vain++;

	memory->rest = (uint8_t)
		((1u << (memory->vain / VAIN_IN_A_ROW)) - 1);
}

static void judge(const struct period *period, const struct rails *rails,
		  struct memory *memory, struct anchor_plan *plan)
{
	uint64_t slow;
	bool even;

	note_gain(period, memory);
	slow = find_all_slow(period, rails, &even);
	if (even && !slow)
		memory->vain = memory->rest = 0;

	if (!slow)
		return;

	if (memory->rest) {
		memory->rest--;
		plan->why = "replacing slow subflows was in vain, not yet "
			"again";
		return;
	}

	memory->replaced = true;
	memory->rate = whole_rate(period);
	plan->replace = slow;
	plan->why = "a slow subflow is replaced";
}

/* Is there a sample of every path since then, or will none come any more? */
static bool is_gathered(const struct instance *instance,
			const struct anchor_view *view,
			const struct memory *memory, struct anchor_plan *plan)
{
	struct anchor_time last = { 0 }, until;
	bool complete = true;

	for (uint8_t i = 0; i < view->n_paths; i++) {
		struct anchor_time at = view->samples[i].at;

		if (anchor_time_before(last, at))
			last = at;

		if (path_counts(view, i) && at.us &&
		    !anchor_time_before(memory->judged, at))
			complete = false;
	}

	/* Samples are not exactly a period apart. */
	if (!last.us || (memory->started &&
	    anchor_time_since(last, memory->judged).us <
			instance->period.us / 4 * 3))
		return false;

	until = anchor_time_add(last, GATHER);
	if (complete || !anchor_time_before(view->now, until))
		return true;

	plan->ask_again = until;
	return false;
}

static void refresh(const struct instance *instance,
		    const struct anchor_view *view, const struct rails *rails,
		    struct memory *memory, struct anchor_plan *plan)
{
	struct period period = {
		.instance = instance,
		.view = view,
		.span = anchor_time_since(view->now, memory->judged),
	};

	if (!is_gathered(instance, view, memory, plan))
		return;

	count(memory, &period);
	if (memory->started)
		judge(&period, rails, memory, plan);

	set_marks(&period, memory);
	memory->started = true;
	memory->judged = view->now;
}

static unsigned int count_allowed(const struct rails *rails)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < rails->n; i++)
		n += rails->of[i].allowed;

	return n;
}

/* For each pair. */
static unsigned int share_of(const struct instance *instance,
			     const struct anchor_view *view, unsigned int n)
{
	unsigned int share = n ? paths_room(view) / n : 0;

	if (share > instance->subflows)
		share = instance->subflows;

	return share ? share : 1;
}

static void plan(const void *data, const struct anchor_view *view,
		 void *memory, struct anchor_plan *plan)
{
	const struct instance *instance = data;
	struct memory *mine = memory;
	unsigned int n, share;
	struct rails rails;

	rails_find(view, CROSS_WHEN_ALONE, &rails);
	n = count_allowed(&rails);
	share = share_of(instance, view, n);

	for (unsigned int i = 0; i < rails.n; i++)
		if (rails.of[i].allowed)
			rail_ask_many(view, plan, &rails.of[i], share,
				      rails.of[i].why);

	rails_keep(view, plan, &rails);
	if (n != mine->n_rails)
		mine->vain = mine->rest = 0;

	mine->n_rails = (uint8_t) n;
	if (!n)
		plan->why = "no addresses to pair";

	if (share > 1 && chooses(view)) {
		plan->sample_every = instance->period;
		refresh(instance, view, &rails, mine, plan);
	}
}

/* The period that has begun is judged by the new options. */
static bool reconfigure(const void *before, const void *now, void *memory)
{
	return true;
}

static int make(const union anchor_value *values, void **ret_instance)
{
	struct instance *instance = calloc(1, sizeof(*instance));

	if (!instance)
		return -ENOMEM;

	instance->subflows = (unsigned int) values[OPTION_SUBFLOWS].number;
	instance->period = values[OPTION_PERIOD].span;
	instance->threshold = values[OPTION_THRESHOLD].number;
	*ret_instance = instance;
	return 0;
}

static const struct anchor_option options[] = {
	[OPTION_SUBFLOWS] = {
		.key = "subflows",
		.type = ANCHOR_OPTION_UINT,
		.fallback = "4",
		.min = 1,
		.max = 32,
		.help = "how many subflows each path has",
	},
	[OPTION_PERIOD] = {
		.key = "period",
		.type = ANCHOR_OPTION_SPAN,
		.fallback = "3s",
		.min = 500 * 1000,
		.max = 3600 * UINT64_C(1000000),
		.help = "how often the slowest of them may be replaced",
	},
	[OPTION_THRESHOLD] = {
		.key = "threshold",
		.type = ANCHOR_OPTION_UINT,
		.fallback = "50",
		.min = 0,
		.max = 100,
		.help = "per cent of its siblings' mean below which one is "
			"slow; 0: none is replaced",
	},
};

extern const struct anchor_policy anchor_policy;
const struct anchor_policy anchor_policy = {
	.abi = ANCHOR_POLICY_ABI,
	.size = sizeof(struct anchor_policy),
	.name = "ecmp",
	.summary = "several subflows on each path, the slowest replaced",
	.memory = sizeof(struct memory),
	.options = options,
	.n_options = sizeof(options) / sizeof(*options),
	.make = make,
	.reconfigure = reconfigure,
	.plan = plan,
	.free = free,
};
