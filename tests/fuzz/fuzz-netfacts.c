/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The tables of links and addresses: the input is what rtnetlink says
 * (fake-netlink.h), first to the dumps, then at each
 *
 *	p	dispatch
 *	a BYTE	question about the link of that number
 *	u	audit
 *	t	tick
 *
 * The tables stay sorted and free of twins, no change goes untold, and
 * nothing makes dump follow dump for ever.
 */
#include <errno.h>

#include "fuzz/fake-netlink.h"
#include "netlink/netfacts.h"

/* Requests: links and addresses. */
#define DUMPS_ONE 2
#define DUMPS_TICK (5 * DUMPS_ONE)

struct tables {
	struct rtnl_link *links;
	struct rtnl_address *addresses;
	size_t n_links, n_addresses;
};

static struct tables copy_tables(const struct netfacts *facts)
{
	struct tables tables = { 0 };

	while (netfacts_link(facts, tables.n_links))
		tables.n_links++;

	while (netfacts_address(facts, tables.n_addresses))
		tables.n_addresses++;

	tables.links = calloc(tables.n_links + 1, sizeof(*tables.links));
	tables.addresses = calloc(tables.n_addresses + 1,
				  sizeof(*tables.addresses));
	require(tables.links && tables.addresses);
	for (size_t i = 0; i < tables.n_links; i++)
		tables.links[i] = *netfacts_link(facts, i);

	for (size_t i = 0; i < tables.n_addresses; i++)
		tables.addresses[i] = *netfacts_address(facts, i);

	return tables;
}

static void free_tables(struct tables *tables)
{
	free(tables->links);
	free(tables->addresses);
}

static bool same_link(const struct rtnl_link *a, const struct rtnl_link *b)
{
	return a->ifindex == b->ifindex && !strcmp(a->name, b->name) &&
		!strcmp(a->kind, b->kind) && a->loopback == b->loopback &&
		a->up == b->up && a->carrier == b->carrier;
}

static bool is_twin(const struct rtnl_address *a, const struct rtnl_address *b)
{
	return a->ifindex == b->ifindex && a->prefixlen == b->prefixlen &&
		anchor_addr_equal(&a->addr, &b->addr);
}

static bool same_tables(const struct tables *a, const struct tables *b)
{
	if (a->n_links != b->n_links || a->n_addresses != b->n_addresses)
		return false;

	for (size_t i = 0; i < a->n_links; i++)
		if (!same_link(&a->links[i], &b->links[i]))
			return false;

	for (size_t i = 0; i < a->n_addresses; i++)
		if (!is_twin(&a->addresses[i], &b->addresses[i]) ||
		    a->addresses[i].global != b->addresses[i].global ||
		    a->addresses[i].usable != b->addresses[i].usable)
			return false;

	return true;
}

static void check_tables(const struct tables *tables)
{
	for (size_t i = 0; i < tables->n_links; i++) {
		require(tables->links[i].ifindex > 0);
		require(tables->links[i].name[0]);
		require(!i || tables->links[i - 1].ifindex <
			tables->links[i].ifindex);
	}

	for (size_t i = 0; i < tables->n_addresses; i++) {
		require(tables->addresses[i].ifindex > 0);
		require(!i || tables->addresses[i - 1].ifindex <=
			tables->addresses[i].ifindex);
		for (size_t j = 0; j < i; j++)
			require(!is_twin(&tables->addresses[i],
					 &tables->addresses[j]));
	}
}

static void on_change(void *data)
{
	bool *told = data;

	*told = true;
}

/* dumps: how many there may be. */
static int step(struct netfacts *facts, struct fuzz_input *input,
		unsigned int *dumps)
{
	switch (fuzz_byte(input)) {
	case 'p':
		return netfacts_dispatch(facts);
	case 'a':
		return netfacts_ask(facts, fuzz_byte(input));
	case 'u':
		*dumps += DUMPS_ONE;
		return netfacts_audit(facts);
	case 't':
		*dumps += DUMPS_TICK;
		return netfacts_tick(facts);
	}

	return 0;
}

/* Until the socket ends or nothing more is to be said. */
static void follow(struct netfacts *facts, struct fuzz_input *input,
		   bool *told)
{
	unsigned int dumps = fake_netlink_dumps() + DUMPS_TICK;
	struct tables before = copy_tables(facts);
	int err = 0;

	check_tables(&before);
	require(!*told);
	while (!err && input->left) {
		struct tables now;

		err = step(facts, input, &dumps);
		require(fake_netlink_dumps() <= dumps);
		now = copy_tables(facts);
		check_tables(&now);
		require(err || *told || same_tables(&before, &now));
		*told = false;
		free_tables(&before);
		before = now;
	}

	free_tables(&before);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size };
	struct nlsock_stats stats;
	struct netfacts *facts;
	bool told = false;

	fake_netlink_begin(&input);
	if (netfacts_new(4096, on_change, &told, &facts) < 0)
		return 0;

	follow(facts, &input, &told);
	netfacts_get_stats(facts, &stats);
	netfacts_free(facts);
	return 0;
}
