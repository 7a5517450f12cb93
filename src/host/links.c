/* SPDX-License-Identifier: BSD-3-Clause */
/* From interfaces and configuration to links, rails, rendezvous addresses. */
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/links.h"

#define ID_MAX 127	/* announced IDs, see core/rails.h */

bool link_managed(const struct link *link)
{
	switch (link->state) {
	case LINK_USABLE:
	case LINK_DOWN:
	case LINK_NO_CARRIER:
		return true;
	case LINK_LOOPBACK:
	case LINK_NOT_CHOSEN:
	case LINK_EXCLUDED:
	case LINK_NO_ADDRESS:
	case LINK_TOO_MANY:
		return false;
	}

	return false;
}

const char *link_state_text(enum link_state state)
{
	switch (state) {
	case LINK_USABLE:
		return "";
	case LINK_LOOPBACK:
		return "loopback-like: holds rendezvous addresses";
	case LINK_NOT_CHOSEN:
		return "not among the configured interfaces";
	case LINK_EXCLUDED:
		return "excluded by configuration";
	case LINK_NO_ADDRESS:
		return "no global address";
	case LINK_DOWN:
		return "administratively down";
	case LINK_NO_CARRIER:
		return "no carrier";
	case LINK_TOO_MANY:
		return "more links than can be managed";
	}

	return "?";
}

static bool globs_match(const struct config_globs *globs, const char *name)
{
	for (size_t i = 0; i < globs->n; i++)
		if (!fnmatch(globs->items[i], name, 0))
			return true;

	return false;
}

static bool loopback_like(const struct rtnl_link *link)
{
	return link->loopback || !strcmp(link->kind, "dummy");
}

static int16_t configured_rail(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->n_rails; i++)
		if (globs_match(&config->rails[i].interfaces, name))
			return (int16_t) i;

	return ANCHOR_RAIL_NONE;
}

static bool chosen(const struct config *config, const char *name)
{
	return config->links.interfaces_auto ||
		globs_match(&config->links.interfaces, name) ||
		configured_rail(config, name) != ANCHOR_RAIL_NONE;
}

static bool has_global(const struct links_input *input, int ifindex)
{
	for (size_t i = 0; i < input->n_addresses; i++)
		if (input->addresses[i].ifindex == ifindex &&
		    input->addresses[i].global)
			return true;

	return false;
}

static enum link_state classify(const struct links_input *input,
				const struct config *config,
				const struct rtnl_link *link)
{
	if (loopback_like(link))
		return LINK_LOOPBACK;

	if (globs_match(&config->links.exclude, link->name))
		return LINK_EXCLUDED;

	if (!chosen(config, link->name))
		return LINK_NOT_CHOSEN;

	if (!has_global(input, link->ifindex))
		return LINK_NO_ADDRESS;

	if (!link->up)
		return LINK_DOWN;

	return link->carrier ? LINK_USABLE : LINK_NO_CARRIER;
}

static int add_links(struct links *links, const struct links_input *input,
		     const struct config *config)
{
	links->links = calloc(input->n_links + 1, sizeof(*links->links));
	if (!links->links)
		return -ENOMEM;

	for (size_t i = 0; i < input->n_links; i++) {
		struct link *link = &links->links[links->n_links++];

		link->facts = input->links[i];
		link->state = classify(input, config, &link->facts);
		link->rail = ANCHOR_RAIL_NONE;
	}

	return 0;
}

static const struct link *find_managed(const struct links *links,
				       const char *name)
{
	for (size_t i = 0; i < links->n_links; i++)
		if (link_managed(&links->links[i]) &&
		    !strcmp(links->links[i].facts.name, name))
			return &links->links[i];

	return NULL;
}

static void remove_seat(struct links_seats *seats, size_t at)
{
	seats->n--;
	memmove(seats->names[at], seats->names[at + 1],
		(seats->n - at) * sizeof(seats->names[0]));
}

static bool make_room(struct links_seats *seats, const struct links *links)
{
	if (seats->n < LINKS_SEATS_MAX)
		return true;

	for (size_t i = 0; i < seats->n; i++)
		if (!find_managed(links, seats->names[i])) {
			remove_seat(seats, i);
			return true;
		}

	return false;
}

