/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Join listeners: an MPTCP listening socket on each link address, bound to
 * its device, so that a peer's MP_JOIN has something to arrive at (FACTS,
 * kernel 1 and 3). Joins never reach accept(); whoever does is a stranger
 * and is reset at once.
 *
 * A listener lives as long as its address is on its link, also while the
 * link is down: its port stays the same when the carrier returns.
 *
 *	listeners_sync(listeners, links);	opens, closes, fills join_port
 *
 * Runs on ELL's main loop.
 */
#ifndef HOST_LISTENERS_H
#define HOST_LISTENERS_H

#include "host/links.h"

struct listeners;

/* port 0: one that the kernel chooses for each. NULL if not possible. */
struct listeners *listeners_new(unsigned int port);
void listeners_free(struct listeners *listeners);

/*
 * Makes the listeners those that links wants, and writes join_port and
 * problem into its addresses. Returns true if all wanted ones are there;
 * else it may be called again later.
 */
bool listeners_sync(struct listeners *listeners, struct links *links);

/* Strangers that were reset. */
uint64_t listeners_strangers(const struct listeners *listeners);

#endif
