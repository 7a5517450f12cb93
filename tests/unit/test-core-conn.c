/* SPDX-License-Identifier: BSD-3-Clause */
/* What is known of a connection, and how its policy is shown it. */
#include <errno.h>

#include "core/conn.h"
#include "core/view.h"
#include "unit.h"

static const struct core_limits limits = {
	.connections = 10, .subflows = 2, .announced = 2,
};
static const struct anchor_time now = { 1000 };

static struct conn *new_conn(enum anchor_role role, const char *local,
			     const char *remote)
{
	struct conn *conn = conn_new(7);

	assert_non_null(conn);
	conn->role = role;
	conn->local = endpoint_of(local);
	conn->remote = endpoint_of(remote);
	return conn;
}

static struct core_event subflow(const char *local, const char *remote)
{
	return (struct core_event) {
		.known = CORE_KNOWN_BACKUP | CORE_KNOWN_IDS,
		.local = endpoint_of(local),
		.remote = endpoint_of(remote),
		.remote_id = 1,
	};
}

static void test_announcements(void **state)
{
	struct conn *conn = new_conn(ANCHOR_ROLE_SERVER, "10.255.0.2:5000",
				     "10.255.0.1:40000");
	struct anchor_endpoint a = endpoint_of("10.1.1.2:7001");
	struct anchor_endpoint b = endpoint_of("10.1.1.2:7002");
	struct anchor_time start = { 0 };

	assert_int_equal(conn_announced(conn, &limits, 1, &a), 0);
	assert_int_equal(conn_announced(conn, &limits, 1, &a), 1);
	assert_int_equal(conn_announced(conn, &limits, 1, &b), 0);
	assert_int_equal(conn->n_remotes, 1);
	assert_int_equal(conn_announced(conn, &limits, 2, &a), 0);
	assert_int_equal(conn_announced(conn, &limits, 3, &a), -ENOSPC);

	/* A withdrawal also forgets what has failed there. */
	assert_non_null(conn_add_attempt(conn, &a.addr, &b));
	assert_int_equal(conn_removed(conn, start, 1), 0);
	assert_int_equal(conn->n_attempts, 0);
	assert_int_equal(conn_removed(conn, start, 1), 1);
	conn_free(conn);
}

static void test_who_opened(void **state)
{
	struct conn *conn = new_conn(ANCHOR_ROLE_SERVER, "10.255.0.2:5000",
				     "10.255.0.1:40000");
	struct anchor_endpoint join = endpoint_of("10.1.2.2:6001");
	struct core_event ours = subflow("10.1.2.2:33001", "10.1.1.2:7001");
	struct core_event theirs = subflow("10.1.2.2:6001", "10.1.1.2:41000");

	assert_non_null(conn_add_entry(conn, &join, 1));
	assert_int_equal(conn_subflow_up(conn, &limits, now, &ours), 0);
	assert_true(conn->subflows[0].opened_here);
	assert_false(conn->peer_opens);
	assert_int_equal(conn_subflow_up(conn, &limits, now, &ours), 1);

	assert_int_equal(conn_subflow_up(conn, &limits, now, &theirs), 0);
	assert_false(conn->subflows[1].opened_here);
	assert_true(conn->peer_opens);

	/* Losing what the peer has opened is no failure of ours. */
	assert_null(conn_subflow_down(conn, now, anchor_ms(1000), &theirs));
	assert_non_null(conn_subflow_down(conn, now, anchor_ms(1000), &ours));
	assert_int_equal(conn->n_subflows, 0);
	conn_free(conn);
}

static void test_subflows_are_bounded(void **state)
{
	struct conn *conn = new_conn(ANCHOR_ROLE_CLIENT, "10.255.0.1:40000",
				     "10.255.0.2:5000");
	struct core_event event = subflow("10.1.1.2:7001", "10.1.2.2:1");
	unsigned int taken = 0;

	while (!conn_subflow_up(conn, &limits, now, &event) && taken < 100) {
		event.remote.port++;
		taken++;
	}

	/* Some more than the limit, so that they can be closed. */
	assert_in_range(taken, limits.subflows + 1, 3 * limits.subflows);
	conn_free(conn);
}

static void add_subflows(struct conn *conn, unsigned int n)
{
	struct core_event event = subflow("10.1.2.2:33000", "10.1.1.2:7001");

	event.local.port += conn->n_subflows;
	while (conn->n_subflows < n) {
		event.local.port++;
		assert_int_equal(conn_subflow_up(conn, &limits,
					(struct anchor_time) { 1 }, &event),
				 0);
	}
}