static bool take_seat(struct links_seats *seats, const struct links *links,
		      const char *name)
{
	size_t at;

	for (at = 0; at < seats->n; at++)
		if (!strcmp(seats->names[at], name))
			return true;

	if (!make_room(seats, links))
		return false;

	for (at = seats->n; at > 0; at--) {
		if (strverscmp(seats->names[at - 1], name) < 0)
			break;

		memcpy(seats->names[at], seats->names[at - 1],
		       sizeof(seats->names[at]));
	}

	snprintf(seats->names[at], sizeof(seats->names[at]), "%s", name);
	seats->n++;
	return true;
}

/* Those that are not to be managed any more are not waited for. */
static void clear_seats(struct links_seats *seats, const struct config *config)
{
	for (size_t i = seats->n; i-- > 0;)
		if (globs_match(&config->links.exclude, seats->names[i]) ||
		    !chosen(config, seats->names[i]))
			remove_seat(seats, i);
}

static void take_seats(struct links *links, const struct config *config,
		       struct links_seats *seats)
{
	clear_seats(seats, config);
	for (size_t i = 0; i < links->n_links; i++) {
		struct link *link = &links->links[i];

		if (link_managed(link) &&
		    !take_seat(seats, links, link->facts.name))
			link->state = LINK_TOO_MANY;
	}

	links->seats = *seats;
}

static void put_on_rail(struct links *links, const char *name, int16_t rail)
{
	for (size_t i = 0; i < links->n_links; i++)
		if (link_managed(&links->links[i]) &&
		    !strcmp(links->links[i].facts.name, name))
			links->links[i].rail = rail;
}

/* A link in no configured rail is a rail of its own, named after it. */
static int16_t rail_of_seat(struct links *links, const struct config *config,
			    const char *name)
{
	int16_t rail = configured_rail(config, name);

	if (rail != ANCHOR_RAIL_NONE || links->n_rails == CORE_RAILS_MAX)
		return rail;

	links->rails[links->n_rails].name = name;
	return (int16_t) links->n_rails++;
}

static void add_rails(struct links *links, const struct config *config)
{
	for (size_t i = 0; i < config->n_rails; i++)
		links->rails[links->n_rails++] = (struct core_rail) {
			.name = config->rails[i].name,
			.prefixes = config->rails[i].prefixes.items,
			.n_prefixes = config->rails[i].prefixes.n,
		};

	for (size_t i = 0; i < links->seats.n; i++)
		put_on_rail(links, links->seats.names[i],
			    rail_of_seat(links, config,
					 links->seats.names[i]));

	for (size_t i = 0; i < links->n_links; i++)
		if (link_managed(&links->links[i]) &&
		    links->links[i].rail == ANCHOR_RAIL_NONE)
			links->links[i].state = LINK_TOO_MANY;
}

static const struct link *find_link(const struct links *links, int ifindex)
{
	for (size_t i = 0; i < links->n_links; i++)
		if (links->links[i].facts.ifindex == ifindex)
			return &links->links[i];

	return NULL;
}

static unsigned int seat_of(const struct links *links,
			    const struct link *link)
{
	unsigned int at = 0;

	while (at < links->seats.n &&
	       strcmp(links->seats.names[at], link->facts.name))
		at++;

	return at;
}

/* How many addresses of that family the link has already. */
static unsigned int count_family(const struct links *links,
				 const struct link *link, uint8_t family)
{
	unsigned int n = 0;

	for (size_t i = 0; i < links->n_addresses; i++)
		n += links->addresses[i].link == link &&
			links->addresses[i].facts.addr.family == family;

	return n;
}

/*
 * The first address of each link, by its seat, is 1, 2, ...; the second
 * addresses follow. Peers number theirs in the same way, so that rails can
 * be told by ID where prefixes do not tell (core/rails.h).
 */
static uint8_t preferred_id(const struct links *links,
			    const struct link *link, uint8_t family)
{
	size_t id = 1 + seat_of(links, link) +
		count_family(links, link, family) * links->seats.n;

	return id <= ID_MAX ? (uint8_t) id : 0;
}

