/* SPDX-License-Identifier: BSD-3-Clause */
/* From what is and what should be to what to do. */
#include "core/array.h"
#include "core/compare.h"
#include "core/drain.h"
#include "core/health.h"
#include "core/keepalive.h"
#include "core/plan.h"
#include "core/prng.h"
#include "core/reconcile.h"
#include "core/samples.h"

#define SUPERSEDE anchor_ms(1000)
#define READING anchor_ms(30)

/* What could not be done for lack of memory is looked at again. */
#define STARVED anchor_ms(100)

bool compare_room(struct compare *cmp, unsigned int n)
{
	struct core *core = cmp->core;

	while (core->cap_actions < core->n_actions + n)
		if (array_reserve((void **) &core->actions, core->cap_actions,
				  &core->cap_actions,
				  sizeof(*core->actions)) < 0) {
			cmp->conn->starved = true;
			return false;
		}

	return true;
}

bool compare_emit(struct compare *cmp, const struct core_action *action)
{
	struct core *core = cmp->core;
	struct core_action *slot;

	if (!compare_room(cmp, 1))
		return false;

	slot = &core->actions[core->n_actions++];
	*slot = *action;
	slot->token = cmp->conn->token;
	core->stats.actions += action->type != CORE_ACTION_SAMPLE;
	return true;
}

bool compare_emit_priority(struct compare *cmp, const struct subflow *subflow,
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

	return compare_emit(cmp, &action);
}

/* Only the end that opens paths closes those that it does not want. */
bool compare_chooses(const struct compare *cmp)
{
	return cmp->conn->role == ANCHOR_ROLE_SERVER || !cmp->conn->peer_opens;
}

/*
 * The peer opens another subflow on a pair that has one for long, on which it
 * has said nothing lately: it has lost that, in a way that we were not told
 * of. (If it has said something, it only looked lost for a moment.) A client,
 * whose SYN may have come through after it gave up, sees it as its server
 * will: else each of them would close the one that the other keeps. Whoever
 * opened the old one, who sees that closes it: there may be nobody at its
 * other end who could.
 */
static bool may_supersede(const struct compare *cmp, unsigned int young,
			  unsigned int old)
{
	const struct anchor_path *this = &cmp->view->paths[young];
	const struct anchor_path *other = &cmp->view->paths[old];

	return young != old && !other->initial &&
		!cmp->conn->subflows[young].closing &&
		(cmp->conn->role == ANCHOR_ROLE_CLIENT ||
		 !this->opened_here) &&
		this->local == other->local && this->remote == other->remote &&
		anchor_time_since(this->since, other->since).us > SUPERSEDE.us;
}

/* Has view path i been read since the view path young is up? */
static bool is_read(const struct compare *cmp, unsigned int i,
		    unsigned int young)
{
	return !anchor_time_before(cmp->conn->subflows[i].read,
				   cmp->view->paths[young].since);
}

static bool is_superseded(const struct compare *cmp, unsigned int path,
			  const struct anchor_plan_path *want)
{
	struct anchor_time heard = cmp->conn->subflows[path].heard;

	if (want->count > 1 ||
	    anchor_time_since(cmp->now, heard).us <= SUPERSEDE.us)
		return false;

	for (unsigned int i = 0; i < cmp->view->n_paths; i++)
		if (may_supersede(cmp, i, path) && is_read(cmp, path, i))
			return true;

	return false;
}

bool compare_is_candidate(const struct compare *cmp, unsigned int i)
{
	struct anchor_time since = cmp->view->paths[i].since;

	if (anchor_time_since(cmp->now, since).us >= READING.us)
		return false;

	for (unsigned int old = 0; old < cmp->view->n_paths; old++) {
		int p = cmp->planned[old];

		if (p < 0 || cmp->plan.paths[p].count > 1 ||
		    !may_supersede(cmp, i, old) || is_read(cmp, old, i))
			continue;

		cmp->conn->look = true;
		return true;
	}

	return false;
}

static bool is_replaced(const struct compare *cmp, unsigned int path)
{
	return cmp->plan.replace & (UINT64_C(1) << path) &&
		!cmp->view->paths[path].initial && compare_chooses(cmp);
}