/* One more than most have, for a moment. */
static void test_trim_subflows(void **state)
{
	struct conn *conn = new_conn(ANCHOR_ROLE_SERVER, "10.255.0.2:5000",
				     "10.255.0.1:40000");

	add_subflows(conn, 3);
	assert_int_equal(conn->cap_subflows, 3);
	add_subflows(conn, 4);
	conn_trim(conn);
	assert_in_range(conn->cap_subflows, 4, 5);
	conn_drop_subflow(conn, &conn->subflows[0]);
	conn_trim(conn);
	assert_int_equal(conn->cap_subflows, 3);
	assert_int_equal(conn->subflows[2].local.port, 33004);
	conn_drop_subflow(conn, &conn->subflows[0]);
	conn_trim(conn);
	assert_int_equal(conn->cap_subflows, 3);
	conn_free(conn);
}

/* What a peak has taken is given back, and taken again when there is need. */
static void test_trim(void **state)
{
	struct conn *conn = new_conn(ANCHOR_ROLE_SERVER, "10.255.0.2:5000",
				     "10.255.0.1:40000");
	struct anchor_endpoint endpoint = endpoint_of("10.1.2.2:1");

	for (int round = 0; round < 3; round++) {
		for (uint16_t i = 1; i <= 9; i++) {
			endpoint.port = i;
			assert_non_null(conn_add_entry(conn, &endpoint, 0));
			assert_non_null(conn_add_attempt(conn, &endpoint.addr,
							 &endpoint));
		}

		assert_int_equal(conn->n_entries, 9 + (round > 0));
		while (conn->n_entries > 1)
			conn_drop_entry(conn, &conn->entries[0]);

		while (conn->n_attempts)
			conn_drop_attempt(conn, &conn->attempts[0]);

		conn_trim(conn);
		assert_int_equal(conn->cap_entries, 2);
		assert_int_equal(conn->cap_attempts, 0);
		assert_int_equal(conn->entries[0].endpoint.port, 9);
	}

	conn_free(conn);
}

static void test_ids(void **state)
{
	struct conn *conn = new_conn(ANCHOR_ROLE_SERVER, "10.255.0.2:5000",
				     "10.255.0.1:40000");
	struct anchor_endpoint end = endpoint_of("10.1.2.2:1");
	struct entry *entry;

	assert_int_equal(conn_add_entry(conn, &end, 5)->id, 5);
	end.port++;
	entry = conn_add_entry(conn, &end, 5);
	assert_int_equal(entry->id, 1);
	conn_change_id(conn, entry);
	assert_int_equal(entry->id, 2);

	/* Sources have a range of their own. */
	end.port = 0;
	assert_int_equal(conn_add_entry(conn, &end, 5)->id, 128);

	for (unsigned int i = 2; i < 127; i++) {
		end.port = (uint16_t) (i + 100);
		assert_non_null(conn_add_entry(conn, &end, 1));
	}

	end.port = 9999;
	assert_null(conn_add_entry(conn, &end, 1));
	conn_free(conn);
}

static void test_view(void **state)
{
	static struct view view;
	struct conn *conn = new_conn(ANCHOR_ROLE_CLIENT, "10.255.0.1:40000",
				     "10.255.0.2:5000");
	const struct core_rail rail = { .name = "a" };
	const struct core_local local = {
		.addr = addr_of("10.1.1.2"), .link = "eth1", .ifindex = 2,
	};
	const struct core_host host = {
		.locals = &local, .n_locals = 1, .rails = &rail, .n_rails = 1,
	};
	struct core_event event = subflow("10.1.1.2:33001", "10.1.2.2:6001");
	struct anchor_endpoint bare = { .addr = addr_of("10.1.2.2") };

	/* A server that has announced nothing may be joined where it is. */
	view_build(&view, conn, &host, &limits, now, 0);
	assert_int_equal(view.view.n_remotes, 1);
	assert_true(view.remotes[0].initial && view.remotes[0].usable);
	conn->deny_join_id0 = true;
	view_build(&view, conn, &host, &limits, now, 0);
	assert_false(view.remotes[0].usable);

	/* No port in ADD_ADDR means the service's. */
	assert_int_equal(conn_announced(conn, &limits, 1, &bare), 0);
	assert_int_equal(conn_subflow_up(conn, &limits, now, &event), 0);
	view_build(&view, conn, &host, &limits, now, 0);
	assert_int_equal(view.remotes[0].endpoint.port, 5000);
	assert_true(view.remotes[0].usable && view.remotes[0].announced);
	assert_int_equal(view.remotes[0].rail, 0);
	assert_int_equal(view.view.n_paths, 1);
	assert_int_equal(view.paths[0].local, 0);
	assert_int_equal(view.paths[0].remote, 0);

	/* To a server it means a client's ephemeral port: of no use. */
	conn->role = ANCHOR_ROLE_SERVER;
	view_build(&view, conn, &host, &limits, now, 0);
	assert_false(view.remotes[0].usable);
	conn_free(conn);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_announcements),
		cmocka_unit_test(test_who_opened),
		cmocka_unit_test(test_subflows_are_bounded),
		cmocka_unit_test(test_trim),
		cmocka_unit_test(test_trim_subflows),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_view),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
