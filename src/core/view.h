/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A connection as its policy sees it: the host's addresses that it could
 * use, the peer's, and its subflows as pairs of them.
 */
#ifndef CORE_VIEW_H
#define CORE_VIEW_H

#include "core/conn.h"

/* paths[i] is conn->subflows[i]. */
struct view {
	struct anchor_view view;
	struct anchor_local locals[ANCHOR_LOCALS_MAX];
	struct anchor_remote remotes[ANCHOR_REMOTES_MAX];
	struct anchor_path paths[ANCHOR_PATHS_MAX];
	struct anchor_sample samples[ANCHOR_PATHS_MAX];
	const char *rails[CORE_RAILS_MAX];
	/* Beside locals; NULL for an address that is on no usable link. */
	const struct core_local *host_locals[ANCHOR_LOCALS_MAX];
};

void view_build(struct view *view, const struct conn *conn,
		const struct core_host *host,
		const struct core_limits *limits, struct anchor_time now,
		uint64_t random);

/*
 * Adds an address that the peer is taken to have: one on a rail, whatever it
 * is.
 */
void view_assume_remote(struct view *view, int16_t rail);

#endif
