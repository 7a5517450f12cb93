/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections that move off a link, however many they are, are one line of the
 * log, which also tells how long it took.
 */
#ifndef HOST_MOVES_H
#define HOST_MOVES_H

#include "host/engine-private.h"

/* Links that became usable or ceased to be since before, which may be NULL. */
void moves_links(struct engine *engine, const struct links *before);

/* A subflow was closed. */
void moves_closed(struct engine *engine, const struct core_action *action);

/*
 * Connections have moved off links that were lost; nothing is told of a link
 * while some of them are still to.
 */
void moves_tell(struct engine *engine);

#endif
