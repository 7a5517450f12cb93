/* SPDX-License-Identifier: BSD-3-Clause */
/* Links, peers and time around a fuzzed core. */
#include <errno.h>
#include <inttypes.h>

#include "fuzz/core-world.h"
#include "fuzz/fuzz.h"
#include "fuzz/scarce.h"
#include "host/describe.h"
#include "util/addrtext.h"

/* What may follow from one event, for all connections together. */
#define ACTIONS_MAX 400

/*
 * Deadlines until it rests. Who looks again for ever at what there is opens
 * and closes nothing in the last of fewer.
 */
#define ROUNDS 300
#define ROUNDS_RESTLESS 120
#define ROUNDS_STILL 40

#define RESULTS_LATE anchor_ms(200)
#define SERVICE_PORT 5000
#define JOIN_PORT 6001
#define PEER_PORT 7001

static struct anchor_addr addr_of(const char *text)
{
	struct anchor_addr addr;

	require(!addrtext_parse(text, &addr));
	return addr;
}

static bool is_inet6(unsigned int c)
{
	return c == WORLD_CONNS - 1;
}

/* Each connection has endpoints of its own, by which it is known in plans. */
static void initial_endpoints(unsigned int c, enum anchor_role role,
			      struct anchor_endpoint *ret_local,
			      struct anchor_endpoint *ret_remote)
{
	uint16_t ours = SERVICE_PORT, theirs = (uint16_t) (40000 + c);

	if (role == ANCHOR_ROLE_CLIENT) {
		ours = (uint16_t) (41000 + c);
		theirs = SERVICE_PORT;
	}

	*ret_local = (struct anchor_endpoint) {
		addr_of(is_inet6(c) ? "fd00:255::2" : "10.255.0.2"), ours
	};
	*ret_remote = (struct anchor_endpoint) {
		addr_of(is_inet6(c) ? "fd00:255::1" : "10.255.0.1"), theirs
	};
}

static struct anchor_addr peer_addr(unsigned int c, unsigned int rail)
{
	struct anchor_addr addr = addr_of(is_inet6(c) ? "fd00:1:1::2" :
					  "10.1.1.2");

	addr.bytes[is_inet6(c) ? 3 : 1] = (uint8_t) (rail + 1);
	return addr;
}

struct core_event world_event(const struct world *world,
			      enum core_event_type type, unsigned int c)
{
	struct core_event event = {
		.type = type,
		.known = CORE_KNOWN_ROLE | CORE_KNOWN_IDS | CORE_KNOWN_BACKUP,
		.token = c + 1,
		.role = world->conns[c].role,
	};

	initial_endpoints(c, event.role, &event.local, &event.remote);
	return event;
}

bool world_usable(const struct world *world, const struct anchor_addr *addr)
{
	for (int i = 0; i < WORLD_LOCALS; i++)
		if (world->link_up[i] &&
		    anchor_addr_equal(&world->locals[i].addr, addr))
			return true;

	return false;
}

/* One that came and went before the core was told is still to be told of. */
static bool is_free(const struct sub *sub)
{
	return !sub->up && !sub->known && (sub->told || !sub->local.port);
}

struct sub *world_find_sub(struct world *world, unsigned int c,
			   const struct anchor_endpoint *local,
			   const struct anchor_endpoint *remote)
{
	for (int i = 0; i < WORLD_SUBS; i++) {
		struct sub *sub = &world->conns[c].subs[i];

		if (!is_free(sub) &&
		    anchor_endpoint_equal(&sub->local, local) &&
		    anchor_endpoint_equal(&sub->remote, remote))
			return sub;
	}

	return NULL;
}

struct sub *world_add_sub(struct world *world, unsigned int c, bool ours,
			  const struct anchor_endpoint *local,
			  const struct anchor_endpoint *remote)
{
	for (int i = 0; i < WORLD_SUBS; i++) {
		struct sub *sub = &world->conns[c].subs[i];

		if (!is_free(sub))
			continue;

		*sub = (struct sub) {
			.up = true,
			.ours = ours,
			.local = *local,
			.remote = *remote,
		};
		return sub;
	}

	return NULL;
}

