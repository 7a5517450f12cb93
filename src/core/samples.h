/* SPDX-License-Identifier: BSD-3-Clause */
/* How subflows do: when to look, and what two looks say. Private to the core. */
#ifndef CORE_SAMPLES_H
#define CORE_SAMPLES_H

#include "core/compare.h"

/* Asks for a sample of each subflow if the plan wants one by now. */
void samples_take(struct compare *cmp);

#endif
