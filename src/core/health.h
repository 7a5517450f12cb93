/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Paths that fail without a word: a switch that forwards nothing while the
 * carrier stays, a filter, a loss in one direction.
 *
 * The host says when to look (core_look()): now and then while there is
 * traffic, and when the namespace has sent a loss probe or met a
 * retransmission timeout. The subflows of connections that have more than
 * one are read then, of those that have sent something lately and, by turns, of
 * some others; and those with data under way and no ACK of late again every
 * few milliseconds, until there is one. Of these
 *
 *	stuck	is one that gets no ACK at all for as long as its round trip
 *		time and variance allow, STUCK_MIN at least, or LOSSY_MIN
 *		where packets are lost all the time; longer if the peer may
 *		delay the ACK, and longer each time that this proves wrong.
 *		Nor may any other subflow between the same addresses have had
 *		one, of whichever connection, or any data (heard.h): a path
 *		that is merely slow, congested or lossy is answered to
 *		somebody, and one that overflows brings what it holds. Until it
 *		gets one, a stuck subflow does not count as a path, so another
 *		is opened in its place, at once.
 *	stranded is one that gets no ACK for STRANDED_MIN while others on its
 *		path do, maybe because a fabric has put it on a dead way. Also
 *		for it another is opened, and if that comes up, it is closed.
 *	dead	is a stuck subflow if the other one does not come up in as
 *		long again, DEAD_MIN at least, or LOSSY_MIN, longer after each
 *		silence that was none, and one more does not either, for a SYN
 *		may be lost too. If the connection has a subflow that is
 *		not stuck, it is closed, which moves its data at once; its
 *		pair is tried again like any that has failed. Where no other
 *		subflow has had an ACK meanwhile, the peer may only pause, and
 *		has UNWITNESSED_MIN; the next that it leaves unanswered, after
 *		one was closed for that, UNWITNESSED_SECOND. What is known of the others between its
 *		addresses may be old, so these are asked before.
 *
 * So a false alarm costs a subflow more at most, the peer that is stopped
 * altogether loses nothing, and the last subflow is never closed. Private to
 * the core.
 */
#ifndef CORE_HEALTH_H
#define CORE_HEALTH_H

#include "core/compare.h"

/* Takes a reading of a subflow that is looked at. */
void health_note(struct core *core, struct conn *conn,
		 struct subflow *subflow, struct anchor_time now,
		 const struct core_sample *sample);

/* For how long has it got no ACK by the last reading? 0: it had. */
struct anchor_span health_silence(const struct subflow *subflow);

bool health_is_stuck(const struct core *core, const struct subflow *subflow);

/* The same, and takes notice of what has changed. */
bool health_review(const struct core *core, struct subflow *subflow,
		   struct anchor_time now);

/* Given that it is stuck: may what has come up in its place replace it? */
bool health_is_replaceable(const struct subflow *subflow);

/* Given that it is stuck: is it dead? */
bool health_is_dead(const struct compare *cmp, unsigned int path);

/*
 * Given that it is dead as far as is known: do all others between its
 * addresses agree? They are asked if that was too long ago, and it is read
 * itself thereafter, which brings it here again.
 */
bool health_give_up(struct compare *cmp, const struct subflow *subflow);

/* It is closed as dead. */
void health_note_dead(struct conn *conn, struct anchor_time now,
		      const struct subflow *subflow);

/*
 * How long the subflow in its place has to come up, until another is tried,
 * and how long that one has.
 */
struct anchor_span health_patience(const struct compare *cmp,
				   const struct anchor_plan_path *want,
				   bool again);

/* How often to read, 0: not at all. */
struct anchor_span health_every(const struct compare *cmp);

#endif
