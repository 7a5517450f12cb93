/* SPDX-License-Identifier: BSD-3-Clause */
/* From interfaces and configuration to links, rails, rendezvous addresses. */
#include <stdlib.h>

#include "host/links.h"
#include "unit.h"

static const struct rtnl_link interfaces[] = {
	{ .ifindex = 1, .name = "lo", .loopback = true, .up = true,
	  .carrier = true },
	{ .ifindex = 2, .name = "eth1", .up = true, .carrier = true },
	{ .ifindex = 3, .name = "eth2", .up = true, .carrier = true },
	{ .ifindex = 4, .name = "docker0", .kind = "bridge", .up = true,
	  .carrier = true },
	{ .ifindex = 5, .name = "vip", .kind = "dummy", .up = true,
	  .carrier = true },
	{ .ifindex = 6, .name = "eth3", .up = true },
	{ .ifindex = 7, .name = "eth4" },
	{ .ifindex = 8, .name = "eth5", .up = true, .carrier = true },
};

struct fixture {
	struct config *config;
	struct rtnl_link interfaces[80];
	struct links_input input;
	struct rtnl_address addresses[80];
	struct links_seats seats;
	struct links *links;
};

static void add(struct fixture *fixture, int ifindex, const char *addr,
		bool global)
{
	size_t n = fixture->input.n_addresses++;

	fixture->addresses[n] = (struct rtnl_address) {
		.ifindex = ifindex,
		.addr = addr_of(addr),
		.prefixlen = 24,
		.global = global,
		.usable = true,
	};
}

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct diag *diag = diag_new();

	assert_int_equal(config_load(NULL, true, diag, &fixture->config), 0);
	diag_free(diag);
	memcpy(fixture->interfaces, interfaces, sizeof(interfaces));
	fixture->input = (struct links_input) {
		.links = fixture->interfaces,
		.n_links = sizeof(interfaces) / sizeof(*interfaces),
		.addresses = fixture->addresses,
	};
	add(fixture, 1, "127.0.0.1", false);
	add(fixture, 1, "10.255.0.2", true);
	add(fixture, 2, "10.1.2.2", true);
	add(fixture, 2, "10.1.2.3", true);
	add(fixture, 2, "fe80::1", false);
	add(fixture, 2, "fd00:1:2::2", true);
	add(fixture, 3, "10.2.2.2", true);
	add(fixture, 4, "172.17.0.1", true);
	add(fixture, 5, "10.255.1.2", true);
	add(fixture, 6, "10.3.2.2", true);
	add(fixture, 7, "10.4.2.2", true);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	links_free(fixture->links);
	config_free(fixture->config);
	free(fixture);
	return 0;
}

static void build(struct fixture *fixture)
{
	links_free(fixture->links);
	fixture->links = NULL;
	assert_int_equal(links_build(&fixture->input, fixture->config,
				     &fixture->seats, &fixture->links), 0);
}

static const struct link *link_of(struct fixture *fixture, const char *name)
{
	for (size_t i = 0; i < fixture->links->n_links; i++)
		if (!strcmp(fixture->links->links[i].facts.name, name))
			return &fixture->links->links[i];

	fail_msg("no link %s", name);
	return NULL;
}

static const struct link_address *address_of(struct fixture *fixture,
					     const char *text)
{
	struct anchor_addr addr = addr_of(text);

	for (size_t i = 0; i < fixture->links->n_addresses; i++)
		if (anchor_addr_equal(&fixture->links->addresses[i].facts.addr,
				      &addr))
			return &fixture->links->addresses[i];

	return NULL;
}

static void test_states(void **state)
{
	static const struct {
		const char *name;
		enum link_state state;
	} expected[] = {
		{ "lo", LINK_LOOPBACK }, { "eth1", LINK_USABLE },
		{ "eth2", LINK_USABLE }, { "docker0", LINK_EXCLUDED },
		{ "vip", LINK_LOOPBACK }, { "eth3", LINK_NO_CARRIER },
		{ "eth4", LINK_DOWN }, { "eth5", LINK_NO_ADDRESS },
	};

	build(*state);
	for (size_t i = 0; i < sizeof(expected) / sizeof(*expected); i++) {
		const struct link *link = link_of(*state, expected[i].name);

		assert_int_equal(link->state, expected[i].state);
		assert_int_equal(!*link_state_text(link->state),
				 link->state == LINK_USABLE);
	}
}

