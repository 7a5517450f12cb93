/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Subflows: from those that are to those that the plan asks for. Closes what
 * is lost, surplus or too much, opens what is missing, sets priorities, and
 * keeps account of attempts.
 */
#include <errno.h>

#include "core/compare.h"
#include "core/drain.h"
#include "core/health.h"
#include "core/keepalive.h"
#include "core/match.h"
#include "core/rails.h"

/* A subflow that is silent by then never was anything else. */
#define BEGINNING_US 1000000

/* How much more patience a client has with a server that opens paths. */
#define GRACE_OF_OPENERS 4

/* And with each other connection that waits. */
#define TURN_US 500
#define TURNS_MAX_US 10000000

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

/* The initial subflow also carries the signalling: close it last, if ever. */
static bool initial_done(const struct compare *cmp)
{
	return cmp->plan.rendezvous == ANCHOR_RENDEZVOUS_CLOSE &&
		cmp->direct && compare_complete(cmp);
}

/* Is what was opened in place of a stuck subflow there? */
static bool has_successor(const struct compare *cmp, unsigned int i)
{
	const struct anchor_path *path = &cmp->view->paths[i];

	for (unsigned int p = 0; p < cmp->plan.n_paths; p++)
		if (cmp->plan.paths[p].local == path->local &&
		    cmp->plan.paths[p].remote == path->remote)
			return cmp->found[p] == cmp->plan.paths[p].count;

	return false;
}

/* Those that are going take no room, as they take none from those to open. */
static bool over_limit(const struct compare *cmp, unsigned int i)
{
	unsigned int before = 0;

	for (unsigned int other = 0; other < i; other++)
		before += !cmp->conn->subflows[other].closing;

	return before >= cmp->core->config->limits.subflows;
}

/*
 * Should view path i be closed, and why? What the peer has opened for us is
 * not ours to close as a client.
 */
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
		return !drain_keeps(cmp, subflow);
	}

	if (!anchor_time_before(cmp->now, subflow->withdrawn)) {
		*ret_reason = CORE_REASON_WITHDRAWN;
		return true;
	}

	if (over_limit(cmp, i)) {
		*ret_reason = CORE_REASON_LIMIT;
		return true;
	}

	if (cmp->planned[i] == STUCK) {
		bool replaced = has_successor(cmp, i);

		*ret_reason = replaced ? CORE_REASON_STRANDED :
			CORE_REASON_DEAD;
		return replaced ? health_is_replaceable(subflow) :
			health_is_dead(cmp, i);
	}

	if (cmp->planned[i] == TRIED) {
		bool renewed = has_successor(cmp, i);

		*ret_reason = renewed ? CORE_REASON_RENEWED : CORE_REASON_DEAD;
		return renewed || keepalive_is_dead(cmp, i);
	}

	if (cmp->planned[i] == SUPERSEDED) {
		*ret_reason = CORE_REASON_RENEWED;
		return true;
	}

	*ret_reason = cmp->planned[i] == REPLACED ? CORE_REASON_REPLACED :
		CORE_REASON_SURPLUS;
	return cmp->planned[i] < 0 && compare_chooses(cmp) &&
		(subflow->opened_here ||
		 cmp->conn->role == ANCHOR_ROLE_SERVER) &&
		(cmp->planned[i] != UNPLANNED || !compare_is_candidate(cmp, i));
}

/* Does another one that is alive have its local ID? */
static bool shares_id(const struct compare *cmp,
		      const struct subflow *subflow)
{
	const struct conn *conn = cmp->conn;

	for (unsigned int i = 0; i < conn->n_subflows; i++) {
		const struct subflow *other = &conn->subflows[i];

		if (other != subflow && other->local_id == subflow->local_id &&
		    !other->closing && !health_is_stuck(cmp->core, other))
			return true;
	}

	return false;
}

/*
 * The peer is not reached on a dead path, and would find out for itself what
 * we know: it closes its end if the address is withdrawn.
 */
static void withdraw_dead(struct compare *cmp, const struct subflow *subflow)
{
	struct anchor_time again = core_retry_at(cmp->core, cmp->now,
						 subflow->failures);

	if (subflow->local_id && !shares_id(cmp, subflow))
		announce_withdraw_until(cmp, subflow->local_id, again);
}

/* Where nothing was under way, since keep-alive tried it. */
static struct anchor_span silence(const struct compare *cmp,
				  const struct subflow *subflow)
{
	struct anchor_span silence = health_silence(subflow);

	return !silence.us && keepalive_is_tried(subflow) ?
		anchor_time_since(cmp->now, subflow->tried) : silence;
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
		.silent = silence(cmp, subflow),
	};

	if (subflow->closing || cmp->alive < 2 ||
	    anchor_time_before(cmp->now, subflow->not_before))
		return;

	if (reason == CORE_REASON_DEAD) {
		if (!health_give_up(cmp, subflow))
			return;

		withdraw_dead(cmp, subflow);
	}

	if (!compare_emit(cmp, &action))
		return;

	if (reason == CORE_REASON_DEAD)
		health_note_dead(cmp->conn, cmp->now, subflow);

	subflow->closing = true;
	cmp->alive--;
	cmp->core->stats.dead += reason == CORE_REASON_DEAD ||
		reason == CORE_REASON_STRANDED;
	conn_mark_restore(cmp->conn, &subflow->local.addr);
}

