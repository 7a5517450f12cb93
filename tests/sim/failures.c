/* SPDX-License-Identifier: BSD-3-Clause */
/* What happens to links and subflows. */
#include <errno.h>

#include "sim/sim.h"

#define DAD anchor_ms(1000)	/* an IPv6 address is tentative for so long */

static void changed(struct sim *sim, enum sim_end end)
{
	traffic_update_all(sim);
	host_changed(sim, end);
}

static void on_dad(struct sim *sim, const struct sim_event *event)
{
	struct sim_link *link = &sim->host[event->end].link[event->sub];

	/* The last one of several counts. */
	if (--link->tentative)
		return;

	changed(sim, (enum sim_end) event->end);
}

static void add_address(struct sim *sim, enum sim_end end, int rail)
{
	const struct sim_event event = {
		.run = on_dad, .end = end, .sub = (unsigned int) rail,
	};
	struct sim_link *link = &sim->host[end].link[rail];

	if (link->address)
		return;

	link->address = true;
	if (link->addr.family == ANCHOR_FAMILY_INET)
		return;

	link->tentative++;
	sim_later(sim, DAD, &event);
}

void sim_set_carrier(struct sim *sim, enum sim_end end, int rail, bool on)
{
	sim->host[end].link[rail].carrier = on;
	changed(sim, end);
}

/* Global IPv6 addresses go with it (addrconf_ifdown()). */
void sim_set_up(struct sim *sim, enum sim_end end, int rail, bool up)
{
	struct sim_link *link = &sim->host[end].link[rail];

	link->up = up;
	if (up)
		add_address(sim, end, rail);
	else if (link->addr.family == ANCHOR_FAMILY_INET6)
		link->address = false;

	changed(sim, end);
}

void sim_set_address(struct sim *sim, enum sim_end end, int rail, bool there)
{
	if (there)
		add_address(sim, end, rail);
	else
		sim->host[end].link[rail].address = false;

	changed(sim, end);
}

void sim_set_present(struct sim *sim, enum sim_end end, int rail, bool there)
{
	struct sim_host *host = &sim->host[end];
	struct sim_link *link = &host->link[rail];

	link->present = there;
	if (there) {
		link->ifindex = ++host->last_ifindex;
		add_address(sim, end, rail);
	} else {
		link->address = false;
	}

	changed(sim, end);
}

void sim_set_forwarding(struct sim *sim, enum sim_end end, int rail, bool out,
			bool in)
{
	sim->host[end].link[rail].out = out;
	sim->host[end].link[rail].in = in;
	traffic_update_all(sim);
}

void sim_reset(struct sim *sim, enum sim_end end, int rail)
{
	for (unsigned int c = 0; c < sim->options.conns; c++) {
		struct sim_conn *conn = &sim->conns[c];

		for (unsigned int i = 0; i < conn->n_subs; i++)
			if (conn->subs[i].at[end].up &&
			    conn->subs[i].at[end].rail == rail)
				subflow_close(sim, c, i, end, ECONNRESET);
	}
}
