/* SPDX-License-Identifier: BSD-3-Clause */
/* From what is and what should be to what to do. */
#include <errno.h>

#include "core/array.h"
#include "core/match.h"
#include "core/prng.h"
#include "core/rails.h"
#include "core/reconcile.h"

#define UNPLANNED (-1)

/* How much more patience a client has with a server that opens paths. */
#define GRACE_OF_OPENERS 4

/* One comparison: its subject, and what has been found out so far. */
struct compare {
	struct core *core;
	struct conn *conn;
	const struct anchor_view *view;
	struct anchor_time now;
	struct anchor_plan plan;
	uint8_t found[ANCHOR_PATHS_MAX];	/* subflows of plan path i */
	int8_t planned[ANCHOR_PATHS_MAX];	/* plan path of view path i */
	unsigned int alive;			/* subflows not being closed */
	bool direct;				/* a direct path carries data */
};

static bool emit(struct compare *cmp, const struct core_action *action)
{
	struct core *core = cmp->core;
	struct core_action *slot;

	if (array_reserve((void **) &core->actions, core->n_actions,
			  &core->cap_actions, sizeof(*core->actions)) < 0)
		return false;

	slot = &core->actions[core->n_actions++];
	*slot = *action;
	slot->token = cmp->conn->token;
	core->stats.actions++;
	return true;
}

static bool emit_priority(struct compare *cmp, const struct subflow *subflow,
			  bool backup, enum core_reason reason)
{
	const struct core_action action = {
		.type = backup ? CORE_ACTION_DEMOTE : CORE_ACTION_PROMOTE,
		.reason = reason,
		.id = subflow->local_id,
		.remote_id = subflow->remote_id,
		.local = subflow->local,
		.remote = subflow->remote,
		.mapped = subflow->mapped,
	};

	return emit(cmp, &action);
}

/* A plan item must name a pair that could be, or is, a path; each pair once. */
static bool plan_item_good(const struct compare *cmp, unsigned int item)
{
	const struct anchor_plan_path *path = &cmp->plan.paths[item];
	const struct anchor_view *view = cmp->view;

	if (path->local >= view->n_locals || path->remote >= view->n_remotes ||
	    !path->count || path->count > cmp->core->config->limits.subflows)
		return false;

	for (unsigned int i = 0; i < item; i++)
		if (cmp->plan.paths[i].local == path->local &&
		    cmp->plan.paths[i].remote == path->remote)
			return false;

	for (unsigned int i = 0; i < view->n_paths; i++)
		if (view->paths[i].local == path->local &&
		    view->paths[i].remote == path->remote)
			return true;

	return anchor_view_pairs(view, path->local, path->remote);
}

static void ask_policy(struct compare *cmp)
{
	const struct core_rule *rule = cmp->conn->rule;
	struct anchor_plan *plan = &cmp->plan;
	unsigned int item = 0;

	plan->n_paths = 0;
	plan->announce = 0;
	plan->rendezvous = rule->rendezvous;
	plan->ask_again = ANCHOR_NEVER;

	for (unsigned int i = 0; i < cmp->view->n_locals; i++)
		if (cmp->view->locals[i].usable)
			plan->announce |= UINT64_C(1) << i;

	rule->policy->plan(rule->instance, cmp->view, plan);

	if (plan->n_paths > ANCHOR_PATHS_MAX)
		plan->n_paths = ANCHOR_PATHS_MAX;

	while (item < plan->n_paths) {
		if (plan_item_good(cmp, item)) {
			item++;
			continue;
		}

		cmp->core->stats.plans_bad++;
		array_remove(plan->paths, plan->n_paths--, item,
			     sizeof(*plan->paths));
	}
}

