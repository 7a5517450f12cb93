/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Everything that fails and comes back: each way to fail, at either end or
 * both, on one rail or all, with IPv4 and IPv6, played through by two cores
 * on virtual time (sim/sim.h). One test a cell, named after it:
 *
 *	test-failures			all of them
 *	test-failures "silent *"	those of a name
 *	ANCHOR_SIM_TRACE=1 test-failures "carrier server a IPv4 auto"
 *
 * Four connections in each: data from either end, and the rendezvous on
 * either rail, which is where withdrawals go that tell the peer.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/sim.h"
#include "unit.h"

#define CONNS 4
#define SETUP anchor_ms(1000)
#define CALM anchor_ms(3000)
#define OUTAGE anchor_ms(10000)
#define LATE_MS 80000		/* SYNs are sent for so long, and some more */
#define AFTERWARDS anchor_ms(20000)
#define FLAPS 5
#define NAME_MAX_LEN 64

#define AT_SERVER (1u << SIM_SERVER)
#define AT_CLIENT (1u << SIM_CLIENT)
#define RAIL_A 1u
#define RAIL_B 2u
#define ALL_RAILS (RAIL_A | RAIL_B)

struct cell;

/* begin and heal are for one link, during for what goes on between them. */
struct failure {
	const char *name;
	void (*begin)(struct sim *sim, enum sim_end end, int rail);
	void (*during)(struct sim *sim, const struct cell *cell);
	void (*heal)(struct sim *sim, enum sim_end end, int rail);
	bool silent;			/* nobody is told */
	bool reset;			/* both ends are */
	bool heals;			/* by itself, before long */
	struct anchor_span noticed;	/* at most */
	struct anchor_span returned;
	unsigned int actions;		/* for one connection and rail */
};

struct cell {
	const struct failure *failure;
	unsigned int ends, rails;	/* bits */
	enum anchor_family family;
	const struct mode *mode;
	char name[NAME_MAX_LEN];
};

typedef void (*link_cb)(struct sim *sim, enum sim_end end, int rail);

static void each_link(struct sim *sim, const struct cell *cell, link_cb cb)
{
	for (int end = 0; end < SIM_ENDS; end++)
		for (int rail = 0; rail < SIM_RAILS; rail++)
			if (cell->ends & 1u << end && cell->rails & 1u << rail)
				cb(sim, (enum sim_end) end, rail);
}

/*
 * Meanwhile something else happens on the other rail, where everything still
 * is as it was.
 */
static void last(struct sim *sim, const struct cell *cell)
{
	sim_run(sim, anchor_us(OUTAGE.us / 2));
	for (int rail = 0; rail < SIM_RAILS; rail++)
		if (!(cell->rails & 1u << rail))
			sim_reset(sim, SIM_SERVER, rail);

	sim_run(sim, anchor_us(OUTAGE.us / 2));
}

static void nothing(struct sim *sim, enum sim_end end, int rail)
{
}

static void lose_carrier(struct sim *sim, enum sim_end end, int rail)
{
	sim_set_carrier(sim, end, rail, false);
}

static void regain_carrier(struct sim *sim, enum sim_end end, int rail)
{
	sim_set_carrier(sim, end, rail, true);
}

static void set_down(struct sim *sim, enum sim_end end, int rail)
{
	sim_set_up(sim, end, rail, false);
}

static void set_up(struct sim *sim, enum sim_end end, int rail)
{
	sim_set_up(sim, end, rail, true);
}

static void remove_address(struct sim *sim, enum sim_end end, int rail)
{
	sim_set_address(sim, end, rail, false);
}

static void add_address(struct sim *sim, enum sim_end end, int rail)
{
	sim_set_address(sim, end, rail, true);
}

static void remove_interface(struct sim *sim, enum sim_end end, int rail)
{
	sim_set_present(sim, end, rail, false);
}

static void add_interface(struct sim *sim, enum sim_end end, int rail)
{
	sim_set_present(sim, end, rail, true);
}