static void test_auto_rails(void **state)
{
	struct fixture *fixture = *state;
	const struct link *link;

	build(fixture);
	assert_int_equal(fixture->links->n_rails, 4);
	link = link_of(fixture, "eth2");
	assert_string_equal(fixture->links->rails[link->rail].name, "eth2");
	assert_int_equal(link_of(fixture, "lo")->rail, ANCHOR_RAIL_NONE);
}

static void test_configured_rail(void **state)
{
	struct fixture *fixture = *state;
	char *globs[] = { (char[]) { "eth[12]" } };
	struct config_rail rail = {
		.name = (char[]) { "both" },
		.interfaces = { globs, 1 },
	};

	fixture->config->rails = &rail;
	fixture->config->n_rails = 1;
	fixture->config->links.interfaces_auto = false;
	build(fixture);
	fixture->config->rails = NULL;
	fixture->config->n_rails = 0;

	assert_int_equal(link_of(fixture, "eth1")->rail, 0);
	assert_int_equal(link_of(fixture, "eth2")->rail, 0);
	assert_int_equal(link_of(fixture, "eth3")->state, LINK_NOT_CHOSEN);
}

/* Gone, or made anew with another ifindex, it has the rail and ID it had. */
static void test_seats(void **state)
{
	struct fixture *fixture = *state;
	struct rtnl_link *eth1 = &fixture->interfaces[1];
	struct links_seats before;

	build(fixture);
	before = fixture->seats;
	assert_int_equal(before.n, 4);

	eth1->ifindex = 99;
	build(fixture);
	assert_int_equal(link_of(fixture, "eth1")->state, LINK_NO_ADDRESS);
	assert_int_equal(link_of(fixture, "eth2")->rail, 1);
	assert_int_equal(address_of(fixture, "10.2.2.2")->id, 2);
	assert_string_equal(fixture->links->rails[0].name, "eth1");

	add(fixture, 99, "10.1.2.2", true);
	build(fixture);
	assert_int_equal(link_of(fixture, "eth1")->rail, 0);
	assert_int_equal(address_of(fixture, "10.1.2.2")->id, 1);
	assert_memory_equal(&before, &fixture->seats, sizeof(before));
}

static void test_seats_by_number(void **state)
{
	struct fixture *fixture = *state;

	strcpy(fixture->interfaces[1].name, "eth10");
	build(fixture);
	assert_string_equal(fixture->seats.names[0], "eth2");
	assert_string_equal(fixture->seats.names[3], "eth10");
}

static void test_seat_excluded(void **state)
{
	struct fixture *fixture = *state;
	char *globs[] = { (char[]) { "eth1" } };
	struct config_globs exclude = fixture->config->links.exclude;

	build(fixture);
	fixture->config->links.exclude = (struct config_globs) { globs, 1 };
	build(fixture);
	fixture->config->links.exclude = exclude;
	assert_string_equal(fixture->seats.names[0], "docker0");
	assert_int_equal(link_of(fixture, "eth1")->rail, ANCHOR_RAIL_NONE);
	for (size_t i = 0; i < fixture->links->n_rails; i++)
		assert_string_not_equal(fixture->links->rails[i].name,
					"eth1");
}

