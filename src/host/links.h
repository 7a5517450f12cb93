/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From the interfaces of the host and the configuration to links, rails and
 * rendezvous addresses. A pure function of its input: no sockets.
 *
 *	struct links_seats seats = { 0 };
 *
 *	links_build(&input, config, &seats, &links);
 *	for each address that wants a listener: fill in join_port
 *	links_to_core(links, ...) -> struct core_host
 */
#ifndef HOST_LINKS_H
#define HOST_LINKS_H

#include "conf/config.h"
#include "core/core.h"
#include "netlink/rtnl.h"

/*
 * Interfaces that are managed, or were, in the order of their names ("eth10"
 * after "eth9"). It is the order of rails and of address IDs, on which peers
 * agree without a word if their interfaces have names alike: so one that is
 * gone for a while, or made anew, must not lose its seat. Those that are gone
 * make room when there is need.
 */
#define LINKS_SEATS_MAX CORE_RAILS_MAX

struct links_seats {
	char names[LINKS_SEATS_MAX][16];
	size_t n;
};

struct links_input {
	const struct rtnl_link *links;
	size_t n_links;
	const struct rtnl_address *addresses;
	size_t n_addresses;
};

/* Why an interface carries no paths. */
enum link_state {
	LINK_USABLE,
	LINK_LOOPBACK,		/* lo or a dummy device: for rendezvous */
	LINK_NOT_CHOSEN,	/* neither in [links] interfaces nor a rail */
	LINK_EXCLUDED,
	LINK_NO_ADDRESS,
	LINK_DOWN,
	LINK_NO_CARRIER,
	LINK_TOO_MANY,		/* more addresses or rails than there may be */
};

struct link {
	struct rtnl_link facts;
	enum link_state state;
	int16_t rail;		/* ANCHOR_RAIL_NONE if not managed */
};

struct link_address {
	struct rtnl_address facts;
	const struct link *link;
	bool wanted;		/* a join listener should be on it */
	bool usable;		/* and its link is up */
	uint8_t id;		/* address ID to prefer */
	uint16_t join_port;	/* filled in by the owner of listeners */
	const char *problem;	/* likewise, NULL if none; not owned */
};

struct links {
	struct link *links;
	size_t n_links;
	struct link_address *addresses;	/* global ones on managed links */
	size_t n_addresses;
	struct links_seats seats;	/* a copy, for the names of rails */
	struct core_rail rails[CORE_RAILS_MAX];	/* also without a link */
	size_t n_rails;
	struct core_place places[CORE_PLACES_MAX];
	size_t n_places;
	struct anchor_prefix *rendezvous;
	size_t n_rendezvous;
	bool bare6;		/* announce IPv6 without ports; the owner's */
};

/* True for a link that paths use when it is up. */
bool link_managed(const struct link *link);
const char *link_state_text(enum link_state state);	/* "" if usable */

/* config must outlive the links; seats are kept up. Returns 0 or -ENOMEM. */
int links_build(const struct links_input *input, const struct config *config,
		struct links_seats *seats, struct links **ret_links);
void links_free(struct links *links);

/*
 * Fills host; its arrays are those of links and of locals, which has room
 * for ANCHOR_LOCALS_MAX.
 */
void links_to_core(const struct links *links, struct core_local *locals,
		   struct core_host *ret_host);

#endif