static void silence(struct sim *sim, enum sim_end end, int rail)
{
	sim_set_forwarding(sim, end, rail, false, false);
}

static void silence_out(struct sim *sim, enum sim_end end, int rail)
{
	sim_set_forwarding(sim, end, rail, false, true);
}

static void silence_in(struct sim *sim, enum sim_end end, int rail)
{
	sim_set_forwarding(sim, end, rail, true, false);
}

static void forward(struct sim *sim, enum sim_end end, int rail)
{
	sim_set_forwarding(sim, end, rail, true, true);
}

static void stop_switch(struct sim *sim, enum sim_end end, int rail)
{
	silence(sim, end, rail);
	lose_carrier(sim, end, rail);
}

/* Its ports are up long before it forwards. */
static void boot(struct sim *sim, const struct cell *cell)
{
	sim_run(sim, anchor_ms(5000));
	each_link(sim, cell, regain_carrier);
	sim_run(sim, anchor_ms(8000));
}

/* By those that know of the failure. */
static unsigned int count_opens(const struct sim *sim, const struct cell *cell)
{
	unsigned int n = 0;

	for (int end = 0; end < SIM_ENDS; end++)
		if (cell->ends & 1u << end || cell->rails != ALL_RAILS)
			n += sim->host[end].actions[CORE_ACTION_OPEN];

	return n;
}

/* The link is never up for long enough to be used. */
static void flap(struct sim *sim, const struct cell *cell)
{
	unsigned int opens = count_opens(sim, cell);

	for (int i = 0; i < FLAPS; i++) {
		sim_run(sim, anchor_ms(300));
		each_link(sim, cell, regain_carrier);
		sim_run(sim, anchor_ms(400));
		assert_int_equal(count_opens(sim, cell), opens);
		if (i < FLAPS - 1)
			each_link(sim, cell, lose_carrier);
	}
}

static const struct failure failures[] = {
	{ "carrier", lose_carrier, last, regain_carrier,
	  .noticed = { 5000 }, .returned = { 3000000 }, .actions = 16 },
	{ "down", set_down, last, set_up,
	  .noticed = { 5000 }, .returned = { 4000000 }, .actions = 16 },
	{ "address", remove_address, last, add_address,
	  .noticed = { 5000 }, .returned = { 4000000 }, .actions = 16 },
	{ "interface", remove_interface, last, add_interface,
	  .noticed = { 5000 }, .returned = { 4000000 }, .actions = 16 },
	{ "silent", silence, last, forward, .silent = true,
	  .noticed = { 100000 }, .returned = { 15000000 }, .actions = 40 },
	{ "silent-out", silence_out, last, forward, .silent = true,
	  .noticed = { 100000 }, .returned = { 15000000 }, .actions = 40 },
	{ "silent-in", silence_in, last, forward, .silent = true,
	  .noticed = { 100000 }, .returned = { 15000000 }, .actions = 40 },
	{ "reset", sim_reset, last, nothing, .reset = true,
	  .heals = true,
	  .noticed = { 5000 }, .returned = { 0 }, .actions = 16 },
	{ "reboot", stop_switch, boot, forward,
	  .noticed = { 5000 }, .returned = { 15000000 }, .actions = 40 },
	{ "flap", lose_carrier, flap, nothing,
	  .noticed = { 5000 }, .returned = { 20000000 }, .actions = 16 },
};

static const struct place {
	const char *name;
	unsigned int bits;
} ends[] = {
	{ "server", AT_SERVER },
	{ "client", AT_CLIENT },
	{ "both", AT_SERVER | AT_CLIENT },
}, rails[] = {
	{ "a", RAIL_A },
	{ "b", RAIL_B },
	{ "all", ALL_RAILS },
};

static const enum anchor_family families[] = {
	ANCHOR_FAMILY_INET, ANCHOR_FAMILY_INET6,
};

