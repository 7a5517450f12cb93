/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Paths that fail while their link stays, told by their pairs of addresses:
 * however many connections have one there, it is one line of the log.
 */
#ifndef HOST_PAIRS_H
#define HOST_PAIRS_H

#include "host/engine-private.h"

/* A subflow was closed. */
void pairs_closed(struct engine *engine, const struct core_action *action);

/* A subflow may have ended with an error, or be up where all was silent. */
void pairs_event(struct engine *engine, const struct core_event *event);

/* Connections have moved. */
void pairs_tell(struct engine *engine);

#endif
