/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is going to happen in a simulation, in the order of time; at the same
 * time, in the order in which it was put in.
 */
#ifndef SIM_QUEUE_H
#define SIM_QUEUE_H

#include "core/core.h"

struct sim;
struct sim_event;

typedef void (*sim_run_cb)(struct sim *sim, const struct sim_event *event);

/* Which of the fields mean something is up to run. */
struct sim_event {
	struct anchor_time at;
	uint64_t order;
	sim_run_cb run;
	unsigned int conn, sub;
	unsigned int end;		/* enum sim_end */
	unsigned int tries;
	struct core_event news;
};

struct sim_queue {
	struct sim_event *events;
	unsigned int n, cap;
	uint64_t order;
};

/* -ENOMEM, or 0. */
int queue_push(struct sim_queue *queue, const struct sim_event *event);
/* ANCHOR_NEVER if it is empty. */
struct anchor_time queue_next(const struct sim_queue *queue);
/* Must not be empty. */
void queue_pop(struct sim_queue *queue, struct sim_event *ret_event);
void queue_clear(struct sim_queue *queue);

#endif
