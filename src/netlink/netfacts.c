/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The host's interfaces and addresses, followed live.
 *
 * One socket carries both notifications and dumps. The kernel answers a dump
 * in pieces, between which notifications may come: all of them go to the
 * same table in the order of their arrival, which two sockets would not
 * keep. What a whole dump has not mentioned, and no notification since its
 * beginning, is gone: entries carry the number of the dump during which they
 * were last heard of. Until a dump is whole nothing is taken away for it, so
 * a reader never misses what exists.
 */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "netlink/netfacts.h"

#define LINKS_MAX 4096
#define ADDRESSES_MAX 16384
#define START_TIMEOUT_MS 5000
#define START_TRIES 10

struct link_entry {
	struct rtnl_link link;
	unsigned int heard;
};

struct address_entry {
	struct rtnl_address address;
	unsigned int heard;
};

struct netfacts {
	struct nlsock *sock;
	netfacts_change_cb changed_cb;
	void *data;
	bool changed;
	bool dumping;
	bool doubtful;		/* dump again */
	int failed;
	unsigned int dump;	/* number of the latest */
	uint64_t malformed;
	uint64_t over_limit;

	struct link_entry *links;
	size_t n_links, cap_links;
	struct address_entry *addresses;
	size_t n_addresses, cap_addresses;
};

static int reserve(void **items, size_t n, size_t *cap, size_t size)
{
	size_t want = *cap ? *cap * 2 : 16;
	void *grown;

	if (n < *cap)
		return 0;

	grown = realloc(*items, want * size);
	if (!grown)
		return -ENOMEM;

	*items = grown;
	*cap = want;
	return 0;
}

static void remove_at(void *items, size_t *n, size_t i, size_t size)
{
	char *at = (char *) items + i * size;

	memmove(at, at + size, (--*n - i) * size);
}

static void drop_link(struct netfacts *facts, size_t i)
{
	int ifindex = facts->links[i].link.ifindex;

	for (size_t a = facts->n_addresses; a-- > 0;)
		if (facts->addresses[a].address.ifindex == ifindex)
			remove_at(facts->addresses, &facts->n_addresses, a,
				  sizeof(*facts->addresses));

	remove_at(facts->links, &facts->n_links, i, sizeof(*facts->links));
	facts->changed = true;
}

static void drop_address(struct netfacts *facts, size_t i)
{
	remove_at(facts->addresses, &facts->n_addresses, i,
		  sizeof(*facts->addresses));
	facts->changed = true;
}

/* Room for a new entry at i, or NULL. */
static struct link_entry *insert_link(struct netfacts *facts, size_t i)
{
	if (facts->n_links >= LINKS_MAX) {
		facts->over_limit++;
		return NULL;
	}

	if (reserve((void **) &facts->links, facts->n_links,
		    &facts->cap_links, sizeof(*facts->links)) < 0) {
		facts->failed = -ENOMEM;
		return NULL;
	}

	memmove(&facts->links[i + 1], &facts->links[i],
		(facts->n_links++ - i) * sizeof(*facts->links));
	facts->links[i] = (struct link_entry) { 0 };
	return &facts->links[i];
}

static bool link_equal(const struct rtnl_link *a, const struct rtnl_link *b)
{
	return a->ifindex == b->ifindex && a->loopback == b->loopback &&
		a->up == b->up && a->carrier == b->carrier &&
		!memcmp(a->name, b->name, sizeof(a->name)) &&
		!memcmp(a->kind, b->kind, sizeof(a->kind));
}

static void learn_link(struct netfacts *facts, const struct rtnl_link *link,
		       bool gone)
{
	struct link_entry *entry;
	size_t i = 0;

	while (i < facts->n_links &&
	       facts->links[i].link.ifindex < link->ifindex)
		i++;

	if (i < facts->n_links &&
	    facts->links[i].link.ifindex == link->ifindex) {
		if (gone) {
			drop_link(facts, i);
			return;
		}

		entry = &facts->links[i];
	} else {
		entry = gone ? NULL : insert_link(facts, i);
	}

	if (!entry)
		return;

	entry->heard = facts->dump;
	if (link_equal(&entry->link, link))
		return;

	entry->link = *link;
	facts->changed = true;
}

