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
 *	listeners_serve(listeners, &endpoint, ifindex, "eth1");
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

/*
 * Sees that somebody listens at a service's port on a link address: the
 * service itself, if it is bound to all addresses, else we. For addresses
 * that are announced without a port. A subflow is bound to the device of the
 * listener that it came to, so that one which came to the service's own sends
 * by whatever link the routes choose. -ENOSPC: those are as many as may be;
 * another negative errno: nobody does, and it may be tried again.
 */
int listeners_serve(struct listeners *listeners,
		    const struct anchor_endpoint *endpoint, int ifindex,
		    const char *device);

/* How many service ports on link addresses, from now on. */
void listeners_set_limit(struct listeners *listeners, unsigned int limit);

/*
 * Closes those at service ports that in_use() says no connection needs, so
 * that a service which is bound to all addresses next time can have them.
 * Returns how many are left.
 */
unsigned int listeners_release(struct listeners *listeners,
			       bool (*in_use)(uint16_t port, void *data),
			       void *data);

/*
 * Where the kernel has chosen a port once, that one is used again, also in
 * another life of the daemon: what peers were told stays true. The version
 * changes with what is to be remembered.
 */
typedef void (*listeners_port_cb)(const char *device,
				  const struct anchor_endpoint *endpoint,
				  void *data);
void listeners_remember(struct listeners *listeners, const char *device,
			const struct anchor_endpoint *endpoint);
void listeners_each_port(const struct listeners *listeners,
			 listeners_port_cb cb, void *data);
uint64_t listeners_version(const struct listeners *listeners);

/* Strangers that were reset. */
uint64_t listeners_strangers(const struct listeners *listeners);

/* How often one was refused by the limit. */
uint64_t listeners_refused(const struct listeners *listeners);

#endif
