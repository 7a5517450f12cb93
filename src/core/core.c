/* SPDX-License-Identifier: BSD-3-Clause */
/* Facts in, actions out: the core's outer face. */
#include <errno.h>
#include <stdlib.h>

#include "core/match.h"
#include "core/private.h"
#include "core/prng.h"
#include "core/reconcile.h"

/*
 * An open that is refused where the peer may not have announced anything, or
 * where it had taken one: it may be starting again.
 */
#define REFUSED_TRIES 5

/* Of a connection that no path comes up for, until it is thought lost. */
#define LOST_TRIES 20
#define LOST_RETRY_MAX anchor_ms(3600 * 1000)

struct core *core_new(const struct core_config *config, uint64_t seed)
{
	struct core *core = calloc(1, sizeof(*core));

	if (!core)
		return NULL;

	core->faults = calloc(config->n_rules, sizeof(*core->faults));
	if (!core->faults) {
		free(core);
		return NULL;
	}

	core->config = config;
	core->random = seed;
	core->dirty_end = &core->dirty;
	core->held_until = ANCHOR_NEVER;
	core->drained = ANCHOR_NEVER;
	return core;
}

void core_free(struct core *core)
{
	if (!core)
		return;

	for (unsigned int i = 0; i < core->conns.n_buckets; i++)
		while (core->conns.buckets[i]) {
			struct conn *conn = core->conns.buckets[i];

			core->conns.buckets[i] = conn->next;
			conn_free(conn);
		}

	table_free(&core->conns);
	heap_free(&core->deadlines);
	peers_clear(&core->peers);
	core_sync_free(&core->sync);
	free(core->actions);
	free(core->faults);
	free(core);
}

static struct anchor_time back_off(struct core *core, struct anchor_time now,
				   struct anchor_span first,
				   struct anchor_span most,
				   unsigned int failures)
{
	int64_t delay = first.us;

	while (failures-- && delay < most.us)
		delay *= 2;

	if (delay > most.us)
		delay = most.us;

	/* Plus or minus a quarter, so that many do not come back at once. */
	delay += (int64_t) (prng_next(&core->random) % (uint64_t)
			    (delay / 2 + 1)) - delay / 4;
	return anchor_time_add(now, anchor_us(delay));
}

struct anchor_time core_jitter(struct core *core, struct anchor_time now,
			       struct anchor_span span)
{
	return back_off(core, now, span, span, 0);
}

struct anchor_time core_retry_at(struct core *core, struct anchor_time now,
				 unsigned int failures)
{
	const struct core_timers *timers = &core->config->timers;

	return back_off(core, now, timers->retry_min, timers->retry_max,
			failures);
}

static bool has_path(const struct conn *conn)
{
	for (unsigned int i = 0; i < conn->n_subflows; i++)
		if (!conn->subflows[i].initial && !conn->subflows[i].closing)
			return true;

	return false;
}

/*
 * A peer that is gone for good ends no connection that is idle: it would be
 * tried for ever.
 */
struct anchor_time core_try_again_at(struct core *core, struct anchor_time now,
				     const struct conn *conn,
				     const struct attempt *attempt)
{
	const struct core_timers *timers = &core->config->timers;
	bool lost = attempt->failures >= LOST_TRIES && !has_path(conn);

	return back_off(core, now, timers->retry_min,
			lost && timers->retry_max.us < LOST_RETRY_MAX.us ?
			LOST_RETRY_MAX : timers->retry_max,
			attempt->failures);
}

/*
 * The kernel opens no subflow of a connection that the service has not yet
 * taken with accept() (EINVAL, mptcp_subflow_create_socket()), or that is
 * not fully established (ENOTCONN). Neither takes long, as a rule.
 */
static bool is_not_ready(int error)
{
	return error == -EINVAL || error == -ENOTCONN;
}

static struct anchor_time open_retry_at(struct core *core,
					struct anchor_time now,
					unsigned int failures, int error)
{
	if (is_not_ready(error))
		return back_off(core, now, anchor_ms(1),
				core->config->timers.retry_min, failures);

	return core_retry_at(core, now, failures);
}

void core_mark_dirty(struct core *core, struct conn *conn)
{
	if (conn->dirty_at)
		return;

	conn->dirty_next = NULL;
	conn->dirty_at = core->dirty_end;
	*core->dirty_end = conn;
	core->dirty_end = &conn->dirty_next;
}

