/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Asking a policy what should be, and believing only what can be: a plan's
 * items are looked at one by one, and those that make no sense are refused.
 * Private to the core.
 */
#ifndef CORE_PLAN_H
#define CORE_PLAN_H

#include "core/private.h"

/* What the connection of this view should have, by its rule's policy. */
void plan_ask(struct core *core, struct conn *conn,
	      const struct anchor_view *view, struct anchor_plan *ret_plan);

#endif
