/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Paths without traffic, which fail without anyone noticing until they are
 * needed. If the configuration asks for it ([timers] keep-alive), the end
 * that opens paths looks now and then when each subflow has last been
 * answered. Where that is longer ago than the interval, it opens another one
 * on the same path:
 *
 *	if that comes up, it takes the place of the old one, which is closed;
 *	if not, and the peer has answered elsewhere meanwhile, the path is
 *	dead: closed, withdrawn, and tried again like any that has failed;
 *	if the peer has answered nowhere, nothing is known, and nothing done.
 *
 * The same is done, whatever the configuration says, where the peer announces
 * once more what we have had a subflow to for long, and nothing has come from
 * there lately: it may have lost that. Where something has, nothing is done:
 * to close a subflow that carries data is to send all of it again.
 *
 * A plain packet would prove nothing: what the kernel sends on an idle
 * subflow for us is an ACK, which nobody answers. Private to the core.
 */
#ifndef CORE_KEEPALIVE_H
#define CORE_KEEPALIVE_H

#include "core/compare.h"

/* Before subflows are matched with the plan: begins and ends trials. */
void keepalive_review(struct compare *cmp);

/* The subflow has been read. */
void keepalive_note(struct conn *conn, struct subflow *subflow,
		    struct anchor_time now);

bool keepalive_is_tried(const struct subflow *subflow);

/* Given that it is tried: is its path dead? */
bool keepalive_is_dead(const struct compare *cmp, unsigned int path);

/* How long the subflow in its place has to come up. */
struct anchor_span keepalive_patience(void);

#endif
