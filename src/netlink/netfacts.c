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
 *
 * Most dumps are read without a lock that would hold news back: what news
 * have said since a dump began is at least as new as what the dump says.
 * And the dump may be ahead of news: those of a carrier come from a worker,
 * up to a second later (linkwatch_urgent_event()). So what an answer or a
 * dump says otherwise than was believed is believed at once, but counted as
 * a repair only if no news of the same thing come for a while.
 */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "netlink/factset.h"
#include "netlink/netfacts.h"

#define LINKS_MAX 4096
#define ADDRESSES_MAX 16384
#define START_TIMEOUT_MS 5000
#define START_TRIES 10

/* Begun anew so often between two ticks: what causes it may go on and on. */
#define REPEATS_MAX 4

/* How something was heard of. */
enum source {
	SOURCE_NEWS,
	SOURCE_DUMP,
	SOURCE_ANSWER,
};

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
	bool started;
	bool dumping;
	bool flawed;		/* something in the dump cannot be read */
	bool doubtful;		/* dump again */
	int repeats;		/* left until the next tick */
	int failed;
	unsigned int dump;	/* number of the latest */
	uint64_t malformed;
	uint64_t interrupted;
	struct netfacts_repairs repairs;
	struct factset told;		/* by news, since the dump began */
	struct factset suspects;	/* not told by news, yet */
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

/* Of more than there is room for, not all are counted. */
static void suspect(struct netfacts *facts, enum source source,
		    const struct factset_item *item)
{
	if (source != SOURCE_NEWS && facts->started)
		factset_add(&facts->suspects, item);
}