/* An attempt has ended that led there, or may be made again. */
static void end_openings(struct world_conn *conn,
			 const struct core_event *event)
{
	for (size_t i = conn->n_openings; i-- > 0;) {
		const struct opening *opening = &conn->openings[i];

		if (event->type == CORE_EVENT_REMOVED ||
		    (anchor_addr_equal(&opening->local.addr,
				       &event->local.addr) &&
		     anchor_endpoint_equal(&opening->remote, &event->remote)))
			conn->openings[i] =
				conn->openings[--conn->n_openings];
	}
}

static void learn_conn(struct world *world, unsigned int c, bool established)
{
	struct world_conn *conn = &world->conns[c];
	struct core_event event = world_event(world, CORE_EVENT_CREATED, c);
	struct sub *initial = world_find_sub(world, c, &event.local,
					     &event.remote);

	if (!conn->known)
		initial->known = initial->told = true;

	conn->known = true;
	conn->established |= established;
}

/* Nothing comes of it any more: its token may be another's the next time. */
void world_forget(struct world *world, unsigned int c)
{
	size_t events = 0, results = 0;

	for (size_t i = 0; i < world->n_events; i++)
		if (world->events[i].token != c + 1)
			world->events[events++] = world->events[i];

	for (size_t i = 0; i < world->n_results; i++)
		if (world->results[i].action.token != c + 1)
			world->results[results++] = world->results[i];

	world->n_events = events;
	world->n_results = results;
	world->conns[c] = (struct world_conn) { 0 };
}

/* What the core knows after an event that it has taken, or refused. */
static void learn(struct world *world, const struct core_event *event,
		  int err)
{
	unsigned int c = event->token - 1;
	struct world_conn *conn = &world->conns[c];
	struct sub *sub = world_find_sub(world, c, &event->local,
					 &event->remote);

	switch (event->type) {
	case CORE_EVENT_CREATED:
	case CORE_EVENT_ESTABLISHED:
		if (!err)
			learn_conn(world, c,
				   event->type == CORE_EVENT_ESTABLISHED);
		break;
	case CORE_EVENT_CLOSED:
		world_forget(world, c);
		break;
	case CORE_EVENT_ANNOUNCED:
	case CORE_EVENT_SUBFLOW_PRIORITY:
		break;
	case CORE_EVENT_REMOVED:
		end_openings(conn, event);
		break;
	case CORE_EVENT_SUBFLOW_UP:
		if (sub) {
			sub->known = conn->known && !err;
			sub->told = true;
		}
		end_openings(conn, event);
		break;
	case CORE_EVENT_SUBFLOW_DOWN:
		if (sub)
			sub->known = false;
		end_openings(conn, event);
		break;
	}
}

static void trace_event(const struct world *world,
			const struct core_event *event)
{
	static const char *const names[] = {
		[CORE_EVENT_CREATED] = "created",
		[CORE_EVENT_ESTABLISHED] = "established",
		[CORE_EVENT_CLOSED] = "closed",
		[CORE_EVENT_ANNOUNCED] = "announced",
		[CORE_EVENT_REMOVED] = "removed",
		[CORE_EVENT_SUBFLOW_UP] = "up",
		[CORE_EVENT_SUBFLOW_DOWN] = "down",
		[CORE_EVENT_SUBFLOW_PRIORITY] = "priority",
	};
	char local[ADDRTEXT_MAX], remote[ADDRTEXT_MAX];

	if (world->trace)
		fprintf(stderr, "%8" PRId64 " %s %" PRIu32 " %s %s id %u\n",
			world->now.us / 1000, names[event->type],
			event->token, addrtext_endpoint(&event->local, local),
			addrtext_endpoint(&event->remote, remote),
			event->remote_id);
}

static void trace_action(const struct world *world,
			 const struct core_action *action)
{
	char text[DESCRIBE_MAX];

	if (world->trace)
		fprintf(stderr, "%8" PRId64 "     -> %s: %s\n",
			world->now.us / 1000, describe_action(action, text),
			describe_reason(action->reason));
}

static void trace_result(const struct world *world,
			 const struct result *result)
{
	char text[DESCRIBE_MAX];

	if (world->trace && (result->error || world->hold_results))
		fprintf(stderr, "%8" PRId64 "     <- %s: %s\n",
			world->now.us / 1000,
			describe_action(&result->action, text),
			strerror(-result->error));
}

