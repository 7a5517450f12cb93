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

/* Sets a connection's deadline; ANCHOR_NEVER takes it out. -ENOMEM. */
int heap_set(struct heap *heap, struct conn *conn, struct anchor_time when);
void heap_free(struct heap *heap);

#endif