static int add_addresses(struct links *links, const struct links_input *input)
{
	links->addresses = calloc(input->n_addresses + 1,
				  sizeof(*links->addresses));
	if (!links->addresses)
		return -ENOMEM;

	for (size_t i = 0; i < input->n_addresses; i++) {
		const struct rtnl_address *facts = &input->addresses[i];
		const struct link *link = find_link(links, facts->ifindex);
		uint8_t id;

		if (!link || !link_managed(link) || !facts->global)
			continue;

		id = preferred_id(links, link, facts->addr.family);
		links->addresses[links->n_addresses++] =
			(struct link_address) {
				.facts = *facts,
				.link = link,
				.wanted = facts->usable,
				.usable = facts->usable &&
					link->state == LINK_USABLE,
				.id = id,
			};
	}

	return 0;
}

static int add_rendezvous(struct links *links,
			  const struct links_input *input,
			  const struct config *config)
{
	const struct config_prefixes *listed = &config->rendezvous.addresses;

	links->rendezvous = calloc(input->n_addresses + listed->n + 1,
				   sizeof(*links->rendezvous));
	if (!links->rendezvous)
		return -ENOMEM;

	if (!config->rendezvous.addresses_auto) {
		for (size_t i = 0; i < listed->n; i++)
			links->rendezvous[links->n_rendezvous++] =
							listed->items[i];
		return 0;
	}

	for (size_t i = 0; i < input->n_addresses; i++) {
		const struct rtnl_address *facts = &input->addresses[i];
		const struct link *link = find_link(links, facts->ifindex);

		if (!link || link->state != LINK_LOOPBACK || !facts->global)
			continue;

		links->rendezvous[links->n_rendezvous++] =
			(struct anchor_prefix) {
				.addr = facts->addr,
				.len = (uint8_t) anchor_addr_bits(&facts->addr),
			};
	}

	return 0;
}

static void add_places(struct links *links)
{
	for (size_t i = 0; i < links->n_addresses; i++) {
		const struct link_address *address = &links->addresses[i];

		if (address->link->rail >= 0 &&
		    links->n_places < CORE_PLACES_MAX)
			links->places[links->n_places++] =
				(struct core_place) {
					.addr = address->facts.addr,
					.rail = address->link->rail,
				};
	}
}

int links_build(const struct links_input *input, const struct config *config,
		struct links_seats *seats, struct links **ret_links)
{
	struct links *links = calloc(1, sizeof(*links));

	if (!links)
		return -ENOMEM;

	if (add_links(links, input, config) < 0) {
		links_free(links);
		return -ENOMEM;
	}

	take_seats(links, config, seats);
	add_rails(links, config);
	if (add_addresses(links, input) < 0 ||
	    add_rendezvous(links, input, config) < 0) {
		links_free(links);
		return -ENOMEM;
	}

	add_places(links);
	*ret_links = links;
	return 0;
}

void links_free(struct links *links)
{
	if (!links)
		return;

	free(links->links);
	free(links->addresses);
	free(links->rendezvous);
	free(links);
}

void links_to_core(const struct links *links, struct core_local *locals,
		   struct core_host *ret_host)
{
	size_t n = 0;

	for (size_t i = 0; i < links->n_addresses; i++) {
		const struct link_address *address = &links->addresses[i];

		const struct anchor_addr *addr = &address->facts.addr;

		if (!address->usable || n == ANCHOR_LOCALS_MAX)
			continue;

		locals[n++] = (struct core_local) {
			.addr = *addr,
			.link = address->link->facts.name,
			.ifindex = address->facts.ifindex,
			.rail = address->link->rail,
			.join_port = address->join_port,
			.bare = links->bare6 &&
				addr->family == ANCHOR_FAMILY_INET6,
			.id = address->id,
		};
	}

	*ret_host = (struct core_host) {
		.locals = locals,
		.n_locals = n,
		.places = links->places,
		.n_places = links->n_places,
		.rails = links->rails,
		.n_rails = links->n_rails,
		.rendezvous = links->rendezvous,
		.n_rendezvous = links->n_rendezvous,
	};
}