static void unmark_dirty(struct core *core, struct conn *conn)
{
	if (!conn->dirty_at)
		return;

	*conn->dirty_at = conn->dirty_next;
	if (conn->dirty_next)
		conn->dirty_next->dirty_at = conn->dirty_at;
	else
		core->dirty_end = conn->dirty_at;

	conn->dirty_at = NULL;
}

/* Untaken actions are of the last connection compared: of this one? */
void core_drop_actions(struct core *core, const struct conn *conn)
{
	if (core->taken < core->n_actions &&
	    core->actions[core->taken].token == conn->token)
		core->taken = core->n_actions = 0;
}

int core_remember(struct core *core, struct conn *conn)
{
	int err = heap_reserve(&core->deadlines, core->conns.n + 1);

	return err < 0 ? err : table_insert(&core->conns, conn);
}

void core_forget(struct core *core, struct conn *conn)
{
	core_drop_actions(core, conn);
	core->waiting -= conn->waits;
	unmark_dirty(core, conn);
	heap_set(&core->deadlines, conn, ANCHOR_NEVER);
	table_remove(&core->conns, conn);
	conn_free(conn);
}

/* A connection that a stranger made to a join listener is nobody's. */
static bool at_join_port(const struct core *core,
			 const struct anchor_endpoint *local)
{
	for (size_t i = 0; i < core->n_offered; i++)
		if (core->offered[i].join_port == local->port &&
		    anchor_addr_equal(&core->offered[i].addr, &local->addr))
			return true;

	return false;
}

const struct core_rule *core_rule_for(const struct core *core,
				      const struct anchor_endpoint *local,
				      const struct anchor_endpoint *remote,
				      enum anchor_role role)
{
	if (at_join_port(core, local))
		return NULL;

	return match_conn(core->config, &core->host, local, remote, role);
}

/* The initial subflow has no event of its own. */
static int add_initial(struct core *core, struct conn *conn,
		       struct anchor_time now, const struct core_event *event)
{
	struct core_event initial = *event;

	initial.known &= ~(unsigned int) CORE_KNOWN_BACKUP;
	initial.local_id = 0;
	initial.remote_id = 0;
	return conn_subflow_up(conn, &core->config->limits, now, &initial);
}

static int add_conn(struct core *core, struct anchor_time now,
		    const struct core_event *event, struct conn **ret_conn)
{
	const struct core_rule *rule = core_rule_for(core, &event->local,
						     &event->remote,
						     event->role);
	struct conn *conn;

	if (!rule) {
		core->stats.ignored += event->type == CORE_EVENT_CREATED;
		*ret_conn = NULL;
		return 0;
	}

	if (core->conns.n >= core->config->limits.connections)
		return -ENOSPC;

	conn = conn_new(event->token);
	if (!conn)
		return -ENOMEM;

	conn->local = event->local;
	conn->remote = event->remote;
	conn->role = event->role;
	conn->since = now;
	conn->heard = core->sync.running;
	conn->deny_join_id0 = event->known & CORE_KNOWN_DENY_JOIN &&
		event->deny_join_id0;

	if (conn_set_rule(conn, rule) < 0 ||
	    add_initial(core, conn, now, event) < 0 ||
	    core_remember(core, conn) < 0) {
		conn_free(conn);
		return -ENOMEM;
	}

	*ret_conn = conn;
	return 0;
}

static int handle_new(struct core *core, struct anchor_time now,
		      struct conn *conn, const struct core_event *event)
{
	if (!conn) {
		int err = add_conn(core, now, event, &conn);

		if (err < 0 || !conn)
			return err;
	}

	if (event->type == CORE_EVENT_ESTABLISHED)
		conn->established = true;

	core_mark_dirty(core, conn);
	return 0;
}

/*
 * A peer that answers no is left in peace until it announces the address
 * again (RFC 8684 section 3.4.1). But where it is only assumed that it has,
 * it may be about to do so for the first time, and be missed again; and where
 * it had taken a path, who answers joins there may be away for a moment.
 */
static bool is_refused(const struct core *core, const struct conn *conn,
		       const struct attempt *attempt,
		       const struct core_event *event)
{
	if (core->config->timers.retry_refused)
		return false;

	if (event->prohibited)
		return true;

	return event->known & CORE_KNOWN_ERROR &&
		event->error == ECONNREFUSED &&
		(attempt->failures >= REFUSED_TRIES ||
		 (!attempt->joined &&
		  !conn_is_assumed(conn, &event->remote)));
}

