/* SPDX-License-Identifier: BSD-3-Clause */
/* What the kernel around a fuzzed core lists, and what it has not told. */
#include <errno.h>

#include "core/sync.h"
#include "fuzz/core-world.h"
#include "fuzz/fuzz.h"
#include "fuzz/scarce.h"

/* A list that is in flux so often is believed as it is. */
#define ROUNDS_MAX 5

/* What opens has a port already, that nothing else here has. */
#define OPENING_PORT 20000

/* Something is not told, and nobody knows that it is not. */
void world_deceive(struct world *world)
{
	world->lost = world->silent_loss = true;
	world->quiet = false;
}

/* What was not told of it will never be. */
static void lose(struct world *world, const struct core_event *event)
{
	struct sub *sub = world_find_sub(world, event->token - 1,
					 &event->local, &event->remote);

	world->lost = true;
	if (sub && event->type == CORE_EVENT_SUBFLOW_UP)
		sub->told = true;
}

void world_lose_event(struct world *world)
{
	struct core_event event = world->events[0];

	if (!world->n_events)
		return;

	memmove(world->events, world->events + 1,
		--world->n_events * sizeof(event));
	world_deceive(world);
	lose(world, &event);
}

void world_lose_events(struct world *world)
{
	for (size_t i = 0; i < world->n_events; i++)
		lose(world, &world->events[i]);

	world->n_events = 0;
	world->lost = true;
	for (int c = 0; c < WORLD_CONNS; c++)
		world->conns[c].doubt = world->conns[c].known;

	core_events_lost(world->core);
	if (world->listing)
		world->list_kind = CORE_SYNC_LOSS;
	else
		world_begin_list(world, CORE_SYNC_LOSS, true);
}

void world_happen_unheard(struct world *world, unsigned int c,
			  enum unheard what)
{
	struct world_conn *conn = &world->conns[c];

	if (!conn->alive)
		return;

	world_deceive(world);
	switch (what) {
	case UNHEARD_END:
		conn->alive = false;
		if (!conn->known)
			world_forget(world, c);
		break;
	case UNHEARD_ESTABLISHED:
		conn->full = true;
		break;
	case UNHEARD_JOIN:
		world_hold_join(world, c);
		break;
	case UNHEARD_KINDS:
		break;
	}
}

static struct core_seen_subflow list_sub(const struct world *world,
					 unsigned int c, const struct sub *sub)
{
	struct core_event initial = world_event(world, CORE_EVENT_CREATED, c);
	const struct world_conn *conn = &world->conns[c];
	bool is_initial =
		anchor_endpoint_equal(&initial.local, &sub->local) &&
		anchor_endpoint_equal(&initial.remote, &sub->remote);

	return (struct core_seen_subflow) {
		.local = sub->local,
		.remote = sub->remote,
		.state = CORE_SEEN_UP,
		.initial = is_initial,
		.established = conn->full,
		.opened_here = is_initial ?
			conn->role == ANCHOR_ROLE_CLIENT : sub->ours,
		.backup_here = sub->backup_here,
		.backup_peer = sub->backup_peer,
	};
}

static void list_openings(struct listed *listed, const struct world_conn *conn)
{
	for (size_t i = 0; i < conn->n_openings; i++) {
		struct core_seen_subflow *subflow =
			&listed->subflows[listed->seen.n_subflows++];

		*subflow = (struct core_seen_subflow) {
			.local = conn->openings[i].local,
			.remote = conn->openings[i].remote,
			.state = CORE_SEEN_OPENING,
			.opened_here = true,
		};
		subflow->local.port = (uint16_t) (OPENING_PORT + i);
	}
}

static void list_conn(struct world *world, unsigned int c)
{
	const struct world_conn *conn = &world->conns[c];
	struct core_event initial = world_event(world, CORE_EVENT_CREATED, c);
	struct listed *listed = &world->listed[c];

	*listed = (struct listed) { .there = conn->alive };
	listed->seen = (struct core_seen) {
		.token = c + 1,
		.role = conn->role,
		.local = initial.local,
		.remote = initial.remote,
		.subflows = listed->subflows,
		.addresses = conn->addresses,
		.addresses_known = world->list_addresses,
	};
	for (int i = 0; i < WORLD_SUBS; i++)
		if (conn->subs[i].up)
			listed->subflows[listed->seen.n_subflows++] =
				list_sub(world, c, &conn->subs[i]);

	list_openings(listed, conn);
}

static void take_list(struct world *world)
{
	core_sync_begin(world->core, world->list_kind);
	for (unsigned int c = 0; c < WORLD_CONNS; c++)
		list_conn(world, c);
}

void world_begin_list(struct world *world, enum core_sync_kind kind,
		      bool addresses)
{
	if (world->listing)
		return;

	world->listing = true;
	world->quiet = true;
	world->list_kind = kind;
	world->list_addresses = addresses;
	take_list(world);
}

