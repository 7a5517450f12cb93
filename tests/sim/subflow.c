/* SPDX-License-Identifier: BSD-3-Clause */
/* Subflows: how they come up, and how they end. */
#include <errno.h>

#include "core/array.h"
#include "sim/sim.h"

#define SYN_LINEAR 4		/* tcp_syn_linear_timeouts: every second */
#define SYN_RETRIES 10		/* with tcp_syn_retries, then doubling */
#define FIN_MS 200
#define FIN_RETRIES 10

struct sim_sub *subflow_add(struct sim_conn *conn)
{
	struct sim_sub *sub;

	if (array_reserve((void **) &conn->subs, conn->n_subs,
			  &conn->cap_subs, sizeof(*conn->subs)) < 0)
		return NULL;

	sub = &conn->subs[conn->n_subs++];
	*sub = (struct sim_sub) { 0 };
	return sub;
}

struct sim_sub *subflow_find(const struct sim_conn *conn, enum sim_end end,
			     const struct core_action *action)
{
	for (unsigned int i = 0; i < conn->n_subs; i++) {
		struct sim_sub *sub = &conn->subs[i];
		const struct sim_side *peer = &sub->at[sim_peer(end)];

		if (sub->at[end].up &&
		    anchor_endpoint_equal(&sub->at[end].endpoint,
					  &action->local) &&
		    anchor_endpoint_equal(&peer->endpoint, &action->remote))
			return sub;
	}

	return NULL;
}

static struct core_event news_of(const struct sim_sub *sub,
				 enum sim_end end,
				 enum core_event_type type)
{
	const struct sim_side *here = &sub->at[end];
	const struct sim_side *there = &sub->at[sim_peer(end)];

	return (struct core_event) {
		.type = type,
		.known = CORE_KNOWN_IDS | CORE_KNOWN_BACKUP,
		.local = here->endpoint,
		.remote = there->endpoint,
		.local_id = here->id,
		.remote_id = there->id,
		.backup = here->told_backup,
	};
}

static void come_up(struct sim *sim, unsigned int conn, unsigned int i,
		    enum sim_end end)
{
	struct sim_sub *sub = &sim->conns[conn].subs[i];
	struct core_event news = news_of(sub, end, CORE_EVENT_SUBFLOW_UP);

	sub->at[end].up = true;
	sub->at[end].tx = (struct sim_tx) {
		.counted = sim->now, .heard = sim->now,
	};
	sim_tell(sim, end, conn, &news);
	traffic_update(sim, &sim->conns[conn]);
}

static void on_up(struct sim *sim, const struct sim_event *event)
{
	come_up(sim, event->conn, event->sub, (enum sim_end) event->end);
}

static void go_down(struct sim *sim, unsigned int conn, unsigned int i,
		    enum sim_end end, int error)
{
	struct sim_sub *sub = &sim->conns[conn].subs[i];
	struct core_event news = news_of(sub, end, CORE_EVENT_SUBFLOW_DOWN);

	sub->at[end].up = false;
	sub->at[end].closed = true;
	news.known |= error ? CORE_KNOWN_ERROR : 0;
	news.error = error;
	sim_tell(sim, end, conn, &news);
	traffic_update(sim, &sim->conns[conn]);
}

/* FACTS, kernel 1, 2 and 5: who answers a SYN with MP_JOIN? */
static bool is_joinable(struct sim *sim, struct sim_conn *conn,
			const struct sim_sub *sub)
{
	enum sim_end end = sim_peer(sub->opener);
	const struct anchor_endpoint *target = &sub->at[end].endpoint;
	struct sim_half *half = &conn->at[end];
	const struct sim_link *link;

	if (sub->at[end].rail < 0)
		return end == SIM_SERVER;

	link = &sim->host[end].link[sub->at[end].rail];
	if (target->port == conn->subs[0].at[end].endpoint.port)
		return link->service_port == target->port;

	return link->join_port == target->port &&
		entry_find_announced(half, target);
}

