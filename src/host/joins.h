/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where peers join: sees that somebody listens at each usable link address,
 * and wherever a connection has announced one for its service's port; also
 * where that was done in another life of the daemon.
 */
#ifndef HOST_JOINS_H
#define HOST_JOINS_H

#include "host/engine-private.h"

/*
 * Makes the listeners those that the links need, and fills in their join
 * ports. What does not succeed is tried again by itself.
 */
void joins_sync(struct engine *engine);

/* The same for what is announced; the core knows of the links by then. */
void joins_serve(struct engine *engine);
void joins_stop(struct engine *engine);

/*
 * Somebody must listen before the peer is told to come: to be called before
 * an action is handed in. A negative errno: it must not be.
 */
int joins_prepare(struct engine *engine, const struct core_action *action);

#endif
