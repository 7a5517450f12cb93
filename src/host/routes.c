/* SPDX-License-Identifier: BSD-3-Clause */
/* The routes that IPv6 sockets have found. */
#include <errno.h>
#include <linux/netlink.h>

#include "host/routes.h"
#include "netlink/nlsock.h"

/* The kernel does it before it takes the next request: there is no waiting. */
#define ANSWER_MS 100

static bool has_no_carrier(const struct links *links, int ifindex)
{
	for (size_t i = 0; i < links->n_links; i++)
		if (links->links[i].facts.ifindex == ifindex)
			return links->links[i].state == LINK_NO_CARRIER;

	return false;
}

bool routes_lost(const struct links *before, const struct links *now)
{
	for (size_t i = 0; before && i < before->n_addresses; i++) {
		const struct link_address *address = &before->addresses[i];

		if (address->usable &&
		    address->facts.addr.family == ANCHOR_FAMILY_INET6 &&
		    has_no_carrier(now, address->facts.ifindex))
			return true;
	}

	return false;
}

static const struct rtnl_address *find_loopback(const struct netfacts *facts)
{
	const struct rtnl_address *address;

	for (size_t i = 0; (address = netfacts_address(facts, i)); i++)
		if (rtnl_is_loopback6(address))
			return address;

	return NULL;
}

static void on_answer(int error, const char *reason, void *data)
{
	*(int *) data = error;
}

static int set_address(const struct rtnl_address *address)
{
	char buf[RTNL_MESSAGE_MAX];
	struct nlsock *sock;
	int answer = -ECANCELED;
	int err = nlsock_open(NETLINK_ROUTE, &sock);

	if (err < 0)
		return err;

	err = nlsock_request(sock, rtnl_encode_set_loopback6(buf, address),
			     NULL, on_answer, &answer);
	if (!err)
		err = nlsock_settle(sock, ANSWER_MS);

	nlsock_close(sock);
	return err < 0 ? err : answer;
}

int routes_renew(const struct netfacts *facts)
{
	const struct rtnl_address *address = find_loopback(facts);

	return address ? set_address(address) : -ENOENT;
}