static struct address_entry *find_address(struct netfacts *facts,
					  const struct rtnl_address *address)
{
	for (size_t i = 0; i < facts->n_addresses; i++) {
		struct rtnl_address *known = &facts->addresses[i].address;

		if (known->ifindex == address->ifindex &&
		    known->prefixlen == address->prefixlen &&
		    anchor_addr_equal(&known->addr, &address->addr))
			return &facts->addresses[i];
	}

	return NULL;
}

/* Behind all of its interface: they stay in the order of arrival. */
static struct address_entry *insert_address(struct netfacts *facts,
					    int ifindex)
{
	size_t i = 0;

	if (facts->n_addresses >= ADDRESSES_MAX) {
		facts->over_limit++;
		return NULL;
	}

	if (reserve((void **) &facts->addresses, facts->n_addresses,
		    &facts->cap_addresses, sizeof(*facts->addresses)) < 0) {
		facts->failed = -ENOMEM;
		return NULL;
	}

	while (i < facts->n_addresses &&
	       facts->addresses[i].address.ifindex <= ifindex)
		i++;

	memmove(&facts->addresses[i + 1], &facts->addresses[i],
		(facts->n_addresses++ - i) * sizeof(*facts->addresses));
	facts->addresses[i] = (struct address_entry) { 0 };
	return &facts->addresses[i];
}

static void learn_address(struct netfacts *facts,
			  const struct rtnl_address *address, bool gone)
{
	struct address_entry *entry = find_address(facts, address);
	struct rtnl_address *known;

	if (gone) {
		if (entry)
			drop_address(facts, (size_t)
				     (entry - facts->addresses));
		return;
	}

	if (!entry) {
		entry = insert_address(facts, address->ifindex);
		facts->changed |= entry != NULL;
	}

	if (!entry)
		return;

	known = &entry->address;
	facts->changed |= known->global != address->global ||
		known->usable != address->usable;
	entry->heard = facts->dump;
	*known = *address;
}

static void on_message(const struct nlmsghdr *nlh, void *data)
{
	struct netfacts *facts = data;
	struct rtnl_address address;
	struct rtnl_link link;
	int result = rtnl_decode_link(nlh, &link);

	if (result >= 0) {
		learn_link(facts, &link, result);
		return;
	}

	if (result == -ENOMSG)
		result = rtnl_decode_address(nlh, &address);

	if (result >= 0)
		learn_address(facts, &address, result);
	else if (result == -EBADMSG)
		facts->malformed++;
}

static void on_overrun(void *data)
{
	struct netfacts *facts = data;

	facts->doubtful = true;
}

/* Whatever was not heard of during the dump that has just ended. */
static void sweep(struct netfacts *facts)
{
	for (size_t i = facts->n_addresses; i-- > 0;)
		if (facts->addresses[i].heard != facts->dump)
			drop_address(facts, i);

	for (size_t i = facts->n_links; i-- > 0;)
		if (facts->links[i].heard != facts->dump)
			drop_link(facts, i);
}

/* Asked for one after the other: a socket can have but one dump at a time. */
static void request_dump(struct netfacts *facts,
			 struct nlmsghdr *(*encode)(void *buf),
			 nlsock_done_cb done)
{
	_Alignas(NLMSG_ALIGNTO) char buf[RTNL_MESSAGE_MAX];
	int err = nlsock_request(facts->sock, encode(buf), on_message, done,
				 facts);

	if (err < 0)
		facts->failed = err;
}

/* True if a part of a dump was whole; else the dump has ended. */
static bool part_whole(struct netfacts *facts, int error)
{
	if (!error)
		return true;

	/* Interrupted by a change, or lost: worth asking again. */
	if (error == -EINTR || error == -ENOBUFS)
		facts->doubtful = true;
	else if (error != -ECANCELED)
		facts->failed = error;

	facts->dumping = false;
	return false;
}

static void on_addresses_done(int error, const char *reason, void *data)
{
	struct netfacts *facts = data;

	(void) reason;
	if (!part_whole(facts, error))
		return;

	facts->dumping = false;
	if (!facts->doubtful)
		sweep(facts);
}