/* False if it is older than what is known. */
static bool admit(struct netfacts *facts, enum source source,
		   const struct factset_item *item)
{
	switch (source) {
	case SOURCE_NEWS:
		factset_remove(&facts->suspects, item);
		if (facts->dumping && !factset_add(&facts->told, item))
			facts->doubtful = true;
		return true;
	case SOURCE_DUMP:
		return !factset_has(&facts->told, item);
	case SOURCE_ANSWER:
		return true;
	}

	return true;
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

static void learn_link(struct netfacts *facts, enum source source,
		       const struct rtnl_link *link, bool gone)
{
	struct factset_item item = factset_link(link->ifindex);
	struct link_entry *entry;
	size_t i = 0;

	if (!admit(facts, source, &item))
		return;

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
	suspect(facts, source, &item);
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

/*
 * That it becomes tentative is not told, nor that it is there before it is
 * any more: so one that is not usable is no suspect.
 */
static void learn_address(struct netfacts *facts, enum source source,
			  const struct rtnl_address *address, bool gone)
{
	struct factset_item item = factset_address(address);
	struct address_entry *entry = find_address(facts, address);
	struct rtnl_address *known;
	bool news;

	if (!admit(facts, source, &item))
		return;

	if (gone) {
		if (entry)
			drop_address(facts, (size_t)
				     (entry - facts->addresses));
		return;
	}

	news = !entry;
	if (!entry)
		entry = insert_address(facts, address->ifindex);

	if (!entry)
		return;

	known = &entry->address;
	news |= known->global != address->global ||
		known->usable != address->usable;
	entry->heard = facts->dump;
	*known = *address;
	facts->changed |= news;
	if (news && address->usable)
		suspect(facts, source, &item);
}

static int learn(struct netfacts *facts, enum source source,
		 const struct nlmsghdr *nlh)
{
	struct rtnl_address address;
	struct rtnl_link link;
	int result = rtnl_decode_link(nlh, &link);

	if (result >= 0) {
		learn_link(facts, source, &link, result);
		return 0;
	}

	if (result == -ENOMSG)
		result = rtnl_decode_address(nlh, &address);

	if (result >= 0)
		learn_address(facts, source, &address, result);

	if (result != -EBADMSG)
		return 0;

	facts->malformed++;
	return -EBADMSG;
}

static void on_news(const struct nlmsghdr *nlh, void *data)
{
	struct netfacts *facts = data;

	if (learn(facts, SOURCE_NEWS, nlh) < 0)
		facts->doubtful = true;
}

/* Asked for once more it would be the same. */
static void on_dumped(const struct nlmsghdr *nlh, void *data)
{
	struct netfacts *facts = data;

	if (learn(facts, SOURCE_DUMP, nlh) < 0)
		facts->flawed = true;
}

static void on_answer(const struct nlmsghdr *nlh, void *data)
{
	learn(data, SOURCE_ANSWER, nlh);
}

static void on_overrun(void *data)
{
	struct netfacts *facts = data;

	facts->doubtful = true;
}

static void sweep_address(struct netfacts *facts, size_t i)
{
	struct factset_item item =
		factset_address(&facts->addresses[i].address);

	suspect(facts, SOURCE_DUMP, &item);
	drop_address(facts, i);
}

static void sweep_link(struct netfacts *facts, size_t i)
{
	struct factset_item item =
		factset_link(facts->links[i].link.ifindex);

	suspect(facts, SOURCE_DUMP, &item);
	drop_link(facts, i);
}

/* Whatever was not heard of during the dump that has just ended. */
static void sweep(struct netfacts *facts)
{
	for (size_t i = facts->n_addresses; i-- > 0;)
		if (facts->addresses[i].heard != facts->dump)
			sweep_address(facts, i);

	for (size_t i = facts->n_links; i-- > 0;)
		if (facts->links[i].heard != facts->dump)
			sweep_link(facts, i);
}

/* Asked for one after the other: a socket can have but one dump at a time. */
static void request_dump(struct netfacts *facts,
			 struct nlmsghdr *(*encode)(void *buf),
			 nlsock_done_cb done)
{
	_Alignas(NLMSG_ALIGNTO) char buf[RTNL_MESSAGE_MAX];
	int err = nlsock_request(facts->sock, encode(buf), on_dumped, done,
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
	facts->interrupted += error == -EINTR;
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
	if (!facts->doubtful && !facts->flawed)
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
	facts->flawed = false;
	facts->dumping = true;
	facts->dump++;
	facts->told.n = 0;
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
	nlsock_set_notify(facts->sock, on_news, on_overrun, facts);
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

	facts->repeats = REPEATS_MAX;
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
	facts->started = true;
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

static void repeat_dump(struct netfacts *facts)
{
	if (!facts->doubtful || facts->dumping || !facts->repeats)
		return;

	facts->repeats--;
	start_dump(facts);
}

int netfacts_dispatch(struct netfacts *facts)
{
	int err = nlsock_dispatch(facts->sock);

	if (!err)
		repeat_dump(facts);

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

int netfacts_audit(struct netfacts *facts)
{
	if (!facts->dumping)
		start_dump(facts);

	return facts->failed ? facts->failed : nlsock_flush(facts->sock);
}

static void count_repair(struct netfacts *facts,
			 const struct factset_item *item)
{
	if (item->addr.family)
		facts->repairs.addresses++;
	else
		facts->repairs.links++;
}

int netfacts_tick(struct netfacts *facts)
{
	struct factset_item item;
	int err;

	facts->repeats = REPEATS_MAX;
	err = netfacts_dispatch(facts);
	while (factset_take_old(&facts->suspects, &item))
		count_repair(facts, &item);

	factset_age(&facts->suspects);
	return err;
}

bool netfacts_wants_tick(const struct netfacts *facts)
{
	return facts->suspects.n || facts->repeats < REPEATS_MAX;
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
				 on_answer, on_asked, facts);

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

struct netfacts_repairs netfacts_repairs(const struct netfacts *facts)
{
	return facts->repairs;
}

uint64_t netfacts_interrupted(const struct netfacts *facts)
{
	return facts->interrupted;
}

uint64_t netfacts_ignored(const struct netfacts *facts)
{
	return facts->over_limit;
}
