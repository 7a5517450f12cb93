/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The host's interfaces and addresses, followed live.
 *
 * Subscribes to rtnetlink, dumps what is there, and keeps a table of it. On
 * every change, and after a lost message has been made good by a new dump,
 * it says that something changed; the reader then looks at the whole table.
 *
 *	netfacts_new(on_change, data, &facts);
 *	poll netfacts_fd() -> netfacts_dispatch(facts);
 *	while netfacts_wants_tick(facts), every NETFACTS_TICK_MS:
 *		netfacts_tick(facts);
 *	now and then netfacts_audit(facts);
 *
 *	for (i = 0; (link = netfacts_link(facts, i)); i++) ...
 */
#ifndef NETLINK_NETFACTS_H
#define NETLINK_NETFACTS_H

#include <stdbool.h>
#include <stddef.h>

#include "netlink/nlsock.h"
#include "netlink/rtnl.h"

struct netfacts;

/* Called from netfacts_dispatch(), once for all messages it has read. */
typedef void (*netfacts_change_cb)(void *data);

/*
 * Returns with both tables complete (it waits for the first dumps), without
 * calling changed, or a negative errno; -EAGAIN if they changed faster than
 * they could be read. buffer: bytes of receive buffer.
 */
int netfacts_new(int buffer, netfacts_change_cb changed, void *data,
		 struct netfacts **ret_facts);
void netfacts_free(struct netfacts *facts);

int netfacts_fd(const struct netfacts *facts);
int netfacts_dispatch(struct netfacts *facts);	/* 0 or a negative errno */

/*
 * Dumps all there is, in case that news were lost without a word. Returns 0
 * or a negative errno that is the socket's end.
 */
int netfacts_audit(struct netfacts *facts);

/*
 * Dispatches, and lets time pass: what was found by asking, and no news have
 * told for a tick or two, is counted as repaired; and if something, over and
 * over, had all be dumped again, it may from now on. Longer than the kernel
 * takes to tell of a carrier.
 */
#define NETFACTS_TICK_MS 2000
int netfacts_tick(struct netfacts *facts);	/* 0 or a negative errno */
bool netfacts_wants_tick(const struct netfacts *facts);

/* Links and addresses that were not as they were believed to be. */
struct netfacts_repairs {
	uint64_t links;
	uint64_t addresses;
};
struct netfacts_repairs netfacts_repairs(const struct netfacts *facts);

/*
 * Asks for a link's state now; the answer is there at the next dispatch. The
 * kernel tells of a carrier that is lost only up to a second later if that
 * is not the first news of a link in this second (linkwatch_urgent_event()),
 * and does not stop using the link before; asking makes it do both at once
 * (linkwatch_sync_dev() in rtnl_getlink(), since 6.8). Returns 0 or a
 * negative errno that is the socket's end.
 */
int netfacts_ask(struct netfacts *facts, int ifindex);

/*
 * Sorted by ifindex; addresses by (ifindex, order of arrival). NULL beyond
 * the end. Valid until the next dispatch.
 */
const struct rtnl_link *netfacts_link(const struct netfacts *facts, size_t i);
const struct rtnl_address *netfacts_address(const struct netfacts *facts,
					    size_t i);
void netfacts_get_stats(const struct netfacts *facts,
			struct nlsock_stats *ret_stats);

/* As nlsock_is_stuck(). */
bool netfacts_is_stuck(struct netfacts *facts);

/* Dumps begun anew because something changed meanwhile. */
uint64_t netfacts_interrupted(const struct netfacts *facts);

/* How often a link or an address was left out because a table was full. */
uint64_t netfacts_ignored(const struct netfacts *facts);

#endif
