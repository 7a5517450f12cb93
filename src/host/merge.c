/* SPDX-License-Identifier: BSD-3-Clause */
/* One story told by two. */
#include <ell/ell.h>

#include "host/merge.h"

struct merge {
	struct merge_options options;
	struct l_queue *told;	/* and not heard yet */
	struct l_queue *heard;	/* and not told yet */
	struct l_hashmap *shared;	/* tokens of which both tell */
	bool behind;
};

struct waiting {
	struct core_event event;
	struct anchor_time until;
	bool handed_on;		/* by merge_catch_up() */
	bool again;		/* it waits for the second time */
};

struct merge *merge_new(const struct merge_options *options)
{
	struct merge *merge = l_new(struct merge, 1);

	merge->options = *options;
	merge->told = l_queue_new();
	merge->heard = l_queue_new();
	merge->shared = l_hashmap_new();
	return merge;
}

void merge_free(struct merge *merge)
{
	if (!merge)
		return;

	l_queue_destroy(merge->told, l_free);
	l_queue_destroy(merge->heard, l_free);
	l_hashmap_destroy(merge->shared, NULL);
	l_free(merge);
}

static bool same_ends(const struct core_event *a, const struct core_event *b)
{
	return anchor_endpoint_equal(&a->local, &b->local) &&
		anchor_endpoint_equal(&a->remote, &b->remote);
}

/* By what both know. */
static bool is_same(const struct core_event *a, const struct core_event *b)
{
	if (a->type != b->type || a->token != b->token)
		return false;

	switch (a->type) {
	case CORE_EVENT_CLOSED:
		return true;
	case CORE_EVENT_ANNOUNCED:
		return a->remote_id == b->remote_id &&
			anchor_endpoint_equal(&a->remote, &b->remote);
	case CORE_EVENT_REMOVED:
		return a->remote_id == b->remote_id;
	case CORE_EVENT_CREATED:
	case CORE_EVENT_ESTABLISHED:
	case CORE_EVENT_SUBFLOW_UP:
	case CORE_EVENT_SUBFLOW_DOWN:
	case CORE_EVENT_SUBFLOW_PRIORITY:
		return same_ends(a, b);
	}

	return false;
}

static bool match(const void *a, const void *b)
{
	const struct waiting *waiting = a;

	return is_same(&waiting->event, b);
}

static struct waiting *add(struct l_queue *queue, struct anchor_time now,
			   const struct core_event *event)
{
	struct waiting *waiting = l_new(struct waiting, 1);

	waiting->event = *event;
	waiting->until = anchor_time_add(now, MERGE_PATIENCE);
	l_queue_push_tail(queue, waiting);
	return waiting;
}

/* Both tell of a connection from its beginning, or only the kernel does. */
static bool is_shared(const struct merge *merge,
		      const struct core_event *event)
{
	return event->type == CORE_EVENT_CREATED ||
		l_hashmap_lookup(merge->shared,
				 L_UINT_TO_PTR(event->token));
}

static void share(struct merge *merge, const struct core_event *event)
{
	if (event->type == CORE_EVENT_CREATED &&
	    l_hashmap_size(merge->shared) < MERGE_SHARED_MAX)
		l_hashmap_replace(merge->shared, L_UINT_TO_PTR(event->token),
				  merge, NULL);
}

static void hand_on(struct merge *merge, const struct core_event *event)
{
	share(merge, event);
	if (event->type == CORE_EVENT_CLOSED)
		l_hashmap_remove(merge->shared, L_UINT_TO_PTR(event->token));

	merge->options.hand_on(event, merge->options.data);
}

static void hand_on_first(struct merge *merge, struct l_queue *queue)
{
	struct waiting *waiting = l_queue_pop_head(queue);

	if (!waiting->handed_on)
		hand_on(merge, &waiting->event);

	l_free(waiting);
}

/* What was not heard of a connection that is not shared was before it. */
static void hand_on_first_told(struct merge *merge)
{
	const struct waiting *first = l_queue_peek_head(merge->told);

	if (is_shared(merge, &first->event))
		hand_on_first(merge, merge->told);
	else
		l_free(l_queue_pop_head(merge->told));
}

/* Those before a certain one, or all. */
static void hand_on_told(struct merge *merge, const struct waiting *end)
{
	while (l_queue_peek_head(merge->told) != end)
		hand_on_first_told(merge);
}

static void hand_on_all(struct merge *merge, struct l_queue *queue)
{
	while (!l_queue_isempty(queue))
		hand_on_first(merge, queue);
}

static void fall_behind(struct merge *merge)
{
	merge->behind = true;
	hand_on_all(merge, merge->heard);
	l_queue_clear(merge->told, l_free);
	merge->options.on_behind(true, merge->options.data);
}

