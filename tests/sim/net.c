/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where packets get through. A subflow between two links takes those links;
 * what goes to or comes from a rendezvous address is routed: each host sends
 * it where the connection's hash says, or over the other link if that one is
 * known to be down (ignore_routes_with_linkdown=1), and the fabric delivers
 * it likewise. Nobody routes around a switch that is silent.
 */
#include "sim/sim.h"

bool net_is_alive(const struct sim_link *link)
{
	return link->present && link->up && link->carrier && link->address &&
		!link->tentative;
}

int net_rail_of(const struct sim_host *host, const struct anchor_addr *addr)
{
	for (int rail = 0; rail < SIM_RAILS; rail++)
		if (anchor_addr_equal(&host->link[rail].addr, addr))
			return rail;

	return -1;
}

/* The link that a packet takes at one end, or NULL. */
static const struct sim_link *link_at(const struct sim_host *host, int rail,
				      int wish)
{
	const struct sim_link *link = &host->link[rail < 0 ? wish : rail];

	if (net_is_alive(link))
		return link;

	link = &host->link[!wish];
	return rail < 0 && net_is_alive(link) ? link : NULL;
}

/* A subflow that is bound to an interface dies with that. */
static bool is_bound_elsewhere(const struct sim_side *side,
			       const struct sim_link *link)
{
	return side->ifindex && side->ifindex != link->ifindex;
}

bool net_passes(const struct sim *sim, const struct sim_conn *conn,
		const struct sim_sub *sub, enum sim_end from)
{
	const struct sim_host *source = &sim->host[from];
	const struct sim_host *target = &sim->host[sim_peer(from)];
	const struct sim_side *here = &sub->at[from];
	const struct sim_side *there = &sub->at[sim_peer(from)];
	const struct sim_link *out = link_at(source, here->rail, conn->pin);
	const struct sim_link *in;

	if (!out || !out->out || is_bound_elsewhere(here, out))
		return false;

	in = link_at(target, there->rail, (int) (out - source->link));
	return in && in->in && !is_bound_elsewhere(there, in);
}

bool net_passes_both(const struct sim *sim, const struct sim_conn *conn,
		     const struct sim_sub *sub)
{
	return net_passes(sim, conn, sub, SIM_SERVER) &&
		net_passes(sim, conn, sub, SIM_CLIENT);
}
