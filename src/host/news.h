/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * News: what happens, as one JSON object each, for those who watch
 * (anchorctl monitor). anchorctl(8) documents the fields. Nothing is built
 * while nobody watches.
 */
#ifndef HOST_NEWS_H
#define HOST_NEWS_H

#include "host/engine-private.h"

void news_link_up(struct engine *engine, const struct link *link,
		  int64_t held_ms);
/* reason in words; paths closed for it, and how long that took. */
void news_link_down(struct engine *engine, const char *name,
		    const char *reason, unsigned int paths, int64_t took_us);

/* Subflows closed because nothing was answered. */
void news_dead(struct engine *engine, const struct dead_pair *pair);

/* A path is up where all was silent, for so long. */
void news_back(struct engine *engine, const struct silent_pair *pair,
	       int64_t us);

/* What the kernel says of a connection or a subflow. */
void news_event(struct engine *engine, const struct core_event *event);

/* What was done, and how it ended: 0 or a negative errno. */
void news_action(struct engine *engine, const struct core_action *action,
		 int error);

#endif
