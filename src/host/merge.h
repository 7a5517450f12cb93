/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One story told by two: a host that has events of its own, such as mptcpd,
 * and the kernel, which we hear ourselves.
 *
 * The host leads: an event is handed on when the host has told of it, so that
 * it decides which events there are and when. But what is handed on is what
 * we heard, which is complete: mptcpd tells neither address IDs nor errors,
 * and whether a subflow is a backup wrongly.
 *
 *	merge_heard(merge, now, &event);	from the kernel
 *	merge_told(merge, now, &event);		from the host: hand_on(&event)
 *	merge_expire(merge, now);		at merge_deadline(merge)
 *
 * Both tell in the kernel's order. What the host does not tell of, such as
 * events of connections that are older than it, is handed on at once; what we
 * did not hear, as it was told, after a while.
 *
 * mptcpd reads one message in each turn of the loop, and never again once its
 * socket has overrun; it does not notice. So if it is behind with what it
 * should have told of, it is not waited for: merge_is_behind(). Nothing is lost
 * by that. It leads again when it tells of the connection that began last.
 */
#ifndef HOST_MERGE_H
#define HOST_MERGE_H

#include "core/core.h"

/* How long either waits for the other, and how long once more for the host. */
#define MERGE_PATIENCE anchor_ms(250)
#define MERGE_AGAIN anchor_ms(100)

/* How many events may wait. */
#define MERGE_MAX 4096

/*
 * Of how many connections it is known that both tell. With events of others
 * the host is not waited for.
 */
#define MERGE_SHARED_MAX 65536

struct merge;

struct merge_options {
	void (*hand_on)(const struct core_event *event, void *data);
	void (*on_behind)(bool behind, void *data);	/* that has changed */
	void *data;
};

struct merge *merge_new(const struct merge_options *options);
void merge_free(struct merge *merge);

void merge_told(struct merge *merge, struct anchor_time now,
		const struct core_event *event);
void merge_heard(struct merge *merge, struct anchor_time now,
		 const struct core_event *event);

/* ANCHOR_NEVER if nothing waits. */
struct anchor_time merge_deadline(const struct merge *merge);
void merge_expire(struct merge *merge, struct anchor_time now);

/*
 * What has been heard is handed on at once, for it is to be compared with what
 * the kernel lists; the host may tell of it later.
 */
void merge_catch_up(struct merge *merge);

/*
 * We have lost some that the kernel sent, and may not know which of those that
 * the host tells of are older than the list that follows: as if it is behind.
 * Nor is it known which connections there are still: with events of those that
 * there were, the host is no longer waited for.
 */
void merge_lost(struct merge *merge);

/* As long as it is, what is heard is handed on at once, what is told is not. */
bool merge_is_behind(const struct merge *merge);

#endif
