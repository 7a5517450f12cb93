/* SPDX-License-Identifier: BSD-3-Clause */
/* Paths without traffic. */
#include "core/keepalive.h"

/* Time for a second SYN, which the kernel sends after one second. */
#define PATIENCE anchor_ms(2500)

/* And for the end of that to be known. */
#define TRIAL anchor_ms(3000)

/* A living path with traffic is heard of within this. */
#define LATELY anchor_ms(1000)

bool keepalive_is_tried(const struct subflow *subflow)
{
	return !anchor_time_is_never(subflow->tried);
}

struct anchor_span keepalive_patience(void)
{
	return PATIENCE;
}

/* For so long? With data under way it is health.c's. */
static bool is_idle(const struct subflow *subflow, struct anchor_time now,
		    struct anchor_span least)
{
	struct anchor_span idle = anchor_time_since(now, subflow->heard);

	return !subflow->initial && !subflow->closing &&
		anchor_time_is_never(subflow->silent_since) &&
		idle.us >= least.us;
}

static void try_one(struct subflow *subflow, struct anchor_time now)
{
	if (!keepalive_is_tried(subflow))
		subflow->tried = now;
}

void keepalive_note(struct conn *conn, struct subflow *subflow,
		    struct anchor_time now)
{
	if (conn->keep == KEEP_ASKED)
		conn->keep = KEEP_READ;

	/* It has said something meanwhile. */
	if (keepalive_is_tried(subflow) &&
	    anchor_time_before(subflow->tried, subflow->heard))
		subflow->tried = ANCHOR_NEVER;

	if (subflow->hinted && is_idle(subflow, now, LATELY))
		try_one(subflow, now);

	subflow->hinted = false;
}

static void try_idle(struct compare *cmp)
{
	struct anchor_span every = cmp->core->config->timers.keep_alive;

	for (unsigned int i = 0; i < cmp->view->n_paths; i++)
		if (is_idle(&cmp->conn->subflows[i], cmp->now, every))
			try_one(&cmp->conn->subflows[i], cmp->now);
}

static void end_trials(struct compare *cmp)
{
	for (unsigned int i = 0; i < cmp->conn->n_subflows; i++) {
		struct subflow *subflow = &cmp->conn->subflows[i];

		if (keepalive_is_tried(subflow) &&
		    anchor_time_since(cmp->now, subflow->tried).us >= TRIAL.us)
			subflow->tried = ANCHOR_NEVER;
	}
}

static bool is_due(struct compare *cmp)
{
	struct anchor_span every = cmp->core->config->timers.keep_alive;
	struct conn *conn = cmp->conn;
	bool due = !anchor_time_before(cmp->now, conn->keep_due);

	if (every.us <= 0 || !conn->established || !compare_chooses(cmp)) {
		conn->keep_due = ANCHOR_NEVER;
		return false;
	}

	/* Each connection has its own time. */
	if (due || anchor_time_is_never(conn->keep_due))
		conn->keep_due = core_jitter(cmp->core, cmp->now, every);

	return due;
}

void keepalive_review(struct compare *cmp)
{
	end_trials(cmp);
	if (cmp->conn->keep == KEEP_READ) {
		cmp->conn->keep = KEEP_NOTHING;
		try_idle(cmp);
	}

	if (is_due(cmp)) {
		cmp->conn->look = true;
		cmp->conn->keep = KEEP_ASKED;
	}
}

/* Has the subflow that was opened in its place failed? */
static bool has_failed(const struct compare *cmp, unsigned int path)
{
	const struct anchor_path *at = &cmp->view->paths[path];
	const struct attempt *attempt;

	attempt = conn_find_attempt(cmp->conn,
				    &cmp->view->locals[at->local].addr,
				    &cmp->view->remotes[at->remote].endpoint);
	return attempt && !attempt->opening && attempt->failures &&
		conn_was_not_reached(attempt) &&
		!anchor_time_before(attempt->begun,
				    cmp->conn->subflows[path].tried);
}

/* Has the peer answered anywhere since, if only by taking a subflow? */
static bool is_witnessed(const struct compare *cmp, unsigned int path)
{
	struct anchor_time tried = cmp->conn->subflows[path].tried;

	for (unsigned int i = 0; i < cmp->view->n_paths; i++) {
		const struct subflow *subflow = &cmp->conn->subflows[i];

		if (i != path && !subflow->closing &&
		    (!anchor_time_before(subflow->since, tried) ||
		     !anchor_time_before(subflow->heard, tried)))
			return true;
	}

	return false;
}

bool keepalive_is_dead(const struct compare *cmp, unsigned int path)
{
	return has_failed(cmp, path) && is_witnessed(cmp, path);
}
