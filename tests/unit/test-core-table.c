/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of connections, the heap of deadlines, and sets of tokens. */
#include <errno.h>
#include <stdlib.h>

#include "core/conn.h"
#include "core/prng.h"
#include "core/table.h"
#include "core/tokens.h"
#include "fuzz/scarce.h"
#include "unit.h"

#define MANY 5000

static void fill(struct table *table, uint32_t step)
{
	for (uint32_t i = 0; i < MANY; i++) {
		struct conn *conn = conn_new(i * step);

		assert_non_null(conn);
		assert_int_equal(table_insert(table, conn), 0);
	}
}

static void empty(struct table *table)
{
	struct conn *conn = table_next(table, NULL);

	while (conn) {
		struct conn *next = table_next(table, conn);

		table_remove(table, conn);
		conn_free(conn);
		conn = next;
	}

	assert_int_equal(table->n, 0);
	table_free(table);
}

static void test_table_finds(void **state)
{
	struct table table = { 0 };
	struct conn *conn;

	assert_null(table_find(&table, 1));
	fill(&table, 3);
	assert_int_equal(table.n, MANY);

	for (uint32_t i = 0; i < MANY; i++)
		assert_int_equal(table_find(&table, i * 3)->token, i * 3);

	assert_null(table_find(&table, 1));
	conn = table_find(&table, 30);
	table_remove(&table, conn);
	conn_free(conn);
	assert_null(table_find(&table, 30));
	assert_non_null(table_find(&table, 33));
	empty(&table);
}

static void test_table_walks_all_once(void **state)
{
	struct table table = { 0 };
	unsigned char seen[MANY] = { 0 };
	const struct conn *conn;
	unsigned int n = 0;

	assert_null(table_next(&table, NULL));
	fill(&table, 1 << 16);	/* all in one bucket */
	for (conn = table_next(&table, NULL); conn;
	     conn = table_next(&table, conn)) {
		assert_int_equal(seen[conn->token >> 16]++, 0);
		n++;
	}

	assert_int_equal(n, MANY);
	empty(&table);
}

/* It only gets slower. */
static void test_table_without_memory(void **state)
{
	struct table table = { 0 };
	struct conn *conns[MANY];

	for (uint32_t i = 0; i < MANY; i++) {
		conns[i] = conn_new(i);
		assert_non_null(conns[i]);
	}

	scarce_at(0, MANY);
	assert_int_equal(table_insert(&table, conns[0]), -ENOMEM);
	assert_int_equal(table.n, 0);
	scarce_at(1, MANY);
	for (uint32_t i = 0; i < MANY; i++)
		assert_int_equal(table_insert(&table, conns[i]), 0);

	scarce_end();
	for (uint32_t i = 0; i < MANY; i++)
		assert_ptr_equal(table_find(&table, i), conns[i]);

	empty(&table);
}

static void test_heap_without_memory(void **state)
{
	struct heap heap = { 0 };

	scarce_at(1, 1);
	assert_int_equal(heap_reserve(&heap, 10), -ENOMEM);
	scarce_end();
	assert_int_equal(heap_reserve(&heap, 10), 0);
	assert_in_range(heap.cap, 10, 20);
	heap_free(&heap);
}

static void test_heap_gives_earliest(void **state)
{
	static struct conn conns[MANY];
	struct heap heap = { 0 };
	struct anchor_time last = { 0 };
	uint64_t random = 7;
	unsigned int n = 0;

	for (unsigned int i = 0; i < MANY; i++) {
		conns[i].heap_at = HEAP_NOWHERE;
		assert_int_equal(heap_reserve(&heap, i + 1), 0);
		heap_set(&heap, &conns[i], (struct anchor_time) {
			(int64_t) (prng_next(&random) % 1000 + 1) });
	}

	/* Move a third, take out another third. */
	for (unsigned int i = 0; i < MANY; i++)
		if (i % 3 == 1)
			heap_set(&heap, &conns[i], (struct anchor_time) {
				(int64_t) (prng_next(&random) % 1000 + 1) });
		else if (i % 3 == 2)
			heap_set(&heap, &conns[i], ANCHOR_NEVER);

	while (heap_top(&heap)) {
		struct conn *top = heap_top(&heap);

		assert_false(anchor_time_before(top->deadline, last));
		assert_int_not_equal((top - conns) % 3, 2);
		last = top->deadline;
		heap_set(&heap, top, ANCHOR_NEVER);
		assert_int_equal(top->heap_at, HEAP_NOWHERE);
		n++;
	}

	assert_int_equal(n, MANY - MANY / 3);
	heap_free(&heap);
}

/* Also tokens that would all like one slot. */
static void test_tokens(void **state)
{
	struct tokens tokens = { 0 };

	assert_false(tokens_has(&tokens, 0));
	assert_false(tokens_has(&tokens, 1));
	for (uint32_t i = 0; i < MANY; i++)
		assert_true(tokens_add(&tokens, i * 4096));

	assert_true(tokens_add(&tokens, 4096));
	assert_int_equal(tokens.n, MANY - 1);
	for (uint32_t i = 0; i < MANY; i++) {
		assert_true(tokens_has(&tokens, i * 4096));
		assert_false(tokens_has(&tokens, i * 4096 + 1));
	}

	tokens_clear(&tokens);
	assert_false(tokens_has(&tokens, 0));
	assert_false(tokens_has(&tokens, 4096));
}

static void test_tokens_bounded(void **state)
{
	struct tokens tokens = { 0 };

	for (uint32_t i = 1; i <= TOKENS_MAX; i++)
		assert_true(tokens_add(&tokens, i));

	assert_false(tokens_add(&tokens, TOKENS_MAX + 1));
	assert_false(tokens_has(&tokens, TOKENS_MAX + 1));
	assert_true(tokens_add(&tokens, TOKENS_MAX));
	tokens_clear(&tokens);

	scarce_at(0, 1);
	assert_false(tokens_add(&tokens, 1));
	assert_false(tokens_has(&tokens, 1));
	scarce_end();
	assert_true(tokens_add(&tokens, 1));
	tokens_clear(&tokens);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table_finds),
		cmocka_unit_test(test_table_walks_all_once),
		cmocka_unit_test(test_table_without_memory),
		cmocka_unit_test(test_heap_gives_earliest),
		cmocka_unit_test(test_heap_without_memory),
		cmocka_unit_test(test_tokens),
		cmocka_unit_test(test_tokens_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
