/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where peers join: sees that somebody listens at each usable link address,
 * and wherever one is announced for a service's port.
 */
#ifndef HOST_JOINS_H
#define HOST_JOINS_H

#include "host/engine-private.h"

/*
 * Makes the listeners those that the links need, and fills in their join
 * ports. What does not succeed is tried again by itself.
 */
void joins_sync(struct engine *engine);

void joins_stop(struct engine *engine);

/*
 * Somebody must listen before the peer is told to come: to be called before
 * an action is handed in. A negative errno: it must not be.
 */
int joins_prepare(struct engine *engine, const struct core_action *action);

#endif