/* Pairs subflows with the plan, the oldest first. */
static void match_subflows(struct compare *cmp)
{
	const struct conn *conn = cmp->conn;

	for (unsigned int i = 0; i < conn->n_subflows; i++)
		if (!conn->subflows[i].closing)
			cmp->alive++;

	for (unsigned int i = 0; i < cmp->view->n_paths; i++) {
		const struct anchor_path *path = &cmp->view->paths[i];

		cmp->planned[i] = UNPLANNED;
		if (conn->subflows[i].closing)
			continue;

		for (unsigned int p = 0; p < cmp->plan.n_paths; p++) {
			const struct anchor_plan_path *want =
							&cmp->plan.paths[p];

			if (want->local != path->local ||
			    want->remote != path->remote ||
			    cmp->found[p] == want->count)
				continue;

			cmp->found[p]++;
			cmp->planned[i] = (int8_t) p;
			if (!path->initial && !want->backup &&
			    !conn->subflows[i].backup_peer)
				cmp->direct = true;
		}
	}
}

/*
 * An ADD_ADDR for IPv6 with a port does not fit beside TCP timestamps (32
 * and 12 of 40 bytes), and the kernel never sends it. Without a port it
 * means the service's: a server can listen there, and is joined. A client
 * cannot listen at its ephemeral ports. 0: do not announce.
 */
static uint16_t announced_port(const struct compare *cmp,
			       const struct core_local *local)
{
	if (!local->bare)
		return local->join_port;

	return cmp->conn->role == ANCHOR_ROLE_SERVER ? cmp->conn->local.port :
		0;
}

/* The local that an entry stands for, or NULL if it should go. */
static const struct core_local *entry_local(const struct compare *cmp,
					    const struct entry *entry)
{
	const struct view *view = &cmp->core->view;

	for (unsigned int i = 0; i < cmp->view->n_locals; i++) {
		const struct core_local *local = view->host_locals[i];

		if (!local || !anchor_addr_equal(&local->addr,
						 &entry->endpoint.addr))
			continue;

		if (!entry->endpoint.port)
			return local;

		return announced_port(cmp, local) == entry->endpoint.port &&
			cmp->plan.announce & (UINT64_C(1) << i) ? local : NULL;
	}

	return NULL;
}

static bool entry_in_use(const struct conn *conn, const struct entry *entry)
{
	if (entry->endpoint.port)
		return true;

	for (unsigned int i = 0; i < conn->n_subflows; i++)
		if (conn->subflows[i].local_id == entry->id)
			return true;

	return false;
}

/*
 * Withdrawing a source address too makes the peer close the subflows that
 * came from it at once.
 */
static void withdraw(struct compare *cmp)
{
	struct conn *conn = cmp->conn;

	for (unsigned int i = conn->n_entries; i-- > 0;) {
		struct entry *entry = &conn->entries[i];
		struct core_action action = {
			.type = CORE_ACTION_WITHDRAW,
			.reason = CORE_REASON_LINK,
			.id = entry->id,
			.local = entry->endpoint,
		};

		if (entry_local(cmp, entry))
			continue;

		if (entry_in_use(conn, entry) && !emit(cmp, &action))
			return;

		conn_drop_entry(conn, entry);
	}
}

/* Its local address was on a link, and is on none now. */
static bool lost_link(const struct compare *cmp, unsigned int i)
{
	const struct anchor_path *path = &cmp->view->paths[i];
	const struct anchor_addr *addr = &cmp->view->locals[path->local].addr;
	const struct core_host *host = &cmp->core->host;

	return !cmp->view->locals[path->local].usable &&
		!anchor_addr_equal(addr, &cmp->conn->local.addr) &&
		!match_prefixes(host->rendezvous, host->n_rendezvous, addr);
}

static bool all_found(const struct compare *cmp)
{
	for (unsigned int p = 0; p < cmp->plan.n_paths; p++)
		if (cmp->found[p] < cmp->plan.paths[p].count)
			return false;

	return true;
}

/* The initial subflow also carries the signalling: close it last, if ever. */
static bool initial_done(const struct compare *cmp)
{
	return cmp->plan.rendezvous == ANCHOR_RENDEZVOUS_CLOSE &&
		cmp->direct && all_found(cmp);
}

/* Since when a path that should be is missing. */
static void note_incomplete(struct compare *cmp)
{
	struct conn *conn = cmp->conn;

	if (!conn->established || all_found(cmp))
		conn->incomplete = ANCHOR_NEVER;
	else if (anchor_time_is_never(conn->incomplete))
		conn->incomplete = cmp->now;
}