/* How a host knows where addresses are. */
static const struct mode {
	const char *name;
	bool configured;	/* rails have names and prefixes */
	bool no_places;		/* only what the core remembers */
	bool tied;		/* only by address IDs */
} modes[] = {
	{ .name = "auto" },
	{ .name = "auto, no places", .no_places = true },
	{ .name = "by ID", .tied = true },
	{ .name = "configured", .configured = true },
};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define CELLS (COUNT(failures) * COUNT(ends) * COUNT(rails) * \
	       COUNT(families) * COUNT(modes))

/*
 * Must that end have closed its paths? It must if it knows of the failure by
 * itself: from its link, or because its data gets no answer. Else the peer
 * tells it, if what it sends can come through.
 */
static bool must_be_clear(const struct cell *cell,
			  const struct sim_conn *conn, enum sim_end end)
{
	const struct failure *failure = cell->failure;

	if (failure->reset)
		return true;

	if (failure->silent)
		return conn->at[end].sends || !(cell->rails & 1u << conn->pin);

	return cell->ends & 1u << end || cell->rails != ALL_RAILS;
}

static bool is_conn_moved(const struct sim *sim, const struct cell *cell,
			  const struct sim_conn *conn)
{
	for (int rail = 0; rail < SIM_RAILS; rail++) {
		if (!(cell->rails & 1u << rail)) {
			if (!sim_has_path(sim, conn, rail))
				return false;

			continue;
		}

		for (int end = 0; end < SIM_ENDS; end++)
			if (must_be_clear(cell, conn, (enum sim_end) end) &&
			    sim_paths(conn, rail, (enum sim_end) end))
				return false;
	}

	return (cell->rails == ALL_RAILS && !cell->failure->reset) ||
		sim_is_moving(sim, conn);
}

static bool is_moved(struct sim *sim, void *data)
{
	for (unsigned int i = 0; i < CONNS; i++)
		if (!is_conn_moved(sim, data, &sim->conns[i]))
			return false;

	return true;
}

static bool is_complete(struct sim *sim, void *data)
{
	return sim_is_complete(sim);
}

static void check(const struct sim *sim)
{
	if (sim->violation[0])
		fail_msg("%s", sim->violation);
}

/*
 * Where an end has lost all its links, its peer may hear of that only from
 * what is sent to close subflows, again and again, less and less often.
 */
static struct anchor_span return_bound(const struct cell *cell)
{
	struct anchor_span bound = cell->failure->returned;

	if (cell->rails == ALL_RAILS)
		bound.us += OUTAGE.us;

	return bound;
}

/* Where each connection stands, for who has to find out. */
static void describe(const struct sim *sim)
{
	for (unsigned int c = 0; c < CONNS; c++)
		for (int rail = -1; rail < SIM_RAILS; rail++)
			print_error("connection %u rail %d: %u %u%s\n", c,
				    rail, sim_paths(&sim->conns[c], rail,
						    SIM_SERVER),
				    sim_paths(&sim->conns[c], rail,
					      SIM_CLIENT),
				    sim_is_moving(sim, &sim->conns[c]) ?
				    "" : " stalls");
}

static void expect(struct sim *sim, struct anchor_span most,
		   sim_condition condition, const struct cell *cell,
		   const char *what)
{
	bool good = sim_wait(sim, most, condition, (void *) cell);

	check(sim);
	if (good)
		return;

	describe(sim);
	fail_msg("not %s within %u ms", what,
		 (unsigned int) (most.us / 1000));
}

/*
 * The interfaces of a server are gone, and with them the sockets that would
 * tell a client which sends nothing that its subflows are no more: it keeps
 * them, and with IPv6, where it is the client who opens, nothing comes back.
 * This must fail, until something is done about it.
 */
static bool is_known(const struct cell *cell)
{
	return cell->failure->begin == remove_interface &&
		cell->ends == AT_SERVER && cell->rails == ALL_RAILS;
}

static unsigned int count_rails(const struct cell *cell)
{
	return cell->rails == ALL_RAILS ? 2 : 1;
}

