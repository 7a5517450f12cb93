/* SPDX-License-Identifier: BSD-3-Clause */
/* What is, as a test wants to know it. */
#include <string.h>

#include "sim/sim.h"

unsigned int sim_paths(const struct sim_conn *conn, int rail,
		       enum sim_end end)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < conn->n_subs; i++)
		n += conn->subs[i].at[end].up &&
			conn->subs[i].at[end].rail == rail;

	return n;
}

static bool is_whole(const struct sim *sim, const struct sim_conn *conn,
		     const struct sim_sub *sub)
{
	return sub->at[SIM_SERVER].up && sub->at[SIM_CLIENT].up &&
		net_passes_both(sim, conn, sub);
}

bool sim_reaches(const struct sim *sim, const struct sim_conn *conn,
		 int rail)
{
	for (unsigned int i = 0; i < conn->n_subs; i++)
		if (conn->subs[i].at[SIM_SERVER].rail == rail &&
		    conn->subs[i].at[SIM_CLIENT].rail == rail &&
		    is_whole(sim, conn, &conn->subs[i]))
			return true;

	return false;
}

bool sim_has_path(const struct sim *sim, const struct sim_conn *conn,
		  int rail)
{
	return sim_paths(conn, rail, SIM_SERVER) == 1 &&
		sim_paths(conn, rail, SIM_CLIENT) == 1 &&
		sim_reaches(sim, conn, rail);
}

/* A kernel without the entry refuses to withdraw it (FACTS, kernel 8). */
static bool can_withdraw(const struct sim_half *half)
{
	for (unsigned int i = 0; i < half->n_announced; i++) {
		const struct sim_entry *announced = &half->announced[i];
		const struct sim_entry *entry = entry_find(half,
							   announced->id);

		if (!entry || !anchor_endpoint_equal(&entry->endpoint,
						     &announced->endpoint))
			return false;
	}

	return true;
}

static bool is_conn_complete(const struct sim *sim,
			     const struct sim_conn *conn)
{
	const struct sim_sub *initial = &conn->subs[0];

	if (!conn->n_subs || !is_whole(sim, conn, initial) ||
	    !can_withdraw(&conn->at[SIM_SERVER]) ||
	    !can_withdraw(&conn->at[SIM_CLIENT]) ||
	    !initial->at[SIM_SERVER].told_backup ||
	    !initial->at[SIM_CLIENT].told_backup ||
	    sim_paths(conn, -1, SIM_SERVER) != 1 ||
	    sim_paths(conn, -1, SIM_CLIENT) != 1)
		return false;

	for (int rail = 0; rail < SIM_RAILS; rail++)
		if (!sim_has_path(sim, conn, rail))
			return false;

	return sim_is_moving(sim, conn);
}

bool sim_is_complete(const struct sim *sim)
{
	for (unsigned int i = 0; i < sim->options.conns; i++)
		if (!is_conn_complete(sim, &sim->conns[i]))
			return false;

	return true;
}

bool sim_is_moving(const struct sim *sim, const struct sim_conn *conn)
{
	enum sim_end end = conn->at[SIM_SERVER].sends ? SIM_SERVER :
		SIM_CLIENT;
	bool moving = false;

	for (unsigned int i = 0; i < conn->n_subs; i++) {
		const struct sim_side *side = &conn->subs[i].at[end];

		if (traffic_moves(sim, side))
			moving = true;
		else if (side->up && side->tx.loaded &&
			 !conn->subs[i].initial)
			return false;
	}

	return moving;
}

unsigned int sim_most_actions(const struct sim *sim)
{
	unsigned int most = 0;

	for (unsigned int i = 0; i < sim->options.conns; i++)
		for (int end = 0; end < SIM_ENDS; end++)
			if (sim->conns[i].at[end].actions > most)
				most = sim->conns[i].at[end].actions;

	return most;
}

void sim_clear_actions(struct sim *sim)
{
	for (int end = 0; end < SIM_ENDS; end++) {
		memset(sim->host[end].actions, 0,
		       sizeof(sim->host[end].actions));
		for (unsigned int i = 0; i < sim->options.conns; i++)
			sim->conns[i].at[end].actions = 0;
	}
}