static void on_links_done(int error, const char *reason, void *data)
{
	struct netfacts *facts = data;

	(void) reason;
	if (part_whole(facts, error))
		request_dump(facts, rtnl_encode_dump_addresses,
			     on_addresses_done);
}

static void start_dump(struct netfacts *facts)
{
	facts->doubtful = false;
	facts->dumping = true;
	facts->dump++;
	request_dump(facts, rtnl_encode_dump_links, on_links_done);
}

static int dump_at_start(struct netfacts *facts)
{
	int tries = START_TRIES;
	int err;

	do {
		start_dump(facts);
		err = nlsock_settle(facts->sock, START_TIMEOUT_MS);
		if (!err)
			err = facts->failed;
	} while (!err && facts->doubtful && --tries);

	if (!err && facts->doubtful)
		return -EAGAIN;

	return err;
}

static int open_socket(struct netfacts *facts, int buffer)
{
	static const uint32_t groups[] = {
		RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR
	};
	int err = nlsock_open(NETLINK_ROUTE, &facts->sock);

	if (err < 0)
		return err;

	err = nlsock_set_buffer(facts->sock, buffer);
	nlsock_set_notify(facts->sock, on_message, on_overrun, facts);
	for (size_t i = 0; err >= 0 && i < 3; i++)
		err = nlsock_join(facts->sock, groups[i]);

	return err < 0 ? err : 0;
}

int netfacts_new(int buffer, netfacts_change_cb changed, void *data,
		 struct netfacts **ret_facts)
{
	struct netfacts *facts = calloc(1, sizeof(*facts));
	int err;

	if (!facts)
		return -ENOMEM;

	facts->changed_cb = changed;
	facts->data = data;
	err = open_socket(facts, buffer);
	if (!err)
		err = dump_at_start(facts);

	if (err < 0) {
		netfacts_free(facts);
		return err;
	}

	facts->changed = false;
	*ret_facts = facts;
	return 0;
}

void netfacts_free(struct netfacts *facts)
{
	if (!facts)
		return;

	nlsock_close(facts->sock);
	free(facts->links);
	free(facts->addresses);
	free(facts);
}

int netfacts_fd(const struct netfacts *facts)
{
	return nlsock_fd(facts->sock);
}

int netfacts_dispatch(struct netfacts *facts)
{
	int err = nlsock_dispatch(facts->sock);

	if (!err && facts->doubtful && !facts->dumping)
		start_dump(facts);

	if (!err)
		err = nlsock_flush(facts->sock);

	if (!err)
		err = facts->failed;

	if (!err && facts->changed) {
		facts->changed = false;
		facts->changed_cb(facts->data);
	}

	return err;
}

/* If it is gone by now, that is told anyway. */
static void on_asked(int error, const char *reason, void *data)
{
}

int netfacts_ask(struct netfacts *facts, int ifindex)
{
	_Alignas(NLMSG_ALIGNTO) char buf[RTNL_MESSAGE_MAX];
	int err = nlsock_request(facts->sock,
				 rtnl_encode_get_link(buf, ifindex),
				 on_message, on_asked, facts);

	/* So many are asked already. */
	if (err == -EAGAIN)
		return 0;

	return err < 0 ? err : nlsock_flush(facts->sock);
}

const struct rtnl_link *netfacts_link(const struct netfacts *facts, size_t i)
{
	return i < facts->n_links ? &facts->links[i].link : NULL;
}

const struct rtnl_address *netfacts_address(const struct netfacts *facts,
					    size_t i)
{
	return i < facts->n_addresses ? &facts->addresses[i].address : NULL;
}

bool netfacts_is_stuck(struct netfacts *facts)
{
	return nlsock_is_stuck(facts->sock);
}

void netfacts_get_stats(const struct netfacts *facts,
			struct nlsock_stats *ret_stats)
{
	nlsock_get_stats(facts->sock, ret_stats);
	ret_stats->malformed += facts->malformed;
}

uint64_t netfacts_ignored(const struct netfacts *facts)
{
	return facts->over_limit;
}