/* As host/lister.c does. Returns true if it is to be done again. */
static bool hand_in(struct world *world)
{
	uint32_t token;

	while (world->n_events)
		world_release_event(world);

	for (int c = 0; c < WORLD_CONNS; c++) {
		const struct world_conn *conn = &world->conns[c];
		struct listed *listed = &world->listed[c];
		int err;

		if (!listed->there || !conn->alive ||
		    !core_sync_asks(world->core, &listed->seen))
			continue;

		/* These are asked for now. */
		listed->seen.kernel = conn->kernel;
		listed->seen.n_addresses = conn->n_addresses;
		err = core_sync_conn(world->core, world->now, &listed->seen);
		require(!err || err == -ENOSPC ||
			(err == -ENOMEM && scarce_failed() != world->failed));
	}

	while (core_sync_unlisted(world->core, &token)) {
		require(token >= 1 && token <= WORLD_CONNS);
		if (!world->conns[token - 1].alive)
			core_sync_gone(world->core, world->now, token);
	}

	return core_sync_end(world->core);
}

/* Is all that is believed to be so, and is all that is so known? */
static bool is_strict(const struct world *world)
{
	return world->quiet || (!world->silent_loss && !world->starved);
}

/* One that went meanwhile, unheard, may come back by an old list. */
static void believe_sub(struct world *world, unsigned int c,
			const struct anchor_endpoint *local,
			const struct anchor_endpoint *remote)
{
	struct sub *sub = world_find_sub(world, c, local, remote);

	if (!sub) {
		sub = world_add_sub(world, c, true, local, remote);
		require(sub);
		sub->up = false;
	}

	sub->believed = sub->told = true;
	require(sub->up || !is_strict(world));
}

static void end_beliefs(struct world_conn *conn)
{
	for (int i = 0; i < WORLD_SUBS; i++) {
		conn->subs[i].known = conn->subs[i].believed;
		conn->subs[i].believed = false;
	}
}

/* What the core has made of the list, the world takes it to know. */
static void believe(const struct core_conn_info *info, void *data)
{
	struct world *world = data;
	const struct anchor_view *view = info->view;
	struct world_conn *conn = &world->conns[info->token - 1];

	require(conn->alive || !is_strict(world));
	conn->known = true;
	require(info->kernel == conn->kernel);
	require(!conn->established || info->established);
	conn->established = info->established;
	for (unsigned int i = 0; i < view->n_paths; i++) {
		const struct anchor_path *path = &view->paths[i];
		struct anchor_endpoint local = {
			view->locals[path->local].addr, path->local_port,
		};
		struct anchor_endpoint remote = {
			view->remotes[path->remote].endpoint.addr,
			path->remote_port,
		};

		believe_sub(world, info->token - 1, &local, &remote);
	}

	if (!is_strict(world) || view->n_paths >= WORLD_SUBFLOWS_MAX)
		return;

	for (int i = 0; i < WORLD_SUBS; i++)
		require(!conn->subs[i].up || conn->subs[i].believed);
}

static void relearn(struct world *world)
{
	for (int c = 0; c < WORLD_CONNS; c++)
		world->conns[c].known = false;

	core_each_conn(world->core, world->now, believe, world);
	for (unsigned int c = 0; c < WORLD_CONNS; c++) {
		end_beliefs(&world->conns[c]);
		if (!world->conns[c].alive && !world->conns[c].known)
			world_forget(world, c);
	}
}

/* What could not be remembered is as good as not told. */
static bool note_starved(struct world *world)
{
	if (scarce_failed() == world->failed)
		return false;

	world->failed = scarce_failed();
	world->starved = world->lost = true;
	world->quiet = false;
	return true;
}

static void check_repairs(const struct world *world)
{
	struct core_stats stats;

	core_get_stats(world->core, &stats);
	if (world->lost || stats.over_limit)
		return;

	require(!stats.repairs[CORE_REPAIR_CONN_MISSED]);
	require(!stats.repairs[CORE_REPAIR_CONN_GONE]);
	require(!stats.repairs[CORE_REPAIR_SUBFLOW_MISSED]);
	require(!stats.repairs[CORE_REPAIR_SUBFLOW_GONE]);
	require(!stats.repairs[CORE_REPAIR_STATE]);
}

void world_end_list(struct world *world)
{
	int rounds = 1;

	if (!world->listing)
		return;

	for (; hand_in(world); rounds++) {
		require(rounds < ROUNDS_MAX);
		take_list(world);
	}

	world->listing = false;
	for (int c = 0; c < WORLD_CONNS; c++)
		world->conns[c].doubt = world->conns[c].refused = false;

	note_starved(world);
	relearn(world);
	check_repairs(world);
}

void world_fail_list(struct world *world)
{
	if (!world->listing)
		return;

	core_sync_fail(world->core);
	take_list(world);
}

void world_note_scarcity(struct world *world)
{
	if (note_starved(world))
		relearn(world);
}

static void forget_ours(struct world_conn *conn)
{
	conn->known = conn->established = false;
	conn->doubt = conn->refused = false;
	conn->n_openings = conn->n_wishes = conn->n_seen = 0;
	for (int i = 0; i < WORLD_SUBS; i++) {
		conn->subs[i].known = false;
		conn->subs[i].told = conn->subs[i].local.port;
		conn->subs[i].closing = conn->subs[i].busy = false;
	}
}

void world_restart(struct world *world)
{
	for (unsigned int c = 0; c < WORLD_CONNS; c++) {
		forget_ours(&world->conns[c]);
		if (!world->conns[c].alive)
			world_forget(world, c);
	}

	world->n_events = world->n_results = 0;
	world->listing = false;
	core_free(world->core);
	world_new_core(world);
	world_begin_list(world, CORE_SYNC_START, true);
}
