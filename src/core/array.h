/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Growing arrays without a type of their own: an items pointer, a count and
 * a capacity that live in the owner's struct.
 */
#ifndef CORE_ARRAY_H
#define CORE_ARRAY_H

#include <stddef.h>

/* As many as most connections have, one a rail. */
#define ARRAY_FIRST 2

/*
 * Makes room for one more item, by halves. Each step leaves a hole in the
 * heap, so there is room at first for ARRAY_FIRST, or what is said. Returns 0
 * or -ENOMEM.
 */
int array_reserve(void **items, unsigned int n, unsigned int *cap,
		  size_t size);
int array_reserve_from(unsigned int first, void **items, unsigned int n,
		       unsigned int *cap, size_t size);

/*
 * Gives back what is left of a peak: all if there is no item, else what is
 * more than the first, or where they are more than that, half and more. Items
 * may move. No harm is done where there is no memory for that.
 */
void array_trim_to(unsigned int first, void **items, unsigned int n,
		   unsigned int *cap, size_t size);

/* Closes the gap that item i leaves; the caller lowers its count. */
void array_remove(void *items, unsigned int n, unsigned int i, size_t size);

#endif