void subflows_close(struct compare *cmp)
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
 * A server that announces without a port waits to be joined. For a port that
 * was not said the kernel gives that of the service
 * (mptcp_event_addr_announced()). With IPv4, a server may have said just that
 * one; with IPv6, none fits.
 */
static bool invites(const struct conn *conn,
		    const struct anchor_endpoint *announced)
{
	return !announced->port ||
		(announced->addr.family == ANCHOR_FAMILY_INET6 &&
		 announced->port == conn->remote.port);
}

static bool invited(const struct conn *conn)
{
	for (unsigned int i = 0; i < conn->n_remotes; i++)
		if (invites(conn, &conn->remotes[i].endpoint))
			return true;

	return false;
}

static bool opens_for_others(const struct compare *cmp)
{
	const struct peer *peer = peers_find(&cmp->core->peers,
					     &cmp->conn->remote.addr);

	return peer && peer->opens;
}

/*
 * Where many connections have lost a path together, they do not all lose
 * patience at the same moment: up to half as much again. Tokens are random.
 */
static struct anchor_span grace_of(const struct compare *cmp)
{
	struct anchor_span grace = cmp->core->config->timers.grace;
	int64_t most = grace.us * GRACE_OF_OPENERS;
	const struct conn *conn = cmp->conn;

	if (!conn->peer_opens && !opens_for_others(cmp))
		return grace;

	return anchor_us(most + ((most / 2 * conn->token) >> 32));
}

/*
 * Where many connections wait for paths, their servers may have as much to
 * do as we have, and need no one who opens the same paths to them meanwhile.
 */
static struct anchor_span turn_of(const struct compare *cmp)
{
	unsigned int others = cmp->core->waiting - cmp->conn->waits;
	int64_t us = (int64_t) others * TURN_US;

	return anchor_us(us < TURNS_MAX_US ? us : TURNS_MAX_US);
}

/*
 * The server side opens. A client whose server does not, opens after a
 * grace; a longer one if the server has shown that it opens paths, for it
 * may have missed an announcement, or have much to do.
 */
struct anchor_time subflows_open_from(const struct compare *cmp)
{
	const struct conn *conn = cmp->conn;

	if (conn->role == ANCHOR_ROLE_SERVER || invited(conn))
		return conn->since;

	return anchor_time_add(anchor_time_add(conn->incomplete,
					       grace_of(cmp)), turn_of(cmp));
}

static bool may_open(const struct compare *cmp)
{
	return !anchor_time_before(cmp->now, subflows_open_from(cmp));
}

/* A server that has done nothing for this one is not waited for by others. */
static void note_impatience(struct compare *cmp)
{
	const struct conn *conn = cmp->conn;

	if (conn->role == ANCHOR_ROLE_CLIENT && !conn->peer_opens)
		peers_note_opens(&cmp->core->peers, &conn->remote.addr, false);
}

static bool attempt_ready(struct compare *cmp, struct attempt *attempt)
{
	return !attempt->opening &&
		!anchor_time_before(cmp->now, attempt->until);
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
		.port = announce_port(cmp, local),
	};
	struct entry *entry = conn_find_entry(cmp->conn,
					      local->bare ? &bare : &source);

	if (entry)
		return entry;

	return conn_add_entry(cmp->conn, &source, (uint8_t)
			      (local->id + RAILS_SOURCE_ID - 1));
}

/* Is there one that is STUCK, or TRIED, where it is wanted? */
static bool has_one(const struct compare *cmp, int8_t planned,
		    const struct anchor_plan_path *want)
{
	for (unsigned int i = 0; i < cmp->view->n_paths; i++)
		if (cmp->planned[i] == planned &&
		    cmp->view->paths[i].local == want->local &&
		    cmp->view->paths[i].remote == want->remote)
			return true;

	return false;
}

static enum core_reason open_reason(const struct compare *cmp,
				    const struct anchor_plan_path *want)
{
	if (has_one(cmp, STUCK, want))
		return CORE_REASON_STUCK;

	return has_one(cmp, TRIED, want) ? CORE_REASON_KEEPALIVE :
		CORE_REASON_PLAN;
}

static struct anchor_span time_to_open(const struct compare *cmp,
				       const struct anchor_plan_path *want,
				       const struct attempt *attempt)
{
	return has_one(cmp, TRIED, want) ? keepalive_patience() :
		health_patience(cmp, want, attempt->again);
}

/*
 * One in place of a stuck one, which itself took another's place and has been
 * silent from its beginning: where handshakes pass and data does not, that
 * would go on without end.
 */