/* Of too many, those that are gone make room, and no others. */
static void test_seats_taken(void **state)
{
	struct fixture *fixture = *state;
	size_t first = fixture->input.n_links;
	char addr[32];

	build(fixture);
	fixture->interfaces[2].ifindex = 200;
	for (unsigned int i = 0; i < 62; i++) {
		struct rtnl_link *link = &fixture->interfaces[first + i];

		*link = (struct rtnl_link) {
			.ifindex = (int) (100 + i), .up = true,
			.carrier = true,
		};
		snprintf(link->name, sizeof(link->name), "sfp%u", i);
		snprintf(addr, sizeof(addr), "10.9.%u.1", i);
		add(fixture, link->ifindex, addr, true);
	}

	fixture->input.n_links += 62;
	build(fixture);
	assert_int_equal(fixture->seats.n, LINKS_SEATS_MAX);
	assert_int_equal(link_of(fixture, "eth1")->state, LINK_USABLE);
	assert_int_equal(link_of(fixture, "sfp60")->state, LINK_USABLE);
	assert_int_equal(link_of(fixture, "sfp61")->state, LINK_TOO_MANY);
	assert_int_equal(link_of(fixture, "sfp61")->rail, ANCHOR_RAIL_NONE);
	for (size_t i = 0; i < fixture->seats.n; i++)
		assert_string_not_equal(fixture->seats.names[i], "eth2");
}

static void test_rendezvous(void **state)
{
	struct fixture *fixture = *state;
	struct anchor_prefix listed = prefix_of("10.255.0.0/16");

	build(fixture);
	assert_int_equal(fixture->links->n_rendezvous, 2);
	assert_int_equal(fixture->links->rendezvous[0].len, 32);

	fixture->config->rendezvous.addresses_auto = false;
	fixture->config->rendezvous.addresses =
		(struct config_prefixes) { &listed, 1 };
	build(fixture);
	fixture->config->rendezvous.addresses =
		(struct config_prefixes) { 0 };
	assert_int_equal(fixture->links->n_rendezvous, 1);
	assert_int_equal(fixture->links->rendezvous[0].len, 16);
}

static void test_addresses(void **state)
{
	struct fixture *fixture = *state;
	struct core_local locals[ANCHOR_LOCALS_MAX];
	struct core_host host;

	build(fixture);
	assert_null(address_of(fixture, "fe80::1"));
	assert_null(address_of(fixture, "172.17.0.1"));

	/* First addresses first, and each family for itself. */
	assert_int_equal(address_of(fixture, "10.1.2.2")->id, 1);
	assert_int_equal(address_of(fixture, "10.2.2.2")->id, 2);
	assert_int_equal(address_of(fixture, "10.1.2.3")->id, 5);
	assert_int_equal(address_of(fixture, "fd00:1:2::2")->id, 1);

	/* A link that is down keeps its listener, and is told to nobody. */
	assert_true(address_of(fixture, "10.3.2.2")->wanted);
	assert_false(address_of(fixture, "10.3.2.2")->usable);

	fixture->links->bare6 = true;
	links_to_core(fixture->links, locals, &host);
	assert_int_equal(host.n_locals, 4);
	for (size_t i = 0; i < host.n_locals; i++)
		assert_int_equal(locals[i].bare, locals[i].addr.family ==
				 ANCHOR_FAMILY_INET6);
}

/* An address is where it is, whether its link is up or not. */
static void test_places(void **state)
{
	struct fixture *fixture = *state;
	struct core_local locals[ANCHOR_LOCALS_MAX];
	struct anchor_addr down = addr_of("10.3.2.2");
	struct core_host host;
	bool found = false;

	build(fixture);
	links_to_core(fixture->links, locals, &host);
	for (size_t i = 0; i < host.n_places; i++) {
		const char *rail = host.rails[host.places[i].rail].name;

		if (!anchor_addr_equal(&host.places[i].addr, &down))
			continue;

		assert_string_equal(rail, "eth3");
		found = true;
	}

	assert_true(found);
}

static void test_unusable_address(void **state)
{
	struct fixture *fixture = *state;

	fixture->addresses[2].usable = false;
	build(fixture);
	assert_false(address_of(fixture, "10.1.2.2")->wanted);
	assert_false(address_of(fixture, "10.1.2.2")->usable);
	assert_true(address_of(fixture, "10.1.2.3")->usable);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_states, setup, teardown),
		cmocka_unit_test_setup_teardown(test_auto_rails, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_configured_rail, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_seats, setup, teardown),
		cmocka_unit_test_setup_teardown(test_seats_by_number, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_seat_excluded, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_seats_taken, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_rendezvous, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_addresses, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_places, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unusable_address, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
