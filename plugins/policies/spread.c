/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * spread: a connection on some of the rails, all connections on all.
 *
 * Of the rails that have a pair (pairs.h) a connection has paths on so many
 * as the option paths says, the first of this order:
 *
 *	by=hash	rails whose link prefer names, then the others; in each
 *		group by hash of connection and rail name (rank.h). When a
 *		rail comes or goes, only the connections move that it wins
 *		or has won.
 *	by=load	rails that have a path already, so that nothing moves for
 *		load alone; then those whose link prefer names, then the
 *		others; in each group the least loaded link first.
 *
 * The choice is made when the peer has announced an address on each of our
 * rails, or has had time to.
 *
 * A path on a rail that is not among them is kept until those that are have
 * come up; and if that takes longer than three seconds, the next in order
 * are had instead, for as long as it does.
 *
 * The server's side has the say: a client counts the paths that the peer
 * opened before those that it would choose itself.
 */
#include <errno.h>
#include <stdlib.h>

#include "names.h"
#include "rank.h"

#define PATIENCE anchor_ms(3000)

enum option {
	OPTION_PATHS,
	OPTION_BY,
	OPTION_PREFER,
};

enum by {
	BY_HASH,
	BY_LOAD,
};

enum group {
	GROUP_PEERS,		/* opened by the server, which has the say */
	GROUP_EXISTING,
	GROUP_PREFERRED,
	GROUP_OTHER,
};

struct instance {
	unsigned int paths;
	enum by by;
	const char *prefer;
};

struct memory {
	struct settling settling;
	struct anchor_time since;	/* when a path was first missing */
	bool missing;
};

static bool is_peers(const struct anchor_view *view, const struct rail *rail)
{
	const struct anchor_path *path;

	if (view->role == ANCHOR_ROLE_SERVER || !rail_up(rail))
		return false;

	path = &view->paths[rail_path(view, rail)];
	return !path->opened_here && !path->initial;
}

static enum group group_of(const struct instance *instance,
			   const struct anchor_view *view,
			   const struct rail *rail)
{
	if (is_peers(view, rail))
		return GROUP_PEERS;

	if (instance->by == BY_LOAD && rail_up(rail))
		return GROUP_EXISTING;

	if (names_find(instance->prefer,
		       view->locals[rail->best.local].link) >= 0)
		return GROUP_PREFERRED;

	return GROUP_OTHER;
}

static void rank(const struct instance *instance,
		 const struct anchor_view *view, const struct rails *rails,
		 struct ranking *ranking)
{
	ranking_make(view, rails, instance->by == BY_LOAD, ranking);
	for (unsigned int i = 0; i < ranking->n; i++) {
		struct ranked *ranked = &ranking->of[i];

		ranked->group = group_of(instance, view, ranked->rail);
		if (rail_up(ranked->rail))
			ranked->load = 0;
	}

	ranking_sort(ranking);
}

static unsigned int count_up(const struct ranking *ranking, unsigned int n)
{
	unsigned int up = 0;

	for (unsigned int i = 0; i < n; i++)
		up += rail_up(ranking->of[i].rail);

	return up;
}

/* Have those chosen been missing for so long that others are tried? */
static bool is_late(const struct anchor_view *view, bool missing,
		    struct memory *memory, struct anchor_plan *plan)
{
	struct anchor_time until;

	if (!missing || !memory->missing) {
		memory->missing = missing;
		memory->since = view->now;
	}

	if (!missing)
		return false;

	until = anchor_time_add(memory->since, PATIENCE);
	if (!anchor_time_before(view->now, until))
		return true;

	plan->ask_again = until;
	return false;
}

/* So many of those behind the first n, those with a path before others. */
static void fill_in(const struct anchor_view *view,
		    const struct ranking *ranking, unsigned int n,
		    unsigned int missing, bool late, struct anchor_plan *plan)
{
	for (unsigned int i = n; i < ranking->n && missing; i++)
		if (rail_up(ranking->of[i].rail)) {
			rail_ask(view, plan, ranking->of[i].rail, false,
				 "until a chosen one is up");
			missing--;
		}

	for (unsigned int i = n; i < ranking->n && missing && late; i++)
		if (!rail_up(ranking->of[i].rail)) {
			rail_ask(view, plan, ranking->of[i].rail, false,
				 "a chosen one does not come up");
			missing--;
		}
}

