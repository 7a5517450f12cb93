/* SPDX-License-Identifier: BSD-3-Clause */
/* The kernel around a fuzzed core: carries out, and checks, what it asks. */
#include <errno.h>

#include "fuzz/core-world.h"
#include "fuzz/fuzz.h"

static unsigned int conn_of(const struct core_action *action)
{
	require(action->token >= 1 && action->token <= WORLD_CONNS);
	return action->token - 1;
}

/* Ours that count for the plan, to that endpoint. */
static unsigned int count_ours(const struct world_conn *conn,
			       const struct core_action *action)
{
	unsigned int n = 0;

	for (size_t i = 0; i < conn->n_seen; i++) {
		const struct seen *seen = &conn->seen[i];

		n += seen->ours && !seen->closing && !seen->replaced &&
			anchor_addr_equal(&seen->local.addr,
					  &action->local.addr) &&
			anchor_endpoint_equal(&seen->remote, &action->remote);
	}

	return n;
}

/* What the plan asks for between these two, the most of it; NULL: nothing. */
static const struct wish *find_wish(const struct world_conn *conn,
				    const struct core_action *action)
{
	const struct wish *most = NULL;

	for (size_t i = 0; i < conn->n_wishes; i++) {
		const struct wish *wish = &conn->wishes[i];

		if ((!most || wish->count > most->count) &&
		    anchor_addr_equal(&wish->local, &action->local.addr) &&
		    anchor_endpoint_equal(&wish->remote, &action->remote))
			most = wish;
	}

	return most;
}

static struct opening *find_opening(struct world_conn *conn,
				    const struct core_action *action)
{
	for (size_t i = 0; i < conn->n_openings; i++) {
		struct opening *opening = &conn->openings[i];

		if (anchor_endpoint_equal(&opening->local, &action->local) &&
		    anchor_endpoint_equal(&opening->remote, &action->remote))
			return opening;
	}

	return NULL;
}

/* The same by a subflow, whose local port is no opening's. */
static struct opening *find_pair(struct world_conn *conn,
				 const struct core_action *action)
{
	struct core_action open = *action;

	open.local.port = 0;
	return find_opening(conn, &open);
}

static void drop_opening(struct world_conn *conn, struct opening *opening)
{
	*opening = conn->openings[--conn->n_openings];
}

/* Those that the core counts on. */
static unsigned int count_alive(const struct world_conn *conn)
{
	unsigned int n = 0;

	for (size_t i = 0; i < conn->n_seen; i++)
		n += !conn->seen[i].closing;

	return n;
}

static void check_open(const struct world *world, struct world_conn *conn,
		       const struct core_action *action)
{
	struct opening *opening = find_opening(conn, action);
	unsigned int n = count_ours(conn, action);
	const struct wish *wish = find_wish(conn, action);

	require(conn->established && !conn->doubt);
	require(world_usable(world, &action->local.addr));
	require(!action->local.port && action->remote.port);
	require(action->id && action->ifindex);
	require(wish && wish->count);

	/* Each that is silent, or idle, may have one that takes its place. */
	require(n < wish->count || action->reason != CORE_REASON_PLAN);
	require(world->silent_loss || wish->there < wish->count ||
		world_count_there(conn, wish) < wish->count ||
		action->reason != CORE_REASON_PLAN);

	require(count_alive(conn) < WORLD_SUBFLOWS_MAX);
	if (!opening)
		return;

	require(!anchor_time_before(world->now, opening->until));
	drop_opening(conn, opening);
}

static void note_opening(struct world *world, struct world_conn *conn,
			 const struct core_action *action)
{
	const struct core_timers *timers = &world->config[0].timers;

	/* In place of a silent one it has less time. */
	if (action->reason != CORE_REASON_PLAN ||
	    conn->n_openings == WORLD_OPENS)
		return;

	conn->openings[conn->n_openings++] = (struct opening) {
		.local = action->local,
		.remote = action->remote,
		.until = anchor_time_add(world->now, timers->connect),
	};
}

