/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The one place that decides what to do.
 *
 * Builds the view, asks the policy for its plan, and appends to
 * core->actions the least that makes what is into what should be. The order
 * is that in which the kernel must see them: withdraw before close (a close
 * drops the address entry that a withdrawal needs), then open, for that is
 * what data waits for, announce, and change priorities. What is under way is not asked for again; what has
 * failed waits for its back-off. Sets the connection's deadline.
 */
#ifndef CORE_RECONCILE_H
#define CORE_RECONCILE_H

#include "core/private.h"

void reconcile(struct core *core, struct conn *conn, struct anchor_time now);

#endif
