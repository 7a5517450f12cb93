/* SPDX-License-Identifier: BSD-3-Clause */
/* The core's own state, shared by core.c and reconcile.c. */
#ifndef CORE_PRIVATE_H
#define CORE_PRIVATE_H

#include "core/heap.h"
#include "core/heard.h"
#include "core/holddown.h"
#include "core/peers.h"
#include "core/sync.h"
#include "core/table.h"
#include "core/tokens.h"
#include "core/view.h"

/* sync.c: the list that is being read. */
struct sync {
	enum core_sync_kind kind;
	bool running;
	bool spoilt;		/* events were lost meanwhile */
	bool again;		/* something was in flux */
	unsigned int rounds;	/* that were, in a row */
	unsigned int bucket;	/* where core_sync_unlisted() was */
	struct tokens heard;	/* of by events, and unknown */
	struct tokens ended;	/* by an event */
	struct tokens suspects;	/* unknown, and in this list */
	struct tokens before;	/* suspects of the list before it */
};

#define CORE_BUSY_MAX 256

struct core {
	const struct core_config *config;
	struct core_host host;
	struct core_local locals[ANCHOR_LOCALS_MAX];
	struct core_local offered[ANCHOR_LOCALS_MAX];	/* and those that
							 * wait */
	size_t n_offered;
	struct core_place places[CORE_PLACES_MAX + HOLDDOWN_MAX];
	struct holddown holddown;
	struct heard heard;
	struct peers peers;
	struct sync sync;
	struct anchor_time held_until;	/* the first of them */
	struct anchor_time drained;	/* drain.h: the last subflow that is
					 * left alone; NEVER: none is */
	struct table conns;
	struct heap deadlines;

	/* health.c: which are looked at each time, and where others begin. */
	uint32_t busy[CORE_BUSY_MAX];	/* tokens */
	unsigned int n_busy;
	unsigned int look_bucket;
	unsigned int waiting;	/* clients that a path is missing to */
	uint64_t random;
	struct core_stats stats;

	/* Faults told of: bits of enum core_fault, for each rule. */
	uint8_t *faults;
	struct core_complaint complaint;	/* not yet taken, if it has a
						 * rule */

	/* Connections that a fact has touched since they were compared. */
	struct conn *dirty;
	struct conn **dirty_end;

	/* What the last comparison found to do, and how much was taken. */
	struct core_action *actions;
	unsigned int n_actions, cap_actions;
	unsigned int taken;

	struct view view;	/* scratch: of one connection at a time */
};

/* A fact has touched it: it is compared again. */
void core_mark_dirty(struct core *core, struct conn *conn);

/* Addresses that have waited for long enough are used, at core->held_until. */
void core_release_held(struct core *core, struct anchor_time now);

/* Which rule is for a connection, NULL if it is not ours. */
const struct core_rule *core_rule_for(const struct core *core,
				      const struct anchor_endpoint *local,
				      const struct anchor_endpoint *remote,
				      enum anchor_role role);

/* A subflow has ended, or an attempt at one. */
void core_subflow_down(struct core *core, struct anchor_time now,
		       struct conn *conn, const struct core_event *event);

/* What it was to do, and is not. */
void core_drop_actions(struct core *core, const struct conn *conn);

/* The kernel manages its paths: it is shown, and left alone. */
void core_leave_to_kernel(struct core *core, struct conn *conn);

/* An event about it, which may be unknown; conn as it was before. */
void core_sync_note(struct core *core, struct conn *conn,
		    const struct core_event *event);
void core_sync_free(struct sync *sync);

/* It is known from now on. -ENOMEM: it is not, and still the caller's. */
int core_remember(struct core *core, struct conn *conn);

/* It is no more, or no longer ours. Frees it. */
void core_forget(struct core *core, struct conn *conn);

/* So far from now, plus or minus a quarter. */
struct anchor_time core_jitter(struct core *core, struct anchor_time now,
			       struct anchor_span span);
/* When a thing that has now failed so many times may be tried again. */
struct anchor_time core_retry_at(struct core *core, struct anchor_time now,
				 unsigned int failures);
/* The same for an attempt, before this failure of it is counted. */
struct anchor_time core_try_again_at(struct core *core, struct anchor_time now,
				     const struct conn *conn,
				     const struct attempt *attempt);

#endif
