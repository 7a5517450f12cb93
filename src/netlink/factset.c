/* SPDX-License-Identifier: BSD-3-Clause */
/* Some links and addresses, each once, by what they are known by. */
#include "netlink/factset.h"

struct factset_item factset_link(int ifindex)
{
	return (struct factset_item) { .ifindex = ifindex };
}

struct factset_item factset_address(const struct rtnl_address *address)
{
	return (struct factset_item) {
		.ifindex = address->ifindex,
		.addr = address->addr,
		.prefixlen = address->prefixlen,
	};
}

static size_t find(const struct factset *set, const struct factset_item *item)
{
	size_t i;

	for (i = 0; i < set->n; i++)
		if (set->items[i].ifindex == item->ifindex &&
		    set->items[i].prefixlen == item->prefixlen &&
		    anchor_addr_equal(&set->items[i].addr, &item->addr))
			break;

	return i;
}

bool factset_has(const struct factset *set, const struct factset_item *item)
{
	return find(set, item) < set->n;
}

bool factset_add(struct factset *set, const struct factset_item *item)
{
	if (factset_has(set, item))
		return true;

	if (set->n == FACTSET_MAX)
		return false;

	set->items[set->n++] = *item;
	return true;
}

static void remove_at(struct factset *set, size_t i)
{
	set->items[i] = set->items[--set->n];
}

void factset_remove(struct factset *set, const struct factset_item *item)
{
	size_t i = find(set, item);

	if (i < set->n)
		remove_at(set, i);
}

bool factset_take_old(struct factset *set, struct factset_item *ret_item)
{
	for (size_t i = 0; i < set->n; i++)
		if (set->items[i].old) {
			*ret_item = set->items[i];
			remove_at(set, i);
			return true;
		}

	return false;
}

void factset_age(struct factset *set)
{
	for (size_t i = 0; i < set->n; i++)
		set->items[i].old = true;
}
