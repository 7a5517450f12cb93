/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ADD_ADDR, RM_ADDR and MP_PRIO on their way to the peer. The first two go
 * on the first subflow that there is, even if that is silent. ADD_ADDR is
 * retransmitted until it is echoed, RM_ADDR is not (FACTS, kernel 10, 11).
 */
#include "sim/sim.h"

#define ADD_ADDR_MS 1000	/* then doubling */
#define ADD_ADDR_RETRIES 3

static const struct sim_sub *signalling_sub(const struct sim_conn *conn,
					    enum sim_end end)
{
	for (unsigned int i = 0; i < conn->n_subs; i++)
		if (conn->subs[i].at[end].up)
			return &conn->subs[i];

	return NULL;
}

static void on_announced(struct sim *sim, const struct sim_event *event)
{
	sim_tell(sim, (enum sim_end) event->end, event->conn, &event->news);
}

/* event->end: who announces. */
static void on_add_addr(struct sim *sim, const struct sim_event *event)
{
	enum sim_end end = (enum sim_end) event->end;
	struct sim_conn *conn = &sim->conns[event->conn];
	const struct sim_sub *sub = signalling_sub(conn, end);
	struct sim_event next = *event;

	if (!sub || !entry_find_announced(&conn->at[end],
					  &event->news.remote))
		return;

	if (net_passes(sim, conn, sub, end)) {
		next.run = on_announced;
		next.end = sim_peer(end);
		sim_later(sim, SIM_LATENCY, &next);
		if (net_passes_both(sim, conn, sub))
			return;
	}

	next = *event;
	if (next.tries++ < ADD_ADDR_RETRIES)
		sim_later(sim, anchor_ms(ADD_ADDR_MS << event->tries), &next);
}

void signal_announce(struct sim *sim, enum sim_end end, unsigned int conn,
		     const struct sim_entry *entry)
{
	const struct sim_event event = {
		.run = on_add_addr, .conn = conn, .end = end,
		.news = {
			.type = CORE_EVENT_ANNOUNCED,
			.known = CORE_KNOWN_IDS,
			.remote_id = entry->id,
			.remote = entry->endpoint,
		},
	};

	on_add_addr(sim, &event);
}

/* The peer's kernel closes what belongs to that ID by itself. */
static void on_rm_addr(struct sim *sim, const struct sim_event *event)
{
	enum sim_end end = (enum sim_end) event->end;
	const struct sim_conn *conn = &sim->conns[event->conn];

	sim_tell(sim, end, event->conn, &event->news);
	for (unsigned int i = 0; i < conn->n_subs; i++)
		if (conn->subs[i].at[end].up &&
		    conn->subs[i].at[sim_peer(end)].id ==
				event->news.remote_id)
			subflow_close(sim, event->conn, i, end, 0);
}

void signal_remove(struct sim *sim, enum sim_end end, unsigned int conn,
		   uint8_t id)
{
	const struct sim_sub *sub = signalling_sub(&sim->conns[conn], end);
	const struct sim_event event = {
		.run = on_rm_addr, .conn = conn, .end = sim_peer(end),
		.news = {
			.type = CORE_EVENT_REMOVED,
			.known = CORE_KNOWN_IDS,
			.remote_id = id,
		},
	};

	if (sub && net_passes(sim, &sim->conns[conn], sub, end))
		sim_later(sim, SIM_LATENCY, &event);
}

static void on_prio(struct sim *sim, const struct sim_event *event)
{
	struct sim_conn *conn = &sim->conns[event->conn];
	struct sim_side *side = &conn->subs[event->sub].at[event->end];

	if (!side->up)
		return;

	side->told_backup = event->news.backup;
	sim_tell(sim, (enum sim_end) event->end, event->conn, &event->news);
	traffic_update(sim, conn);
}

void signal_priority(struct sim *sim, enum sim_end end, unsigned int conn,
		     unsigned int sub)
{
	const struct sim_sub *this = &sim->conns[conn].subs[sub];
	const struct sim_side *here = &this->at[end];
	const struct sim_side *there = &this->at[sim_peer(end)];
	const struct sim_event event = {
		.run = on_prio, .conn = conn, .sub = sub,
		.end = sim_peer(end),
		.news = {
			.type = CORE_EVENT_SUBFLOW_PRIORITY,
			.known = CORE_KNOWN_IDS | CORE_KNOWN_BACKUP,
			.local = there->endpoint,
			.remote = here->endpoint,
			.local_id = there->id,
			.remote_id = here->id,
			.backup = here->asks_backup,
		},
	};

	if (net_passes(sim, &sim->conns[conn], this, end))
		sim_later(sim, SIM_LATENCY, &event);
}