void world_tell(struct world *world, const struct core_event *event)
{
	int err;

	world->quiet = false;
	trace_event(world, event);
	err = core_handle(world->core, world->now, event);
	world_note_scarcity(world);
	require(!err || err == -ENOSPC || (err == -ENOMEM && world->starved));

	/* Over the limits, it may as well not have been told. */
	if (err == -ENOSPC)
		world_deceive(world);

	/* As host/engine.c does. */
	if (err == -ENOMEM) {
		world->wants_list = true;
		world->conns[event->token - 1].refused =
			world->conns[event->token - 1].known;
	}

	learn(world, event, err);
}

void world_release_event(struct world *world)
{
	struct core_event event = world->events[0];

	if (!world->n_events)
		return;

	memmove(world->events, world->events + 1,
		--world->n_events * sizeof(event));
	if (world->conns[event.token - 1].alive)
		world_tell(world, &event);
}

void world_tell_later(struct world *world, const struct core_event *event)
{
	if (world->n_events == WORLD_QUEUE)
		world_release_event(world);

	world->events[world->n_events++] = *event;
	while (world->n_events && !world->hold_events)
		world_release_event(world);
}

void world_begin(struct world *world, unsigned int c, enum anchor_role role)
{
	struct world_conn *conn = &world->conns[c];
	struct core_event event;

	if (conn->alive || conn->known)
		return;

	*conn = (struct world_conn) { .alive = true, .role = role };
	event = world_event(world, CORE_EVENT_CREATED, c);
	require(world_add_sub(world, c, false, &event.local, &event.remote));
	world_tell(world, &event);
}

/* The initial subflow is there: of another one the core would not know. */
void world_establish(struct world *world, unsigned int c)
{
	struct core_event event = world_event(world, CORE_EVENT_ESTABLISHED,
					      c);

	if (!world->conns[c].alive || world->conns[c].full ||
	    !world_find_sub(world, c, &event.local, &event.remote))
		return;

	world->conns[c].full = true;
	world_tell(world, &event);
}

void world_end(struct world *world, unsigned int c)
{
	struct core_event event = world_event(world, CORE_EVENT_CLOSED, c);

	if (world->conns[c].alive)
		world_tell(world, &event);
}

/* port: from 0 on, the last of four is none. */
void world_announce(struct world *world, unsigned int c, uint8_t id,
		    unsigned int rail, unsigned int port)
{
	struct core_event event = world_event(world, CORE_EVENT_ANNOUNCED, c);

	if (!world->conns[c].alive || !id)
		return;

	event.remote_id = id;
	event.remote.addr = peer_addr(c, rail);
	event.remote.port = port == 3 ? 0 : (uint16_t) (PEER_PORT + port);
	world_tell(world, &event);
}

void world_remember(struct world *world, uint8_t id, unsigned int rail,
		    unsigned int port)
{
	struct core_event event = world_event(world, CORE_EVENT_ANNOUNCED, 0);
	struct anchor_endpoint endpoint = {
		peer_addr(0, rail), port == 3 ? 0 :
		(uint16_t) (PEER_PORT + port),
	};

	if (id)
		core_remember_peer(world->core, &event.remote.addr, id,
				   &endpoint);
}

void world_remove(struct world *world, unsigned int c, uint8_t id)
{
	struct core_event event = world_event(world, CORE_EVENT_REMOVED, c);

	event.remote_id = id;
	if (world->conns[c].alive && id)
		world_tell(world, &event);
}

void world_join(struct world *world, unsigned int c, unsigned int local,
		unsigned int rail)
{
	struct core_event event = world_event(world, CORE_EVENT_SUBFLOW_UP, c);

	if (!world->conns[c].alive)
		return;

	/* It can be joined: that was to be told before. */
	world->lost |= !world->conns[c].established;
	world->conns[c].full = true;
	event.local.addr = world->locals[local].addr;
	event.local.port = JOIN_PORT;
	event.local_id = world->locals[local].id;
	event.remote.addr = peer_addr(c, rail);
	event.remote.port = ++world->port;
	event.remote_id = (uint8_t) (129 + rail);
	if (world_add_sub(world, c, false, &event.local, &event.remote))
		world_tell(world, &event);
}

void world_hold_join(struct world *world, unsigned int c)
{
	struct anchor_endpoint local = { world->locals[0].addr, JOIN_PORT };
	struct anchor_endpoint remote = { peer_addr(c, 0), ++world->port };
	struct sub *sub = world_add_sub(world, c, false, &local, &remote);

	if (sub)
		sub->told = true;
}

static unsigned int count_up(const struct world_conn *conn)
{
	unsigned int n = 0;

	for (int i = 0; i < WORLD_SUBS; i++)
		n += conn->subs[i].up;

	return n;
}

