/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What has passed a link before it was lost is still on its way to the peer,
 * maybe through a queue that is a round trip time long; its ACKs come on
 * other paths. A subflow that is closed at once, at either end, makes the
 * peer throw it away and the kernel send all of it again, ahead of what is
 * really missing, and on a path that has a queue of its own.
 *
 * So where data only went out, withdrawal and closing wait for one round trip
 * as it was last measured, DRAIN_MAX at most. Where data came in, what the
 * peer has under way is lost, and it must hear of that at once. Private to
 * the core.
 */
#ifndef CORE_DRAIN_H
#define CORE_DRAIN_H

#include "core/compare.h"

/* Takes a reading of a subflow. */
void drain_note(struct subflow *subflow, const struct core_sample *sample);

/*
 * Until when a subflow whose link is lost is left alone; not after now if
 * its link is there, or it has nothing on its way.
 */
struct anchor_time drain_until(const struct compare *cmp,
			       const struct subflow *subflow);

/* Is it left alone now? Takes notice of that. */
bool drain_keeps(const struct compare *cmp, const struct subflow *subflow);

/* Is any subflow left alone that leads from that address? */
bool drain_holds(const struct compare *cmp, const struct anchor_addr *local);

#endif
