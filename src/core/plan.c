/* SPDX-License-Identifier: BSD-3-Clause */
/* What a policy says should be, without what cannot be. */
#include "core/array.h"
#include "core/plan.h"

/* Counts it, and tells of the first of its kind for the rule. */
static void complain(struct core *core, const struct conn *conn,
		     enum core_fault fault)
{
	uint8_t *told = &core->faults[conn->rule - core->config->rules];
	uint8_t bit = (uint8_t) (1u << fault);

	core->stats.plans_bad++;
	if (*told & bit || core->complaint.rule)
		return;

	*told |= bit;
	core->complaint = (struct core_complaint) {
		.rule = conn->rule,
		.token = conn->token,
		.fault = fault,
	};
}

bool core_take_complaint(struct core *core,
			 struct core_complaint *ret_complaint)
{
	if (!core->complaint.rule)
		return false;

	*ret_complaint = core->complaint;
	core->complaint.rule = NULL;
	return true;
}

static bool is_pair(const struct anchor_view *view,
		    const struct anchor_plan_path *want)
{
	if (want->local >= view->n_locals || want->remote >= view->n_remotes)
		return false;

	for (unsigned int i = 0; i < view->n_paths; i++)
		if (view->paths[i].local == want->local &&
		    view->paths[i].remote == want->remote)
			return true;

	return anchor_view_pairs(view, want->local, want->remote);
}

static bool is_repeated(const struct anchor_plan *plan, unsigned int item)
{
	for (unsigned int i = 0; i < item; i++)
		if (plan->paths[i].local == plan->paths[item].local &&
		    plan->paths[i].remote == plan->paths[item].remote)
			return true;

	return false;
}

/* total: subflows of the items before it. */
static bool item_fault(const struct anchor_view *view,
		       const struct anchor_plan *plan, unsigned int item,
		       unsigned int total, enum core_fault *ret_fault)
{
	const struct anchor_plan_path *want = &plan->paths[item];

	if (!is_pair(view, want))
		*ret_fault = CORE_FAULT_NO_PAIR;
	else if (is_repeated(plan, item))
		*ret_fault = CORE_FAULT_TWICE;
	else if (!want->count || want->count > view->subflows_max)
		*ret_fault = CORE_FAULT_COUNT;
	else if (total + want->count > view->subflows_max)
		*ret_fault = CORE_FAULT_TOTAL;
	else
		return false;

	return true;
}

static void vet_items(struct core *core, const struct conn *conn,
		      const struct anchor_view *view, struct anchor_plan *plan)
{
	unsigned int item = 0, total = 0;
	enum core_fault fault;

	if (plan->n_paths > ANCHOR_PATHS_MAX) {
		complain(core, conn, CORE_FAULT_ITEMS);
		plan->n_paths = ANCHOR_PATHS_MAX;
	}

	while (item < plan->n_paths) {
		if (!item_fault(view, plan, item, total, &fault)) {
			total += plan->paths[item++].count;
			continue;
		}

		complain(core, conn, fault);
		array_remove(plan->paths, plan->n_paths--, item,
			     sizeof(*plan->paths));
	}
}

static void vet_announce(struct core *core, const struct conn *conn,
			 const struct anchor_view *view,
			 struct anchor_plan *plan)
{
	uint64_t possible = 0;

	for (unsigned int i = 0; i < view->n_locals; i++)
		if (view->locals[i].usable)
			possible |= UINT64_C(1) << i;

	if (plan->announce & ~possible)
		complain(core, conn, CORE_FAULT_ADDRESS);

	plan->announce &= possible;
}

void plan_ask(struct core *core, struct conn *conn,
	      const struct anchor_view *view, struct anchor_plan *ret_plan)
{
	const struct core_rule *rule = conn->rule;

	/* The items stay as they are: only the first n_paths count. */
	ret_plan->n_paths = 0;
	ret_plan->announce = 0;
	ret_plan->replace = 0;
	ret_plan->rendezvous = rule->rendezvous;
	ret_plan->ask_again = ANCHOR_NEVER;
	ret_plan->sample_every = anchor_us(0);
	ret_plan->why = NULL;

	for (unsigned int i = 0; i < view->n_locals; i++)
		if (view->locals[i].usable)
			ret_plan->announce |= UINT64_C(1) << i;

	rule->policy->plan(rule->instance, view, conn->memory, ret_plan);
	vet_items(core, conn, view, ret_plan);
	vet_announce(core, conn, view, ret_plan);
}
