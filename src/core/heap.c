/* SPDX-License-Identifier: BSD-3-Clause */
/* Connections by deadline. */
#include <stdlib.h>

#include "core/array.h"
#include "core/conn.h"
#include "core/heap.h"

static void put(struct heap *heap, unsigned int i, struct conn *conn)
{
	heap->items[i] = conn;
	conn->heap_at = i;
}

static void sift_up(struct heap *heap, unsigned int i, struct conn *conn)
{
	while (i > 0) {
		struct conn *parent = heap->items[(i - 1) / 2];

		if (!anchor_time_before(conn->deadline, parent->deadline))
			break;

		put(heap, i, parent);
		i = (i - 1) / 2;
	}

	put(heap, i, conn);
}

static void sift_down(struct heap *heap, unsigned int i, struct conn *conn)
{
	for (;;) {
		unsigned int child = 2 * i + 1;

		if (child >= heap->n)
			break;

		if (child + 1 < heap->n &&
		    anchor_time_before(heap->items[child + 1]->deadline,
				       heap->items[child]->deadline))
			child++;

		if (!anchor_time_before(heap->items[child]->deadline,
					conn->deadline))
			break;

		put(heap, i, heap->items[child]);
		i = child;
	}

	put(heap, i, conn);
}

static void heap_take_out(struct heap *heap, struct conn *conn)
{
	unsigned int i = conn->heap_at;
	struct conn *last = heap->items[--heap->n];

	conn->heap_at = HEAP_NOWHERE;
	if (last == conn)
		return;

	if (i > 0 && anchor_time_before(last->deadline,
					heap->items[(i - 1) / 2]->deadline))
		sift_up(heap, i, last);
	else
		sift_down(heap, i, last);
}

struct conn *heap_top(const struct heap *heap)
{
	return heap->n ? heap->items[0] : NULL;
}

int heap_reserve(struct heap *heap, unsigned int n)
{
	while (heap->cap < n) {
		int err = array_reserve((void **) &heap->items, heap->cap,
					&heap->cap, sizeof(*heap->items));

		if (err < 0)
			return err;
	}

	return 0;
}

void heap_set(struct heap *heap, struct conn *conn, struct anchor_time when)
{
	if (conn->heap_at != HEAP_NOWHERE) {
		if (conn->deadline.us == when.us)
			return;

		heap_take_out(heap, conn);
	}

	conn->deadline = when;
	if (!anchor_time_is_never(when))
		sift_up(heap, heap->n++, conn);
}

void heap_free(struct heap *heap)
{
	free(heap->items);
	*heap = (struct heap) { 0 };
}