/*
 * Of the attempts during a failure some may come up long after it: what must
 * not be, while the surplus is closed, is a rail without a path.
 */
static void stay_whole(struct sim *sim)
{
	sim->options.look_every = anchor_ms(200);
	for (int ms = 0; ms < LATE_MS; ms += 50) {
		sim_run(sim, anchor_ms(50));
		check(sim);
		for (unsigned int i = 0; i < CONNS; i++) {
			const struct sim_conn *conn = &sim->conns[i];

			if (!sim_is_moving(sim, conn) ||
			    !sim_reaches(sim, conn, 0) ||
			    !sim_reaches(sim, conn, 1))
				fail_msg("connection %u lost a path %d ms "
					 "after its return", i, ms);
		}
	}
}

static void play(struct sim *sim, const struct cell *cell)
{
	const struct failure *failure = cell->failure;

	expect(sim, SETUP, is_complete, cell, "complete");
	sim_run(sim, CALM);
	sim_clear_actions(sim);

	each_link(sim, cell, failure->begin);
	expect(sim, failure->noticed, is_moved, cell, "moved");
	failure->during(sim, cell);
	if (!failure->heals)
		expect(sim, anchor_us(0), is_moved, cell, "moved for good");

	each_link(sim, cell, failure->heal);
	if (is_known(cell)) {
		assert_false(sim_wait(sim, return_bound(cell), is_complete,
				      NULL));
		check(sim);
		return;
	}

	expect(sim, return_bound(cell), is_complete, cell, "complete again");
	assert_in_range(sim_most_actions(sim), 1,
			failure->actions * count_rails(cell));

	stay_whole(sim);
	sim_clear_actions(sim);
	sim_run(sim, AFTERWARDS);
	check(sim);
	assert_int_equal(sim_most_actions(sim), 0);
	assert_true(sim_is_complete(sim));
}

static const char *rails_file(char *buf, size_t len)
{
	const char *srcdir = getenv("ANCHOR_SRCDIR");

	snprintf(buf, len, "%s/tests/sim/rails.conf", srcdir ? srcdir : ".");
	return buf;
}

static void test_cell(void **state)
{
	const struct cell *cell = *state;
	char file[PATH_MAX];
	const struct sim_options options = {
		.family = cell->family,
		.conns = CONNS,
		.config = cell->mode->configured ?
			rails_file(file, sizeof(file)) : NULL,
		.no_places = cell->mode->no_places,
		.tied = cell->mode->tied,
		.look_every = anchor_ms(10),
		.seed = 1,
	};
	struct sim *sim = sim_new(&options);

	assert_non_null(sim);
	play(sim, cell);
	sim_free(sim);
}

/* The last of several numbers in one. */
static size_t take(size_t *number, size_t of)
{
	size_t last = *number % of;

	*number /= of;
	return last;
}

static void make_cell(size_t number, struct cell *cell)
{
	const struct place *end, *rail;

	cell->family = families[take(&number, COUNT(families))];
	rail = &rails[take(&number, COUNT(rails))];
	end = &ends[take(&number, COUNT(ends))];
	cell->failure = &failures[take(&number, COUNT(failures))];
	cell->mode = &modes[number];
	cell->ends = end->bits;
	cell->rails = rail->bits;
	snprintf(cell->name, sizeof(cell->name), "%s %s %s IPv%d %s",
		 cell->failure->name, end->name, rail->name, cell->family,
		 cell->mode->name);
}

int main(int argc, char **argv)
{
	struct CMUnitTest tests[CELLS];
	struct cell cells[CELLS];

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);

	for (size_t i = 0; i < CELLS; i++) {
		make_cell(i, &cells[i]);
		tests[i] = (struct CMUnitTest) {
			.name = cells[i].name,
			.test_func = test_cell,
			.initial_state = &cells[i],
		};
	}

	return cmocka_run_group_tests(tests, NULL, NULL);
}
