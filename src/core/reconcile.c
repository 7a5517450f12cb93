/* SPDX-License-Identifier: BSD-3-Clause */
/* From what is and what should be to what to do. */
#include "core/array.h"
#include "core/compare.h"
#include "core/prng.h"
#include "core/reconcile.h"

bool compare_emit(struct compare *cmp, const struct core_action *action)
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
		sooner(&deadline, cmp->now, subflows_open_from(cmp));

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
	subflows_review_attempts(&cmp);
	note_incomplete(&cmp);

	announce_withdraw(&cmp);
	subflows_close(&cmp);
	subflows_open(&cmp);
	announce_all(&cmp);
	subflows_set_backup(&cmp);

	/* Without memory for the heap it is looked at with the next event. */
	if (heap_set(&core->deadlines, conn, next_look(&cmp)) < 0)
		conn->deadline = ANCHOR_NEVER;
}