/* The last one's end is the connection's. */
void world_sub_ends(struct world *world, unsigned int c, unsigned int i,
		    int error, bool prohibited)
{
	struct core_event event = world_event(world, CORE_EVENT_SUBFLOW_DOWN,
					      c);
	struct world_conn *conn = &world->conns[c];
	struct sub *sub = &conn->subs[i];

	if (!conn->alive || !sub->up || count_up(conn) < 2)
		return;

	sub->up = false;
	event.local = sub->local;
	event.remote = sub->remote;
	event.error = error;
	event.prohibited = prohibited;
	if (error)
		event.known |= CORE_KNOWN_ERROR;

	world_tell_later(world, &event);
}

void world_priority(struct world *world, unsigned int c, unsigned int i,
		    bool backup)
{
	struct core_event event = world_event(world,
					CORE_EVENT_SUBFLOW_PRIORITY, c);
	struct sub *sub = &world->conns[c].subs[i];

	if (!world->conns[c].alive || !sub->up)
		return;

	sub->backup_peer = backup;
	event.local = sub->local;
	event.remote = sub->remote;
	event.backup = backup;
	world_tell_later(world, &event);
}

static void tell_links(struct world *world)
{
	static const struct core_rail rails[] = {
		{ .name = "a" }, { .name = "b" },
	};
	struct core_local up[WORLD_LOCALS];
	struct core_host host = {
		.locals = up, .rails = rails, .n_rails = 2,
		.rendezvous = world->rendezvous, .n_rendezvous = 2,
	};

	for (int i = 0; i < WORLD_LOCALS; i++)
		if (world->link_up[i])
			up[host.n_locals++] = world->locals[i];

	require(!core_set_host(world->core, world->now, &host));
}

void world_toggle_link(struct world *world, unsigned int local)
{
	world->link_up[local] ^= true;
	tell_links(world);
}

/* The configuration before is no longer used, and overwritten next time. */
void world_reload(struct world *world, unsigned int rule)
{
	struct core_config *next = &world->config[!world->used];
	unsigned int moved;
	int err;

	*next = world->config[world->used];
	next->rules = &world->rules->rules[rule];
	err = core_set_config(world->core, next, &moved);
	world_note_scarcity(world);
	require(!err || (err == -ENOMEM && world->starved));
	if (err)
		return;

	require(moved <= WORLD_CONNS);
	world->used = !world->used;
	world->rule = rule;
}

void world_set_samples(struct world *world, enum sample_fate fate)
{
	world->sample_fate = fate;
	world->sample_since = world->now;
}

void world_release_result(struct world *world)
{
	struct result result = world->results[0];

	if (!world->n_results)
		return;

	memmove(world->results, world->results + 1,
		--world->n_results * sizeof(result));
	trace_result(world, &result);
	world->quiet = false;
	core_result(world->core, world->now, &result.action, result.error);
	kernel_note_result(world, &result);
}

static void queue_result(struct world *world, const struct core_action *action,
			 int error)
{
	if (world->n_results == WORLD_QUEUE)
		world_release_result(world);

	world->results[world->n_results++] = (struct result) {
		*action, error
	};
	while (world->n_results && !world->hold_results)
		world_release_result(world);
}

static void take_complaints(struct world *world)
{
	struct core_complaint complaint;

	/* None of the tree's modules gives cause for one. */
	require(!core_take_complaint(world->core, &complaint));
}

void world_drain(struct world *world)
{
	struct core_action action;
	unsigned int n = 0;

	while (core_take_action(world->core, world->now, &action)) {
		trace_action(world, &action);
		require(++n <= ACTIONS_MAX);
		queue_result(world, &action,
			     kernel_carry_out(world, &action));
	}

	for (int c = 0; c < WORLD_CONNS; c++) {
		world->conns[c].doubt |= world->conns[c].refused;
		world->conns[c].refused = false;
	}

	take_complaints(world);
	require(anchor_time_before(world->now,
				   core_next_deadline(world->core)));
}

/* Results may be late, but not by as much as a path has to come up. */
static void wait_until(struct world *world, struct anchor_time when)
{
	if (anchor_time_since(when, world->now).us > RESULTS_LATE.us)
		while (world->n_results)
			world_release_result(world);

	world->now = when;
	if (world->wants_list && !world->listing) {
		world->wants_list = false;
		world_begin_list(world, CORE_SYNC_LOSS, true);
		world_end_list(world);
	}

	core_expire(world->core, world->now);
}