static bool is_in_vain(const struct compare *cmp,
		       const struct anchor_plan_path *want,
		       unsigned int *ret_failures)
{
	for (unsigned int i = 0; i < cmp->view->n_paths; i++) {
		const struct subflow *subflow = &cmp->conn->subflows[i];

		if (cmp->planned[i] != STUCK || !subflow->instead ||
		    cmp->view->paths[i].local != want->local ||
		    cmp->view->paths[i].remote != want->remote ||
		    anchor_time_since(subflow->silent_since,
				      subflow->since).us >= BEGINNING_US)
			continue;

		*ret_failures = subflow->failures;
		return true;
	}

	return false;
}

static struct attempt *add_attempt(struct compare *cmp,
				   const struct anchor_plan_path *want)
{
	const struct anchor_view *view = cmp->view;
	struct attempt *attempt;
	unsigned int failures;

	attempt = conn_add_attempt(cmp->conn, &view->locals[want->local].addr,
				   &view->remotes[want->remote].endpoint);
	if (!attempt)
		return NULL;

	attempt->instead = has_one(cmp, STUCK, want);
	attempt->joined = attempt->instead || has_one(cmp, TRIED, want);
	if (is_in_vain(cmp, want, &failures)) {
		attempt->failures = (uint8_t) failures;
		conn_fail_attempt(attempt, 0, core_retry_at(cmp->core,
						cmp->now, failures));
	}

	return attempt;
}

static void open_path(struct compare *cmp, const struct anchor_plan_path *want)
{
	const struct core_local *local =
				cmp->core->view.host_locals[want->local];
	const struct anchor_remote *remote = &cmp->view->remotes[want->remote];
	const struct anchor_endpoint source = { .addr = local->addr };
	struct core_action action = {
		.type = CORE_ACTION_OPEN,
		.reason = open_reason(cmp, want),
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
	if (!attempt)
		attempt = add_attempt(cmp, want);

	if (!attempt || !attempt_ready(cmp, attempt))
		return;

	entry = source_entry(cmp, local);
	if (!entry)
		return;

	action.id = entry->id;
	if (!compare_emit(cmp, &action))
		return;

	note_impatience(cmp);

	/* With a port it is announced as well: then it is entered for that. */
	if (!entry->endpoint.port)
		entry->restore = false;

	attempt->opening = true;
	attempt->begun = cmp->now;
	attempt->backup = want->backup;
	attempt->until = anchor_time_add(cmp->now,
					 time_to_open(cmp, want, attempt));
	cmp->alive++;
}

void subflows_open(struct compare *cmp)
{
	unsigned int limit = cmp->core->config->limits.subflows;
	bool mine = may_open(cmp);

	if (!cmp->conn->established || cmp->conn->doubt)
		return;

	for (unsigned int p = 0; p < cmp->plan.n_paths; p++) {
		const struct anchor_plan_path *want = &cmp->plan.paths[p];

		/* Who notices that a path is stuck sees to it. */
		if (!mine && !has_one(cmp, STUCK, want))
			continue;

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
	    !compare_emit_priority(cmp, subflow, backup, reason))
		return;

	subflow->busy = true;
}

void subflows_set_backup(struct compare *cmp)
{
	for (unsigned int i = 0; i < cmp->view->n_paths; i++) {
		struct subflow *subflow = &cmp->conn->subflows[i];
		int p = cmp->planned[i];

		if (p >= 0)
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

/* What it was made for, if that is planned and still not there. */
static const struct anchor_plan_path *
attempt_missing(const struct compare *cmp, const struct attempt *attempt)
{
	for (unsigned int p = 0; p < cmp->plan.n_paths; p++) {
		const struct anchor_plan_path *want = &cmp->plan.paths[p];

		if (anchor_addr_equal(&cmp->view->locals[want->local].addr,
				      &attempt->local) &&
		    anchor_endpoint_equal(
				&cmp->view->remotes[want->remote].endpoint,
				&attempt->remote))
			return cmp->found[p] < want->count ? want : NULL;
	}

	return NULL;
}

/* It has taken too long. In place of a stuck subflow it is made twice. */
static void give_up(struct compare *cmp, struct attempt *attempt)
{
	const struct anchor_plan_path *want = attempt_missing(cmp, attempt);

	if (want && !attempt->again && has_one(cmp, STUCK, want)) {
		attempt->opening = false;
		attempt->again = true;
		attempt->until = cmp->now;
		return;
	}

	attempt->again = false;
	conn_fail_attempt(attempt, ETIMEDOUT,
			  core_try_again_at(cmp->core, cmp->now, cmp->conn,
					    attempt));
}

void subflows_review_attempts(struct compare *cmp)
{
	struct conn *conn = cmp->conn;

	for (unsigned int i = conn->n_attempts; i-- > 0;) {
		struct attempt *attempt = &conn->attempts[i];

		if (attempt->opening &&
		    !anchor_time_before(cmp->now, attempt->until))
			give_up(cmp, attempt);

		if (!attempt->opening && !attempt_missing(cmp, attempt))
			conn_drop_attempt(conn, attempt);
	}
}