/* The three ways of a handshake that finds somebody. */
static void join(struct sim *sim, struct sim_event *event)
{
	struct sim_conn *conn = &sim->conns[event->conn];
	struct sim_sub *sub = &conn->subs[event->sub];
	enum sim_end end = sim_peer(sub->opener);
	struct sim_side *target = &sub->at[end];

	target->id = target->rail < 0 ? 0 :
		entry_id_for(&conn->at[end], &target->endpoint,
			     conn->subs[0].at[end].endpoint.port);
	target->ifindex = target->rail < 0 ? 0 :
		sim->host[end].link[target->rail].ifindex;
	target->told_backup = sub->at[sub->opener].asks_backup;
	event->run = on_up;
	event->end = sub->opener;
	sim_later(sim, anchor_us(2 * SIM_LATENCY.us), event);
	event->end = end;
	sim_later(sim, anchor_us(3 * SIM_LATENCY.us), event);
}

/* A socket that never came up is closed. */
static void give_up(struct sim *sim, const struct sim_event *event, int error)
{
	struct sim_sub *sub = &sim->conns[event->conn].subs[event->sub];

	sub->connecting = false;
	go_down(sim, event->conn, event->sub, sub->opener, error);
}

static void on_refused(struct sim *sim, const struct sim_event *event)
{
	give_up(sim, event, ECONNREFUSED);
}

static struct anchor_span next_syn(unsigned int tries)
{
	return tries < SYN_LINEAR ? anchor_ms(1000) :
		anchor_ms(INT64_C(1000) << (tries - SYN_LINEAR));
}

static void on_syn(struct sim *sim, const struct sim_event *event)
{
	struct sim_conn *conn = &sim->conns[event->conn];
	struct sim_sub *sub = &conn->subs[event->sub];
	struct sim_event next = *event;

	next.tries++;
	if (!net_passes_both(sim, conn, sub)) {
		if (next.tries > SYN_RETRIES)
			give_up(sim, event, ETIMEDOUT);
		else
			sim_later(sim, next_syn(event->tries), &next);

		return;
	}

	if (is_joinable(sim, conn, sub)) {
		sub->connecting = false;
		join(sim, &next);
		return;
	}

	next.run = on_refused;
	sim_later(sim, anchor_us(2 * SIM_LATENCY.us), &next);
}

void subflow_connect(struct sim *sim, unsigned int conn, unsigned int sub)
{
	const struct sim_event event = {
		.run = on_syn, .conn = conn, .sub = sub,
	};

	sim->conns[conn].subs[sub].connecting = true;
	on_syn(sim, &event);
}

/* Data of the peer finds no socket any more, and is answered with a RST. */
static bool is_reset(struct sim *sim, const struct sim_conn *conn,
		     const struct sim_sub *sub, enum sim_end end)
{
	struct sim_sub unbound = *sub;

	unbound.at[end].ifindex = 0;
	return sub->at[sim_peer(end)].tx.loaded &&
		net_passes_both(sim, conn, &unbound);
}

static void on_closed(struct sim *sim, const struct sim_event *event)
{
	const struct sim_sub *sub = &sim->conns[event->conn].subs[event->sub];

	if (sub->at[event->end].up)
		go_down(sim, event->conn, event->sub,
			(enum sim_end) event->end, event->news.error);
}

static void on_fin(struct sim *sim, const struct sim_event *event)
{
	struct sim_conn *conn = &sim->conns[event->conn];
	struct sim_sub *sub = &conn->subs[event->sub];
	enum sim_end peer = sim_peer((enum sim_end) event->end);
	struct sim_event next = *event;
	bool reset;

	if (sub->at[peer].closed)
		return;

	reset = is_reset(sim, conn, sub, (enum sim_end) event->end);
	if (reset || net_passes(sim, conn, sub, (enum sim_end) event->end)) {
		next.run = on_closed;
		next.end = peer;
		next.news.error = reset ? ECONNRESET : 0;
		sim_later(sim, SIM_LATENCY, &next);
	} else if (next.tries++ < FIN_RETRIES) {
		sim_later(sim, anchor_ms(FIN_MS << event->tries), &next);
	}
}

void subflow_close(struct sim *sim, unsigned int conn, unsigned int sub,
		   enum sim_end end, int error)
{
	const struct sim_event fin = {
		.run = on_fin, .conn = conn, .sub = sub, .end = end,
	};

	go_down(sim, conn, sub, end, error);
	on_fin(sim, &fin);
}