void core_subflow_down(struct core *core, struct anchor_time now,
		       struct conn *conn, const struct core_event *event)
{
	struct attempt *attempt = conn_subflow_down(conn, now,
					core->config->timers.retry_max, event);
	int error = ECONNRESET;

	if (event->known & CORE_KNOWN_ERROR && event->error)
		error = event->error;

	/* A no is an answer, too: the way there is not dead. */
	if (event->known & CORE_KNOWN_ERROR && error == ECONNREFUSED)
		heard_note(&core->heard, &event->local.addr,
			   &event->remote.addr, now);

	if (attempt)
		conn_fail_attempt(attempt, error,
				  is_refused(core, conn, attempt, event) ?
				  ANCHOR_NEVER :
				  core_try_again_at(core, now, conn, attempt));
}

/* That it has come up is an answer. */
static int handle_up(struct core *core, struct anchor_time now,
		     struct conn *conn, const struct core_event *event)
{
	int err = conn_subflow_up(conn, &core->config->limits, now, event);

	heard_note(&core->heard, &event->local.addr, &event->remote.addr, now);
	if (conn->peer_opens && conn->role == ANCHOR_ROLE_CLIENT)
		peers_note_opens(&core->peers, &conn->remote.addr, true);

	return err;
}

static int handle_announced(struct core *core, struct anchor_time now,
			    struct conn *conn, const struct core_event *event)
{
	int err = conn_announced(conn, &core->config->limits,
				 event->remote_id, &event->remote);

	conn->echoing = true;

	/* What is not known here is then known of the peer. */
	if (!err || err == -ENOMEM)
		peers_learn(&core->peers, &conn->remote.addr,
			    event->remote_id, &event->remote);

	return err == 1 ? conn_announced_again(conn, now, &event->remote) :
		err;
}

static int apply(struct core *core, struct anchor_time now, struct conn *conn,
		 const struct core_event *event)
{
	switch (event->type) {
	case CORE_EVENT_CREATED:
	case CORE_EVENT_ESTABLISHED:
		return handle_new(core, now, conn, event);
	case CORE_EVENT_CLOSED:
		core_forget(core, conn);
		return 1;
	case CORE_EVENT_ANNOUNCED:
		return handle_announced(core, now, conn, event);
	case CORE_EVENT_REMOVED:
		peers_forget(&core->peers, &conn->remote.addr,
			     event->remote_id);
		return conn_removed(conn, now, event->remote_id);
	case CORE_EVENT_SUBFLOW_UP:
		return handle_up(core, now, conn, event);
	case CORE_EVENT_SUBFLOW_DOWN:
		core_subflow_down(core, now, conn, event);
		return 0;
	case CORE_EVENT_SUBFLOW_PRIORITY:
		return conn_subflow_priority(conn, event);
	}

	return -EINVAL;
}

int core_handle(struct core *core, struct anchor_time now,
		const struct core_event *event)
{
	struct conn *conn = table_find(&core->conns, event->token);
	bool creates = event->type == CORE_EVENT_CREATED ||
		event->type == CORE_EVENT_ESTABLISHED;
	int err;

	core->stats.events++;
	core_sync_note(core, conn, event);
	if (!conn && !creates)
		return 0;

	err = apply(core, now, conn, event);
	if (err == -ENOSPC)
		core->stats.over_limit++;

	/* Who does not know all of its paths opens none. */
	if (err == -ENOMEM && conn)
		conn->doubt = true;

	if (err == 0 && conn)
		core_mark_dirty(core, conn);

	return err < 0 ? err : 0;
}

bool core_take_action(struct core *core, struct anchor_time now,
		      struct core_action *ret_action)
{
	while (core->taken == core->n_actions) {
		struct conn *conn = core->dirty;

		if (!conn)
			return false;

		unmark_dirty(core, conn);
		core->taken = core->n_actions = 0;
		reconcile(core, conn, now);
	}

	*ret_action = core->actions[core->taken++];
	return true;
}

