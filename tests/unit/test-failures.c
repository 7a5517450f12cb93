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
#include <stdarg.h>
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
#define MS 1000			/* us */
#define NAME_LEN 64
#define WRONG_LEN 512

#define AT_SERVER (1u << SIM_SERVER)
#define AT_CLIENT (1u << SIM_CLIENT)
#define RAIL_A 1u
#define RAIL_B 2u
#define ALL_RAILS (RAIL_A | RAIL_B)

struct cell;

/* A cell being played, and what went wrong first: "" if nothing has. */
struct run {
	const struct cell *cell;
	struct sim *sim;
	char wrong[WRONG_LEN];
};

/*
 * begin and heal are for one link, during for what goes on between them;
 * false: it went wrong.
 */
struct failure {
	const char *name;
	void (*begin)(struct sim *sim, enum sim_end end, int rail);
	bool (*during)(struct run *run);
	void (*heal)(struct sim *sim, enum sim_end end, int rail);
	bool silent;			/* nobody is told */
	bool reset;			/* both ends are */
	bool heals;			/* by itself, before long */
	struct anchor_span noticed;	/* at most */
	struct anchor_span returned;
	unsigned int actions;		/* for one connection and rail */
};

struct cell {
	size_t number;
	const struct failure *failure;
	unsigned int ends, rails;	/* bits */
	enum anchor_family family;
	const struct mode *mode;
	char name[NAME_LEN];
};

