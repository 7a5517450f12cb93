/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One comparison of what is with what should be, shared by the parts of the
 * reconciliation: reconcile.c runs it, announce.c sees to announcements,
 * subflows.c to subflows. Private to the core.
 */
#ifndef CORE_COMPARE_H
#define CORE_COMPARE_H

#include "core/private.h"

#define UNPLANNED (-1)
#define REPLACED (-2)
#define STUCK (-3)
#define TRIED (-4)
#define SUPERSEDED (-5)

/* Its subject, and what has been found out so far. */
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

/* Room for so many more actions; false without memory: it is tried again. */
bool compare_room(struct compare *cmp, unsigned int n);

/* Appends to core->actions; false without memory. */
bool compare_emit(struct compare *cmp, const struct core_action *action);
bool compare_emit_priority(struct compare *cmp, const struct subflow *subflow,
			   bool backup, enum core_reason reason);

/* Is it this end that opens paths, and closes what is not wanted? */
bool compare_chooses(const struct compare *cmp);

/*
 * Is view path i one that may take the place of an older one between the same
 * addresses, once both have been read? Asks for that.
 */
bool compare_is_candidate(const struct compare *cmp, unsigned int i);

/* Is every path there that should be? */
bool compare_complete(const struct compare *cmp);

/* What is announced and should not be; what should be and is not. */
void announce_withdraw(struct compare *cmp);
/* Withdraws what has that ID, to be announced again then if still planned. */
void announce_withdraw_until(struct compare *cmp, uint8_t id,
			     struct anchor_time again);
/* Withdraws what the peer may have missed, so that it is announced again. */
void announce_take_back_unheard(struct compare *cmp);
void announce_all(struct compare *cmp);

/* The port at which an address is announced, 0: it is not. */
uint16_t announce_port(const struct compare *cmp,
		       const struct core_local *local);

/* Attempts that have come to nothing, or that nobody wants any more. */
void subflows_review_attempts(struct compare *cmp);
void subflows_close(struct compare *cmp);
void subflows_open(struct compare *cmp);
void subflows_set_backup(struct compare *cmp);

/* From when on this end opens paths. */
struct anchor_time subflows_open_from(const struct compare *cmp);

#endif
