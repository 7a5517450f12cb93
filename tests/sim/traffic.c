/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Data, as the counters of subflows show it. An end that sends fills all its
 * subflows that are no backup, or all if they are; what is under way on a
 * path that is cut stays there, unacknowledged, and after the path has come
 * back waits for the next retransmission: 200 ms, doubling.
 */
#include "sim/sim.h"

#define RATE 25e6	/* bytes/s */
#define RTO_US 200000
#define IN_FLIGHT 20	/* segments */

bool traffic_moves(const struct sim *sim, const struct sim_side *side)
{
	return side->up && side->tx.loaded && !side->tx.silent &&
		!anchor_time_before(sim->now, side->tx.resumes);
}

static struct anchor_time next_retransmission(struct anchor_time since,
					      struct anchor_time now)
{
	struct anchor_time at = since;

	for (int64_t us = RTO_US; anchor_time_before(at, now); us *= 2)
		at.us += us;

	return at;
}

static bool is_backup(const struct sim_side *side)
{
	return side->asks_backup || side->told_backup;
}

/* Does the scheduler of that end fill this subflow? */
static bool is_chosen(const struct sim_conn *conn, const struct sim_sub *sub,
		      enum sim_end end)
{
	if (!conn->at[end].sends || !sub->at[end].up)
		return false;

	if (!is_backup(&sub->at[end]))
		return true;

	for (unsigned int i = 0; i < conn->n_subs; i++)
		if (conn->subs[i].at[end].up &&
		    !is_backup(&conn->subs[i].at[end]))
			return false;

	return true;
}

/* Until now it was as it was. */
static void count(const struct sim *sim, struct sim_sub *sub,
		  enum sim_end end)
{
	struct sim_side *side = &sub->at[end];
	struct sim_tx *tx = &side->tx;

	if (traffic_moves(sim, side)) {
		struct anchor_time from = anchor_time_before(tx->counted,
				tx->resumes) ? tx->resumes : tx->counted;

		tx->bytes += RATE * (double)
			anchor_time_since(sim->now, from).us / 1e6;
	}

	if (traffic_moves(sim, side) ||
	    traffic_moves(sim, &sub->at[sim_peer(end)]))
		tx->heard = sim->now;

	tx->counted = sim->now;
}

static void update(struct sim *sim, struct sim_conn *conn,
		   struct sim_sub *sub, enum sim_end end)
{
	struct sim_tx *tx = &sub->at[end].tx;
	bool passes = !sub->at[sim_peer(end)].closed &&
		net_passes_both(sim, conn, sub);
	bool chosen = is_chosen(conn, sub, end);

	if (passes && tx->silent) {
		tx->silent = false;
		tx->resumes = next_retransmission(tx->since, sim->now);
	} else if (passes) {
		tx->loaded = chosen ||
			anchor_time_before(sim->now, tx->resumes);
	} else if ((chosen || tx->loaded) && !tx->silent) {
		tx->loaded = true;
		tx->silent = true;
		tx->since = sim->now;
	}

	if (!sub->at[end].up)
		tx->loaded = false;
}

void traffic_update(struct sim *sim, struct sim_conn *conn)
{
	for (unsigned int i = 0; i < conn->n_subs; i++) {
		count(sim, &conn->subs[i], SIM_SERVER);
		count(sim, &conn->subs[i], SIM_CLIENT);
	}

	for (unsigned int i = 0; i < conn->n_subs; i++) {
		update(sim, conn, &conn->subs[i], SIM_SERVER);
		update(sim, conn, &conn->subs[i], SIM_CLIENT);
	}
}

void traffic_update_all(struct sim *sim)
{
	for (unsigned int i = 0; i < sim->options.conns; i++)
		traffic_update(sim, &sim->conns[i]);
}

void traffic_sample(struct sim *sim, enum sim_end end,
		    const struct core_action *action)
{
	struct sim_conn *conn = &sim->conns[sim_conn_of(action->token)];
	struct sim_sub *sub = subflow_find(conn, end, action);
	const struct sim_tx *tx;
	struct core_sample sample;

	if (!sub)
		return;

	count(sim, sub, SIM_SERVER);
	count(sim, sub, SIM_CLIENT);
	tx = &sub->at[end].tx;
	sample = (struct core_sample) {
		.rtt = anchor_us(2 * SIM_LATENCY.us),
		.rtt_min = anchor_us(2 * SIM_LATENCY.us),
		.rtt_var = anchor_us(SIM_LATENCY.us),
		.last_ack = anchor_time_since(sim->now, tx->heard),
		.last_data_in = anchor_time_since(sim->now, tx->heard),
		.bytes_out = (uint64_t) tx->bytes,
		.bytes_in = (uint64_t) sub->at[sim_peer(end)].tx.bytes,
		.unacked = tx->loaded ? IN_FLIGHT : 0,
		.cwnd = IN_FLIGHT,
	};
	core_sample(sim->host[end].core, sim->now, action, &sample);
}
