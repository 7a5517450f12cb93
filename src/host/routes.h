/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The routes that IPv6 sockets have found.
 *
 * A socket keeps its route until any IPv6 route or address of the network
 * namespace is changed (rt6_check() compares serial numbers only). That a link
 * loses its carrier changes none: also with ignore_routes_with_linkdown a
 * connection whose rendezvous subflow goes by that link sends into it, and the
 * peer does not hear what is withdrawn. IPv4 sockets look again
 * (fib_sync_down_dev(), rt_cache_flush()).
 */
#ifndef HOST_ROUTES_H
#define HOST_ROUTES_H

#include "host/links.h"
#include "netlink/netfacts.h"

/* Has a link lost its carrier since before, and are there IPv6 paths on it? */
bool routes_lost(const struct links *before, const struct links *now);

/*
 * Makes all IPv6 sockets of the network namespace look for their routes at
 * the next packet, by setting the address ::1 of the loopback interface to
 * what it is (inet6_addr_modify() ends in rt_genid_bump_ipv6()). Returns 0,
 * -ENOENT if there is no such address, or another negative errno.
 */
int routes_renew(const struct netfacts *facts);

#endif
