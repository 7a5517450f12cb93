/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A thousand connections lose a rail together: each does no more than it
 * would alone, and what they try again they do not try all at once.
 */
#include <stdlib.h>

#include "sim/sim.h"
#include "unit.h"

#define CONNS 1000
#define ACTIONS_MAX 16		/* to lose a path and to have it again */
#define ATTEMPT_ACTIONS_MAX 32	/* if there are attempts in vain meanwhile */
#define WINDOW_MS 100

static bool is_complete(struct sim *sim, void *data)
{
	return sim_is_complete(sim);
}

/* Nothing is left on rail a, as far as is known, and all data moves. */
static bool is_moved(struct sim *sim, void *data)
{
	for (unsigned int i = 0; i < CONNS; i++)
		if (!sim_is_moving(sim, &sim->conns[i]) ||
		    !sim_has_path(sim, &sim->conns[i], 1))
			return false;

	return true;
}

static int begin(void **state, struct anchor_span look_every)
{
	const struct sim_options options = {
		.family = ANCHOR_FAMILY_INET,
		.conns = CONNS,
		.look_every = look_every,
		.seed = 7,
	};
	struct sim *sim = sim_new(&options);

	assert_non_null(sim);
	assert_true(sim_wait(sim, anchor_ms(2000), is_complete, NULL));
	sim_run(sim, anchor_ms(3000));
	sim_clear_actions(sim);
	*state = sim;
	return 0;
}

/* What is told takes no looking at so many subflows. */
static int setup(void **state)
{
	return begin(state, anchor_ms(200));
}

static int setup_looking(void **state)
{
	return begin(state, anchor_ms(20));
}

static int teardown(void **state)
{
	sim_free(*state);
	return 0;
}

static void wait_for(struct sim *sim, struct anchor_span most,
		     sim_condition condition)
{
	bool good = sim_wait(sim, most, condition, NULL);

	if (sim->violation[0])
		fail_msg("%s", sim->violation);

	assert_true(good);
}

static unsigned int count_opens(const struct sim *sim)
{
	return sim->host[SIM_SERVER].actions[CORE_ACTION_OPEN] +
		sim->host[SIM_CLIENT].actions[CORE_ACTION_OPEN];
}

/* The most attempts within any of the next so many windows. */
static unsigned int most_opens(struct sim *sim, unsigned int windows)
{
	unsigned int most = 0;

	while (windows--) {
		unsigned int before = count_opens(sim);

		sim_run(sim, anchor_ms(WINDOW_MS));
		if (count_opens(sim) - before > most)
			most = count_opens(sim) - before;
	}

	return most;
}

static void come_back(struct sim *sim, struct anchor_span most,
		      unsigned int actions)
{
	wait_for(sim, most, is_complete);
	assert_in_range(sim_most_actions(sim), 1, actions);
	sim_run(sim, anchor_ms(1000));
	sim_clear_actions(sim);
	sim_run(sim, anchor_ms(5000));
	assert_int_equal(sim_most_actions(sim), 0);
}

/*
 * The loss cannot wait. The return can, a second for the link and then until
 * each has had its turn: 10 ms later it is no more than some.
 */
static void lose_and_regain(struct sim *sim, enum sim_end end)
{
	sim_set_carrier(sim, end, 0, false);
	wait_for(sim, anchor_ms(5), is_moved);
	sim_run(sim, anchor_ms(5000));
	assert_int_equal(count_opens(sim), 0);

	sim_set_carrier(sim, end, 0, true);
	sim_run(sim, anchor_ms(1010));
	assert_in_range(count_opens(sim), CONNS / 10, CONNS / 3);
	come_back(sim, anchor_ms(200), ACTIONS_MAX);
}

static void test_carrier(void **state)
{
	lose_and_regain(*state, SIM_SERVER);
}

static void test_peer_carrier(void **state)
{
	lose_and_regain(*state, SIM_CLIENT);
}

/* All are silent at once; a second later, about, each tries again. */
static void test_silent(void **state)
{
	struct sim *sim = *state;

	sim_set_forwarding(sim, SIM_SERVER, 0, false, false);
	wait_for(sim, anchor_ms(200), is_moved);
	sim_run(sim, anchor_ms(200));
	assert_in_range(most_opens(sim, 80), 1, CONNS / 3);

	sim_set_forwarding(sim, SIM_SERVER, 0, true, true);
	wait_for(sim, anchor_ms(15000), is_complete);
	assert_in_range(sim_most_actions(sim), 1, ATTEMPT_ACTIONS_MAX);
}

static void test_reset(void **state)
{
	struct sim *sim = *state;

	sim_reset(sim, SIM_CLIENT, 0);
	wait_for(sim, anchor_ms(5), is_moved);
	assert_in_range(most_opens(sim, 13), CONNS / 10, CONNS / 3);
	come_back(sim, anchor_ms(200), ACTIONS_MAX);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_carrier, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_peer_carrier, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_silent, setup_looking,
						teardown),
		cmocka_unit_test_setup_teardown(test_reset, setup, teardown),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);

	return cmocka_run_group_tests(tests, NULL, NULL);
}