static void announce_done(struct core *core, struct anchor_time now,
			  struct conn *conn, const struct core_action *action,
			  int error)
{
	struct entry *entry = conn_find_entry(conn, &action->local);

	/* What was entered only to be withdrawn has left nothing. */
	if (!action->local.port || action->reason == CORE_REASON_REPEAT)
		return;

	if (!entry || entry->id != action->id)
		return;

	entry->busy = false;
	entry->confirmed = !error;
	if (!error) {
		entry->failures = 0;
		return;
	}

	entry->retry = core_retry_at(core, now, entry->failures);
	if (entry->failures < UINT8_MAX)
		entry->failures++;

	/* The kernel may have given this ID to another address by itself. */
	if (error == -EINVAL)
		conn_change_id(conn, entry);
}

static void open_done(struct core *core, struct anchor_time now,
		      struct conn *conn, const struct core_action *action,
		      int error)
{
	struct attempt *attempt;

	if (!error)
		return;

	/* A failed open too makes the kernel drop an address entry. */
	conn_mark_restore(conn, &action->local.addr);
	attempt = conn_find_attempt(conn, &action->local.addr,
				    &action->remote);
	if (attempt)
		conn_fail_attempt(attempt, -error,
				  open_retry_at(core, now, attempt->failures,
						error));
}

static void subflow_done(struct core *core, struct anchor_time now,
			 struct conn *conn, const struct core_action *action,
			 int error)
{
	const struct core_event gone = {
		.type = CORE_EVENT_SUBFLOW_DOWN,
		.local = action->local,
		.remote = action->remote,
	};
	struct subflow *subflow;

	subflow = conn_find_subflow(conn, &action->local, &action->remote);
	if (!subflow)
		return;

	/* The event that said so was lost, or is yet to come. */
	if (error == -ESRCH) {
		core_subflow_down(core, now, conn, &gone);
		return;
	}

	/* Other commands may be under way, whose ends are still to come. */
	if (action->reason == CORE_REASON_NUDGE && (error || subflow->busy))
		return;

	subflow->busy = false;
	if (error) {
		subflow->closing = false;
		subflow->not_before = core_retry_at(core, now, 0);
	} else if (action->type != CORE_ACTION_CLOSE) {
		subflow->backup_here = action->type == CORE_ACTION_DEMOTE;
	}
}

bool core_error_is_news(const struct core_action *action, int error)
{
	if (error == -ESRCH || error == -ENOENT)
		return false;

	return action->type != CORE_ACTION_OPEN || !is_not_ready(error);
}

void core_result(struct core *core, struct anchor_time now,
		 const struct core_action *action, int error)
{
	struct conn *conn = table_find(&core->conns, action->token);

	if (error && core_error_is_news(action, error))
		core->stats.failed++;

	if (!conn)
		return;

	if (error == -ENOENT) {
		core_forget(core, conn);
		return;
	}

	if (error == -EOPNOTSUPP) {
		core_leave_to_kernel(core, conn);
		return;
	}

	/* It is newer than what a list that is being read says. */
	conn->heard |= core->sync.running;

	switch (action->type) {
	case CORE_ACTION_ANNOUNCE:
		announce_done(core, now, conn, action, error);
		break;
	case CORE_ACTION_WITHDRAW:
	case CORE_ACTION_SAMPLE:
		return;		/* nothing waits for its end */
	case CORE_ACTION_OPEN:
		open_done(core, now, conn, action, error);
		break;
	case CORE_ACTION_CLOSE:
	case CORE_ACTION_DEMOTE:
	case CORE_ACTION_PROMOTE:
		subflow_done(core, now, conn, action, error);
		break;
	}

	core_mark_dirty(core, conn);
}

bool core_is_draining(const struct core *core)
{
	return !anchor_time_is_never(core->drained);
}

struct anchor_time core_next_deadline(const struct core *core)
{
	const struct conn *conn = heap_top(&core->deadlines);
	struct anchor_time next = core->held_until;

	if (anchor_time_before(core->drained, next))
		next = core->drained;

	return conn && anchor_time_before(conn->deadline, next) ?
		conn->deadline : next;
}

void core_expire(struct core *core, struct anchor_time now)
{
	struct conn *conn;

	if (!anchor_time_before(now, core->held_until))
		core_release_held(core, now);

	if (!anchor_time_before(now, core->drained))
		core->drained = ANCHOR_NEVER;

	while ((conn = heap_top(&core->deadlines)) &&
	       !anchor_time_before(now, conn->deadline)) {
		heap_set(&core->deadlines, conn, ANCHOR_NEVER);
		core_mark_dirty(core, conn);
	}
}