static void refuse(struct world *world, unsigned int c,
		   const struct core_action *action, bool prohibited)
{
	struct core_event event = world_event(world, CORE_EVENT_SUBFLOW_DOWN,
					      c);

	event.local = action->local;
	event.local.port = ++world->port;
	event.remote = action->remote;
	event.local_id = action->id;
	event.remote_id = action->remote_id;
	event.prohibited = prohibited;
	if (!prohibited) {
		event.known |= CORE_KNOWN_ERROR;
		event.error = ECONNREFUSED;
	}

	world_tell_later(world, &event);
}

static void come_up(struct world *world, unsigned int c,
		    const struct core_action *action)
{
	struct core_event event = world_event(world, CORE_EVENT_SUBFLOW_UP, c);
	struct anchor_endpoint local = action->local;
	struct sub *sub;

	local.port = ++world->port;
	sub = world_add_sub(world, c, true, &local, &action->remote);
	if (!sub)
		return;

	sub->backup_here = sub->backup_peer = action->backup;
	event.local = local;
	event.remote = action->remote;
	event.local_id = action->id;
	event.remote_id = action->remote_id;
	event.backup = action->backup;
	world_tell_later(world, &event);
}

static int open_path(struct world *world, unsigned int c,
		     const struct core_action *action)
{
	struct world_conn *conn = &world->conns[c];

	check_open(world, conn, action);
	note_opening(world, conn, action);
	switch (world->open_fate) {
	case OPEN_COMES_UP:
		come_up(world, c, action);
		return 0;
	case OPEN_UNREACHABLE:
		return -ENETUNREACH;
	case OPEN_NOT_READY:
		return -EINVAL;
	case OPEN_VANISHES:
		return 0;
	case OPEN_REFUSED:
	case OPEN_PROHIBITED:
		refuse(world, c, action, world->open_fate == OPEN_PROHIBITED);
		return 0;
	case OPEN_FATES:
		break;
	}

	return 0;
}

/* What a command about a subflow ends with. If none is found, it is lost. */
static int answer(struct world *world, struct sub *sub)
{
	if (!sub)
		return -ESRCH;

	if (world->error == -ESRCH) {
		sub->up = false;
		world_deceive(world);
	}

	if (world->error)
		return world->error;

	return sub->up ? 0 : -ESRCH;
}

static struct seen *find_seen(struct world_conn *conn,
			      const struct core_action *action)
{
	for (size_t i = 0; i < conn->n_seen; i++) {
		struct seen *seen = &conn->seen[i];

		if (anchor_endpoint_equal(&seen->local, &action->local) &&
		    anchor_endpoint_equal(&seen->remote, &action->remote))
			return seen;
	}

	return NULL;
}

static int close_sub(struct world *world, unsigned int c,
		     const struct core_action *action)
{
	struct sub *sub = world_find_sub(world, c, &action->local,
					 &action->remote);
	struct seen *seen = find_seen(&world->conns[c], action);
	struct core_event event = world_event(world, CORE_EVENT_SUBFLOW_DOWN,
					      c);
	int err;

	require(seen && !seen->closing);
	require(count_alive(&world->conns[c]) > 1);
	seen->closing = true;
	if (sub)
		sub->closing = true;

	err = answer(world, sub);
	if (err < 0)
		return err;

	sub->up = false;
	event.local = sub->local;
	event.remote = sub->remote;
	world_tell_later(world, &event);
	return 0;
}

static int set_priority(struct world *world, unsigned int c,
			const struct core_action *action)
{
	struct sub *sub = world_find_sub(world, c, &action->local,
					 &action->remote);
	const struct seen *seen = find_seen(&world->conns[c], action);
	int err;

	require(seen && !seen->closing);
	if (sub && action->reason != CORE_REASON_NUDGE) {
		require(!sub->busy);
		sub->busy = true;
	}

	err = answer(world, sub);
	if (!err)
		sub->backup_here = action->type == CORE_ACTION_DEMOTE;

	return err;
}

