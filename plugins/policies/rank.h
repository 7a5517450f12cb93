/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rails in an order of preference, for policies that use only some of them.
 *
 * By load, the rail whose link carries the least for its speed comes first;
 * loads that differ by less than a twentieth of the speed are alike. Among
 * those alike, and without load, the highest weight of a hash of connection
 * and rail name decides (rendezvous hashing: when a rail comes or goes, only
 * the connections move that it wins or has won). Both ends rank alike where
 * their rails have the same names.
 */
#ifndef POLICIES_RANK_H
#define POLICIES_RANK_H

#include "pairs.h"

struct ranked {
	const struct rail *rail;
	unsigned int group;	/* lower first: the caller's own order */
	unsigned int load;	/* lower first: twentieths of the speed */
	uint64_t weight;	/* higher first */
};

struct ranking {
	unsigned int n;
	struct ranked of[RAILS_MAX + 1];
};

/*
 * The rails that are allowed, in no order yet, in group 0. by_load needs
 * ANCHOR_WANTS_LOAD.
 */
void ranking_make(const struct anchor_view *view, const struct rails *rails,
		  bool by_load, struct ranking *ret_ranking);
void ranking_sort(struct ranking *ranking);

#endif
