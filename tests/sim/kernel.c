/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a kernel does with the commands of a path manager, and whether they
 * may be given at all.
 */
#include <errno.h>

#include "host/describe.h"
#include "sim/sim.h"

#define FIRST_PORT 32768

static void object(struct sim *sim, enum sim_end end,
		   const struct core_action *action, const char *why)
{
	char text[DESCRIBE_MAX];

	sim_violate(sim, "%s: %s (%s): %s",
		    end == SIM_SERVER ? "server" : "client",
		    describe_action(action, text),
		    describe_reason(action->reason), why);
}

static struct sim_half *half_of(struct sim *sim, enum sim_end end,
				const struct core_action *action)
{
	return &sim->conns[sim_conn_of(action->token)].at[end];
}

static int do_announce(struct sim *sim, enum sim_end end,
		       const struct core_action *action)
{
	struct sim_half *half = half_of(sim, end, action);
	struct sim_entry entry = {
		.endpoint = action->local, .id = action->id,
	};

	if (!host_uses(&sim->host[end], &action->local.addr) &&
	    action->reason != CORE_REASON_REPEAT && action->local.port)
		object(sim, end, action, "announced while it is not usable");

	if (action->bare) {
		host_serve(&sim->host[end], action);
		entry.endpoint.port = 0;
	}

	if (!entry_add(half, &entry.endpoint, entry.id))
		return -EINVAL;

	if (entry_announce(half, &entry))
		signal_announce(sim, end, sim_conn_of(action->token), &entry);

	return 0;
}

static bool has_sub_from(const struct sim_conn *conn, enum sim_end end,
			 const struct anchor_addr *addr)
{
	for (unsigned int i = 0; i < conn->n_subs; i++)
		if (conn->subs[i].at[end].up &&
		    anchor_addr_equal(&conn->subs[i].at[end].endpoint.addr,
				      addr))
			return true;

	return false;
}

static int do_withdraw(struct sim *sim, enum sim_end end,
		       const struct core_action *action)
{
	unsigned int conn = sim_conn_of(action->token);
	struct sim_half *half = half_of(sim, end, action);
	struct sim_entry *entry = entry_find(half, action->id);
	struct anchor_endpoint endpoint;

	if (!entry) {
		object(sim, end, action, "there is nothing to withdraw");
		return -EINVAL;
	}

	endpoint = entry->endpoint;
	if (entry_withdraw(half, &endpoint) ||
	    has_sub_from(&sim->conns[conn], end, &endpoint.addr))
		signal_remove(sim, end, conn, action->id);

	entry_remove(half, entry);
	return 0;
}

static void vet_open(struct sim *sim, enum sim_end end,
		     const struct core_action *action)
{
	int from = net_rail_of(&sim->host[end], &action->local.addr);
	int to = net_rail_of(&sim->host[sim_peer(end)], &action->remote.addr);
	const struct sim_half *peer = half_of(sim, sim_peer(end), action);

	if (!host_uses(&sim->host[end], &action->local.addr))
		object(sim, end, action, "opened while it is not usable");

	if (to < 0 && peer->n_announced)
		object(sim, end, action, "opened to no link of the peer");
	else if (to >= 0 && from != to)
		object(sim, end, action, "opened between two rails");
}

/* bind() and connect(): what the host knows of itself fails at once. */
static int can_connect(const struct sim_host *host,
		       const struct core_action *action)
{
	int rail = net_rail_of(host, &action->local.addr);
	const struct sim_link *link;

	if (rail < 0)
		return -EADDRNOTAVAIL;

	link = &host->link[rail];
	if (!link->present || link->ifindex != action->ifindex)
		return -ENODEV;

	if (!link->address || link->tentative)
		return -EADDRNOTAVAIL;

	return link->up ? 0 : -ENETUNREACH;
}

static uint16_t next_port(struct sim_host *host)
{
	if (++host->last_port < FIRST_PORT)
		host->last_port = FIRST_PORT;

	return host->last_port;
}

