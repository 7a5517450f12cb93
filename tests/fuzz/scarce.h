/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory that runs out: malloc(), calloc() and realloc() of a program that is
 * linked with -Wl,--wrap of them fail when they are told to.
 *
 *	before = scarce_failed();
 *	scarce_at(n, 1);	the n-th from now fails, from 0 on
 *	...
 *	scarce_end();
 *	if (scarce_failed() == before)
 *		there were not so many
 */
#ifndef TESTS_SCARCE_H
#define TESTS_SCARCE_H

#include <stdbool.h>
#include <stdint.h>

/* So many fail, of those from now on, behind the first others. */
void scarce_at(unsigned long first, unsigned long n);

/* One of so many, as the seed has it. */
void scarce_by(uint64_t seed, unsigned int one_of);

/* None fails, and none is counted, while it is held. */
void scarce_hold(bool hold);

/* Memory is back. */
void scarce_end(void);

/* How many have failed, ever. */
unsigned long scarce_failed(void);

#endif
