/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which pairs of addresses a connection could have paths between, and which
 * is the best of each rail: what most policies begin with.
 *
 * Pairs come in kinds, the better first:
 *
 *	common	both addresses are on one rail
 *	stray	the peer's address fits no rail
 *	indirect  ours is not a link's: the peer joined our rendezvous address
 *	cross	two different rails
 *
 * Each rail is given its best pair. Within a kind, one that has a path beats
 * one that would have to be opened, so that a plan is stable; and a pair that
 * has a path is asked for until a better one on its rail has one:
 *
 *	struct rails rails;
 *
 *	rails_find(view, CROSS_WHEN_ALONE, &rails);
 *	for (unsigned int i = 0; i < rails.n; i++)
 *		if (rails.of[i].allowed)
 *			rail_ask(view, plan, &rails.of[i], false,
 *				 rails.of[i].why);
 *
 *	rails_keep(view, plan, &rails);
 *
 * All of it is valid as long as the view is. Nothing allocates.
 */
#ifndef POLICIES_PAIRS_H
#define POLICIES_PAIRS_H

#include <anchor/policy.h>

/* A rail number is below it; one more for pairs that are on none. */
#define RAILS_MAX 64

enum pair_kind {
	PAIR_COMMON,
	PAIR_STRAY,
	PAIR_INDIRECT,
	PAIR_CROSS,
	PAIR_NONE,
};

struct pair {
	enum pair_kind kind;	/* PAIR_NONE: there is none */
	uint8_t local;		/* indices into the view */
	uint8_t remote;
	bool exists;		/* there is a path */
};

/* May two different rails have a path between them? */
enum cross {
	CROSS_WHEN_ALONE,	/* one, if there is no better pair at all */
	CROSS_NEVER,
	CROSS_ALWAYS,
};

/* The best pair of a rail, and the best that has a path. */
struct rail {
	int16_t number;		/* or ANCHOR_RAIL_NONE */
	bool allowed;		/* its best pair may be used */
	const char *why;	/* so, or why not */
	struct pair best;
	struct pair existing;
};

/* The rails that have a pair, by number; the one for none is the last. */
struct rails {
	unsigned int n;
	struct rail of[RAILS_MAX + 1];
};

/*
 * False for what is no path: the subflow at the rendezvous, and one whose
 * link is lost, which is about to be closed.
 */
bool path_counts(const struct anchor_view *view, uint8_t path);

/* Is path one of the pair's? */
bool pair_has(const struct anchor_view *view, const struct pair *pair,
	      uint8_t path);

bool pair_better(const struct anchor_view *view, const struct pair *a,
		 const struct pair *b);

/*
 * Calls cb with the pairs that have a path, once for each path, then with
 * every pair that could have one, as if it had none.
 */
typedef void (*pair_cb)(const struct anchor_view *view,
			const struct pair *pair, void *data);
void pairs_each(const struct anchor_view *view, pair_cb cb, void *data);

void rails_find(const struct anchor_view *view, enum cross cross,
		struct rails *ret_rails);

/* In a policy's memory, zero at first: since when there was a rail at all. */
struct settling {
	struct anchor_time since;
	bool began;
};

/*
 * For policies that choose among rails: false while it is too early for
 * that, for the peer's announcements come one by one. It is not once each
 * rail of ours has a common pair, or a tenth of a second after the first rail
 * had one; plan is told to ask again by then.
 */
bool rails_settled(const struct anchor_view *view, const struct rails *rails,
		   struct settling *settling, struct anchor_plan *plan);

/* Is there a path on it? */
static inline bool rail_up(const struct rail *rail)
{
	return rail->existing.kind != PAIR_NONE;
}

/* Its name, "" for ANCHOR_RAIL_NONE. */
const char *rail_name(const struct anchor_view *view,
		      const struct rail *rail);

/* The oldest path of its existing pair; the rail must be up. */
uint8_t rail_path(const struct anchor_view *view, const struct rail *rail);

/*
 * Asks for its best pair, and for the existing one until that is up; with
 * one subflow, or with count.
 */
void rail_ask(const struct anchor_view *view, struct anchor_plan *plan,
	      const struct rail *rail, bool backup, const char *why);
void rail_ask_many(const struct anchor_view *view, struct anchor_plan *plan,
		   const struct rail *rail, unsigned int count,
		   const char *why);

/* Asks for its existing pair only; the rail must be up. */
void rail_keep(const struct anchor_view *view, struct anchor_plan *plan,
	       const struct rail *rail, const char *why);

/*
 * To be called last: while better paths are on their way and none of them is
 * up, the paths that there are stay.
 */
void rails_keep(const struct anchor_view *view, struct anchor_plan *plan,
		const struct rails *rails);

/* How many subflows there may be beside that at the rendezvous. */
unsigned int paths_room(const struct anchor_view *view);

#endif