void world_wait(struct world *world, struct anchor_span span)
{
	wait_until(world, anchor_time_add(world->now, span));
}

void world_wait_deadline(struct world *world)
{
	struct anchor_time deadline = core_next_deadline(world->core);

	if (!anchor_time_is_never(deadline))
		wait_until(world, deadline);
}

static void compare_conn(const struct core_conn_info *info, void *data)
{
	struct world *world = data;
	const struct world_conn *conn = &world->conns[info->token - 1];
	unsigned int n = 0;

	require(conn->known);
	require(info->established == conn->established);
	require(info->view->role == conn->role);
	for (int i = 0; i < WORLD_SUBS; i++)
		n += conn->subs[i].known;

	require(info->view->n_paths == n);
}

void world_compare(struct world *world)
{
	struct core_stats stats;
	unsigned int n = 0;

	for (int c = 0; c < WORLD_CONNS; c++)
		n += world->conns[c].known;

	core_get_stats(world->core, &stats);
	require(stats.connections == n);
	require(n <= WORLD_CONNS_MAX);
	core_each_conn(world->core, world->now, compare_conn, world);
}

static struct world_conn *conn_of_view(struct world *world,
				       const struct anchor_view *view,
				       unsigned int *ret_c)
{
	for (unsigned int c = 0; c < WORLD_CONNS; c++) {
		struct anchor_endpoint local, remote;

		initial_endpoints(c, view->role, &local, &remote);
		if (anchor_endpoint_equal(&local, &view->local) &&
		    anchor_endpoint_equal(&remote, &view->remote)) {
			*ret_c = c;
			return &world->conns[c];
		}
	}

	return NULL;	/* somebody asks for an explanation */
}

static void note_seen(struct world *world, unsigned int c,
		      const struct anchor_view *view,
		      const struct anchor_plan *plan)
{
	struct world_conn *conn = &world->conns[c];

	conn->n_seen = 0;
	for (unsigned int i = 0; i < view->n_paths; i++) {
		const struct anchor_path *path = &view->paths[i];
		struct seen seen = {
			.local = {
				view->locals[path->local].addr,
				path->local_port,
			},
			.remote = {
				view->remotes[path->remote].endpoint.addr,
				path->remote_port,
			},
			.replaced = plan->replace & (UINT64_C(1) << i),
		};
		const struct sub *sub = world_find_sub(world, c, &seen.local,
						       &seen.remote);

		require(sub && sub->known);
		seen.ours = sub->ours;
		seen.closing = sub->closing;
		conn->seen[conn->n_seen++] = seen;
	}
}

unsigned int world_count_there(const struct world_conn *conn,
			       const struct wish *wish)
{
	unsigned int n = 0;

	for (int i = 0; i < WORLD_SUBS; i++) {
		const struct sub *sub = &conn->subs[i];

		n += sub->ours && sub->up && sub->told && !sub->closing &&
			anchor_addr_equal(&sub->local.addr, &wish->local) &&
			anchor_endpoint_equal(&sub->remote, &wish->remote);
	}

	return n;
}

/* What follows from a plan may be carried out when more has been told. */
static void note_wishes(struct world_conn *conn,
			const struct anchor_view *view,
			const struct anchor_plan *plan)
{
	require(plan->n_paths <= ANCHOR_PATHS_MAX);
	conn->n_wishes = 0;
	for (unsigned int i = 0; i < plan->n_paths; i++) {
		struct wish wish = {
			.local = view->locals[plan->paths[i].local].addr,
			.remote = view->remotes[plan->paths[i].remote]
				.endpoint,
			.count = plan->paths[i].count,
		};

		wish.there = world_count_there(conn, &wish);
		conn->wishes[conn->n_wishes++] = wish;
	}
}

static void on_plan(const struct anchor_view *view,
		    const struct anchor_plan *plan, void *data)
{
	struct world *world = data;
	struct world_conn *conn;
	unsigned int c;

	conn = conn_of_view(world, view, &c);
	if (!conn || !conn->known)
		return;

	note_wishes(conn, view, plan);
	note_seen(world, c, view, plan);
}

