/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections that move off what has failed, however many they are, are one
 * line of the log, which also tells how long it took.
 */
#ifndef HOST_MOVES_H
#define HOST_MOVES_H

#include "host/engine-private.h"

/* Links that became usable or ceased to be since before, which may be NULL. */
void moves_links(struct engine *engine, const struct links *before);

/* A subflow was closed. */
void moves_closed(struct engine *engine, const struct core_action *action);

/* A subflow may have ended with an error, or be up where all was silent. */
void moves_event(struct engine *engine, const struct core_event *event);

/*
 * Connections have moved off links that were lost, and paths that were dead;
 * nothing is told of a link while some of them are still to.
 */
void moves_tell(struct engine *engine);

#endif
