/* SPDX-License-Identifier: BSD-3-Clause */
/* Which of many connections are looked at: who sends each time, others by turns. */
#include <stdlib.h>
#include <string.h>

#include "core/core.h"
#include "unit.h"

#define CONNS 200
#define BUSY 17			/* the token of one that sends */
#define AT_A_TIME 64		/* and no more, with room for chance */
#define EVERY_US 100000

static void plan_nothing(const void *instance, const struct anchor_view *view,
			 void *memory, struct anchor_plan *plan)
{
	plan->rendezvous = ANCHOR_RENDEZVOUS_KEEP;
}

static const struct anchor_policy policy = {
	.name = "nothing",
	.plan = plan_nothing,
};

static const struct core_rule rule = {
	.name = "test", .policy = &policy,
	.rendezvous = ANCHOR_RENDEZVOUS_KEEP,
};

static const struct core_config config = {
	.limits = { CONNS, 8, 8 },
	.scope = { .all = true },
	.rules = &rule,
	.n_rules = 1,
};

struct fixture {
	struct core *core;
	struct anchor_time now;
	unsigned int looks[CONNS + 1];	/* at each, in all */
	unsigned int at_once;		/* by the last core_look() */
};

static void happen(struct fixture *f, enum core_event_type type,
		   uint32_t token, uint16_t port)
{
	const struct core_event event = {
		.type = type,
		.known = CORE_KNOWN_ROLE | CORE_KNOWN_OPENER,
		.token = token,
		.role = ANCHOR_ROLE_SERVER,
		.local = endpoint_of("10.255.0.2:5000"),
		.remote = {
			.addr = addr_of("10.255.0.1"),
			.port = (uint16_t) (port + token),
		},
	};

	assert_true(core_handle(f->core, f->now, &event) >= 0);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->core = core_new(&config, 1);
	f->now = (struct anchor_time) { 1000000 };
	assert_non_null(f->core);
	for (uint32_t token = 1; token <= CONNS; token++) {
		happen(f, CORE_EVENT_ESTABLISHED, token, 10000);
		happen(f, CORE_EVENT_SUBFLOW_UP, token, 20000);
	}

	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	core_free(f->core);
	free(f);
	return 0;
}

/* One reading of two is the initial subflow's. */
static void look(struct fixture *f, bool sends)
{
	struct core_action action;
	unsigned int before[CONNS + 1];

	memcpy(before, f->looks, sizeof(before));
	f->now.us += EVERY_US;
	f->at_once = 0;
	core_look(f->core, f->now);
	while (core_take_action(f->core, f->now, &action)) {
		struct core_sample sample = {
			.rtt = anchor_ms(1), .last_ack = anchor_ms(60000),
			.last_data_in = anchor_ms(60000),
		};

		if (action.type != CORE_ACTION_SAMPLE) {
			core_result(f->core, f->now, &action, 0);
			continue;
		}

		f->looks[action.token]++;
		if (sends && action.token == BUSY) {
			sample.bytes_out = (uint64_t) f->now.us;
			sample.last_ack = anchor_us(0);
		}

		core_sample(f->core, f->now, &action, &sample);
	}

	for (unsigned int i = 1; i <= CONNS; i++)
		f->at_once += f->looks[i] > before[i];
}

static void test_by_turns(void **state)
{
	struct fixture *f = *state;
	unsigned int least = UINT32_MAX;

	for (int i = 0; i < 20; i++) {
		look(f, false);
		assert_in_range(f->at_once, 1, AT_A_TIME);
	}

	for (unsigned int i = 1; i <= CONNS; i++)
		if (f->looks[i] < least)
			least = f->looks[i];

	assert_true(least >= 2);
}

/* Found by its turn, it is looked at each time, until it has been quiet. */
static void test_busy(void **state)
{
	struct fixture *f = *state;
	unsigned int before;

	for (int i = 0; i < 20; i++)
		look(f, true);

	for (int i = 0; i < 20; i++) {
		before = f->looks[BUSY];
		look(f, true);
		assert_true(f->looks[BUSY] > before);
		assert_in_range(f->at_once, 1, AT_A_TIME);
	}

	f->now.us += 20 * 1000000;
	look(f, false);
	before = f->looks[BUSY];
	look(f, false);
	look(f, false);
	assert_true(f->looks[BUSY] <= before + 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_by_turns, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_busy, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