static const char *why_of(const struct ranked *ranked)
{
	switch ((enum group) ranked->group) {
	case GROUP_PEERS:
		return "chosen by the server";
	case GROUP_EXISTING:
		return "chosen before";
	case GROUP_PREFERRED:
		return "chosen, a preferred link";
	case GROUP_OTHER:
		break;
	}

	return "chosen";
}

static void choose(const struct instance *instance,
		   const struct anchor_view *view,
		   const struct ranking *ranking, struct memory *memory,
		   struct anchor_plan *plan)
{
	unsigned int n = ranking->n < instance->paths ? ranking->n :
		instance->paths;
	unsigned int up = count_up(ranking, n);

	for (unsigned int i = 0; i < n; i++)
		rail_ask(view, plan, ranking->of[i].rail, false,
			 why_of(&ranking->of[i]));

	fill_in(view, ranking, n, n - up, is_late(view, up < n, memory, plan),
		plan);
}

/* What the peer has opened by then is looked at when it can be compared. */
static void wait(const struct anchor_view *view, const struct rails *rails,
		 struct anchor_plan *plan)
{
	for (unsigned int i = 0; i < rails->n; i++)
		if (rail_up(&rails->of[i]))
			rail_keep(view, plan, &rails->of[i],
				  "until there is a choice");

	plan->why = rails->n ? "more addresses of the peer are waited for" :
		"no addresses to pair";
}

static void plan(const void *data, const struct anchor_view *view,
		 void *memory, struct anchor_plan *plan)
{
	const struct instance *instance = data;
	struct memory *mine = memory;
	struct ranking ranking;
	struct rails rails;

	rails_find(view, CROSS_WHEN_ALONE, &rails);
	if (!rails_settled(view, &rails, &mine->settling, plan)) {
		wait(view, &rails, plan);
		return;
	}

	rank(instance, view, &rails, &ranking);
	choose(instance, view, &ranking, mine, plan);
	rails_keep(view, plan, &rails);
}

/* Since when something is missing, whatever it now is. */
static bool reconfigure(const void *before, const void *now, void *memory)
{
	return true;
}

static int make(const union anchor_value *values, void **ret_instance)
{
	struct instance *instance = calloc(1, sizeof(*instance));

	if (!instance)
		return -ENOMEM;

	instance->paths = (unsigned int) values[OPTION_PATHS].number;
	instance->by = values[OPTION_BY].word;
	instance->prefer = values[OPTION_PREFER].string;
	*ret_instance = instance;
	return 0;
}

static const char *const by_words[] = {
	[BY_HASH] = "hash",
	[BY_LOAD] = "load",
	NULL,
};

static const struct anchor_option options[] = {
	[OPTION_PATHS] = {
		.key = "paths",
		.type = ANCHOR_OPTION_UINT,
		.fallback = "2",
		.min = 1,
		.max = ANCHOR_PATHS_MAX,
		.help = "on how many rails a connection has a path",
	},
	[OPTION_BY] = {
		.key = "by",
		.type = ANCHOR_OPTION_ENUM,
		.fallback = "hash",
		.words = by_words,
		.help = "what chooses them: a hash of the connection, or the "
			"links' load",
	},
	[OPTION_PREFER] = {
		.key = "prefer",
		.type = ANCHOR_OPTION_STRING,
		.fallback = "",
		.help = "links to use first, by name, with * and ?",
	},
};

extern const struct anchor_policy anchor_policy;
const struct anchor_policy anchor_policy = {
	.abi = ANCHOR_POLICY_ABI,
	.size = sizeof(struct anchor_policy),
	.name = "spread",
	.summary = "paths on some of the rails, by hash or load",
	.flags = ANCHOR_WANTS_LOAD,
	.memory = sizeof(struct memory),
	.options = options,
	.n_options = sizeof(options) / sizeof(*options),
	.make = make,
	.reconfigure = reconfigure,
	.plan = plan,
	.free = free,
};
