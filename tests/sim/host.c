/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a host knows of itself: links and addresses as rtnetlink tells them,
 * made into facts for the core as the engine does it.
 */
#include <errno.h>
#include <stdio.h>

#include "sim/sim.h"

#define LO 1
#define NOTICE anchor_us(200)	/* from an interface to the core */

/* In the order of their ifindex, as a dump lists them. */
static size_t list_links(const struct sim_host *host,
			 struct rtnl_link *links)
{
	size_t n = 0;

	links[n++] = (struct rtnl_link) {
		.ifindex = LO, .name = "lo", .loopback = true, .up = true,
		.carrier = true,
	};
	for (int ifindex = LO + 1; ifindex <= host->last_ifindex; ifindex++)
		for (int rail = 0; rail < SIM_RAILS; rail++) {
			const struct sim_link *link = &host->link[rail];

			if (!link->present || link->ifindex != ifindex)
				continue;

			links[n] = (struct rtnl_link) {
				.ifindex = ifindex, .up = link->up,
				.carrier = link->up && link->carrier,
			};
			snprintf(links[n++].name, RTNL_NAME_MAX, "%s",
				 link->name);
		}

	return n;
}

static size_t list_addresses(const struct sim_host *host,
			     struct rtnl_address *addresses)
{
	size_t n = 0;

	addresses[n++] = (struct rtnl_address) {
		.ifindex = LO, .addr = host->rendezvous,
		.prefixlen = (uint8_t) anchor_addr_bits(&host->rendezvous),
		.global = true, .usable = true,
	};
	for (int rail = 0; rail < SIM_RAILS; rail++)
		if (host->link[rail].present && host->link[rail].address)
			addresses[n++] = (struct rtnl_address) {
				.ifindex = host->link[rail].ifindex,
				.addr = host->link[rail].addr,
				.prefixlen = 24,
				.global = true,
				.usable = !host->link[rail].tentative,
			};

	return n;
}

/* As listeners_sync(): one on each address that is wanted, on a new port. */
static void listen_all(struct sim_host *host, struct links *links)
{
	bool wanted[SIM_RAILS] = { false };

	for (size_t i = 0; i < links->n_addresses; i++) {
		struct link_address *address = &links->addresses[i];
		int rail = net_rail_of(host, &address->facts.addr);
		struct sim_link *link = &host->link[rail];

		if (!address->wanted)
			continue;

		wanted[rail] = true;
		if (!link->join_port)
			link->join_port = ++host->last_port;

		address->join_port = link->join_port;
	}

	for (int rail = 0; rail < SIM_RAILS; rail++)
		if (!wanted[rail])
			host->link[rail].join_port =
				host->link[rail].service_port = 0;
}

void host_serve(struct sim_host *host, const struct core_action *action)
{
	int rail = net_rail_of(host, &action->local.addr);

	if (rail >= 0)
		host->link[rail].service_port = action->local.port;
}

static int tell(struct sim *sim, struct sim_host *host)
{
	struct rtnl_link interfaces[1 + SIM_RAILS];
	struct rtnl_address addresses[1 + SIM_RAILS];
	const struct links_input input = {
		.links = interfaces,
		.n_links = list_links(host, interfaces),
		.addresses = addresses,
		.n_addresses = list_addresses(host, addresses),
	};
	struct links *links;

	if (links_build(&input, sim->config, &host->seats, &links) < 0)
		return -ENOMEM;

	links->bare6 = true;
	listen_all(host, links);
	links_to_core(links, host->locals, &host->facts);
	if (sim->options.no_places)
		host->facts.n_places = 0;

	if (core_set_host(host->core, sim->now, &host->facts) < 0)
		sim_violate(sim, "core_set_host() failed");

	/* The core points to names in the ones before until now. */
	links_free(host->links);
	host->links = links;
	return 0;
}

static void on_notice(struct sim *sim, const struct sim_event *event)
{
	if (tell(sim, &sim->host[event->end]) < 0)
		sim_violate(sim, "no memory for links");
}

void host_changed(struct sim *sim, enum sim_end end)
{
	const struct sim_event event = { .run = on_notice, .end = end };

	sim_later(sim, NOTICE, &event);
}

bool host_uses(const struct sim_host *host, const struct anchor_addr *addr)
{
	for (size_t i = 0; i < host->facts.n_locals; i++)
		if (anchor_addr_equal(&host->locals[i].addr, addr))
			return true;

	return false;
}

/* 10.RAIL.END.2, or where it does not tell the rail, 10.END.RAIL.2. */
static struct anchor_addr link_address(const struct sim_options *options,
				       int rail, enum sim_end end)
{
	uint8_t net = (uint8_t) (rail + 1);
	uint8_t side = end == SIM_SERVER ? 2 : 1;
	uint8_t high = options->tied ? (uint8_t) (side << 6) : net;
	uint8_t low = options->tied ? net : side;

	if (options->family == ANCHOR_FAMILY_INET)
		return (struct anchor_addr) {
			ANCHOR_FAMILY_INET, { 10, high, low, 2 }
		};

	return (struct anchor_addr) {
		ANCHOR_FAMILY_INET6, { 0xfd, [5] = high, [7] = low, [15] = 2 }
	};
}

static struct anchor_addr rendezvous_address(enum anchor_family family,
					     enum sim_end end)
{
	uint8_t side = end == SIM_SERVER ? 2 : 1;

	if (family == ANCHOR_FAMILY_INET)
		return (struct anchor_addr) {
			ANCHOR_FAMILY_INET, { 10, 255, 0, side }
		};

	return (struct anchor_addr) {
		ANCHOR_FAMILY_INET6, { 0xfd, [5] = 255, [15] = side }
	};
}

static void make_links(struct sim *sim, enum sim_end end)
{
	struct sim_host *host = &sim->host[end];

	host->rendezvous = rendezvous_address(sim->options.family, end);
	host->last_ifindex = LO;
	host->last_port = end == SIM_SERVER ? 6000 : 7000;
	for (int rail = 0; rail < SIM_RAILS; rail++) {
		struct sim_link *link = &host->link[rail];

		*link = (struct sim_link) {
			.addr = link_address(&sim->options, rail, end),
			.present = true, .up = true, .carrier = true,
			.address = true, .out = true, .in = true,
			.ifindex = ++host->last_ifindex,
		};
		snprintf(link->name, sizeof(link->name), "eth%d", rail + 1);
	}
}

int host_start(struct sim *sim, enum sim_end end)
{
	struct sim_host *host = &sim->host[end];

	host->core = core_new(&sim->core_config,
			      sim->options.seed * SIM_ENDS + end);
	if (!host->core)
		return -ENOMEM;

	make_links(sim, end);
	return tell(sim, host);
}

void host_stop(struct sim_host *host)
{
	core_free(host->core);
	links_free(host->links);
}
