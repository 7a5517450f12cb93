/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How subflows do. The kernel counts; two readings make rates. Nothing is
 * read, and nothing stored, for connections whose policy does not ask.
 */
#include <stdlib.h>

#include "core/drain.h"
#include "core/health.h"
#include "core/keepalive.h"
#include "core/samples.h"

/* Bytes per second, more than any link carries. */
#define RATE_MAX 1e18

static int link_of(const struct compare *cmp, unsigned int path)
{
	const struct core_local *local =
		cmp->core->view.host_locals[cmp->view->paths[path].local];

	return local ? local->ifindex : 0;
}

/* One reading of each subflow. */
static void emit_all(struct compare *cmp, enum core_reason reason)
{
	for (unsigned int i = 0; i < cmp->view->n_paths; i++) {
		const struct subflow *subflow = &cmp->conn->subflows[i];
		const struct core_action action = {
			.type = CORE_ACTION_SAMPLE,
			.reason = reason,
			.id = subflow->local_id,
			.remote_id = subflow->remote_id,
			.local = subflow->local,
			.remote = subflow->remote,
			.ifindex = link_of(cmp, i),
			.mapped = subflow->mapped,
		};

		if (!subflow->closing && !compare_emit(cmp, &action))
			return;
	}
}

/* Is it time for the next of those that are to be so far apart? */
static bool is_due(struct anchor_time *due, struct anchor_time now,
		   struct anchor_span every)
{
	struct anchor_time next = anchor_time_add(now, every);

	if (every.us <= 0) {
		*due = ANCHOR_NEVER;
		return false;
	}

	if (anchor_time_is_never(*due))
		*due = now;
	else if (anchor_time_before(next, *due))
		*due = next;

	if (anchor_time_before(now, *due))
		return false;

	*due = next;
	return true;
}

void samples_take(struct compare *cmp)
{
	struct anchor_span every = cmp->plan.sample_every;
	struct conn *conn = cmp->conn;

	if (every.us > 0 && every.us < ANCHOR_SAMPLE_MIN.us)
		every = ANCHOR_SAMPLE_MIN;

	if (is_due(&conn->sample_due, cmp->now, every))
		emit_all(cmp, CORE_REASON_PLAN);

	if (is_due(&conn->look_due, cmp->now, health_every(cmp))) {
		conn->look = false;
		emit_all(cmp, CORE_REASON_LOOK);
	}
}

/* Bytes per second; counters that went back say nothing. */
static uint64_t rate(uint64_t before, uint64_t now, struct anchor_span span)
{
	double per_second;

	if (now < before || span.us <= 0)
		return 0;

	per_second = (double) (now - before) * 1e6 / (double) span.us;
	return per_second < RATE_MAX ? (uint64_t) per_second :
		(uint64_t) RATE_MAX;
}

static uint16_t busy(int64_t before_us, const struct core_sample *raw,
		     struct anchor_span span)
{
	int64_t time;

	/* A counter that goes back, or never was one. */
	if (before_us < 0 || raw->busy.us <= before_us || span.us <= 0)
		return 0;

	time = raw->busy.us - before_us;
	return time >= span.us ? 1000 : (uint16_t) (time * 1000 / span.us);
}

static uint64_t higher(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* What needs the reading before: first is true if there is none. */
static void compare_readings(const struct reading *reading, bool first,
			     const struct core_sample *raw,
			     struct anchor_sample *now)
{
	const struct anchor_sample *before = &reading->sample;

	if (first)
		return;

	now->interval = anchor_time_since(now->at, before->at);
	now->rate_out = rate(before->bytes_out, now->bytes_out,
			     now->interval);
	now->rate_in = rate(before->bytes_in, now->bytes_in, now->interval);
	now->best_out = higher(before->best_out, now->rate_out);
	now->best_in = higher(before->best_in, now->rate_in);
	now->busy = busy(reading->busy_us, raw, now->interval);
}

static void note_sample(struct reading *reading, struct anchor_time at,
			bool first, const struct core_sample *raw)
{
	struct anchor_sample now = {
		.at = at,
		.rtt = raw->rtt,
		.rtt_min = raw->rtt_min,
		.last_ack = raw->last_ack,
		.last_data = raw->last_data,
		.delivery_rate = raw->delivery_rate,
		.bytes_out = raw->bytes_out,
		.bytes_in = raw->bytes_in,
		.unacked = raw->unacked,
		.waiting = raw->waiting,
		.retransmitted = raw->retransmitted,
		.cwnd = raw->cwnd,
		.app_limited = raw->app_limited,
	};

	compare_readings(reading, first, raw, &now);
	*reading = (struct reading) { .sample = now, .busy_us = raw->busy.us };
}

/* The policy's readings are its own: rates need the interval it asked for. */
static void note_for_policy(struct subflow *subflow, struct anchor_time now,
			    const struct core_sample *sample)
{
	bool first = !subflow->reading;

	if (first)
		subflow->reading = calloc(1, sizeof(*subflow->reading));

	if (subflow->reading)
		note_sample(subflow->reading, now, first, sample);
}

static void note_for_health(struct core *core, struct conn *conn,
			    struct subflow *subflow, struct anchor_time now,
			    const struct core_sample *sample)
{
	health_note(core, conn, subflow, now, sample);
	drain_note(subflow, sample);
	keepalive_note(conn, subflow, now);
}

void core_sample(struct core *core, struct anchor_time now,
		 const struct core_action *action,
		 const struct core_sample *sample)
{
	struct conn *conn = table_find(&core->conns, action->token);
	struct subflow *subflow;

	if (!conn)
		return;

	subflow = conn_find_subflow(conn, &action->local, &action->remote);
	if (!subflow)
		return;

	if (action->reason == CORE_REASON_LOOK)
		note_for_health(core, conn, subflow, now, sample);
	else
		note_for_policy(subflow, now, sample);

	core_mark_dirty(core, conn);
}