static int announce(const struct world *world,
		    const struct core_action *action)
{
	require(action->id >= 1);

	/* So that it can be withdrawn. */
	if (action->reason == CORE_REASON_REPEAT || !action->local.port) {
		require(action->reason == CORE_REASON_REPEAT ||
			action->reason == CORE_REASON_RESTORE);
		return world->error;
	}

	require(world_usable(world, &action->local.addr));
	require(action->ifindex);
	return world->error;
}

static bool is_silent(const struct world *world, const struct sub *sub)
{
	return world->sample_fate == SAMPLE_SILENT ||
		(world->sample_fate == SAMPLE_HALF_SILENT &&
		 sub->local.addr.bytes[1] % 2 == 0);
}

static void grow(const struct world *world, struct sub *sub)
{
	struct core_sample *sample = &sub->sample;

	sample->rtt = sample->rtt_min = anchor_us(1000);
	sample->unacked = 3;
	sample->cwnd = 10;
	if (is_silent(world, sub)) {
		sample->last_ack = anchor_time_since(world->now,
						     world->sample_since);
		sample->retransmitted++;
		return;
	}

	sample->last_ack = anchor_us(0);
	sample->bytes_out += 100000;
	sample->bytes_in += 1000;
	sample->busy = anchor_us(sample->busy.us + 50000);
	if (world->sample_fate == SAMPLE_IDLE) {
		sample->unacked = 0;
		sample->bytes_out -= 100000;
		sample->last_ack = sample->last_data = anchor_ms(5000);
	}
}

/* Counters that jump about, as those of a reused address would. */
static struct core_sample nonsense(struct world *world)
{
	uint64_t number = (uint64_t) world->now.us * ++world->port;

	return (struct core_sample) {
		.rtt = anchor_us((int64_t) (number % 20000)),
		.last_ack = anchor_us((int64_t) (number % 100000)),
		.busy = anchor_us((int64_t) (number << 7)),
		.delivery_rate = number << 40,
		.bytes_out = number % 3 ? number << 20 : 1,
		.bytes_in = number,
		.unacked = number % 5,
		.ending = number % 7 == 0,
		.retransmitted = (uint32_t) number,
	};
}

static void give_sample(struct world *world, unsigned int c,
			const struct core_action *action)
{
	struct sub *sub = world_find_sub(world, c, &action->local,
					 &action->remote);
	struct core_sample sample;

	if (!sub || !sub->up || world->sample_fate == SAMPLE_NONE)
		return;

	grow(world, sub);
	sample = world->sample_fate == SAMPLE_NONSENSE ? nonsense(world) :
		sub->sample;
	core_sample(world->core, world->now, action, &sample);
}

static int carry_out(struct world *world, unsigned int c,
		     const struct core_action *action)
{
	switch (action->type) {
	case CORE_ACTION_ANNOUNCE:
		return announce(world, action);
	case CORE_ACTION_WITHDRAW:
		require(action->id);
		return world->error;
	case CORE_ACTION_OPEN:
		return open_path(world, c, action);
	case CORE_ACTION_CLOSE:
		return close_sub(world, c, action);
	case CORE_ACTION_DEMOTE:
	case CORE_ACTION_PROMOTE:
		return set_priority(world, c, action);
	case CORE_ACTION_SAMPLE:
		give_sample(world, c, action);
		return 0;
	}

	return 0;
}

static void drop_address(struct world_conn *conn, size_t i)
{
	memmove(&conn->addresses[i], &conn->addresses[i + 1],
		(--conn->n_addresses - i) * sizeof(conn->addresses[i]));
}

