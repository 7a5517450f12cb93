/* SPDX-License-Identifier: BSD-3-Clause */
/* Some links and addresses, each once, by what they are known by. */
#ifndef NETLINK_FACTSET_H
#define NETLINK_FACTSET_H

#include <stdbool.h>
#include <stddef.h>

#include "netlink/rtnl.h"

#define FACTSET_MAX 1024

/* The link itself where there is no address: family 0. */
struct factset_item {
	int ifindex;
	struct anchor_addr addr;
	uint8_t prefixlen;
	bool old;		/* there when it aged the last time */
};

/* All zeroes is the empty one. */
struct factset {
	size_t n;
	struct factset_item items[FACTSET_MAX];
};

struct factset_item factset_link(int ifindex);
struct factset_item factset_address(const struct rtnl_address *address);

bool factset_has(const struct factset *set, const struct factset_item *item);

/* False if it is full. */
bool factset_add(struct factset *set, const struct factset_item *item);
void factset_remove(struct factset *set, const struct factset_item *item);

/* Takes out one that was there at the last factset_age(); else false. */
bool factset_take_old(struct factset *set, struct factset_item *ret_item);
void factset_age(struct factset *set);

#endif