/* Should view path i be closed, and why? Only the server side closes surplus. */
static bool should_close(const struct compare *cmp, unsigned int i,
			 enum core_reason *ret_reason)
{
	const struct subflow *subflow = &cmp->conn->subflows[i];

	if (subflow->initial) {
		*ret_reason = CORE_REASON_DIRECT;
		return cmp->planned[i] == UNPLANNED && initial_done(cmp);
	}

	if (lost_link(cmp, i)) {
		*ret_reason = CORE_REASON_LINK;
		return true;
	}

	if (i >= cmp->core->config->limits.subflows) {
		*ret_reason = CORE_REASON_LIMIT;
		return true;
	}

	*ret_reason = CORE_REASON_SURPLUS;
	return cmp->planned[i] == UNPLANNED &&
		cmp->conn->role == ANCHOR_ROLE_SERVER;
}

static void close_subflow(struct compare *cmp, struct subflow *subflow,
			  enum core_reason reason)
{
	struct core_action action = {
		.type = CORE_ACTION_CLOSE,
		.reason = reason,
		.id = subflow->local_id,
		.remote_id = subflow->remote_id,
		.local = subflow->local,
		.remote = subflow->remote,
		.mapped = subflow->mapped,
	};

	if (subflow->closing || cmp->alive < 2 ||
	    anchor_time_before(cmp->now, subflow->not_before) ||
	    !emit(cmp, &action))
		return;

	subflow->closing = true;
	cmp->alive--;
	conn_mark_restore(cmp->conn, &subflow->local.addr);
}

static void close_paths(struct compare *cmp)
{
	struct conn *conn = cmp->conn;
	enum core_reason reason;

	for (unsigned int i = 0; i < cmp->view->n_paths; i++)
		if (should_close(cmp, i, &reason))
			close_subflow(cmp, &conn->subflows[i], reason);

	/* What did not even fit into the view. */
	for (unsigned int i = cmp->view->n_paths; i < conn->n_subflows; i++)
		close_subflow(cmp, &conn->subflows[i], CORE_REASON_LIMIT);
}

/*
 * The kernel has room for one announcement that waits to be sent, and drops
 * others without a word (AddAddrTxDrop; FACTS, kernel 10). Each command that
 * sends an ACK sends one of what waits, an echo of the peer's announcements
 * first. So each announcement is followed by a priority command for the
 * initial subflow that changes nothing, and has left when the next is made.
 */
static void nudge(struct compare *cmp)
{
	for (unsigned int i = 0; i < cmp->conn->n_subflows; i++) {
		const struct subflow *subflow = &cmp->conn->subflows[i];

		if (subflow->initial && !subflow->closing)
			emit_priority(cmp, subflow, subflow->backup_here,
				      CORE_REASON_NUDGE);
	}
}

static void announce_entry(struct compare *cmp, struct entry *entry,
			   const struct core_local *local)
{
	struct core_action action = {
		.type = CORE_ACTION_ANNOUNCE,
		.reason = entry->restore ? CORE_REASON_RESTORE :
			CORE_REASON_PLAN,
		.id = entry->id,
		.local = entry->endpoint,
		.ifindex = local->ifindex,
		.bare = local->bare,
	};

	if (entry->busy || (entry->confirmed && !entry->restore) ||
	    anchor_time_before(cmp->now, entry->retry) || !emit(cmp, &action))
		return;

	if (!entry->restore)
		nudge(cmp);

	entry->busy = true;
	entry->restore = false;
}

static void announce(struct compare *cmp)
{
	const struct view *view = &cmp->core->view;
	struct conn *conn = cmp->conn;

	/* Nothing leaves before that, and what waits is in the way. */
	if (!conn->established)
		return;

	for (unsigned int i = 0; i < cmp->view->n_locals; i++) {
		const struct core_local *local = view->host_locals[i];
		struct anchor_endpoint endpoint;
		struct entry *entry;

		if (!local || !announced_port(cmp, local) ||
		    !(cmp->plan.announce & (UINT64_C(1) << i)))
			continue;

		endpoint = (struct anchor_endpoint) {
			.addr = local->addr,
			.port = announced_port(cmp, local),
		};
		entry = conn_find_entry(conn, &endpoint);
		if (!entry)
			entry = conn_add_entry(conn, &endpoint, local->id);

		if (entry)
			announce_entry(cmp, entry, local);
	}
}