/* Pairs subflows with the plan, the oldest first. */
static void match_subflows(struct compare *cmp)
{
	struct conn *conn = cmp->conn;

	for (unsigned int i = 0; i < conn->n_subflows; i++)
		if (!conn->subflows[i].closing)
			cmp->alive++;

	for (unsigned int i = 0; i < cmp->view->n_paths; i++) {
		const struct anchor_path *path = &cmp->view->paths[i];

		cmp->planned[i] = UNPLANNED;
		if (conn->subflows[i].closing)
			continue;

		if (is_replaced(cmp, i)) {
			cmp->planned[i] = REPLACED;
			continue;
		}

		if (!path->initial &&
		    health_review(cmp->core, &conn->subflows[i], cmp->now)) {
			cmp->planned[i] = STUCK;
			continue;
		}

		if (keepalive_is_tried(&conn->subflows[i])) {
			cmp->planned[i] = TRIED;
			cmp->direct |= !path->initial && !path->backup;
			continue;
		}

		for (unsigned int p = 0; p < cmp->plan.n_paths; p++) {
			const struct anchor_plan_path *want =
							&cmp->plan.paths[p];

			if (want->local != path->local ||
			    want->remote != path->remote ||
			    cmp->found[p] == want->count)
				continue;

			if (is_superseded(cmp, i, want)) {
				cmp->planned[i] = SUPERSEDED;
				continue;
			}

			cmp->found[p]++;
			cmp->planned[i] = (int8_t) p;
			if (!path->initial && !want->backup &&
			    !conn->subflows[i].backup_peer)
				cmp->direct = true;
		}
	}
}

bool compare_complete(const struct compare *cmp)
{
	for (unsigned int p = 0; p < cmp->plan.n_paths; p++)
		if (cmp->found[p] < cmp->plan.paths[p].count)
			return false;

	return true;
}

/* Since when a path that should be is missing. */
static void note_incomplete(struct compare *cmp)
{
	struct conn *conn = cmp->conn;

	if (!conn->established || compare_complete(cmp))
		conn->incomplete = ANCHOR_NEVER;
	else if (anchor_time_is_never(conn->incomplete))
		conn->incomplete = cmp->now;

	cmp->core->waiting -= conn->waits;
	conn->waits = conn->role == ANCHOR_ROLE_CLIENT &&
		!anchor_time_is_never(conn->incomplete);
	cmp->core->waiting += conn->waits;
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
	sooner(&deadline, cmp->now, conn->sample_due);
	sooner(&deadline, cmp->now, conn->look_due);
	sooner(&deadline, cmp->now, conn->keep_due);
	if (conn->starved && !conn->doubt)
		sooner(&deadline, cmp->now,
		       anchor_time_add(cmp->now, STARVED));

	if (conn->role == ANCHOR_ROLE_CLIENT)
		sooner(&deadline, cmp->now, subflows_open_from(cmp));

	for (unsigned int i = 0; i < conn->n_attempts; i++)
		sooner(&deadline, cmp->now, conn->attempts[i].until);

	for (unsigned int i = 0; i < conn->n_entries; i++)
		if (!conn->entries[i].confirmed || conn->entries[i].unheard)
			sooner(&deadline, cmp->now, conn->entries[i].retry);

	for (unsigned int i = 0; i < conn->n_subflows; i++) {
		sooner(&deadline, cmp->now, conn->subflows[i].not_before);
		sooner(&deadline, cmp->now, conn->subflows[i].withdrawn);
		sooner(&deadline, cmp->now,
		       drain_until(cmp, &conn->subflows[i]));
	}

	for (unsigned int i = 0; i < cmp->view->n_paths; i++)
		if (cmp->planned[i] == UNPLANNED && compare_is_candidate(cmp, i))
			sooner(&deadline, cmp->now,
			       anchor_time_add(cmp->view->paths[i].since,
					       READING));

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

	if (conn->kernel)
		return;

	conn->starved &= conn->doubt;
	view_build(&core->view, conn, &core->host, &core->config->limits, now,
		   prng_next(&core->random));
	plan_ask(core, conn, cmp.view, &cmp.plan);
	keepalive_review(&cmp);
	match_subflows(&cmp);
	subflows_review_attempts(&cmp);
	note_incomplete(&cmp);

	announce_withdraw(&cmp);
	subflows_close(&cmp);
	subflows_open(&cmp);
	announce_take_back_unheard(&cmp);
	announce_all(&cmp);
	subflows_set_backup(&cmp);
	samples_take(&cmp);
	conn_trim(conn);

	heap_set(&core->deadlines, conn, next_look(&cmp));
}