/* The kernel's list of local addresses: each ID once. */
static void put_address(struct world_conn *conn,
			const struct core_action *action, bool announced)
{
	for (size_t i = 0; i < conn->n_addresses; i++)
		if (conn->addresses[i].id == action->id)
			return;

	if (conn->n_addresses == WORLD_ADDRESSES)
		drop_address(conn, 0);

	conn->addresses[conn->n_addresses++] = (struct core_seen_address) {
		.endpoint = action->local,
		.id = action->id,
		.announced = announced,
	};
}

static void remove_address(struct world_conn *conn, uint8_t id)
{
	for (size_t i = conn->n_addresses; i-- > 0;)
		if (conn->addresses[i].id == id)
			drop_address(conn, i);
}

/* FACTS, kernel 8: the first with that IP goes with a subflow. */
static void lose_address(struct world_conn *conn,
			 const struct anchor_addr *addr)
{
	for (size_t i = 0; i < conn->n_addresses; i++)
		if (anchor_addr_equal(&conn->addresses[i].endpoint.addr,
				      addr)) {
			drop_address(conn, i);
			return;
		}
}

static void note_addresses(struct world_conn *conn,
			   const struct core_action *action, int error)
{
	switch (action->type) {
	case CORE_ACTION_ANNOUNCE:
		if (!error)
			put_address(conn, action, true);
		break;
	case CORE_ACTION_WITHDRAW:
		if (!error)
			remove_address(conn, action->id);
		break;
	case CORE_ACTION_OPEN:
		if (error)
			lose_address(conn, &action->local.addr);
		else
			put_address(conn, action, false);
		break;
	case CORE_ACTION_CLOSE:
		if (!error)
			lose_address(conn, &action->local.addr);
		break;
	case CORE_ACTION_DEMOTE:
	case CORE_ACTION_PROMOTE:
	case CORE_ACTION_SAMPLE:
		break;
	}
}

int kernel_carry_out(struct world *world, const struct core_action *action)
{
	unsigned int c = conn_of(action);
	int err;

	require(world->conns[c].known && !world->conns[c].kernel);
	if (!world->conns[c].alive)
		return action->type == CORE_ACTION_SAMPLE ? 0 : -ENOENT;

	if (action->type == CORE_ACTION_OPEN ||
	    action->type == CORE_ACTION_CLOSE)
		world->moved = true;

	err = carry_out(world, c, action);
	note_addresses(&world->conns[c], action, err);
	return err;
}

static void note_sub_result(struct world *world, unsigned int c,
			    const struct result *result)
{
	struct sub *sub = world_find_sub(world, c, &result->action.local,
					 &result->action.remote);

	if (!sub)
		return;

	if (result->error == -ESRCH) {
		struct opening *opening = find_pair(&world->conns[c],
						    &result->action);

		/* The end of one puts off the other that is being opened. */
		if (opening)
			drop_opening(&world->conns[c], opening);

		sub->known = false;
		return;
	}

	if (result->action.reason == CORE_REASON_NUDGE)
		return;

	sub->busy = false;
	if (result->error)
		sub->closing = false;
}

void kernel_note_result(struct world *world, const struct result *result)
{
	unsigned int c = conn_of(&result->action);
	struct world_conn *conn = &world->conns[c];
	struct opening *opening;

	if (result->error == -ENOENT) {
		world_forget(world, c);
		return;
	}

	if (result->error == -EOPNOTSUPP) {
		conn->kernel = true;
		conn->n_openings = 0;
		return;
	}

	switch (result->action.type) {
	case CORE_ACTION_OPEN:
		opening = find_opening(conn, &result->action);
		if (result->error && opening)
			drop_opening(conn, opening);
		break;
	case CORE_ACTION_CLOSE:
	case CORE_ACTION_DEMOTE:
	case CORE_ACTION_PROMOTE:
		note_sub_result(world, c, result);
		break;
	case CORE_ACTION_ANNOUNCE:
	case CORE_ACTION_WITHDRAW:
	case CORE_ACTION_SAMPLE:
		break;
	}
}
