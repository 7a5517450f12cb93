/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What something costs: where others have the processors for a while, as where
 * there is much traffic, that is no cost of ours.
 */
#ifndef HOST_CPUTIME_H
#define HOST_CPUTIME_H

#include <stdint.h>

/* Processor time of this thread so far, in microseconds. */
uint64_t cputime_us(void);

#endif