/* A server that announces without a port waits to be joined. */
static bool invited(const struct conn *conn)
{
	for (unsigned int i = 0; i < conn->n_remotes; i++)
		if (!conn->remotes[i].endpoint.port)
			return true;

	return false;
}

/*
 * The server side opens. A client whose server does not, opens after a
 * grace; a longer one if the server has shown that it opens paths, for it
 * may have missed an announcement.
 */
static struct anchor_time open_from(const struct compare *cmp)
{
	const struct conn *conn = cmp->conn;
	int64_t grace = cmp->core->config->timers.grace.us;

	if (conn->role == ANCHOR_ROLE_SERVER || invited(conn))
		return conn->since;

	if (anchor_time_is_never(conn->incomplete))
		return ANCHOR_NEVER;

	return anchor_time_add(conn->incomplete, anchor_us(conn->peer_opens ?
			       grace * GRACE_OF_OPENERS : grace));
}

static bool may_open(const struct compare *cmp)
{
	return cmp->conn->established &&
		!anchor_time_before(cmp->now, open_from(cmp));
}

static bool attempt_ready(struct compare *cmp, struct attempt *attempt)
{
	return !attempt || (!attempt->opening &&
			    !anchor_time_before(cmp->now, attempt->until));
}

/*
 * To the kernel an address announced without a port and the same as a source
 * are one entry, with one ID.
 */
static struct entry *source_entry(struct compare *cmp,
				  const struct core_local *local)
{
	const struct anchor_endpoint source = { .addr = local->addr };
	const struct anchor_endpoint bare = {
		.addr = local->addr,
		.port = announced_port(cmp, local),
	};
	struct entry *entry = conn_find_entry(cmp->conn,
					      local->bare ? &bare : &source);

	if (entry)
		return entry;

	return conn_add_entry(cmp->conn, &source, (uint8_t)
			      (local->id + RAILS_SOURCE_ID - 1));
}

static void open_path(struct compare *cmp, const struct anchor_plan_path *want)
{
	const struct core_local *local =
				cmp->core->view.host_locals[want->local];
	const struct anchor_remote *remote = &cmp->view->remotes[want->remote];
	const struct anchor_endpoint source = { .addr = local->addr };
	struct core_action action = {
		.type = CORE_ACTION_OPEN,
		.reason = CORE_REASON_PLAN,
		.remote_id = remote->id,
		.local = source,
		.remote = remote->endpoint,
		.ifindex = local->ifindex,
		.backup = want->backup,
	};
	struct conn *conn = cmp->conn;
	struct attempt *attempt;
	struct entry *entry;

	attempt = conn_find_attempt(conn, &local->addr, &remote->endpoint);
	if (!attempt_ready(cmp, attempt))
		return;

	entry = source_entry(cmp, local);

	if (!attempt)
		attempt = conn_add_attempt(conn, &local->addr,
					   &remote->endpoint);

	if (!entry || !attempt)
		return;

	action.id = entry->id;
	if (!emit(cmp, &action))
		return;

	attempt->opening = true;
	attempt->backup = want->backup;
	attempt->until = anchor_time_add(cmp->now,
					 cmp->core->config->timers.connect);
	cmp->alive++;
}

static void open_paths(struct compare *cmp)
{
	unsigned int limit = cmp->core->config->limits.subflows;

	if (!may_open(cmp))
		return;

	for (unsigned int p = 0; p < cmp->plan.n_paths; p++) {
		const struct anchor_plan_path *want = &cmp->plan.paths[p];

		if (cmp->found[p] < want->count && cmp->alive < limit &&
		    anchor_view_pairs(cmp->view, want->local, want->remote))
			open_path(cmp, want);
	}
}