/*
 * While the host is behind: all since the last connection began. When it tells
 * of that beginning, these are what it is going to tell next.
 */
static void remember(struct merge *merge, struct anchor_time now,
		     const struct core_event *event)
{
	bool begins = event->type == CORE_EVENT_CREATED;

	if (begins || l_queue_length(merge->heard) == MERGE_MAX)
		l_queue_clear(merge->heard, l_free);

	if (begins || !l_queue_isempty(merge->heard))
		add(merge->heard, now, event)->handed_on = true;
}

static void see_caught_up(struct merge *merge, struct anchor_time now,
			  const struct core_event *event)
{
	struct waiting *first = l_queue_peek_head(merge->heard);
	const struct l_queue_entry *entry;

	if (!first || !is_same(&first->event, event))
		return;

	merge->behind = false;
	l_free(l_queue_pop_head(merge->heard));
	for (entry = l_queue_get_entries(merge->heard); entry;
	     entry = entry->next) {
		struct waiting *waiting = entry->data;

		waiting->until = anchor_time_add(now, MERGE_PATIENCE);
	}

	merge->options.on_behind(false, merge->options.data);
}

/* What came before an event that both have is had by one alone. */
void merge_told(struct merge *merge, struct anchor_time now,
		const struct core_event *event)
{
	const struct waiting *twin = l_queue_find(merge->heard, match, event);

	if (merge->behind) {
		see_caught_up(merge, now, event);
		return;
	}

	if (!twin) {
		if (l_queue_length(merge->told) == MERGE_MAX)
			hand_on_first_told(merge);

		add(merge->told, now, event);
		return;
	}

	hand_on_told(merge, NULL);
	while (l_queue_peek_head(merge->heard) != twin)
		hand_on_first(merge, merge->heard);

	hand_on_first(merge, merge->heard);
}

/* Likewise. */
void merge_heard(struct merge *merge, struct anchor_time now,
		 const struct core_event *event)
{
	struct waiting *twin = l_queue_find(merge->told, match, event);

	if (merge->behind)
		remember(merge, now, event);

	if (merge->behind || (!twin && !is_shared(merge, event))) {
		hand_on(merge, event);
		return;
	}

	if (!twin) {
		share(merge, event);
		add(merge->heard, now, event);
		if (l_queue_length(merge->heard) > MERGE_MAX)
			fall_behind(merge);

		return;
	}

	hand_on_all(merge, merge->heard);
	hand_on_told(merge, twin);
	l_free(l_queue_pop_head(merge->told));
	hand_on(merge, event);
}

/* They stay, for the host will tell of them: that is nothing new then. */
void merge_catch_up(struct merge *merge)
{
	const struct l_queue_entry *entry = l_queue_get_entries(merge->heard);

	for (; entry; entry = entry->next) {
		struct waiting *waiting = entry->data;

		if (waiting->handed_on)
			continue;

		waiting->handed_on = true;
		hand_on(merge, &waiting->event);
	}
}

void merge_lost(struct merge *merge)
{
	/* Of what was heard since, some is missing: the host cannot lead by it. */
	if (merge->behind)
		l_queue_clear(merge->heard, l_free);
	else
		fall_behind(merge);

	l_hashmap_destroy(merge->shared, NULL);
	merge->shared = l_hashmap_new();
}

static struct anchor_time first_until(struct l_queue *queue)
{
	const struct waiting *waiting = l_queue_peek_head(queue);

	return waiting ? waiting->until : ANCHOR_NEVER;
}

struct anchor_time merge_deadline(const struct merge *merge)
{
	struct anchor_time told = first_until(merge->told);
	struct anchor_time heard = first_until(merge->heard);

	if (merge->behind)
		return ANCHOR_NEVER;

	return anchor_time_before(told, heard) ? told : heard;
}

/*
 * The loop may have been held up, so that the host could not tell: what is due
 * waits a second time, while the loop turns.
 */
static void expire_heard(struct merge *merge, struct anchor_time now)
{
	struct waiting *first = l_queue_peek_head(merge->heard);

	if (first->again) {
		fall_behind(merge);
		return;
	}

	first->again = true;
	first->until = anchor_time_add(now, MERGE_AGAIN);
}

void merge_expire(struct merge *merge, struct anchor_time now)
{
	while (!anchor_time_before(now, first_until(merge->told)))
		hand_on_first_told(merge);

	if (!merge->behind &&
	    !anchor_time_before(now, first_until(merge->heard)))
		expire_heard(merge, now);
}

bool merge_is_behind(const struct merge *merge)
{
	return merge->behind;
}