static int open_subflow(struct sim *sim, enum sim_end end,
			const struct core_action *action)
{
	struct sim_conn *conn = &sim->conns[sim_conn_of(action->token)];
	struct sim_sub *sub = subflow_add(conn);
	struct sim_side *here, *there;

	if (!sub)
		return -ENOMEM;

	here = &sub->at[end];
	there = &sub->at[sim_peer(end)];
	sub->opener = end;
	here->endpoint = action->local;
	here->endpoint.port = next_port(&sim->host[end]);
	here->rail = net_rail_of(&sim->host[end], &action->local.addr);
	here->ifindex = action->ifindex;
	here->id = action->id;
	here->asks_backup = action->backup;
	there->endpoint = action->remote;
	there->rail = net_rail_of(&sim->host[sim_peer(end)],
				  &action->remote.addr);
	there->id = action->remote_id;
	subflow_connect(sim, sim_conn_of(action->token), conn->n_subs - 1);
	return 0;
}

static int do_open(struct sim *sim, enum sim_end end,
		   const struct core_action *action)
{
	struct sim_half *half = half_of(sim, end, action);
	int err;

	vet_open(sim, end, action);
	if (!entry_add(half, &action->local, action->id))
		return -EINVAL;

	err = can_connect(&sim->host[end], action);
	if (!err)
		err = open_subflow(sim, end, action);

	if (err < 0)
		entry_drop_first(half, &action->local.addr);

	return err;
}

static unsigned int count_up(const struct sim_conn *conn, enum sim_end end)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < conn->n_subs; i++)
		n += conn->subs[i].at[end].up;

	return n;
}

static void vet_close(struct sim *sim, enum sim_end end,
		      const struct core_action *action,
		      const struct sim_sub *sub)
{
	const struct sim_conn *conn = &sim->conns[sim_conn_of(action->token)];

	if (sub->initial)
		object(sim, end, action, "closed the rendezvous");

	if (count_up(conn, end) < 2)
		object(sim, end, action, "closed the last subflow");

	if (action->reason == CORE_REASON_DEAD &&
	    traffic_moves(sim, &sub->at[end]))
		object(sim, end, action, "closed a living path as dead");
}

static int do_close(struct sim *sim, enum sim_end end,
		    const struct core_action *action)
{
	unsigned int i = sim_conn_of(action->token);
	struct sim_conn *conn = &sim->conns[i];
	struct sim_sub *sub = subflow_find(conn, end, action);

	if (!sub)
		return -ESRCH;

	vet_close(sim, end, action, sub);
	entry_drop_first(&conn->at[end], &action->local.addr);
	subflow_close(sim, i, (unsigned int) (sub - conn->subs), end, 0);
	return 0;
}

static int do_priority(struct sim *sim, enum sim_end end,
		       const struct core_action *action)
{
	unsigned int i = sim_conn_of(action->token);
	struct sim_conn *conn = &sim->conns[i];
	struct sim_sub *sub = subflow_find(conn, end, action);

	if (!sub)
		return -EINVAL;

	sub->at[end].asks_backup = action->type == CORE_ACTION_DEMOTE;
	signal_priority(sim, end, i, (unsigned int) (sub - conn->subs));
	traffic_update(sim, conn);
	return 0;
}

int kernel_do(struct sim *sim, enum sim_end end,
	      const struct core_action *action)
{
	switch (action->type) {
	case CORE_ACTION_ANNOUNCE:
		return do_announce(sim, end, action);
	case CORE_ACTION_WITHDRAW:
		return do_withdraw(sim, end, action);
	case CORE_ACTION_OPEN:
		return do_open(sim, end, action);
	case CORE_ACTION_CLOSE:
		return do_close(sim, end, action);
	case CORE_ACTION_DEMOTE:
	case CORE_ACTION_PROMOTE:
		return do_priority(sim, end, action);
	case CORE_ACTION_SAMPLE:
		traffic_sample(sim, end, action);
		return 0;
	}

	return -EINVAL;
}