static void set_backup(struct compare *cmp, struct subflow *subflow,
		       bool backup, enum core_reason reason)
{
	if (subflow->closing || subflow->busy ||
	    subflow->backup_here == backup ||
	    anchor_time_before(cmp->now, subflow->not_before) ||
	    !emit_priority(cmp, subflow, backup, reason))
		return;

	subflow->busy = true;
}

static void set_backups(struct compare *cmp)
{
	for (unsigned int i = 0; i < cmp->view->n_paths; i++) {
		struct subflow *subflow = &cmp->conn->subflows[i];
		int p = cmp->planned[i];

		if (p != UNPLANNED)
			set_backup(cmp, subflow, cmp->plan.paths[p].backup,
				   CORE_REASON_PLAN);
		else if (subflow->initial)
			set_backup(cmp, subflow, cmp->direct &&
				   cmp->plan.rendezvous !=
				   ANCHOR_RENDEZVOUS_KEEP,
				   cmp->direct ? CORE_REASON_DIRECT :
				   CORE_REASON_ALONE);
	}
}

static bool attempt_planned(const struct compare *cmp,
			    const struct attempt *attempt)
{
	for (unsigned int p = 0; p < cmp->plan.n_paths; p++) {
		const struct anchor_plan_path *want = &cmp->plan.paths[p];

		if (anchor_addr_equal(&cmp->view->locals[want->local].addr,
				      &attempt->local) &&
		    anchor_endpoint_equal(
				&cmp->view->remotes[want->remote].endpoint,
				&attempt->remote))
			return true;
	}

	return false;
}

static void review_attempts(struct compare *cmp)
{
	struct conn *conn = cmp->conn;

	for (unsigned int i = conn->n_attempts; i-- > 0;) {
		struct attempt *attempt = &conn->attempts[i];

		if (attempt->opening &&
		    !anchor_time_before(cmp->now, attempt->until))
			conn_fail_attempt(attempt, ETIMEDOUT,
					  core_retry_at(cmp->core, cmp->now,
							attempt->failures));

		if (!attempt->opening && !attempt_planned(cmp, attempt))
			conn_drop_attempt(conn, attempt);
	}
}

static void sooner(struct anchor_time *deadline, struct anchor_time now,
		   struct anchor_time when)
{
	if (anchor_time_before(now, when) &&
	    anchor_time_before(when, *deadline))
		*deadline = when;
}

static struct anchor_time next_look(const struct compare *cmp)
{
	const struct conn *conn = cmp->conn;
	struct anchor_time deadline = ANCHOR_NEVER;

	sooner(&deadline, cmp->now, cmp->plan.ask_again);
	if (conn->role == ANCHOR_ROLE_CLIENT)
		sooner(&deadline, cmp->now, open_from(cmp));

	for (unsigned int i = 0; i < conn->n_attempts; i++)
		sooner(&deadline, cmp->now, conn->attempts[i].until);

	for (unsigned int i = 0; i < conn->n_entries; i++)
		if (!conn->entries[i].confirmed)
			sooner(&deadline, cmp->now, conn->entries[i].retry);

	for (unsigned int i = 0; i < conn->n_subflows; i++)
		sooner(&deadline, cmp->now, conn->subflows[i].not_before);

	return deadline;
}

void reconcile(struct core *core, struct conn *conn, struct anchor_time now)
{
	struct compare cmp = {
		.core = core,
		.conn = conn,
		.view = &core->view.view,
		.now = now,
	};

	view_build(&core->view, conn, &core->host, now,
		   prng_next(&core->random));
	ask_policy(&cmp);
	match_subflows(&cmp);
	review_attempts(&cmp);
	note_incomplete(&cmp);

	withdraw(&cmp);
	close_paths(&cmp);
	open_paths(&cmp);
	announce(&cmp);
	set_backups(&cmp);

	/* Without memory for the heap it is looked at with the next event. */
	if (heap_set(&core->deadlines, conn, next_look(&cmp)) < 0)
		conn->deadline = ANCHOR_NEVER;
}
