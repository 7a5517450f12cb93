/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections by deadline: a binary heap whose members know their place in
 * it, so that a deadline can be moved or dropped in logarithmic time.
 */
#ifndef CORE_HEAP_H
#define CORE_HEAP_H

#include <anchor/types.h>

struct conn;

#define HEAP_NOWHERE (~0u)	/* conn->heap_at of one that is not in it */

struct heap {
	struct conn **items;
	unsigned int n;
	unsigned int cap;
};

/* The earliest, or NULL. */
struct conn *heap_top(const struct heap *heap);

/*
 * Room for so many connections: whoever is known can be given a deadline, for
 * one that is not to be had would be missed for ever. -ENOMEM.
 */
int heap_reserve(struct heap *heap, unsigned int n);

/*
 * Sets a connection's deadline; ANCHOR_NEVER takes it out. There is room for
 * it.
 */
void heap_set(struct heap *heap, struct conn *conn, struct anchor_time when);
void heap_free(struct heap *heap);

#endif
