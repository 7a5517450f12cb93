/* SPDX-License-Identifier: BSD-3-Clause */
/* Which rail a peer's address is on, and which connections are ours. */
#include "core/match.h"
#include "core/rails.h"
#include "unit.h"

struct lab {
	struct core_rail rails[4];
	struct core_local locals[4];
	struct core_host host;
};

static void two_links(struct lab *lab, const char *a, const char *b)
{
	*lab = (struct lab) { .rails = { { .name = "a" }, { .name = "b" } } };
	lab->locals[0] = (struct core_local) { .addr = addr_of(a), .rail = 0 };
	lab->locals[1] = (struct core_local) { .addr = addr_of(b), .rail = 1 };
	lab->host = (struct core_host) {
		.locals = lab->locals, .n_locals = 2,
		.rails = lab->rails, .n_rails = 2,
	};
}

static int16_t rail_of(const struct lab *lab, const char *addr, uint8_t id)
{
	struct anchor_addr parsed = addr_of(addr);

	return rails_of_remote(&lab->host, &parsed, id);
}

static void test_longest_common_prefix(void **state)
{
	struct lab lab;

	two_links(&lab, "10.1.1.2", "10.2.1.2");
	assert_int_equal(rail_of(&lab, "10.1.2.2", 7), 0);
	assert_int_equal(rail_of(&lab, "10.2.2.2", 1), 1);
	assert_int_equal(rail_of(&lab, "fd00::1", 1), ANCHOR_RAIL_NONE);

	two_links(&lab, "fd00:1:1::2", "fd00:2:1::2");
	assert_int_equal(rail_of(&lab, "fd00:2:2::2", 1), 1);
	assert_int_equal(rail_of(&lab, "fd00:1:2::2", 2), 0);
}

static void test_ties_go_by_id(void **state)
{
	struct lab lab;

	two_links(&lab, "10.1.1.2", "10.1.2.2");
	assert_int_equal(rail_of(&lab, "10.64.1.2", 1), 0);
	assert_int_equal(rail_of(&lab, "10.64.2.2", 2), 1);
	assert_int_equal(rail_of(&lab, "10.64.3.2", 3), 0);

	/* The source ID that goes with an announced one. */
	assert_int_equal(rail_of(&lab, "10.64.1.2", RAILS_SOURCE_ID), 0);
	assert_int_equal(rail_of(&lab, "10.64.2.2", RAILS_SOURCE_ID + 1), 1);

	/* The initial address is never guessed. */
	assert_int_equal(rail_of(&lab, "10.64.1.2", 0), ANCHOR_RAIL_NONE);
}

static void test_configured_prefixes_decide(void **state)
{
	struct anchor_prefix wide = prefix_of("10.0.0.0/8");
	struct anchor_prefix narrow = prefix_of("10.9.0.0/16");
	struct lab lab;

	two_links(&lab, "10.1.1.2", "10.2.1.2");
	lab.rails[0].prefixes = &wide;
	lab.rails[0].n_prefixes = 1;
	lab.rails[1].prefixes = &narrow;
	lab.rails[1].n_prefixes = 1;

	assert_int_equal(rail_of(&lab, "10.9.2.2", 1), 1);
	assert_int_equal(rail_of(&lab, "10.2.2.2", 1), 0);
	assert_int_equal(rail_of(&lab, "10.2.2.2", 0), 0);

	/* All rails have prefixes, none fits: a stray. */
	assert_int_equal(rail_of(&lab, "192.168.1.1", 1), ANCHOR_RAIL_NONE);

	/* Only rails without prefixes are guessed for. */
	lab.rails[1].n_prefixes = 0;
	assert_int_equal(rail_of(&lab, "192.168.1.1", 1), 1);
}

/* A peer's address stays where it is when our link there is lost. */
static void test_places_of_lost_links(void **state)
{
	struct core_place places[2];
	struct lab lab;

	two_links(&lab, "10.1.1.2", "10.2.1.2");
	places[0] = (struct core_place) { lab.locals[0].addr, 0 };
	places[1] = (struct core_place) { lab.locals[1].addr, 1 };
	lab.host.places = places;
	lab.host.n_places = 2;
	lab.host.n_locals = 0;
	assert_int_equal(rail_of(&lab, "10.1.2.2", 7), 0);
	assert_int_equal(rail_of(&lab, "10.2.2.2", 1), 1);

	/* The interface is gone, and its rail with it. */
	places[0].rail = ANCHOR_RAIL_NONE;
	assert_int_equal(rail_of(&lab, "10.1.2.2", 1), ANCHOR_RAIL_NONE);
	assert_int_equal(rail_of(&lab, "10.2.2.2", 1), 1);

	/* Which of them, if the address does not say? The lost one, maybe. */
	assert_int_equal(rail_of(&lab, "192.168.1.1", 2), ANCHOR_RAIL_NONE);
	places[0].rail = 0;
	assert_int_equal(rail_of(&lab, "192.168.1.1", 1), 0);
	assert_int_equal(rail_of(&lab, "192.168.1.1", 2), 1);
}

static struct match_subject subject(const char *rendezvous, const char *peer,
				    uint16_t port, enum anchor_role role)
{
	return (struct match_subject) {
		addr_of(rendezvous), addr_of(peer), port, role
	};
}

static void test_scope(void **state)
{
	struct anchor_prefix anchored = prefix_of("10.255.0.2/32");
	struct anchor_prefix peers = prefix_of("10.254.0.0/16");
	struct core_host host = {
		.rendezvous = &anchored, .n_rendezvous = 1
	};
	struct core_scope scope = { .peers = &peers, .n_peers = 1 };
	struct match_subject ours = subject("10.255.0.2", "10.1.1.1", 1, 0);
	struct match_subject theirs = subject("10.1.2.2", "10.254.3.1", 1, 0);
	struct match_subject other = subject("10.1.2.2", "10.1.1.1", 1, 0);

	assert_true(match_scope(&scope, &host, &ours));
	assert_true(match_scope(&scope, &host, &theirs));
	assert_false(match_scope(&scope, &host, &other));
	scope.all = true;
	assert_true(match_scope(&scope, &host, &other));
}

static void test_first_rule_that_fits(void **state)
{
	struct anchor_prefix peer = prefix_of("10.255.0.0/16");
	struct core_port_range ports[] = { { 3300, 3300 }, { 6800, 7568 } };
	struct core_rule rules[] = {
		{ .name = "ceph", .match = { .peers = &peer, .n_peers = 1,
				.ports = ports, .n_ports = 2 } },
		{ .name = "client", .match = { .client = true } },
		{ .name = "last" },
	};
	struct match_subject at;

	at = subject("10.255.0.2", "10.255.0.1", 6800, ANCHOR_ROLE_SERVER);
	assert_string_equal(match_rule(rules, 3, &at)->name, "ceph");
	at.service_port = 7569;
	assert_string_equal(match_rule(rules, 3, &at)->name, "last");
	at.role = ANCHOR_ROLE_CLIENT;
	assert_string_equal(match_rule(rules, 3, &at)->name, "client");
	at.service_port = 3300;
	at.peer = addr_of("10.1.0.1");
	assert_string_equal(match_rule(rules, 3, &at)->name, "client");
	assert_null(match_rule(rules, 0, &at));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_longest_common_prefix),
		cmocka_unit_test(test_ties_go_by_id),
		cmocka_unit_test(test_configured_prefixes_decide),
		cmocka_unit_test(test_places_of_lost_links),
		cmocka_unit_test(test_scope),
		cmocka_unit_test(test_first_rule_that_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