static bool goes_wrong(struct run *run, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static bool goes_wrong(struct run *run, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(run->wrong, sizeof(run->wrong), format, args);
	va_end(args);
	return false;
}

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
static bool go_on(struct run *run)
{
	sim_run(run->sim, anchor_us(OUTAGE.us / 2));
	for (int rail = 0; rail < SIM_RAILS; rail++)
		if (!(run->cell->rails & 1u << rail))
			sim_reset(run->sim, SIM_SERVER, rail);

	sim_run(run->sim, anchor_us(OUTAGE.us / 2));
	return true;
}

/* The first back-off, and a quarter of it. */
static bool retry(struct run *run)
{
	sim_run(run->sim, anchor_ms(1251));
	return true;
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
static bool boot(struct run *run)
{
	sim_run(run->sim, anchor_ms(5000));
	each_link(run->sim, run->cell, regain_carrier);
	sim_run(run->sim, anchor_ms(8000));
	return true;
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
static bool flap(struct run *run)
{
	unsigned int opens = count_opens(run->sim, run->cell);

	for (int i = 0; i < FLAPS; i++) {
		sim_run(run->sim, anchor_ms(300));
		each_link(run->sim, run->cell, regain_carrier);
		sim_run(run->sim, anchor_ms(400));
		if (count_opens(run->sim, run->cell) != opens)
			return goes_wrong(run, "opened while it flaps");

		if (i < FLAPS - 1)
			each_link(run->sim, run->cell, lose_carrier);
	}

	return true;
}

static const struct failure failures[] = {
	{ "carrier", lose_carrier, go_on, regain_carrier,
	  .noticed = { 5 * MS }, .returned = { 3000 * MS }, .actions = 16 },
	{ "down", set_down, go_on, set_up,
	  .noticed = { 5 * MS }, .returned = { 4000 * MS }, .actions = 16 },
	{ "address", remove_address, go_on, add_address,
	  .noticed = { 5 * MS }, .returned = { 4000 * MS }, .actions = 16 },
	{ "interface", remove_interface, go_on, add_interface,
	  .noticed = { 5 * MS }, .returned = { 4000 * MS }, .actions = 16 },
	{ "silent", silence, go_on, forward, .silent = true,
	  .noticed = { 100 * MS }, .returned = { 15000 * MS }, .actions = 40 },
	{ "silent-out", silence_out, go_on, forward, .silent = true,
	  .noticed = { 100 * MS }, .returned = { 15000 * MS }, .actions = 40 },
	{ "silent-in", silence_in, go_on, forward, .silent = true,
	  .noticed = { 100 * MS }, .returned = { 15000 * MS }, .actions = 40 },
	{ "reset", sim_reset, retry, nothing, .reset = true, .heals = true,
	  .noticed = { 5 * MS }, .returned = { 0 }, .actions = 16 },
	{ "reboot", stop_switch, boot, forward,
	  .noticed = { 5 * MS }, .returned = { 15000 * MS }, .actions = 40 },
	{ "flap", lose_carrier, flap, nothing,
	  .noticed = { 5 * MS }, .returned = { 20000 * MS }, .actions = 16 },
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

static bool expect(struct run *run, struct anchor_span most,
		   sim_condition condition, const char *what)
{
	if (sim_wait(run->sim, most, condition, (void *) run->cell))
		return true;

	if (run->sim->violation[0])
		return goes_wrong(run, "%s", run->sim->violation);

	return goes_wrong(run, "not %s within %u ms", what,
			  (unsigned int) (most.us / 1000));
}

static unsigned int count_rails(const struct cell *cell)
{
	return cell->rails == ALL_RAILS ? 2 : 1;
}

static bool is_whole(struct sim *sim, void *data)
{
	for (unsigned int i = 0; i < CONNS; i++) {
		const struct sim_conn *conn = &sim->conns[i];

		if (!sim_is_moving(sim, conn) || !sim_reaches(sim, conn, 0) ||
		    !sim_reaches(sim, conn, 1))
			return false;
	}

	return true;
}

/*
 * Of the attempts during a failure some may come up long after it: what must
 * not be, while the surplus is closed, is a rail without a path. That one end
 * has closed it takes the other one a round trip to know.
 */
static bool stays_whole(struct run *run)
{
	run->sim->options.look_every = anchor_ms(1000);
	for (int ms = 0; ms < LATE_MS; ms += 50) {
		sim_run(run->sim, anchor_ms(50));
		if (!expect(run, anchor_ms(1), is_whole, "whole any more"))
			return false;
	}

	return true;
}

static bool took_at_most(struct run *run, unsigned int actions)
{
	unsigned int most = sim_most_actions(run->sim);

	return most <= actions ||
		goes_wrong(run, "%u actions for a connection", most);
}

static bool rests(struct run *run)
{
	sim_clear_actions(run->sim);
	sim_run(run->sim, AFTERWARDS);
	return expect(run, anchor_us(0), is_complete, "complete for good") &&
		took_at_most(run, 0);
}

/* Where all rails are silent at once, it may be the peer that pauses. */
static struct anchor_span notice_bound(const struct cell *cell)
{
	return cell->failure->silent && cell->rails == ALL_RAILS ?
		anchor_us(cell->failure->noticed.us + 500 * MS) :
		cell->failure->noticed;
}

static bool fails(struct run *run)
{
	const struct failure *failure = run->cell->failure;

	each_link(run->sim, run->cell, failure->begin);
	return expect(run, notice_bound(run->cell), is_moved, "moved") &&
		failure->during(run) && (failure->heals ||
		expect(run, anchor_us(0), is_moved, "moved for good"));
}

static bool returns(struct run *run)
{
	const struct failure *failure = run->cell->failure;

	each_link(run->sim, run->cell, failure->heal);
	return expect(run, return_bound(run->cell), is_complete,
		      "complete again") &&
		took_at_most(run, failure->actions * count_rails(run->cell));
}

static bool begins(struct run *run)
{
	if (!expect(run, SETUP, is_complete, "complete"))
		return false;

	sim_run(run->sim, CALM);
	sim_clear_actions(run->sim);
	return true;
}

static bool play(struct run *run)
{
	return begins(run) && fails(run) && returns(run) &&
		stays_whole(run) && rests(run);
}

static const char *rails_file(char *buf, size_t len)
{
	const char *srcdir = getenv("ANCHOR_SRCDIR");

	snprintf(buf, len, "%s/tests/sim/rails.conf", srcdir ? srcdir : ".");
	return buf;
}

/* Those who look for other than what goes wrong need not play them all. */
static bool is_wanted(const struct cell *cell)
{
	const char *every = getenv("ANCHOR_FAILURES_EVERY");
	int n = every ? atoi(every) : 1;

	return n < 2 || cell->number % (size_t) n == 0;
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
	struct run run = { .cell = cell };
	bool good;

	if (!is_wanted(cell))
		skip();

	run.sim = sim_new(&options);
	assert_non_null(run.sim);
	good = play(&run);
	if (!good)
		describe(run.sim);

	sim_free(run.sim);
	if (!good)
		fail_msg("%s", run.wrong);
}

/* The last of several numbers in one. */
static size_t take(size_t *number, size_t of)
{
	size_t digit = *number % of;

	*number /= of;
	return digit;
}

static void make_cell(size_t number, struct cell *cell)
{
	const struct place *end, *rail;

	cell->number = number;
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
