/* SPDX-License-Identifier: BSD-3-Clause */
/* What is going to happen: a binary heap. */
#include <stdlib.h>

#include "core/array.h"
#include "sim/queue.h"

static bool is_sooner(const struct sim_event *a, const struct sim_event *b)
{
	return a->at.us != b->at.us ? a->at.us < b->at.us :
		a->order < b->order;
}

static void swap(struct sim_event *a, struct sim_event *b)
{
	struct sim_event event = *a;

	*a = *b;
	*b = event;
}

int queue_push(struct sim_queue *queue, const struct sim_event *event)
{
	struct sim_event *events;
	unsigned int at = queue->n;
	int err;

	err = array_reserve((void **) &queue->events, queue->n, &queue->cap,
			    sizeof(*queue->events));
	if (err < 0)
		return err;

	events = queue->events;
	events[queue->n] = *event;
	events[queue->n++].order = queue->order++;
	for (; at && is_sooner(&events[at], &events[(at - 1) / 2]);
	     at = (at - 1) / 2)
		swap(&events[at], &events[(at - 1) / 2]);

	return 0;
}

struct anchor_time queue_next(const struct sim_queue *queue)
{
	return queue->n ? queue->events[0].at : ANCHOR_NEVER;
}

static unsigned int soonest(const struct sim_queue *queue, unsigned int at)
{
	unsigned int best = at;

	for (unsigned int child = 2 * at + 1;
	     child <= 2 * at + 2 && child < queue->n; child++)
		if (is_sooner(&queue->events[child], &queue->events[best]))
			best = child;

	return best;
}

void queue_pop(struct sim_queue *queue, struct sim_event *ret_event)
{
	unsigned int at = 0, next;

	*ret_event = queue->events[0];
	queue->events[0] = queue->events[--queue->n];
	while ((next = soonest(queue, at)) != at) {
		swap(&queue->events[at], &queue->events[next]);
		at = next;
	}
}

void queue_clear(struct sim_queue *queue)
{
	free(queue->events);
	*queue = (struct sim_queue) { 0 };
}