static void make_locals(struct world *world)
{
	static const struct {
		const char *addr, *link;
		int ifindex;
		int16_t rail;
		bool bare;
	} rows[WORLD_LOCALS] = {
		{ "10.1.2.2", "eth1", 1, 0, false },
		{ "10.2.2.2", "eth2", 2, 1, false },
		{ "10.2.3.2", "eth2", 2, 1, false },
		{ "fd00:1:2::2", "eth1", 1, 0, true },
	};

	for (int i = 0; i < WORLD_LOCALS; i++) {
		world->link_up[i] = true;
		world->locals[i] = (struct core_local) {
			.addr = addr_of(rows[i].addr),
			.link = rows[i].link,
			.ifindex = rows[i].ifindex,
			.rail = rows[i].rail,
			.join_port = JOIN_PORT,
			.bare = rows[i].bare,
			.id = (uint8_t) (i + 1),
		};
	}
}

void world_new_core(struct world *world)
{
	scarce_hold(true);
	world->core = core_new(&world->config[world->used], 1);
	require(world->core);
	scarce_hold(false);
	tell_links(world);
}

void world_new(struct world *world)
{
	*world = (struct world) {
		.now = { 1000000 },
		.port = 10000,
		.trace = getenv("FUZZ_TRACE"),
		.failed = scarce_failed(),
	};
	world->rules = rules_get(on_plan, world);
	world->config[0] = (struct core_config) {
		.limits = { WORLD_CONNS_MAX, WORLD_SUBFLOWS_MAX, 4 },
		.timers = {
			.grace = anchor_ms(300), .connect = anchor_ms(5000),
			.retry_min = anchor_ms(1000),
			.retry_max = anchor_ms(60000),
			.hold_min = anchor_ms(500),
			.hold_max = anchor_ms(4000),
		},
		.rules = &world->rules->rules[0], .n_rules = 1,
	};
	world->rendezvous[0] = (struct anchor_prefix) {
		addr_of("10.255.0.2"), 32
	};
	world->rendezvous[1] = (struct anchor_prefix) {
		addr_of("fd00:255::2"), 128
	};
	make_locals(world);
	world_new_core(world);
}

void world_free(struct world *world)
{
	core_free(world->core);
}

/* Is there as much as the plan asks for, or may there not be? */
static bool is_met(const struct core_conn_info *info, const struct wish *wish)
{
	const struct anchor_view *view = info->view;
	unsigned int n = 0;

	for (unsigned int i = 0; i < view->n_paths; i++) {
		const struct anchor_path *path = &view->paths[i];

		n += anchor_addr_equal(&view->locals[path->local].addr,
				       &wish->local) &&
			anchor_addr_equal(&view->remotes[path->remote]
					  .endpoint.addr, &wish->remote.addr);
	}

	for (size_t i = 0; i < info->n_attempts; i++)
		if (anchor_addr_equal(&info->attempts[i].local,
				      &wish->local) &&
		    anchor_endpoint_equal(&info->attempts[i].remote,
					  &wish->remote) &&
		    anchor_time_is_never(info->attempts[i].until))
			return true;

	return n >= wish->count || view->n_paths >= WORLD_SUBFLOWS_MAX;
}

static void check_met(const struct core_conn_info *info, void *data)
{
	struct world *world = data;
	const struct world_conn *conn = &world->conns[info->token - 1];

	if (!conn->alive || !conn->established || conn->kernel)
		return;

	for (size_t i = 0; i < conn->n_wishes; i++)
		require(is_met(info, &conn->wishes[i]));
}

void world_settle(struct world *world)
{
	bool rests = world->rules->rests[world->rule];
	unsigned int rounds = rests ? ROUNDS : ROUNDS_RESTLESS;

	world->open_fate = OPEN_COMES_UP;
	world->error = 0;
	world->hold_results = world->hold_events = false;
	scarce_end();
	world_set_samples(world, SAMPLE_IDLE);
	while (world->n_results || world->n_events) {
		world_release_result(world);
		world_release_event(world);
	}

	/* What the one leaves in flux is quiet by the next. */
	for (int i = 0; i < 2; i++) {
		world_begin_list(world, CORE_SYNC_AUDIT, true);
		world_end_list(world);
		world_drain(world);
	}

	while (!anchor_time_is_never(core_next_deadline(world->core)) &&
	       rounds) {
		if (rounds-- == ROUNDS_STILL)
			world->moved = false;

		world_wait_deadline(world);
		world_drain(world);
	}

	require(rounds || (!rests && !world->moved));
	if (rests)
		core_each_conn(world->core, world->now, check_met, world);
}
